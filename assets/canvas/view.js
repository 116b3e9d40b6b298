// Zoom and pan. view: how much larger than fitted the picture is shown, and the place of the picture, in
// its pixels, that lies in the stage's upper left corner. The overlay stays as large as the stage.

const MAX_SCALE = 8;
let view = { scale: 1, x: 0, y: 0 };

// The place of the picture under a place of the window; pixel (0, 0) reaches from 0 to 1.
function placeUnder([clientX, clientY]) {
  const box = overlay.getBoundingClientRect();
  return [view.x + ((clientX - box.left) / box.width) * (width / view.scale),
    view.y + ((clientY - box.top) / box.height) * (height / view.scale)];
}

// The point of the picture under the pointer: whole numbers are middles of pixels.
function at(event) {
  const [x, y] = placeUnder([event.clientX, event.clientY]);
  return within([x - 0.5, y - 0.5]);
}

// Picture pixels to a CSS pixel.
function fineness() { return width / view.scale / overlay.getBoundingClientRect().width; }

// Show the picture at this scale with this place of it under that place of the window.
function look(scale, [x, y], [clientX, clientY]) {
  const box = overlay.getBoundingClientRect();
  scale = clamp(scale, 1, MAX_SCALE);
  const w = width / scale, h = height / scale;
  view = { scale,
    x: clamp(x - ((clientX - box.left) / box.width) * w, 0, width - w),
    y: clamp(y - ((clientY - box.top) / box.height) * h, 0, height - h) };
  refresh();
}

function zoomAt(factor, client) { look(view.scale * factor, placeUnder(client), client); }

function zoomMiddle(factor) {
  const box = overlay.getBoundingClientRect();
  zoomAt(factor, [box.left + box.width / 2, box.top + box.height / 2]);
}

function fitView() { view = { scale: 1, x: 0, y: 0 }; refresh(); }

function panBy(x, y) {  // in parts of what is seen
  const box = overlay.getBoundingClientRect(), corner = [box.left, box.top];
  look(view.scale, [view.x + (x * width) / view.scale, view.y + (y * height) / view.scale], corner);
}

// Bring a point of the picture into sight, with some room around it.
function reveal([x, y]) {
  const box = overlay.getBoundingClientRect(), w = width / view.scale, h = height / view.scale;
  const left = clamp(view.x, x - 0.9 * w, x - 0.1 * w), top = clamp(view.y, y - 0.9 * h, y - 0.1 * h);
  look(view.scale, [left, top], [box.left, box.top]);
}

function showView(deviceScale) {
  const percent = (place, side) => `${(-100 * view.scale * place) / side}%`;
  for (const canvas of [pictureCanvas, beforeCanvas]) {
    canvas.style.transform =
      `translate(${percent(view.x, width)}, ${percent(view.y, height)}) scale(${view.scale})`;
    canvas.style.imageRendering = deviceScale > 3 ? "pixelated" : "auto";
  }
}

stage.addEventListener("wheel", (event) => {
  if (covered() || (!event.ctrlKey && view.scale <= 1)) return;  // the page scrolls; with Control it is a trackpad's pinch
  event.preventDefault();
  const pixels = clamp(event.deltaY * (event.deltaMode ? 33 : 1), -200, 200);
  zoomAt(Math.exp(-pixels * (event.ctrlKey ? 0.01 : 0.002)), [event.clientX, event.clientY]);
}, { passive: false });

// ---- two fingers -------------------------------------------------------------------------------
const fingers = new Map();
let pinch = null;  // lives until the last finger is lifted: the one that stays longer draws nothing

function betweenFingers() {
  const [a, b] = [...fingers.values()];
  return { middle: [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2], distance: Math.hypot(a[0] - b[0], a[1] - b[1]) };
}

function beginPinch() {
  const { middle, distance } = betweenFingers();
  pinch = { place: placeUnder(middle), distance: Math.max(distance, 1), scale: view.scale };
}

function movePinch() {
  const { middle, distance } = betweenFingers();
  look((pinch.scale * distance) / pinch.distance, pinch.place, middle);
}

function liftFinger(event) {
  if (!fingers.delete(event.pointerId) || !pinch) return;
  if (fingers.size > 1) beginPinch();
  else if (!fingers.size) pinch = null;
}

stage.view = () => ({ ...view });  // for tests
