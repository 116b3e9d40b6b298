// The canvas on which points and region are placed and a drag is watched. Gradio runs this file
// (after canvas_paint.js and canvas_mask.js) as the body of a function of (element, trigger, props, server, watch).
//
// props.value  {width, height, points: [{handle, target, key}], mask: PNG data URL or null, revision}
//              what the visitor made; `revision` grows with each change made here. A pair whose
//              handle the visitor moves has a new key from then on.
// props.frame  {src, serial, run, width, height, handles, settle}: a picture to show. Of two frames
//              the higher serial wins. handles: {key: [x, y]}, where a drag has moved them to;
//              settle: it is the drag's last frame.
// props.saved  {name, src, serial}: a file for the visitor.
// Events: release (the visitor changed something), submit (Enter), stop (Escape).

const find = (selector) => element.querySelector(selector);
const stage = find(".dc-stage"), overlay = find(".dc-overlay"), brush = find(".dc-brush");
const pictureCanvas = find(".dc-picture"), picture = pictureCanvas.getContext("2d");
const overlayContext = overlay.getContext("2d");
const maskCanvas = document.createElement("canvas");
const mask = maskCanvas.getContext("2d", { willReadFrequently: true });

const MAX_UNDO = 12;
let width = 1024, height = 1024, revision = 0;
let pairs = [], selected = -1, painted = false;      // what the visitor made
let running = false, lastSerial = -1;                // what the server shows
let tool = "point", gesture = null, hover = null, regionShown = true;
let taken = [], lastKey = 0, lastCommit = "", lastDownload = 0;

// ---- drawing ---------------------------------------------------------------------------------
let scheduled = 0;
function repaint() { scheduled ||= requestAnimationFrame(draw); }
function draw() {
  scheduled = 0;
  const dpr = window.devicePixelRatio || 1, box = stage.getBoundingClientRect();
  const w = Math.round(box.width * dpr), h = Math.round(box.height * dpr);
  if (!w || !h) return;
  if (overlay.width !== w || overlay.height !== h) { overlay.width = w; overlay.height = h; }
  overlayContext.clearRect(0, 0, w, h);
  const scale = w / width;
  const dimming = running ? 0.15 : tool === "point" ? 0.3 : 0.5;
  if (painted && regionShown) drawRegion(overlayContext, maskCanvas, w, h, dimming);
  drawPoints(overlayContext, pairs, selected, scale, dpr);
  if (hover && tool !== "point") drawBrush(overlayContext, hover, +brush.value / 2, scale, dpr);
}
new ResizeObserver(repaint).observe(stage);

function refresh() {
  for (const button of element.querySelectorAll("[data-tool]")) {
    button.setAttribute("aria-pressed", String(button.dataset.tool === tool));
  }
  find("[data-act=toggle]").setAttribute("aria-pressed", String(regionShown));
  find("[data-act=toggle]").textContent = regionShown ? "Hide" : "Show";
  for (const act of ["toggle", "clear"]) find(`[data-act=${act}]`).disabled = !painted;
  find("[data-act=remove]").disabled = selected < 0;
  find(".dc-for-points").hidden = tool !== "point";
  find(".dc-for-region").hidden = tool === "point";
  overlay.classList.toggle("dc-brushing", tool !== "point");
  find(".dc-hint").classList.toggle("dc-gone", pairs.length > 0 || painted || lastSerial < 0);
  repaint();
}

// ---- frames: the newest wins; a slow browser skips those between -------------------------------
let decoding = false, waiting = null;
async function showFrame(frame) {
  if (!frame || !frame.src || frame.serial <= lastSerial) return;
  waiting = frame;
  if (decoding) return;
  decoding = true;
  while (waiting) {
    const current = waiting, image = new Image();
    waiting = null;
    image.src = current.src;
    try { await image.decode(); } catch { continue; }
    if (current.serial <= lastSerial) continue;
    lastSerial = current.serial;
    resize(current.width, current.height);
    picture.drawImage(image, 0, 0, width, height);
    stage.dataset.serial = current.serial;  // for those who watch the page: tests, extensions
    find(".dc-wait").classList.add("dc-gone");
    running = Boolean(current.run) && !current.settle;
    if (current.run) server.acknowledge([current.run, current.serial]).catch(() => {});
    moveHandles(current.handles || {});
    if (current.settle) store();
    refresh();
  }
  decoding = false;
}

