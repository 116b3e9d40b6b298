// What the canvas draws over the picture. Pure: everything comes in as arguments.
// Lengths are given in CSS pixels and times `dpr` are device pixels; points are in picture pixels.

const HANDLE = "#f43f5e", TARGET = "#3b82f6", PAINT = "#000";

function drawRing(g, x, y, radius, fill, edge, width) {
  g.beginPath();
  g.arc(x, y, radius, 0, 2 * Math.PI);
  if (fill) { g.fillStyle = fill; g.fill(); }
  g.lineWidth = width;
  g.strokeStyle = edge;
  g.stroke();
}

function drawArrow(g, from, to, dpr) {
  const length = Math.hypot(to[0] - from[0], to[1] - from[1]);
  if (length < 2 * dpr) return;
  const [ux, uy] = [(to[0] - from[0]) / length, (to[1] - from[1]) / length];
  const gap = Math.min(8 * dpr, length / 3), tip = length < 36 * dpr ? 0 : 11 * dpr;  // head
  const end = [to[0] - ux * gap, to[1] - uy * gap];
  g.lineCap = g.lineJoin = "round";
  for (const [width, colour] of [[5, "#0009"], [2.5, "#fff"]]) {
    g.lineWidth = width * dpr;
    g.strokeStyle = colour;
    g.beginPath();
    g.moveTo(...from);
    g.lineTo(...end);
    for (const side of [1, -1]) {
      g.moveTo(...end);
      g.lineTo(end[0] - tip * (ux + side * 0.55 * uy), end[1] - tip * (uy - side * 0.55 * ux));
    }
    g.stroke();
  }
}

// pairs: [{handle, target}]; selected: index or -1; scale: device pixels a picture pixel.
function drawPoints(g, pairs, selected, scale, dpr) {
  pairs.forEach(({ handle, target }, i) => {
    const from = handle.map((v) => (v + 0.5) * scale), to = target.map((v) => (v + 0.5) * scale);
    const waiting = Math.hypot(to[0] - from[0], to[1] - from[1]) < 2 * dpr;
    drawArrow(g, from, to, dpr);
    if (!waiting) drawRing(g, ...to, 6 * dpr, TARGET, "white", 2 * dpr);
    drawRing(g, ...from, 6.5 * dpr, HANDLE, "white", 2 * dpr);
    if (i === selected) {
      for (const [x, y] of waiting ? [from] : [from, to]) drawRing(g, x, y, 11 * dpr, null, "white", 2 * dpr);
    }
  });
}

// What stays is dimmed, the region that may move is left clear; mask is a canvas of the picture's
// size, opaque where painted. Drawn first, on an empty overlay.
function drawRegion(g, mask, width, height, strength) {
  g.fillStyle = `rgb(8 12 24 / ${strength})`;
  g.fillRect(0, 0, width, height);
  g.globalCompositeOperation = "destination-out";
  g.drawImage(mask, 0, 0, width, height);
  g.globalCompositeOperation = "source-over";
}

function drawBrush(g, at, radius, scale, dpr) {
  const [x, y] = at.map((v) => (v + 0.5) * scale);
  drawRing(g, x, y, radius * scale, null, "#000a", 3 * dpr);
  drawRing(g, x, y, radius * scale, null, "white", 1.5 * dpr);
}
