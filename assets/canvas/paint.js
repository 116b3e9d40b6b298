// What the canvas draws over the picture. Pure: everything comes in as arguments. Lengths are given in
// CSS pixels and times `dpr` are device pixels; `see` turns a point of the picture into device pixels.

const HANDLE = "#f43f5e", TARGET = "#3b82f6", LIGHT = "#fff", DARK = "#000a";

function drawRing(g, [x, y], radius, fill, edge, width) {
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
  for (const [width, colour] of [[5, "#0009"], [2.5, LIGHT]]) {
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

// A padlock in a disc: this point is held where it is.
function drawPin(g, [x, y], dpr) {
  drawRing(g, [x, y], 10 * dpr, HANDLE, LIGHT, 2 * dpr);
  g.lineWidth = 1.6 * dpr;
  g.strokeStyle = g.fillStyle = LIGHT;
  g.beginPath();
  g.arc(x, y - 1.2 * dpr, 2.6 * dpr, Math.PI, 0);
  g.lineTo(x + 2.6 * dpr, y);
  g.moveTo(x - 2.6 * dpr, y - 1.2 * dpr);
  g.lineTo(x - 2.6 * dpr, y);
  g.stroke();
  g.fillRect(x - 4.2 * dpr, y - 0.6 * dpr, 8.4 * dpr, 5.8 * dpr);
}

// A ring around an end: bold for the selected one, thin for its partner, dashed where one waits.
function drawHalo(g, place, radius, kind, dpr) {
  const width = kind === "partner" ? 1 : 2.5;
  g.lineCap = "butt";
  if (kind === "waiting") g.setLineDash([5 * dpr, 3.5 * dpr]);
  drawRing(g, place, radius, null, DARK, (width + 2) * dpr);
  drawRing(g, place, radius, null, LIGHT, width * dpr);
  g.setLineDash([]);
}

function drawNumber(g, number, [x, y], away, dpr) {
  if (x < 0 || y < 0 || x > g.canvas.width || y > g.canvas.height) return;  // its point is out of sight
  const inside = (v, side) => Math.min(side - 9 * dpr, Math.max(9 * dpr, v));
  g.font = `700 ${12 * dpr}px system-ui, sans-serif`;
  g.textAlign = "center";
  g.textBaseline = "middle";
  g.lineJoin = "round";
  g.lineWidth = 3.5 * dpr;
  g.strokeStyle = "#000c";
  g.fillStyle = LIGHT;
  const place = [inside(x + away[0], g.canvas.width), inside(y + away[1], g.canvas.height)];
  g.strokeText(number, ...place);
  g.fillText(number, ...place);
}

// From the place that the picture follows to the pointer.
function drawBand(g, from, to, dpr) {
  g.lineCap = "round";
  for (const [width, colour] of [[3.5, "#0007"], [1.5, LIGHT]]) {
    g.lineWidth = width * dpr;
    g.strokeStyle = colour;
    g.beginPath();
    g.moveTo(...from);
    g.lineTo(...to);
    g.stroke();
  }
}

// A finger hides what it drags: a piece of the picture, enlarged, in a round window above it.
function drawLoupe(g, shown, [x, y], place, scale, dpr) {
  const radius = 52 * dpr, away = 96 * dpr, side = (2 * radius) / (2 * scale);
  const [cx, cy] = [Math.min(g.canvas.width - radius, Math.max(radius, x)), y < away + radius ? y + away : y - away];
  g.save();
  g.beginPath();
  g.arc(cx, cy, radius, 0, 2 * Math.PI);
  g.clip();
  g.fillStyle = DARK;
  g.fillRect(cx - radius, cy - radius, 2 * radius, 2 * radius);
  g.drawImage(shown, place[0] + 0.5 - side / 2, place[1] + 0.5 - side / 2, side, side,
    cx - radius, cy - radius, 2 * radius, 2 * radius);
  g.restore();
  drawRing(g, [cx, cy], radius, null, DARK, 4 * dpr);
  drawRing(g, [cx, cy], radius, null, LIGHT, 2 * dpr);
  drawRing(g, [cx, cy], 5 * dpr, null, LIGHT, 2 * dpr);
}

// pairs: [{handle, target, open, pinned}]; chosen: {i, end, held}, i is -1 for none; held: the picture
// follows it.
function drawPoints(g, pairs, chosen, see, dpr) {
  pairs.forEach(({ handle, target, open, pinned }, i) => {
    const from = see(handle), to = see(target);
    const length = Math.hypot(to[0] - from[0], to[1] - from[1]), together = length < 2 * dpr;
    if (i === chosen.i && chosen.held) {
      drawBand(g, from, to, dpr);
      drawRing(g, from, 6.5 * dpr, HANDLE, LIGHT, 2 * dpr);
      return;
    }
    if (!pinned) {
      drawArrow(g, from, to, dpr);
      if (!together) drawRing(g, to, 6 * dpr, TARGET, LIGHT, 2 * dpr);
      drawRing(g, from, 6.5 * dpr, HANDLE, LIGHT, 2 * dpr);
    } else drawPin(g, from, dpr);
    if (open) drawHalo(g, from, 13 * dpr, "waiting", dpr);
    else if (i === chosen.i) {
      const [bold, thin] = chosen.end === "handle" ? [from, to] : [to, from];
      if (!pinned && !together) drawHalo(g, thin, 10.5 * dpr, "partner", dpr);
      drawHalo(g, pinned ? from : bold, (pinned ? 15 : 12) * dpr, "selected", dpr);
    }
    if (pairs.length < 2) return;
    const far = (pinned || open || i === chosen.i ? 25 : 17) * dpr;  // on the side without the arrow
    drawNumber(g, i + 1, from, together || pinned ? [-far * 0.75, -far * 0.75]
      : [((from[0] - to[0]) / length) * far, ((from[1] - to[1]) / length) * far], dpr);
  });
}

const softened = document.createElement("canvas"), hatching = document.createElement("canvas");

// Lines of light and dark side by side, so that they show on any picture.
function hatch(g, strength, dpr) {
  const side = Math.round(10 * dpr), h = hatching.getContext("2d");
  hatching.width = hatching.height = side;
  h.lineWidth = 1.4 * dpr;
  for (const [shift, colour] of [[0, "#fff"], [1.4 * dpr, "#000"]]) {
    h.strokeStyle = colour;
    h.globalAlpha = strength;
    for (const start of [-side, 0, side]) {  // the pattern's corners need their neighbours' lines
      h.beginPath();
      h.moveTo(start + shift - 1, side + 1);
      h.lineTo(start + shift + side + 1, -1);
      h.stroke();
    }
  }
  return g.createPattern(hatching, "repeat");
}

// What stays is dimmed and hatched, with a soft edge; what may move is left clear. mask is a canvas of
// the picture's size, opaque where it may move; part: [x, y, w, h] of it that is seen. Drawn first.
function drawRegion(g, mask, part, strength, dpr) {
  const { width, height } = g.canvas;
  softened.width = Math.ceil(width / (5 * dpr));  // small, then enlarged: blurred in every browser
  softened.height = Math.ceil(height / (5 * dpr));
  const small = softened.getContext("2d");
  small.imageSmoothingQuality = g.imageSmoothingQuality = "high";
  small.drawImage(mask, ...part, 0, 0, softened.width, softened.height);
  for (const style of [`rgb(8 12 24 / ${strength})`, hatch(g, 0.08 + strength / 5, dpr)]) {
    g.fillStyle = style;
    g.fillRect(0, 0, width, height);
  }
  g.globalCompositeOperation = "destination-out";
  g.drawImage(softened, 0, 0, width, height);
  g.globalCompositeOperation = "source-over";
}

// The rim of what lies within `radius` device pixels of arrows, each [from, to].
const rim = document.createElement("canvas");
function drawReach(g, arrows, radius, dpr) {
  rim.width = g.canvas.width;
  rim.height = g.canvas.height;
  const r = rim.getContext("2d");
  r.lineCap = "round";
  for (const [mode, wider] of [["source-over", 2.5 * dpr], ["destination-out", 0]]) {
    r.globalCompositeOperation = mode;
    r.strokeStyle = LIGHT;
    r.lineWidth = 2 * (radius + wider);
    for (const [from, to] of arrows) {
      r.beginPath();
      r.moveTo(...from);
      r.lineTo(to[0] + 0.01, to[1]);
      r.stroke();
    }
  }
  g.save();
  g.globalAlpha = 0.85;
  g.shadowColor = "#000";
  g.shadowBlur = 3 * dpr;
  g.drawImage(rim, 0, 0);
  g.restore();
}

// free: what it paints may move; else it stays.
function drawBrush(g, place, radius, free, dpr) {
  g.beginPath();
  g.arc(...place, radius, 0, 2 * Math.PI);
  g.fillStyle = free ? "#22c55e59" : "#080c1880";
  g.fill();
  drawRing(g, place, radius, null, DARK, 3 * dpr);
  drawRing(g, place, radius, null, LIGHT, 1.5 * dpr);
}

function drawOutline(g, outline, see, dpr) {
  g.beginPath();
  for (const point of outline) g.lineTo(...see(point));
  g.closePath();
  g.fillStyle = "#ffffff26";
  g.fill();
  g.lineJoin = "round";
  for (const [width, colour, dash] of [[3.5, DARK, []], [2, LIGHT, [6 * dpr, 5 * dpr]]]) {
    g.lineWidth = width * dpr;
    g.strokeStyle = colour;
    g.setLineDash(dash);
    g.stroke();
  }
  g.setLineDash([]);
}
