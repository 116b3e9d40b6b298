// Mouse, pen and fingers on the picture. gesture, one of:
//   {pan: place of the picture}              the picture follows the pointer
//   {i, end, from, offset, moved, fresh, hold}   an end of a pair; fresh: the press placed the pair;
//                                            hold: which the picture follows (follow.js)
//   {last} or {outline}                      a stroke of brush or eraser; a lasso
// and what it began from, to take it back.

let spaceHeld = false;

overlay.addEventListener("pointerdown", (event) => {
  flushNudges();
  if (event.pointerType === "touch") {
    fingers.set(event.pointerId, [event.clientX, event.clientY]);
    if (fingers.size > 1) {  // a second finger: this is a pinch, take back what the first began
      cancelGesture();
      return beginPinch();
    }
  }
  if (gesture || holding || !event.isPrimary || event.button > 1) return;
  stage.focus({ preventScroll: true });
  overlay.setPointerCapture(event.pointerId);
  if (event.button === 1 || spaceHeld || splitting) {
    gesture = { pan: placeUnder([event.clientX, event.clientY]) };
  } else if (tool === "point") {
    gesture = pressPoint(event);
  } else if (!decodingMask) {
    gesture = pressRegion(event);
  }
  refresh();
});
overlay.addEventListener("mousedown", (event) => {
  if (event.button === 1) event.preventDefault();  // else the browser scrolls by itself
});

function pressPoint(event) {
  const point = at(event), before = { pairs: structuredClone(pairs), selected, selectedEnd };
  const held = { before, from: [event.clientX, event.clientY], offset: [0, 0], moved: false };
  const hit = nearest(point, (event.pointerType === "touch" ? 22 : 11) * fineness());
  if (hit) {
    const [x, y] = pairs[hit.i][hit.end];
    Object.assign(held, { i: hit.i, end: hit.end, offset: [x - point[0], y - point[1]] });
  } else if (pairs[selected]?.open) {  // pressed and let go before: this press is its target
    Object.assign(held, { i: selected, end: "target", moved: true });
    moveEnd(held, point);
  } else {
    placeWaiting(point);
    Object.assign(held, { i: pairs.length - 1, end: "target", fresh: true });
  }
  held.follows = follows && !event.shiftKey;
  if (held.follows && !hit) beginHold(held, event);  // one that was there may be pressed to select it
  [selected, selectedEnd] = [held.i, held.end];
  return held;
}

function pressRegion(event) {
  const point = at(event), before = { region: copyRegion() };
  if (tool === "lasso") return { before, outline: [point] };
  dab(point, point);
  return { before, last: point };
}

overlay.addEventListener("pointermove", (event) => {
  if (fingers.has(event.pointerId)) fingers.set(event.pointerId, [event.clientX, event.clientY]);
  if (pinch) { if (fingers.size > 1) movePinch(); return; }
  if (gesture?.pan) return look(view.scale, gesture.pan, [event.clientX, event.clientY]);
  hover = event.pointerType === "touch" && !gesture ? null : at(event);
  if (gesture) moveGesture(event);
  if (gesture || brushing()) repaint();
});

function moveGesture(event) {
  if (gesture.from) {
    const way = Math.hypot(event.clientX - gesture.from[0], event.clientY - gesture.from[1]);
    gesture.moved ||= way > 3;
    const [x, y] = at(event), [dx, dy] = gesture.offset;
    if (!gesture.moved) return;
    if (gesture.follows && !gesture.hold) beginHold(gesture, event);
    moveEnd(gesture, within([x + dx, y + dy]));
    tellHold(gesture.hold, pairs[gesture.i].target);
    return;
  }
  const steps = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
  for (const each of steps.length ? steps : [event]) {
    const point = at(each);
    if (gesture.outline) gesture.outline.push(point);
    else { dab(gesture.last, point); gesture.last = point; }
  }
}

function finishGesture() {
  const done = gesture;
  gesture = null;
  if (!done) return;
  if (done.from) {  // a press on an end selects it, no more
    if (done.hold) letGo(done.hold, pairs[done.i]);
    else if (done.moved || done.fresh) commit();
    refresh();
    announceEnd();
  } else if (!done.pan) {
    if (done.outline) closeOutline(done.outline);
    if (sealMask()) commit(); else refresh();
  } else refresh();
}

function cancelGesture() {
  const before = gesture?.before, hold = gesture?.hold;
  gesture = null;
  if (hold) takeBack(hold);
  else if (before?.pairs) ({ pairs, selected, selectedEnd } = before);
  if (before?.region) restoreRegion(before.region);
  refresh();
}

overlay.addEventListener("pointerup", (event) => { liftFinger(event); finishGesture(); });
overlay.addEventListener("pointercancel", (event) => { liftFinger(event); cancelGesture(); });
overlay.addEventListener("pointerleave", () => { hover = null; repaint(); });
overlay.addEventListener("contextmenu", (event) => event.preventDefault());
