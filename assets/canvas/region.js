// The region: brush, lasso and eraser on the mask. Unpainted is the ground: what stays, where the
// visitor began with what may move, or what moves, where they began with what stays fixed.

function setMeaning(name) {
  meaning = name;
  if (tool === "erase") tool = "paint";  // who says what to paint wants to paint
  refresh();
}

// What the present tool paints, true where it may move; the eraser gives back the ground.
function paints() { return tool === "erase" ? groundMoves : meaning === "move"; }

function prepareGround() {
  if (painted) return;
  groundMoves = meaning === "keep";
  fillMask(mask, groundMoves);
  painted = true;
}

function dab(from, to) {
  if (tool === "erase" && !painted) return;
  prepareGround();
  showRegion();
  paintStroke(mask, from, to, +brush.value, paints());
}

function closeOutline(outline) {
  if (outlineArea(outline) < 40 * fineness() ** 2) return;  // a slip of the hand
  prepareGround();
  showRegion();
  fillOutline(mask, outline, paints());
}

function showRegion() { regionShown = regionSeen = true; }

// After a change of the mask; returns whether it made a difference.
function sealMask() {
  const before = maskUrl;
  maskUrl = painted ? encodeMask(mask) : null;
  painted = Boolean(maskUrl);
  return maskUrl !== before;
}

function invertRegion() {
  invertMask(mask);
  groundMoves = !groundMoves;
  if (sealMask()) commit();
}

function clearRegion() {
  painted = false;
  maskUrl = null;
  commit();
}

// What may move, wider by so many pixels of 1024 all round, and as wide around the way of each arrow.
const GROWTH = 64, DIRECTIONS = 32;
function growRegion() {
  if (!painted) return;
  const by = GROWTH * Math.max(width, height) / 1024;
  copyRegion();
  for (let i = 0; i < DIRECTIONS; i++) {
    const angle = (2 * Math.PI * i) / DIRECTIONS;
    mask.drawImage(copyCanvas, by * Math.cos(angle), by * Math.sin(angle));
  }
  for (const { handle, target } of pairs) paintStroke(mask, handle, target, 2 * by, true);
  showRegion();
  if (sealMask()) commit();
}

// ---- as it was, and as the server has it -----------------------------------------------------------
const copyCanvas = document.createElement("canvas");

function copyRegion() {
  copyCanvas.width = width;
  copyCanvas.height = height;
  copyCanvas.getContext("2d").drawImage(maskCanvas, 0, 0);
  return { painted, maskUrl, groundMoves };
}

function restoreRegion(region) {
  ({ painted, maskUrl, groundMoves } = region);
  mask.clearRect(0, 0, width, height);
  mask.drawImage(copyCanvas, 0, 0);
}

async function loadMask(url) {
  const was = maskUrl;
  maskUrl = decodingMask = url;
  if (!url) { painted = false; return refresh(); }
  if (url !== was) showRegion();
  const image = new Image();
  image.src = url;
  const read = await image.decode().then(() => true, () => false);
  if (decodingMask !== url) return;  // another came meanwhile
  decodingMask = null;
  if (maskUrl !== url) return;  // the region was cleared meanwhile
  if (read) groundMoves = paintMask(mask, image);
  painted = read && Boolean(encodeMask(mask));
  if (!painted) maskUrl = null;
  refresh();
}