// Everywhere, so that taking something back later does not take the handles back too.
function moveHandles(handles) {
  for (const pair of [...pairs, ...taken.flatMap((before) => before.pairs)]) {
    const held = gesture && pairs[gesture.i] === pair && gesture.end === "handle";
    if (handles[pair.key] && !held) pair.handle = [...handles[pair.key]];
  }
}

function resize(w, h) {
  if (pictureCanvas.width === w && pictureCanvas.height === h && width === w && height === h) return;
  width = pictureCanvas.width = maskCanvas.width = w;
  height = pictureCanvas.height = maskCanvas.height = h;
  stage.style.aspectRatio = `${w} / ${h}`;
  stage.style.setProperty("--dc-aspect", w / h);
}

// ---- what the visitor made ---------------------------------------------------------------------
const rounded = (point) => point.map((v) => Math.round(v * 10) / 10);

function store() {
  const points = pairs.map(({ handle, target, key }) => (
    { handle: rounded(handle), target: rounded(target), key }));
  const value = { width, height, points, mask: painted ? encodeMask(mask, width, height) : null, revision };
  painted = Boolean(value.mask);
  lastCommit = JSON.stringify(value);
  props.value = value;
}

function commit() {
  revision += 1;
  store();
  trigger("release", { points: pairs.length });
  refresh();
}

async function loadMask(url) {
  painted = false;
  mask.clearRect(0, 0, maskCanvas.width, maskCanvas.height);
  if (url) painted = await decodeMask(mask, url, width, height);
  refresh();
}

function remember() {
  const copy = painted ? document.createElement("canvas") : null;
  if (copy) {
    copy.width = width;
    copy.height = height;
    copy.getContext("2d").drawImage(maskCanvas, 0, 0);
  }
  taken.push({ pairs: structuredClone(pairs), mask: copy });
  if (taken.length > MAX_UNDO) taken.shift();
}

function takeBack(quietly) {
  const before = taken.pop();
  gesture = null;
  if (!before) return;
  pairs = before.pairs;
  selected = -1;
  mask.clearRect(0, 0, width, height);
  painted = Boolean(before.mask);
  if (painted) mask.drawImage(before.mask, 0, 0);
  if (quietly) refresh(); else commit();
}

function act(name) {
  if (name === "toggle") { regionShown = !regionShown; return refresh(); }
  if (name === "remove" && selected < 0) return;
  remember();
  if (name === "remove") { pairs.splice(selected, 1); selected = -1; }
  if (name === "clear") { mask.clearRect(0, 0, width, height); painted = false; }
  commit();
}

function setTool(name) {
  tool = name;
  if (name !== "point") selected = -1;
  refresh();
}

// ---- pointer -------------------------------------------------------------------------------------
function at(event) {
  const box = overlay.getBoundingClientRect();
  const x = ((event.clientX - box.left) / box.width) * width - 0.5;
  const y = ((event.clientY - box.top) / box.height) * height - 0.5;
  return [Math.min(width - 1, Math.max(0, x)), Math.min(height - 1, Math.max(0, y))];
}

function nearest(point, reach) {
  let best = null;
  pairs.forEach((pair, i) => ["target", "handle"].forEach((end) => {
    const distance = Math.hypot(pair[end][0] - point[0], pair[end][1] - point[1]);
    if (distance < reach && (!best || distance < best.distance)) best = { i, end, distance };
  }));
  return best;
}

function dab(from, to) {
  paintStroke(mask, from, to, +brush.value, tool === "erase");
  if (tool === "paint") painted = regionShown = true;
}

overlay.addEventListener("pointerdown", (event) => {
  if (!event.isPrimary) {  // a second finger: this is a pinch, take back what the first began
    if (gesture) { gesture = null; takeBack(true); }
    return;
  }
  if (event.button) return;
  const point = at(event), box = overlay.getBoundingClientRect();
  stage.focus({ preventScroll: true });
  overlay.setPointerCapture(event.pointerId);
  remember();
  gesture = { start: point, last: point, moved: false, from: [event.clientX, event.clientY] };
  if (tool !== "point") { dab(point, point); return refresh(); }
  const hit = nearest(point, (event.pointerType === "touch" ? 22 : 11) * (width / box.width));
  const open = selected >= 0 && pairs[selected] && pairs[selected].open ? selected : -1;
  if (hit && !(open === hit.i)) {
    Object.assign(gesture, { i: hit.i, end: pairs[hit.i].open ? "target" : hit.end, hit: true });
  } else if (open >= 0) {  // pressed and let go before: this press is its target
    Object.assign(gesture, { i: open, end: "target", moved: true });
    pairs[open].target = point;
  } else {
    pairs.push({ handle: point, target: point.slice(), key: (lastKey = newKey()) });
    Object.assign(gesture, { i: pairs.length - 1, end: "target", fresh: true });
  }
  selected = gesture.i;
  refresh();
});

