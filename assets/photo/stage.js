// The frame on the photo, to be moved, turned and zoomed by mouse, fingers or keys. All places are in
// pixels of the photo, whole numbers at the middle of one, as in drag/photo/alignment.py.

const SQUARE = 768;  // px of what the canvas shows until the server has cut it
const SMALLEST = 32, LARGEST = 3, STEP = 0.02, TURN = Math.PI / 90;  // as there; a key's share of the side, and angle
const stage = element.querySelector(".ph-stage"), grips = stage.querySelectorAll(".ph-frame circle");
const [area] = stage.querySelectorAll(".ph-frame rect"), arm = stage.querySelector(".ph-frame line");
const fingers = new Map();
let photo = null, preview = null, frame = null, held = null, onFrame = () => {};

function showPhoto(shown) {
  photo = shown;
  const { src, width, height } = photo, image = stage.querySelector("image");
  for (const [name, value] of Object.entries({ href: src, x: -0.5, y: -0.5, width, height })) image.setAttribute(name, value);
  image.setAttribute("preserveAspectRatio", "none");
  preview = Object.assign(new Image(), { src });
  fingers.clear();
  held = null;
  setFrame(photo.frame);
}

function setFrame(wanted) {
  const { width, height } = photo, most = LARGEST * Math.max(width, height);
  frame = {
    x: Math.min(Math.max(wanted.x, 0), width - 1), y: Math.min(Math.max(wanted.y, 0), height - 1),
    side: Math.min(Math.max(wanted.side, SMALLEST), most),
    angle: Math.atan2(Math.sin(wanted.angle), Math.cos(wanted.angle)),
  };
  drawStage();
  onFrame();
}

// The photo and all of the frame with its handles; the view stands still while a hand is on it.
function fitView() {
  const { width, height } = photo, across = stage.parentElement.clientWidth;
  if (!across) return false;
  stage.style.height = `${Math.min(Math.max(across * height / width, 240), 440)}px`;
  const reach = Math.max(...corners().map(({ x, y }) => Math.max(-x, x - width, -y, y - height, 0)));
  const margin = reach + 0.05 * Math.max(width, height);
  stage.setAttribute("viewBox", `${-margin} ${-margin} ${width + 2 * margin} ${height + 2 * margin}`);
  return true;
}

// What is in the frame, as a data URL: by the preview, and plain where the frame goes beyond the photo.
function square() {
  const canvas = document.createElement("canvas"), { across, down } = half(), scale = SQUARE / frame.side;
  [canvas.width, canvas.height] = [2 * across * scale, 2 * down * scale];
  const g = canvas.getContext("2d");
  g.fillStyle = "#808080";
  g.fillRect(0, 0, canvas.width, canvas.height);
  g.translate(canvas.width / 2, canvas.height / 2);
  g.scale(scale, scale);
  g.rotate(-frame.angle);
  g.drawImage(preview, -0.5 - frame.x, -0.5 - frame.y, photo.width, photo.height);
  return canvas.toDataURL("image/jpeg", 0.9);
}

function half() {
  const [height, width] = photo.size, longer = Math.max(height, width);
  return { across: frame.side * width / longer / 2, down: frame.side * height / longer / 2 };
}

function turned(dx, dy) {
  const cos = Math.cos(frame.angle), sin = Math.sin(frame.angle);
  return { x: frame.x + cos * dx - sin * dy, y: frame.y + sin * dx + cos * dy };
}

function corners() {
  const { across, down } = half();
  return [[-1, -1], [1, -1], [1, 1], [-1, 1]].map(([i, j]) => turned(i * across, j * down));
}

function drawStage() {
  if (!photo || (!held && !fitView())) return;
  const matrix = stage.getScreenCTM();
  if (!matrix) return;
  const px = 1 / Math.hypot(matrix.a, matrix.b), points = corners(), [left, top, wide, high] = view();
  const path = points.map(({ x, y }) => `${x} ${y}`).join("L");
  // Twice as far as the view: it is wider than its box where the element has other proportions.
  stage.querySelector(".ph-dim").setAttribute("d",
    `M${left - 9 * wide} ${top - 9 * high}h${19 * wide}v${19 * high}h${-19 * wide}zM${path}z`);
  const { across, down } = half(), degrees = frame.angle * 180 / Math.PI;
  Object.entries({ x: -across, y: -down, width: 2 * across, height: 2 * down, "stroke-width": 2 * px,
    transform: `translate(${frame.x} ${frame.y}) rotate(${degrees})` })
    .forEach(([name, value]) => area.setAttribute(name, value));
  const [from, to] = turnGrip(px, across, down, left, top, wide, high);
  Object.entries({ x1: from.x, y1: from.y, x2: to.x, y2: to.y, "stroke-width": 2 * px })
    .forEach(([name, value]) => arm.setAttribute(name, value));
  // What a finger may miss them by; a small frame keeps room to be moved by.
  const reach = Math.max(9, Math.min(matchMedia("(pointer: coarse)").matches ? 22 : 14, 0.5 * Math.min(across, down) / px));
  [to, to, ...points.flatMap((point) => [point, point])].forEach((place, i) => {
    const radius = i % 2 ? 7 : reach;
    Object.entries({ cx: place.x, cy: place.y, r: radius * px, "stroke-width": 2 * px })
      .forEach(([name, value]) => grips[i].setAttribute(name, value));
  });
  drawFaces(px);
}

