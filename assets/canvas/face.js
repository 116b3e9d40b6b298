// Parts of the face: a menu of them. The server finds the one that was chosen in the picture that it
// shows, and what it answers becomes the region as if it had been painted.

const parts = find(".dc-parts"), menu = find(".dc-menu"), menuOpener = find("[data-act=face]");

function showParts(open) {
  menu.hidden = !open;
  menuOpener.setAttribute("aria-expanded", String(open));
}

function toggleParts() {
  showParts(menu.hidden);
  if (!menu.hidden) menu.querySelector("button").focus();
}

function askPart(name) {
  showParts(false);
  stage.focus({ preventScroll: true });
  trigger("face", { id: name });
}

document.addEventListener("pointerdown", ({ target }) => { if (!parts.contains(target)) showParts(false); });
parts.addEventListener("focusout", ({ relatedTarget }) => {  // null where a browser does not focus buttons
  if (relatedTarget && !parts.contains(relatedTarget)) showParts(false);
});
parts.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || menu.hidden) return;
  event.stopPropagation();
  showParts(false);
  menuOpener.focus();
});

// It waits for the end of a gesture, and comes too late for a picture that has changed.
let regionSerial = -1;  // of the last that came; Gradio hands out props anew whenever one changes
async function takeRegion() {
  const { src, serial } = props.region ?? {}, image = new Image();
  if (!src || serial <= regionSerial) return;
  regionSerial = serial;
  image.src = src;
  if (!await image.decode().then(() => true, () => false)) return;
  while (gesture) await new Promise(requestAnimationFrame);
  if (serial !== regionSerial || running || props.frame?.serial > serial) return;
  flushNudges();
  groundMoves = paintMask(mask, image);
  painted = true;
  showRegion();
  if (sealMask()) commit(); else refresh();
}
