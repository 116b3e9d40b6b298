// The canvas's elements, what the visitor made, what the server shows, and drawing both.

const find = (selector) => element.querySelector(selector);
const stage = find(".dc-stage"), overlay = find(".dc-overlay"), brush = find(".dc-brush");
const pictureCanvas = find(".dc-picture"), picture = pictureCanvas.getContext("2d");
const overlayContext = overlay.getContext("2d");
const maskCanvas = document.createElement("canvas");
const mask = maskCanvas.getContext("2d", { willReadFrequently: true });

let width = 1024, height = 1024, revision = 0;
// {handle, target, key, open: a click placed it and its target is to come, pinned: held where it is}
let pairs = [], selected = -1, selectedEnd = "target";
let painted = false, maskUrl = null, decodingMask = null;  // maskUrl: as it is committed
let groundMoves = false, meaning = "move";  // what unpainted means; what brush and lasso paint
let running = false, edited = false, lastSerial = -1;  // edited: it is not as it was sampled any more
let tool = "point", gesture = null, hover = null;
// regionShown: as chosen; regionSeen: not since a drag began, whose picture is to be seen.
let regionShown = true, regionSeen = true;

const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
const within = ([x, y]) => [clamp(x, 0, width - 1), clamp(y, 0, height - 1)];

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
  const scale = (w / width) * view.scale, see = ([x, y]) => [
    (x + 0.5 - view.x) * scale, (y + 0.5 - view.y) * scale];
  showView(scale);
  if (comparing()) return;
  const dimming = tool === "point" ? 0.3 : 0.5;
  const part = [view.x, view.y, width / view.scale, height / view.scale];
  if (painted && regionShown && regionSeen) drawRegion(overlayContext, maskCanvas, part, dimming, dpr);
  if (reach !== null && !painted) {
    const arrows = pairs.filter((pair) => !coincide(pair)).map(({ handle, target }) => [see(handle), see(target)]);
    const longest = Math.max(0, ...pairs.map(({ handle, target }) => Math.hypot(handle[0] - target[0], handle[1] - target[1])));
    drawReach(overlayContext, arrows, (reach + longest) * scale, dpr);
  }
  const hold = (gesture ?? burst)?.hold;
  drawPoints(overlayContext, pairs, { i: selected, end: selectedEnd, held: hold }, see, dpr);
  if (hold?.finger) drawLoupe(overlayContext, pictureCanvas, see(hold.place), pairs[selected].handle, scale, dpr);
  if (gesture?.outline) drawOutline(overlayContext, gesture.outline, see, dpr);
  if (hover && brushing()) drawBrush(overlayContext, see(hover), (+brush.value / 2) * scale, paints(), dpr);
  showUnpin(see, dpr);
}
new ResizeObserver(repaint).observe(stage);

// How far around the arrows a drag would reach, px of the picture; shown while that is chosen.
const REACH_SHOWN = 1500;  // ms after the last change
let reach = null, reachTimer = 0;
function showReach(at512) {
  reach = at512 * Math.max(width, height) / 512;
  clearTimeout(reachTimer);
  reachTimer = setTimeout(() => { reach = null; repaint(); }, REACH_SHOWN);
  repaint();
}

const brushing = () => tool === "paint" || tool === "erase";

function refresh() {
  const press = (selector, on) => find(selector).setAttribute("aria-pressed", String(on));
  const disable = (act, off) => { find(`[data-act=${act}]`).disabled = off; };
  const pair = pairs[selected], shown = lastSerial >= 0;
  for (const name of ["point", "paint", "lasso", "erase"]) press(`[data-tool=${name}]`, tool === name);
  for (const name of ["follow", "arrows"]) press(`[data-way=${name}]`, (name === "follow") === follows);
  for (const name of ["move", "keep"]) press(`[data-meaning=${name}]`, meaning === name);
  disable("pin", splitting || !pair || pair.pinned);
  disable("remove", splitting || !pair);
  for (const act of ["invert", "toggle", "clear"]) disable(act, splitting || !painted);
  for (const act of ["split", "original"]) disable(act, !shown);
  for (const act of ["zoom-out", "fit"]) disable(act, view.scale <= 1);
  brush.disabled = tool === "lasso";
  disable("face", splitting || running || !shown);
  if (splitting || running) showParts(false);
  disable("zoom-in", view.scale >= MAX_SCALE);
  const toggle = find("[data-act=toggle]"), seen = regionShown && regionSeen, word = seen ? "hide" : "show";
  toggle.title = say(`${word}Tip`);
  toggle.classList.toggle("dc-closed", !seen);
  toggle.querySelector(".dc-text").textContent = say(word);
  find(".dc-count").textContent = say(["noPoints", "onePoint"][pairs.length] ?? "points", { n: pairs.length });
  find(".dc-percent").textContent = `${Math.round(100 * view.scale)}%`;
  find(".dc-for-points").hidden = tool !== "point";
  find(".dc-for-region").hidden = tool === "point";
  overlay.classList.toggle("dc-brushing", brushing() && !splitting);
  overlay.classList.toggle("dc-pannable", spaceHeld || splitting);
  find(".dc-chip").hidden = !painted || running || Boolean(gesture) || splitting || comparing();
  for (const bar of [".dc-bar", ".dc-foot"]) find(bar).inert = covered();
  refreshHint();
  refreshCompare();
  repaint();
}

// The × of the pin that is selected.
function showUnpin(see, dpr) {
  const pair = pairs[selected], button = find(".dc-unpin");
  button.hidden = !pair?.pinned || running || Boolean(gesture) || splitting;
  if (button.hidden) return;
  const [x, y] = see(pair.handle);
  button.style.left = `${x / dpr}px`;
  button.style.top = `${y / dpr}px`;
}

// ---- the hint: what to do now, of points on a browser's first visit ---------------------------
const HINT = "draggan_hint";
let hinted = false;
try { hinted = Boolean(localStorage.getItem(HINT)); } catch { /* storage is denied: shown each time */ }

function hint() {
  if (lastSerial < 0 || running || working || gesture || comparing()) return null;
  if (tool !== "point") return painted || tool === "erase" ? null : meaning === "move" ? "hintFree" : "hintKeep";
  return hinted || edited ? null : follows ? "hint" : "hintArrows";
}

function refreshHint() {
  const word = hint(), line = find(".dc-hint");
  line.classList.toggle("dc-gone", !word);
  if (word) line.textContent = say(word);
}

function dropHint() {
  if (hinted) return;
  hinted = true;
  try { localStorage.setItem(HINT, "1"); } catch { /* as above */ }
}

// ---- what the visitor made ---------------------------------------------------------------------
const rounded = (point) => point.map((v) => Math.round(v * 10) / 10);
let lastCommit = "";

function store() {
  const points = pairs.map(({ handle, target, key }) => (
    { handle: rounded(handle), target: rounded(target), key }));
  const value = { width, height, points, mask: maskUrl, revision };
  lastCommit = JSON.stringify(value);
  props.value = value;
}

// One change, which the server can undo.
function commit() {
  revision += 1;
  store();
  dropHint();
  trigger("release", { points: pairs.length });
  refresh();
}

function announce(text) { find(".dc-live").textContent = text; }
