// The painted region: strokes on a canvas of the picture's size, and to and from a PNG data URL in
// which white may move. `g` is that canvas's 2d context.

function paintStroke(g, from, to, size, erase) {
  g.globalCompositeOperation = erase ? "destination-out" : "source-over";
  g.strokeStyle = PAINT;
  g.lineCap = g.lineJoin = "round";
  g.lineWidth = size;
  g.beginPath();
  g.moveTo(from[0] + 0.5, from[1] + 0.5);
  g.lineTo(to[0] + 0.51, to[1] + 0.5);  // a line of no length would not be drawn
  g.stroke();
  g.globalCompositeOperation = "source-over";
}

// The PNG data URL, or null where nothing is painted.
function encodeMask(g, width, height) {
  const pixels = g.getImageData(0, 0, width, height), values = pixels.data;
  let any = false;
  for (let i = 0; i < values.length; i += 4) {
    const on = values[i + 3] > 127;
    any ||= on;
    values[i] = values[i + 1] = values[i + 2] = on ? 255 : 0;
    values[i + 3] = 255;
  }
  if (!any) return null;
  const copy = document.createElement("canvas");
  copy.width = width;
  copy.height = height;
  copy.getContext("2d").putImageData(pixels, 0, 0);
  return copy.toDataURL("image/png");
}

// Paints what the data URL shows; resolves to whether there was anything to paint.
async function decodeMask(g, url, width, height) {
  const image = new Image();
  image.src = url;
  try { await image.decode(); } catch { return false; }
  g.drawImage(image, 0, 0, width, height);
  const pixels = g.getImageData(0, 0, width, height), values = pixels.data;
  for (let i = 0; i < values.length; i += 4) values.set([0, 0, 0, values[i] > 127 ? 255 : 0], i);
  g.putImageData(pixels, 0, 0);
  return true;
}
