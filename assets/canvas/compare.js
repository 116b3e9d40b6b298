// The picture as it was sampled beside the picture as it is now: held, or split at a line.

const beforeCanvas = find(".dc-before"), divider = find(".dc-divider");
let sample = null, beforeSample = null;  // of the frame that is shown, and of the before-picture
let holding = false, splitting = false, splitAt = 0.5, asked = null;
const ASK_AGAIN = 4000;  // ms, if no answer came

const comparing = () => (holding || splitting) && beforeSample === sample;

function keepBefore(image, name) {
  beforeCanvas.width = image.naturalWidth;
  beforeCanvas.height = image.naturalHeight;
  beforeCanvas.getContext("2d").drawImage(image, 0, 0);
  beforeSample = name;
  refresh();
}

function askBefore() {
  if (beforeSample === sample || (asked?.sample === sample && performance.now() < asked.time + ASK_AGAIN)) return;
  asked = { sample, time: performance.now() };
  trigger("compare");
}

function hold(on) {
  if (on === holding || (on && (lastSerial < 0 || gesture))) return;
  holding = on;
  if (on) askBefore();
  refresh();
}

function toggleSplit() {
  flushNudges();
  splitting = !splitting;
  hover = null;
  if (splitting) askBefore();
  refresh();
}

function refreshCompare() {
  const shown = comparing(), split = shown && !holding;
  find("[data-act=original]").setAttribute("aria-pressed", String(holding));
  find("[data-act=split]").setAttribute("aria-pressed", String(splitting));
  stage.dataset.compare = shown ? (split ? "split" : "original") : "";  // for tests and for the style
  find(".dc-half").hidden = !shown;
  divider.hidden = !split;
  stage.style.setProperty("--dc-split", `${100 * (split ? splitAt : 1)}%`);
  divider.setAttribute("aria-valuenow", Math.round(100 * splitAt));
  find(".dc-label-before").hidden = !holding && !splitting;
  find(".dc-label-before").textContent = say(
    !shown ? "originalWait" : split ? "beforeLabel" : "originalLabel");
  find(".dc-label-now").hidden = !split;
}

// ---- the button that is held ---------------------------------------------------------------------
const holder = find("[data-act=original]");
holder.addEventListener("pointerdown", (event) => {
  if (event.button) return;
  holder.focus({ preventScroll: true });  // first, for what loses the focus lets go
  holder.setPointerCapture(event.pointerId);
  hold(true);
});
for (const name of ["pointerup", "pointercancel"]) holder.addEventListener(name, () => hold(false));
holder.addEventListener("contextmenu", (event) => event.preventDefault());  // of a finger that rests
for (const [name, on] of [["keydown", true], ["keyup", false]]) {
  holder.addEventListener(name, (event) => {
    if (event.key !== " " && event.key !== "Enter") return;
    event.preventDefault();
    hold(on);
  });
}

// A key may be let go where nobody sees it: in another window, or beside the canvas.
window.addEventListener("blur", () => hold(false));
element.addEventListener("focusout", () => hold(false));

// ---- the line --------------------------------------------------------------------------------------
function splitHere(part) { splitAt = clamp(part, 0, 1); refresh(); }

divider.addEventListener("pointerdown", (event) => {
  if (event.button) return;
  event.preventDefault();  // of what the mouse would select
  divider.focus({ preventScroll: true });
  divider.setPointerCapture(event.pointerId);
});
divider.addEventListener("pointermove", (event) => {
  if (!divider.hasPointerCapture(event.pointerId)) return;
  const box = overlay.getBoundingClientRect();
  splitHere((event.clientX - box.left) / box.width);
});
const SLIDES = { ArrowLeft: -0.02, ArrowDown: -0.02, ArrowRight: 0.02, ArrowUp: 0.02,
  PageDown: -0.1, PageUp: 0.1, Home: -1, End: 1 };
divider.addEventListener("keydown", (event) => {
  if (!SLIDES[event.key]) return;
  splitHere(splitAt + SLIDES[event.key]);
  event.preventDefault();
});

watch("bef" + "ore", async () => {
  const sent = props.before, image = new Image();
  if (!sent || !sent.src || (sent.sample ?? "") === beforeSample) return;
  image.src = sent.src;
  try { await image.decode(); } catch { return; }
  if ((sent.sample ?? "") === sample) keepBefore(image, sample);
});
