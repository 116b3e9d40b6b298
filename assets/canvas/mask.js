// The painted region: a canvas of the picture's size, opaque where the picture may move, and a PNG
// data URL in which white may move. `g` is that canvas's 2d context; on: what is painted may move.

function onMask(g, on, paint) {
  g.globalCompositeOperation = on ? "source-over" : "destination-out";
  g.strokeStyle = g.fillStyle = "#000";
  g.beginPath();
  paint();
  g.globalCompositeOperation = "source-over";
}

function paintStroke(g, from, to, size, on) {
  onMask(g, on, () => {
    g.lineCap = g.lineJoin = "round";
    g.lineWidth = size;
    g.moveTo(from[0] + 0.5, from[1] + 0.5);
    g.lineTo(to[0] + 0.51, to[1] + 0.5);  // a line of no length would not be drawn
    g.stroke();
  });
}

function fillOutline(g, outline, on) {
  onMask(g, on, () => {
    for (const [x, y] of outline) g.lineTo(x + 0.5, y + 0.5);
    g.fill();
  });
}

function outlineArea(outline) {
  let twice = 0;
  outline.forEach(([x, y], i) => {
    const [nextX, nextY] = outline[(i + 1) % outline.length];
    twice += x * nextY - nextX * y;
  });
  return Math.abs(twice) / 2;
}

function fillMask(g, on) {
  onMask(g, on, () => g.fillRect(0, 0, g.canvas.width, g.canvas.height));
}

function invertMask(g) {
  g.globalCompositeOperation = "xor";  // with something opaque: alpha turns into its complement
  g.fillRect(0, 0, g.canvas.width, g.canvas.height);
  g.globalCompositeOperation = "source-over";
}

// The PNG data URL, or null where nothing is painted: if nothing may move, or everything.
function encodeMask(g) {
  const { width, height } = g.canvas;
  const pixels = g.getImageData(0, 0, width, height), values = pixels.data;
  let moving = 0;
  for (let i = 0; i < values.length; i += 4) {
    const on = values[i + 3] > 127;
    moving += on;
    values[i] = values[i + 1] = values[i + 2] = on ? 255 : 0;
    values[i + 3] = 255;
  }
  if (!moving || moving === width * height) return null;
  const copy = document.createElement("canvas");
  copy.width = width;
  copy.height = height;
  copy.getContext("2d").putImageData(pixels, 0, 0);
  return copy.toDataURL("image/png");
}

// Paints a decoded PNG. Returns whether most of its border moves: what is painted lies mostly inside.
function paintMask(g, image) {
  const { width, height } = g.canvas;
  g.clearRect(0, 0, width, height);
  g.drawImage(image, 0, 0, width, height);
  const pixels = g.getImageData(0, 0, width, height), values = pixels.data;
  let border = 0, moving = 0;
  for (let i = 0, x = 0, y = 0; i < values.length; i += 4) {
    const on = values[i] > 127;
    values.set([0, 0, 0, on ? 255 : 0], i);
    if (x === 0 || y === 0 || x === width - 1 || y === height - 1) { border += 1; moving += on; }
    if (++x === width) { x = 0; y += 1; }
  }
  g.putImageData(pixels, 0, 0);
  return 2 * moving > border;
}
