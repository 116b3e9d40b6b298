// Buttons and keys, and the list of keys.

function setTool(name) {
  tool = name;
  splitting = false;
  if (name !== "point") { selected = -1; regionSeen = true; }
  refresh();
}

const ACTS = {
  pin: pinSelected, remove: removeSelected, unpin: removeSelected, invert: invertRegion, clear: clearRegion, face: toggleParts,
  toggle: () => { [regionShown, regionSeen] = [!(regionShown && regionSeen), true]; refresh(); },
  split: toggleSplit, help: () => (help.hidden ? openHelp() : closeHelp()), close: closeHelp,
  halt: () => trigger("stop"),
  "zoom-in": () => zoomMiddle(1.5), "zoom-out": () => zoomMiddle(1 / 1.5), fit: fitView,
};

// As if its button were pressed, which may be disabled.
function act(name) {
  flushNudges();
  if (!find(`[data-act=${name}]`).disabled) ACTS[name]();
}

// undo, redo, submit: the server has to know all that was done here.
function ask(name) {
  flushNudges();
  store();
  trigger(name);
}

element.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button || !element.contains(button)) return;
  if (button.dataset.tool) { flushNudges(); setTool(button.dataset.tool); }
  else if (button.dataset.way) setWay(button.dataset.way);
  else if (button.dataset.part) askPart(button.dataset.part);
  else if (button.dataset.meaning) setMeaning(button.dataset.meaning);
  else if (ACTS[button.dataset.act]) act(button.dataset.act);
  if (button.disabled) stage.focus({ preventScroll: true });  // else the keys would go nowhere
});

function sizeBrush(by) { brush.value = +brush.value + by; repaint(); }

// What arrow keys go on with: they work where the focus is on the picture.
const onPicture = (action) => () => { action(); stage.focus({ preventScroll: true }); };

// Wherever in the canvas the focus is:
const KEYS = {
  p: () => setTool("point"), b: () => setTool("paint"), o: () => setTool("lasso"), e: () => setTool("erase"),
  k: () => { if (tool !== "point") setMeaning(meaning === "move" ? "keep" : "move"); },
  g: () => { if (tool === "point") setWay(follows ? "arrows" : "follow"); }, f: () => act("face"), i: () => act("invert"), m: () => act("toggle"), l: () => act("pin"), s: () => act("split"),
  c: () => hold(true), a: onPicture(addPoint), n: onPicture(nextEnd), "?": () => act("help"),
  "+": () => act("zoom-in"), "=": () => act("zoom-in"), "-": () => act("zoom-out"), 0: () => act("fit"),
  "[": () => sizeBrush(-10), "]": () => sizeBrush(10),
};
// Only where it is on the picture, for they mean something else elsewhere:
const STAGE_KEYS = {
  delete: () => act("remove"), backspace: () => act("remove"),
  enter: () => ask("submit"), escape: () => trigger("stop"),
  " ": () => { spaceHeld = true; refresh(); },
};

function keyAction(event) {
  const key = event.key.toLowerCase(), here = event.target === stage;
  if (event.altKey || event.ctrlKey || event.metaKey) return null;
  if (covered()) return key === "escape" ? STAGE_KEYS.escape : null;
  if (here && NUDGES[key]) {
    const [x, y] = NUDGES[key], far = event.shiftKey ? 10 : 1;
    if (pairs[selected] && !splitting) return () => nudge(x * far, y * far);
    return view.scale > 1 ? () => panBy(x / 10, y / 10) : null;
  }
  if (key === "n" && splitting) return null;
  return KEYS[key] ?? (here ? STAGE_KEYS[key] : null);
}

// What goes on by steps as long as its key is held; anything else is done once.
const STEPS = /^(arrow\w+|[-+=[\]n])$/;

element.addEventListener("keydown", (event) => {
  if (event.target.closest(".dc-help")) return;
  if (gesture) {
    if (event.key === "Escape" && gesture.before) cancelGesture();
    return;
  }
  const action = keyAction(event);
  if (!action) return;
  if (!event.repeat || STEPS.test(event.key.toLowerCase())) action();
  event.preventDefault();
  event.stopPropagation();
});
element.addEventListener("keyup", (event) => {
  if (event.key === " ") { spaceHeld = false; refresh(); }
  if (event.key.toLowerCase() === "c") hold(false);
});
stage.addEventListener("blur", () => {
  flushNudges();  // before the button outside, where the focus goes, does anything
  spaceHeld = false;
  refresh();
});

// Undo and redo wherever on the page the focus is, for whoever presses Undo or a thumbnail takes it
// there. A field that is typed in has its own.
const TYPED = /^(text|textarea|search|number|password|email|url|tel)$/;

function pastAction(event) {
  if (TYPED.test(event.target.type) || event.target.isContentEditable) return null;
  if (event.altKey || !(event.ctrlKey || event.metaKey)) return null;
  const key = event.key.toLowerCase();
  if (key === "z") return event.shiftKey ? "redo" : "undo";
  return key === "y" && event.ctrlKey ? "redo" : null;
}

// Escape, too, stops what runs: whoever pressed Drag has the focus nowhere, as that is disabled then.
const stops = ({ key, target }) => key === "Escape" && target === document.body &&
  document.getElementById("stop")?.disabled === false;

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || gesture) return;
  if (stops(event)) trigger("stop");
  const action = pastAction(event);
  if (!action) return;
  if (!event.repeat) ask(action);
  event.preventDefault();
});

// ---- the list of keys ------------------------------------------------------------------------------
const help = find(".dc-help");
let helpOpener = null;

// A row: what is pressed, each alternative for itself, and what it does.
const ROWS = [
  [[say("keyClick")], "doPlace"], [["P", "B", "O", "E"], "doTools"], [["G"], "doWay"],
  [["A"], "doAdd"], [["N"], "doNext"], [[say("keyArrows")], "doNudge"], [["L"], "doPin"],
  [[say("keyDelete")], "doRemove"],
  [["F"], "doFace"], [["K"], "doMeaning"], [["I"], "doInvert"], [["M"], "doHide"], [["[", "]"], "doSize"],
  [[say("keyWheel")], "doWheel"], [[say("keyTwo")], "doTwo"], [[say("keySpace")], "doPan"],
  [["+", "-", "0"], "doZoom"], [["C"], "doOriginal"], [["S"], "doSplit"],
  [[`${say("keyCtrl")} Z`], "doUndo"], [[`${say("keyCtrl")} Y`], "doRedo"],
  [["Enter"], "doSubmit"], [["Esc"], "doStop"], [["?"], "doHelp"],
];

function fillHelp() {
  const make = (name, text = "") => Object.assign(document.createElement(name), { textContent: text });
  for (const [keys, word] of ROWS) {
    const row = make("div"), names = make("dt");
    names.append(...keys.flatMap((key) => [make("kbd", key), " "]));
    row.append(names, make("dd", say(word)));
    find(".dc-help dl").append(row);
  }
}

function openHelp() {
  helpOpener = document.activeElement;
  help.hidden = false;
  find("[data-act=close]").focus();
}

function closeHelp() {
  help.hidden = true;
  (element.contains(helpOpener) ? helpOpener : find("[data-act=help]")).focus({ preventScroll: true });
}

help.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  event.stopPropagation();
  closeHelp();
});
