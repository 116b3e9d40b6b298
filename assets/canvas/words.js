// Every text of the canvas, in English and in Chinese; the browser's language chooses. In canvas.html
// data-word names an element's text, data-title its tooltip, data-label its name for screen readers.

const WORDS = {
  en: {
    tools: "Canvas tools", tool: "Tool", compare: "Compare", zoom: "Zoom",
    point: "Points", pointTip: "Press on the picture and drag to where that point should go (P)",
    paint: "Brush", paintTip: "Paint what may move or what stays fixed (B)",
    lasso: "Lasso", lassoTip: "Draw around what may move or what stays fixed (O)",
    erase: "Eraser", eraseTip: "Take paint away again (E)",
    face: "Face", faceParts: "Parts of the face", faceTip: "Have a part of the face be what may move (F)",
    mouth: "Mouth", mouthTip: "The mouth may move, from under the nose to the chin",
    eyes: "Eyes", eyesTip: "The eyes may move, with their brows",
    nose: "Nose", noseTip: "The nose may move",
    wholeTip: "The face may move, from the hair to the chin",
    head: "Head", headTip: "The head may move, with its hair and ears",
    noPoints: "No points yet", onePoint: "1 point", points: "{n} points",
    pin: "Pin", pinTip: "Hold the selected point where it is while others are dragged (L)",
    remove: "Delete", removeTip: "Delete the selected point, at both its ends (Delete)",
    meaning: "What brush and lasso paint",
    mayMove: "May move", mayMoveTip: "Paint what may move; everything else stays as it is (K switches)",
    stays: "Stays fixed", staysTip: "Paint what stays as it is; everything else may move (K switches)",
    size: "Size of brush and eraser", sizeTip: "Size of brush and eraser ([ smaller, ] larger)",
    invert: "Invert", invertTip: "What may move stays fixed, and what stays fixed may move (I)",
    hide: "Hide", hideTip: "Hide the region to see the whole picture; it still counts (M)",
    show: "Show", showTip: "Show what may move and what stays fixed (M)",
    clear: "Clear", clearTip: "Remove the region: everything may move",
    split: "Split", splitTip: "The picture as it was on the left, as it is now on the right (S)",
    original: "Original", originalTip: "Hold to see the picture as it was before any drag (C)",
    help: "Keys and gestures", helpTip: "All keys and gestures (?)",
    zoomOut: "Zoom out", zoomOutTip: "Show more of the picture (-)",
    zoomIn: "Zoom in", zoomInTip: "Enlarge the picture for exact work (+)",
    fit: "Fit", fitTip: "Show the whole picture (0)",
    stage: "Picture. Press on a point and drag to where it should go. Or by keys: A adds a point, N "
      + "selects the next end of a point, arrow keys move it, Delete removes it, Control Z undoes, Enter "
      + "drags, Escape stops, question mark lists all keys.",
    picture: "The picture that is being edited",
    wait: "Loading the picture …", hint: "Press on the picture and drag",
    originalLabel: "Original", originalWait: "Loading the original …", beforeLabel: "Before", nowLabel: "Now",
    divider: "Line between before and now",
    handleAt: "Point {n}, its start: {x}, {y}", targetAt: "Point {n}, its target: {x}, {y}",
    pinAt: "Point {n}, held at {x}, {y}",
    close: "Close", keyClick: "Press and drag", keyTwo: "Two fingers", keyWheel: "Wheel",
    keyCtrl: "Ctrl", keySpace: "Space + drag", keyDelete: "Delete", keyArrows: "Arrows",
    doPlace: "Place a point and its target, or move either", doTwo: "Zoom and move the picture",
    doWheel: "Zoom at the cursor", doPan: "Move the zoomed picture", doZoom: "Zoom in, out, whole picture",
    doAdd: "Add a point in the middle of what is seen",
    doNext: "Select the next end of a point", doNudge: "Move it by 1 pixel, with Shift by 10",
    doPin: "Hold the selected point", doRemove: "Delete the selected point",
    doTools: "Points, brush, lasso, eraser", doFace: "Parts of the face, as a region",
    doMeaning: "Switch: may move, stays fixed",
    doInvert: "Invert the region", doHide: "Hide or show the region", doSize: "Brush smaller, larger",
    doOriginal: "Hold to see the original", doSplit: "Before and now, side by side",
    doUndo: "Undo", doRedo: "Redo", doSubmit: "Drag", doStop: "Stop", doHelp: "This list",
  },
  zh: {
    tools: "画布工具", tool: "工具", compare: "对比", zoom: "缩放",
    point: "点", pointTip: "在图片上按住一点，拖到它该去的位置 (P)",
    paint: "画笔", paintTip: "涂出可以移动或保持不动的区域 (B)",
    lasso: "套索", lassoTip: "圈出可以移动或保持不动的区域 (O)",
    erase: "橡皮", eraseTip: "擦掉涂过的区域 (E)",
    face: "脸部", faceParts: "脸的部位", faceTip: "让脸的某个部位成为可移动的区域 (F)",
    mouth: "嘴巴", mouthTip: "嘴巴可以移动：从鼻子下方到下巴",
    eyes: "眼睛", eyesTip: "眼睛连同眉毛可以移动",
    nose: "鼻子", noseTip: "只有鼻子可以移动",
    wholeTip: "脸部可以移动：从发际到下巴",
    head: "头部", headTip: "头部连同头发和耳朵可以移动",
    noPoints: "还没有点", onePoint: "1 个点", points: "{n} 个点",
    pin: "固定", pinTip: "拖动其他点时，让选中的点留在原处 (L)",
    remove: "删除", removeTip: "删除选中的点及其目标 (Delete)",
    meaning: "画笔和套索涂的是什么",
    mayMove: "可移动", mayMoveTip: "涂出可以移动的区域，其余保持不动 (K 切换)",
    stays: "不动", staysTip: "涂出保持不动的区域，其余可以移动 (K 切换)",
    size: "画笔和橡皮的大小", sizeTip: "画笔和橡皮的大小 ([ 变小，] 变大)",
    invert: "反转", invertTip: "可移动的变为不动，不动的变为可移动 (I)",
    hide: "隐藏", hideTip: "隐藏区域以便看清整张图片，区域仍然有效 (M)",
    show: "显示", showTip: "显示哪里可移动、哪里不动 (M)",
    clear: "清除", clearTip: "清除区域：整张图片都可以移动",
    split: "分屏", splitTip: "左边是原来的图片，右边是现在的图片 (S)",
    original: "原图", originalTip: "按住查看拖动之前的图片 (C)",
    help: "按键与手势", helpTip: "所有按键与手势 (?)",
    zoomOut: "缩小", zoomOutTip: "显示图片的更多部分 (-)",
    zoomIn: "放大", zoomInTip: "放大图片，便于精确操作 (+)",
    fit: "全图", fitTip: "显示整张图片 (0)",
    stage: "图片。按住一点，拖到它该去的位置。或用按键：A 添加一个点，N 选择下一个端点，方向键移动它，"
      + "Delete 删除，Control Z 撤销，回车开始拖动，Escape 停止，问号列出所有按键。",
    picture: "正在编辑的图片",
    wait: "正在加载图片…", hint: "在图片上按住并拖动",
    originalLabel: "原图", beforeLabel: "之前", nowLabel: "现在", originalWait: "正在加载原图…",
    divider: "之前与现在的分界线",
    handleAt: "第 {n} 个点的起点：{x}, {y}", targetAt: "第 {n} 个点的目标：{x}, {y}",
    pinAt: "第 {n} 个点，固定在 {x}, {y}",
    close: "关闭", keyClick: "按住并拖动", keyTwo: "双指", keyWheel: "滚轮",
    keyCtrl: "Ctrl", keySpace: "空格 + 拖动", keyDelete: "Delete", keyArrows: "方向键",
    doPlace: "放置点及其目标，或移动任一端", doTwo: "缩放和移动图片",
    doWheel: "以光标为中心缩放", doPan: "移动放大后的图片", doZoom: "放大、缩小、全图",
    doAdd: "在可见部分的中间添加一个点",
    doNext: "选择下一个端点", doNudge: "移动 1 像素，按住 Shift 移动 10 像素",
    doPin: "固定选中的点", doRemove: "删除选中的点",
    doTools: "点、画笔、套索、橡皮", doFace: "脸的部位，作为区域",
    doMeaning: "切换：可移动、不动",
    doInvert: "反转区域", doHide: "隐藏或显示区域", doSize: "画笔变小、变大",
    doOriginal: "按住查看原图", doSplit: "并排对比之前与现在",
    doUndo: "撤销", doRedo: "重做", doSubmit: "开始拖动", doStop: "停止", doHelp: "显示本列表",
  },
};

// A text with its {places} filled in.
function say(word, places = {}) {
  return WORDS[chinese ? "zh" : "en"][word].replace(/\{(\w+)\}/g, (_, place) => places[place]);
}

function fillWords(root) {
  root.lang = chinese ? "zh-Hans" : "en";
  for (const each of root.querySelectorAll("[data-word]")) each.textContent = say(each.dataset.word);
  for (const each of root.querySelectorAll("[data-title]")) each.title = say(each.dataset.title);
  for (const each of root.querySelectorAll("[data-label]")) {
    each.setAttribute("aria-label", say(each.dataset.label));
  }
}
