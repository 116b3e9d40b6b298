// The canvas on which points and region are placed and a drag is watched. Gradio runs this file, after
// the other canvas_*.js (see drag/page/components/canvas.py for their order), as the body of one function of
// (element, trigger, props, server, watch): what one declares at its top the others see.
//
// props.value  {width, height, points: [{handle, target, key}], mask: PNG data URL or null, revision}
//              what the visitor made; `revision` grows with each change made here. A pair whose
//              handle the visitor moves has a new key from then on. mask: white may move.
// props.frame  {src, serial, run, width, height, handles, settle, sample, original}: a picture to show.
//              Of two frames the higher serial wins. handles: {key: [x, y]}, where a drag has moved
//              them to; settle: it is the drag's last frame. sample names the sampled picture that
//              it came from; original: it is that picture.
//              part: [x, y, width, height] that it is of the picture, which is the rest of what is
//              shown; move: number of the word of a hold that it goes by.
// props.live   {id, run, refused}: whether the picture follows the hold of this id, of whoever has this
//              token; see follow.js.
// props.region {src, serial}: a region that the visitor asked for, a PNG, of the picture that was shown
//              before the frames with a higher serial.
// props.before {src, sample}: the sampled picture of that name, asked for by `compare`.
// Events: release (the visitor changed something: one change to undo), submit (Enter), stop (Escape),
// undo, redo, hold (the picture is to follow: {id, key}), compare (the before-picture is wanted), face (a part of it, {id}, is wanted as a region).

// ---- frames: the newest wins; a slow browser skips those between -------------------------------
let decoding = false, waiting = [];  // a part of a picture lies over the whole one before it
async function showFrame(frame) {
  if (!frame || !frame.src || frame.serial <= lastSerial) return;
  waiting = frame.part ? [...waiting.filter((other) => !other.part), frame] : [frame];
  if (decoding) return;
  decoding = true;
  while (waiting.length) {
    const current = waiting.shift(), image = new Image();
    image.src = current.src;
    try { await image.decode(); } catch { continue; }
    if (current.serial <= lastSerial) continue;
    lastSerial = current.serial;
    resize(current.width, current.height);
    picture.drawImage(image, ...(current.part ?? [0, 0, width, height]));
    stage.dataset.move = current.move ?? "";
    stage.dataset.serial = current.serial;  // for those who watch the page: tests, extensions
    find(".dc-wait").classList.add("dc-gone");
    running = Boolean(current.run) && !current.settle;
    if (running) regionSeen = false;
    edited = current.original === false;
    if (current.run) server.acknowledge([current.run, current.serial]).catch(() => {});
    moveHandles(current.handles || {});
    if (current.settle) settleHold();
    takeSample(current.sample ?? "", current.original ? image : null);
    giveWay();
    refresh();
  }
  decoding = false;
}

function takeSample(name, original) {
  sample = name;
  if (original) keepBefore(original, name);
  else if (splitting || holding) askBefore();
}

function resize(w, h) {
  if (pictureCanvas.width === w && pictureCanvas.height === h && width === w && height === h) return;
  width = pictureCanvas.width = maskCanvas.width = w;
  height = pictureCanvas.height = maskCanvas.height = h;
  painted = false;
  maskUrl = null;
  view = { scale: 1, x: 0, y: 0 };
  stage.style.aspectRatio = `${w} / ${h}`;
  find(".dc-frame").style.setProperty("--dc-aspect", w / h);
}

// ---- from Python -----------------------------------------------------------------------------------
// The names are joined from halves: Gradio makes an event of every word quoted in this file and
// would send one along with each update of a prop of that name.
watch("fra" + "me", () => showFrame(props.frame));
watch("val" + "ue", takeValue);
watch("reg" + "ion", takeRegion);
watch("li" + "ve", takeLive);

function takeValue() {
  const value = props.value;
  if (!value || JSON.stringify(value) === lastCommit) return;
  lastCommit = JSON.stringify(value);
  resize(value.width || width, value.height || height);
  const known = new Map(pairs.map((pair) => [pair.key, pair])), chosen = pairs[selected]?.key;
  clearTimeout(burstTimer);
  for (const { hold } of [gesture ?? {}, burst ?? {}]) if (hold) hold.word = "released";
  gesture = burst = null;
  pairs = (value.points || []).map(({ handle, target, key }) => {
    const pair = { handle: [...handle], target: [...target], key }, old = known.get(key);
    const still = Boolean(old) && Math.hypot(old.target[0] - target[0], old.target[1] - target[1]) < 0.1;
    pair.open = coincide(pair) && (still ? old.open : waited.has(key));  // it waits for its target
    pair.pinned = !pair.open && (coincide(pair) || (still && old.pinned));  // a drag may have moved it a little
    return pair;
  });
  selected = chosen === undefined ? -1 : pairs.findIndex((pair) => pair.key === chosen);
  revision = value.revision || 0;
  loadMask(value.mask || null);
}

// Its value, and of which sampled picture it is, for assets/recall.js.
stage.placed = () => lastCommit && JSON.stringify({ ...JSON.parse(lastCommit), sample });

// What the status line offers (assets/explain.js).
stage.remedies = { grow: growRegion, clear: clearRegion, further: () => ask("submit"), undo: () => ask("undo") };
stage.showReach = showReach;  // while its slider is moved
stage.reaching = () => reach;

// What is placed, for tests and extensions: points and whether a region is painted.
stage.drawn = () => structuredClone(
  { points: pairs, painted, selected, selectedEnd, groundMoves, meaning, revision });

fillWords(element);
fillHelp();
resize(width, height);
takeValue();
showFrame(props.frame);
refresh();
