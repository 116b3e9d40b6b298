// Points: which end lies where, moving an end by pointer or by key, pinning, deleting.

let lastKey = 0;
function newKey() { return (lastKey = 1 + Math.max(0, lastKey, ...pairs.map((pair) => pair.key))); }

const coincide = ({ handle, target }) => Math.hypot(handle[0] - target[0], handle[1] - target[1]) < 0.05;

function nearest(point, reach) {
  let best = null;
  pairs.forEach((pair, i) => ["target", "handle"].forEach((end) => {
    const distance = Math.hypot(pair[end][0] - point[0], pair[end][1] - point[1]);
    if (distance < reach && (!best || distance < best.distance)) best = { i, end, distance };
  }));
  if (best && (pairs[best.i].open || pairs[best.i].pinned)) best.end = "target";
  return best;
}

// A pair whose target is to come; undo of the target has it wait again.
const waited = new Set();  // keys of such pairs, until one is pinned
function placeWaiting(point) {
  const key = newKey();
  waited.add(key);
  pairs.push({ handle: point, target: point.slice(), key, open: true, pinned: false });
}

// held: {i, end, rekeyed, whole: both ends go together}
function moveEnd(held, point) {
  const pair = pairs[held.i];
  if (held.end === "handle" && !held.rekeyed) {  // a drag that runs has no say over it any more
    pair.key = newKey();
    held.rekeyed = true;
  }
  pair[held.end] = point;
  if (held.whole) pair.target = point.slice();
  else pair.open = false;
  pair.pinned = !pair.open && coincide(pair);
}

// Everywhere, so that a gesture taken back does not take the handles back too.
function moveHandles(handles) {
  const held = gesture?.end === "handle" ? pairs[gesture.i] : burst?.end === "handle" ? pairs[burst.i] : null;
  for (const pair of [...pairs, ...(gesture?.before?.pairs ?? [])]) {
    if (handles[pair.key] && pair !== held) pair.handle = [...handles[pair.key]];
  }
}

// ---- keys: a burst of nudges is one change -------------------------------------------------------
const NUDGES = { arrowleft: [-1, 0], arrowright: [1, 0], arrowup: [0, -1], arrowdown: [0, 1] };
const PAUSE = 400;  // ms after the last key
let burst = null, burstTimer = 0;

function nudge(x, y) {
  const pair = pairs[selected];
  burst ??= { i: selected, end: selectedEnd, whole: selectedEnd === "handle" && (pair.open || pair.pinned) };
  const [oldX, oldY] = pair[selectedEnd], point = within([oldX + x, oldY + y]);
  if (point[0] !== oldX || point[1] !== oldY) {
    if (follows && !burst.moved && selectedEnd === "target" && !pair.open) beginHold(burst);
    moveEnd(burst, point);
    burst.moved = true;
    tellHold(burst.hold, point);
  }
  clearTimeout(burstTimer);
  burstTimer = setTimeout(flushNudges, PAUSE);
  reveal(point);
}

function flushNudges() {
  clearTimeout(burstTimer);
  const done = burst;
  burst = null;
  if (!done?.moved) return;
  if (done.hold) letGo(done.hold, pairs[done.i]); else commit();
  announceEnd();
}

// As a click in the middle of what is seen does; arrow keys then move it, and its target after N.
function addPoint() {
  if (holding) return;
  flushNudges();
  setTool("point");
  const middle = [view.x + width / view.scale / 2, view.y + height / view.scale / 2];
  placeWaiting(within(middle.map(Math.round)));
  [selected, selectedEnd] = [pairs.length - 1, "handle"];
  commit();
  announceEnd();
}

function nextEnd() {
  if (!pairs.length) return;
  flushNudges();
  setTool("point");
  const present = selected < 0 ? -1 : 2 * selected + (selectedEnd === "target");
  const next = (present + 1) % (2 * pairs.length);
  [selected, selectedEnd] = [next >> 1, next % 2 ? "target" : "handle"];
  reveal(pairs[selected][selectedEnd]);
  announceEnd();
}

function announceEnd() {
  const pair = pairs[selected];
  if (!pair) return;
  const [x, y] = pair[selectedEnd].map(Math.round);
  announce(say(pair.pinned ? "pinAt" : `${selectedEnd}At`, { n: selected + 1, x, y }));
}

function pinSelected() {
  const pair = pairs[selected];
  pair.target = pair.handle.slice();
  pair.open = false;
  pair.pinned = true;
  waited.delete(pair.key);
  commit();
  announceEnd();
}

function removeSelected() {
  pairs.splice(selected, 1);
  selected = -1;
  commit();
}