function newKey() { return 1 + Math.max(0, lastKey, ...pairs.map((pair) => pair.key)); }

function movePoint(held, point) {
  const pair = pairs[held.i];
  if (held.end === "handle" && !held.rekeyed) {  // a drag that runs has no say over it any more
    pair.key = lastKey = newKey();
    held.rekeyed = true;
  }
  pair[held.end] = point;
}

overlay.addEventListener("pointermove", (event) => {
  hover = event.pointerType === "touch" && !gesture ? null : at(event);
  if (gesture) {
    const steps = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
    if (Math.hypot(event.clientX - gesture.from[0], event.clientY - gesture.from[1]) > 3) gesture.moved = true;
    for (const each of steps.length ? steps : [event]) {
      const point = at(each);
      if (tool !== "point") dab(gesture.last, point);
      else if (gesture.moved) movePoint(gesture, point);
      gesture.last = point;
    }
  }
  if (gesture || tool !== "point") repaint();
});

function finish() {
  if (!gesture) return;
  const done = gesture;
  gesture = null;
  if (tool === "point") {
    if (done.moved) delete pairs[done.i].open;
    else if (done.fresh) pairs[done.i].open = true;
    else { taken.pop(); return refresh(); }  // a press on a point selects it, no more
  }
  commit();
}
overlay.addEventListener("pointerup", finish);
overlay.addEventListener("pointercancel", finish);
overlay.addEventListener("pointerleave", () => { hover = null; repaint(); });
overlay.addEventListener("contextmenu", (event) => event.preventDefault());

// ---- buttons and keys ------------------------------------------------------------------------------
element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-tool],[data-act]");
  if (!button) return;
  if (button.dataset.tool) setTool(button.dataset.tool); else act(button.dataset.act);
});

const KEYS = {
  p: () => setTool("point"), b: () => setTool("paint"), e: () => setTool("erase"), m: () => act("toggle"),
  delete: () => act("remove"), backspace: () => act("remove"),
  "[": () => { brush.value = +brush.value - 10; repaint(); }, "]": () => { brush.value = +brush.value + 10; repaint(); },
  enter: () => trigger("submit"), escape: () => trigger("stop"),
};
stage.addEventListener("keydown", (event) => {
  const key = event.key.toLowerCase(), command = event.ctrlKey || event.metaKey;
  if (gesture) return;
  if (command && key === "z" && !event.shiftKey) takeBack(false);
  else if (command || event.altKey || !KEYS[key]) return;
  else KEYS[key]();
  event.preventDefault();
  event.stopPropagation();
});

// ---- from Python -----------------------------------------------------------------------------------
// The names are joined from halves: Gradio makes an event of every word quoted in this file and
// would send one along with each update of a prop of that name.
watch("fra" + "me", () => showFrame(props.frame));
watch("val" + "ue", takeValue);
watch("sav" + "ed", () => {
  const file = props.saved;
  if (!file || file.serial <= lastDownload) return;
  lastDownload = file.serial;
  Object.assign(document.createElement("a"), { href: file.src, download: file.name }).click();
});

function takeValue() {
  const value = props.value;
  if (!value || JSON.stringify(value) === lastCommit) return;
  lastCommit = JSON.stringify(value);
  resize(value.width || width, value.height || height);
  pairs = (value.points || []).map(({ handle, target, key }) => (
    { handle: [...handle], target: [...target], key }));
  revision = value.revision || 0;
  gesture = null;
  selected = -1;
  taken = [];
  loadMask(value.mask);
}

// What is placed, for tests and extensions: points and whether a region is painted.
stage.drawn = () => structuredClone({ points: pairs, painted, selected, revision });

resize(width, height);
takeValue();
showFrame(props.frame);
refresh();