function view() { return stage.getAttribute("viewBox").split(" ").map(Number); }

// The handle that turns stands out of the first side that has room for it, else into the frame.
function turnGrip(px, across, down, left, top, wide, high) {
  const out = 28 * px;
  for (const [i, j] of [[0, -1], [0, 1], [1, 0], [-1, 0]]) {
    const to = turned(i * (across + out), j * (down + out)), edge = 8 * px;
    if (to.x > left + edge && to.x < left + wide - edge && to.y > top + edge && to.y < top + high - edge) {
      return [turned(i * across, j * down), to];
    }
  }
  return [turned(0, -down), turned(0, Math.min(0, out - down))];
}

function drawFaces(px) {
  const group = stage.querySelector(".ph-faces");
  group.replaceChildren(...photo.faces.map((face) => {
    const box = document.createElementNS("http://www.w3.org/2000/svg", "rect"), side = 0.6 * face.side;
    Object.entries({ x: -side / 2, y: -side / 2, width: side, height: side, "stroke-width": 2 * px,
      "stroke-dasharray": `${6 * px} ${4 * px}`,
      transform: `translate(${face.x} ${face.y}) rotate(${face.angle * 180 / Math.PI})` })
      .forEach(([name, value]) => box.setAttribute(name, value));
    box.addEventListener("click", () => setFrame(face));
    if (isFramed(face)) box.style.display = "none";
    return box;
  }));
}

function isFramed(face) { return Math.hypot(face.x - frame.x, face.y - frame.y) < 0.25 * face.side; }

function nextFace() {
  const at = photo.faces.findIndex(isFramed);
  setFrame(photo.faces[(at + 1) % photo.faces.length]);
}

function placeOf(event) {
  const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(stage.getScreenCTM().inverse());
  return { x, y };
}

function hold(grip) {  // from where the fingers are now
  const [one, two] = [...fingers.values()];
  held = one ? { grip: two ? "pinch" : grip, frame: { ...frame }, one, two } : null;
}

stage.addEventListener("pointerdown", (event) => {
  const grip = event.target.dataset.grip;
  if (!grip || event.button || fingers.size > 1) return;
  stage.setPointerCapture(event.pointerId);
  fingers.set(event.pointerId, placeOf(event));
  hold(grip);
});

stage.addEventListener("pointermove", (event) => {
  if (!held || !fingers.has(event.pointerId)) return;
  fingers.set(event.pointerId, placeOf(event));
  const { grip, frame: begun, one, two } = held, [now, other] = [...fingers.values()];
  if (grip === "move") setFrame({ ...begun, x: begun.x + now.x - one.x, y: begun.y + now.y - one.y });
  if (grip === "zoom") setFrame({ ...begun, side: begun.side * far(begun, now) / Math.max(1, far(begun, one)) });
  if (grip === "turn") setFrame({ ...begun, angle: begun.angle + bearing(begun, now) - bearing(begun, one) });
  if (grip === "pinch" && other) {
    setFrame({
      x: begun.x + (now.x + other.x - one.x - two.x) / 2, y: begun.y + (now.y + other.y - one.y - two.y) / 2,
      side: begun.side * far(now, other) / Math.max(1, far(one, two)),
      angle: begun.angle + bearing(now, other) - bearing(one, two),
    });
  }
});

function far(a, b) { return Math.hypot(a.x - b.x, a.y - b.y); }
function bearing(a, b) { return Math.atan2(b.y - a.y, b.x - a.x); }

for (const kind of ["pointerup", "pointercancel"]) {
  stage.addEventListener(kind, (event) => {
    if (!fingers.delete(event.pointerId)) return;
    hold("move");  // a finger that stays goes on moving it
    if (!held) drawStage();
  });
}

stage.addEventListener("wheel", (event) => {
  if (!frame || !event.target.dataset.grip) return;  // beside the frame the page is scrolled
  event.preventDefault();
  zoomBy(Math.exp(-event.deltaY / 1000));
}, { passive: false });

function zoomBy(factor) { setFrame({ ...frame, side: frame.side * factor }); }
function turnBy(angle) { setFrame({ ...frame, angle: frame.angle + angle }); }

const KEYS = {
  ArrowLeft: () => moveBy(-1, 0), ArrowRight: () => moveBy(1, 0), ArrowUp: () => moveBy(0, -1), ArrowDown: () => moveBy(0, 1),
  "+": () => zoomBy(1 + STEP), "=": () => zoomBy(1 + STEP), "-": () => zoomBy(1 / (1 + STEP)),
  ",": () => turnBy(-TURN), ".": () => turnBy(TURN),
};

function moveBy(dx, dy) {
  setFrame({ ...frame, x: frame.x + dx * STEP * frame.side, y: frame.y + dy * STEP * frame.side });
}

stage.addEventListener("keydown", (event) => {
  const act = KEYS[event.key];
  if (!act || !frame || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  act();
});
new ResizeObserver(() => drawStage()).observe(stage.parentElement);
