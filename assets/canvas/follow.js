// The picture follows the pointer: what begins as a press on a pair is told to the server for as long as
// it is held. Where the server cannot follow, it is an arrow like any other.

const WAY = "draggan_way", EVERY = 50, ALIVE = 1000, TRIES = 5;  // ms between words, and at most
let follows = true;
try { follows = localStorage.getItem(WAY) !== "arrows"; } catch { /* storage is denied: as if new */ }

function setWay(name) {
  flushNudges();
  follows = name === "follow";
  try { localStorage.setItem(WAY, name); } catch { /* as above */ }
  refresh();
}

// hold: {id, key, before: pairs as they were, place, word, number of words, run: token once the server
//   follows, refused, over: nothing more is to be said}
let present = null;  // the last one

function beginHold(held, event) {
  const pair = pairs[held.i], before = structuredClone(held.before?.pairs ?? pairs);
  if (held.end === "handle") pair.target = pair.handle.slice();  // the dot is taken up
  held.end = "target";
  pair.open = false;
  waited.delete(pair.key);
  pair.pinned = coincide(pair);
  const hold = { id: crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`, key: pair.key, before,
    place: pair.target.slice(), word: "held", number: 0, told: 0, run: null };
  hold.fresh = Boolean(held.fresh);  // the press placed it
  hold.finger = event?.pointerType === "touch";
  present = held.hold = hold;
  revision += 1;
  store();
  dropHint();
  trigger("hold", { id: hold.id, key: hold.key });
}

// Where the pointer is now; the newest word waits until the one before has arrived.
function tellHold(hold, place) {
  if (!hold) return;
  hold.place = place.slice();
  hold.wake?.();
  sayHold(hold);
}

async function sayHold(hold) {
  if (!hold.run || hold.saying || hold.over) return;
  hold.saying = true;
  for (let failed = 0; !hold.over && failed < TRIES;) {
    const since = performance.now(), { word } = hold, [x, y] = rounded(hold.place);
    hold.said = JSON.stringify([x, y, word]);
    hold.number += 1;
    const goes = await server.move([hold.run, hold.id, hold.number, x, y, word]).catch(() => null);
    if (goes === null) failed += 1; else failed = 0;
    hold.over = goes === false || (goes !== null && word !== "held");
    if (hold.over) break;
    await new Promise((go) => setTimeout(go, Math.max(0, EVERY - (performance.now() - since))));
    const news = () => hold.said !== JSON.stringify([...rounded(hold.place), hold.word]);
    while (!failed && !news() && performance.now() - since < ALIVE) {
      await new Promise((go) => { hold.wake = go; setTimeout(go, EVERY); });
    }
  }
  hold.saying = false;
  if (hold.word === "held") hold.over = true;  // the server has let go of it
}

// The answer to a press.
function takeLive() {
  const { id, run, refused, alone } = props.live ?? {}, hold = present;
  if (!hold || hold.id !== id || hold.run || hold.refused) return;
  if (!refused) {
    hold.run = run;
    if (alone && hold.word !== "taken back") dropOthers(hold);
    sayHold(hold);
    return;
  }
  hold.refused = true;  // it is an arrow from now on, as if Shift had been held
  const pair = pairs.find(({ key }) => key === hold.key);
  if (pair && hold.fresh && coincide(pair)) {
    waited.add(pair.key);
    Object.assign(pair, { open: true, pinned: false });
  }
  if (gesture?.hold === hold) gesture.hold = gesture.follows = null;
  else if (burst?.hold === hold) delete burst.hold;
  else if (hold.word === "released") commit();
}

// What an example brought along goes with the first press of one's own; undo brings it back.
function dropOthers(hold) {
  hold.region = copyRegion();
  pairs = pairs.filter((pair) => pair.key === hold.key);
  selected = 0;
  if (gesture?.hold === hold) gesture.i = 0;
  painted = false;
  maskUrl = null;
  store();
  refresh();
}

function letGo(hold, pair) {
  if (hold.over) return commit();  // what it was let go at is an arrow
  hold.place = pair.target.slice();
  hold.word = "released";
  pair.pinned = coincide(pair);
  revision += 1;  // where the server did not take it, the next change tells of it
  store();
  hold.wake?.();
  sayHold(hold);
}

function takeBack(hold) {
  hold.word = "taken back";
  pairs = hold.before;
  if (hold.region) restoreRegion(hold.region);
  selected = Math.min(selected, pairs.length - 1);
  revision += 1;
  store();
  hold.wake?.();
  sayHold(hold);
  refresh();
}

// The last frame of a drag is shown: what is held where it is by now is a pin.
function settleHold() {
  const pair = pairs.find(({ key }) => key === present?.key);
  if (pair && !gesture && !pair.open && coincide(pair)) pair.pinned = true;
  store();
}

// A page that is not seen holds nothing.
document.addEventListener("visibilitychange", () => {
  if (document.hidden && gesture?.hold) finishGesture();
});
