// A photo of the visitor's: chosen, pasted, dropped or taken, framed, and compared with what the model
// makes of it. Gradio runs this file (after language.js, base64.js, WORDS of assets/words.json and stage.js)
// as the body of a function of (element, trigger, props, server, watch).
//
// props.value  {content}: a file in base64; {frame, anyway}: where the photo is framed; or {further}: what was
//              reached of it is to be improved.
// props.photo  {src, width, height, size, frame, faces}: a preview, the photo's pixels, (H, W) of the
//              model's pictures, and frames; false where there is none any more.
// props.fit    {phase, words, problem, share, crop, picture, shown, further}: how far its inversion is; what is
//              left out, or null, stays as it was. Phases: none, placing, running, far, done. shown: what the
//              canvas shows meanwhile (assets/canvas/photo.js); further: what was reached can be improved.
// Events: take (a file), use (the frame), stop.

const MAX_BYTES = 20_000_000;  // as drag/photo/reading.py, which has the last word
const PATIENCE = 20_000;  // ms until the canvas has its picture again, where no answer comes
const REST = 500;  // ms in which a button that took another's place is not pressed: a double click
const TEXTS = WORDS[chinese ? "zh" : "en"];
const find = (name) => element.querySelector(name), act = (name) => find(`[data-act=${name}]`);
const note = find(".ph-note"), video = find("video"), bar = find(".ph-bar");
for (const [attribute, put] of Object.entries({
  word: (each, text) => { each.textContent = text; }, title: (each, text) => { each.title = text; },
  label: (each, text) => each.setAttribute("aria-label", text),
})) {
  for (const each of element.querySelectorAll(`[data-${attribute}]`)) put(each, TEXTS[each.dataset[attribute]]);
}
let phase = "none", restUntil = 0, further = false;
let fresh = false, unanswered = 0;  // a photo that was chosen is on its way; a timer, of what was asked for

async function take(file) {
  if (!file) return;
  stopCamera();
  if (file.size > MAX_BYTES) return say(TEXTS.large, true);  // before anything is read
  try {
    props.value = { content: await asBase64(file) };
    fresh = true;
    trigger("take");
  } catch {
    say(TEXTS.unreadable, true);
  }
}

function say(text, problem = false) {
  note.textContent = text;
  note.classList.toggle("ph-problem", problem);
}

function turnTo(next) {
  const running = next === "running", placed = Boolean(photo) && !running;
  if (running) stopCamera();
  if (running !== (phase === "running")) restUntil = performance.now() + REST;
  phase = next;
  const focused = document.activeElement;
  find(".ph-placing").hidden = !placed;
  find(".ph-pair").hidden = !["far", "done"].includes(phase);
  act("use").hidden = !placed;
  act("improve").hidden = !further || phase !== "done";
  for (const [name, first] of [["choose", !photo], ["use", act("improve").hidden], ["improve", true]]) {
    act(name).classList.toggle("ph-main", first);
  }
  act("anyway").hidden = phase !== "far";
  act("stop").hidden = !running;
  if (!running) bar.hidden = true;
  act("choose").parentElement.hidden = running;
  if (!running) tellCanvas(null);
  if (placed) drawStage();
  moveFocus(focused);
}

// The canvas shows the photo, and how far it is, for as long as it is worked on.
function tellCanvas(work) {
  if (!work || work.words != null) clearTimeout(unanswered);
  document.querySelector(".dc-stage")?.showWork?.(work);
}

// From what is hidden now to what took its place, for the focus would fall to the page's top; it is
// not scrolled to, for whoever pressed the button may look elsewhere by now.
function moveFocus(focused) {
  if (!element.contains(focused) || focused.getClientRects().length) return;
  const next = { none: "choose", placing: "use", running: "stop", far: "anyway" }[phase];
  (next ? act(next) : note).focus({ preventScroll: true });
}

// Use, Go on anyway and Stop stand in one place: neither the second click of two nor an Enter that
// is held presses what came there meanwhile.
find(".ph-going").addEventListener("click", (event) => {
  if (performance.now() < restUntil) event.stopPropagation();
}, true);
find(".ph-going").addEventListener("keydown", (event) => {
  if (event.repeat && event.key === "Enter") event.preventDefault();
});

onFrame = () => {  // what was said of the former frame is not of this one
  further = false;
  if (phase === "far") turnTo("placing");
  else if (phase === "done") turnTo(phase);
};

for (const [name, work] of Object.entries({
  choose: () => find(".ph-input").click(), camera: openCamera, snap, cancel: stopCamera,
  smaller: () => zoomBy(1 / 1.1), larger: () => zoomBy(1.1),
  left: () => turnBy(-Math.PI / 2), right: () => turnBy(Math.PI / 2),
  reset: () => setFrame(photo.frame), next: nextFace,
  use: (event) => use(event, { frame, anyway: false }), anyway: (event) => use(event, { frame, anyway: true }),
  improve: (event) => use(event, { further: true }),
  stop: () => trigger("stop"),
})) act(name).addEventListener("click", work);
for (const input of element.querySelectorAll("input")) {
  input.addEventListener("change", () => { take(input.files[0]); input.value = ""; });
}

function use(event, value) {
  if (event.detail > 1) return;  // a double click, before there was an answer
  if (value.frame) {  // before the server has cut it, which may take a second
    tellCanvas({ src: square() });
    clearTimeout(unanswered);
    unanswered = setTimeout(tellCanvas, PATIENCE, null);
  }
  props.value = value;
  trigger("use");
}

// What the status line offers (assets/explain.js).
find(".ph").remedies = {
  improve: () => (further ? use({}, { further: true }) : act("use").focus()),  // another frame was chosen since
  anyway: () => use({}, { frame, anyway: true }),
};

find(".ph").take = take;  // what is dropped or pasted anywhere on the page, see exchange.js

// A phone's own camera program; elsewhere a small picture of what the camera sees.
const phone = matchMedia("(pointer: coarse)").matches, cameras = navigator.mediaDevices?.getUserMedia;
act("camera").hidden = !phone && !cameras;

let asked = 0;  // grows whenever the camera is asked for or given up

async function openCamera() {
  if (phone) return find(".ph-capture").click();
  stopCamera();
  const mine = asked;
  try {
    const size = { width: 1280, height: 960 };
    const stream = await navigator.mediaDevices.getUserMedia({ video: size });
    if (mine !== asked) return endStream(stream);  // given up while the browser asked for leave
    video.srcObject = stream;
    await video.play();
    if (mine !== asked) return;
    say("");
    find(".ph-live").hidden = false;
  } catch {
    if (mine !== asked) return;
    stopCamera();
    say(TEXTS.no_camera, true);
  }
}

function stopCamera() {
  asked += 1;
  endStream(video.srcObject);
  video.srcObject = null;
  const focused = find(".ph-live").contains(document.activeElement);
  find(".ph-live").hidden = true;
  if (focused) act("camera").focus({ preventScroll: true });
}

function endStream(stream) {
  for (const track of stream?.getTracks() || []) track.stop();
}

function snap() {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
  canvas.getContext("2d").drawImage(video, 0, 0);
  stopCamera();
  canvas.toBlob((blob) => take(blob), "image/jpeg", 0.95);
}

// A camera that nobody sees is off: another tab of the page is shown, or of the browser.
new ResizeObserver(() => { if (!find(".ph").offsetWidth) stopCamera(); }).observe(find(".ph"));
document.addEventListener("visibilitychange", () => { if (document.hidden) stopCamera(); });

watch("pho" + "to", () => {
  if (props.photo) {
    showPhoto(props.photo);
    act("next").hidden = photo.faces.length < 2;
  } else {
    photo = null;
  }
  turnTo(photo ? "placing" : "none");
  if (photo && fresh) requestAnimationFrame(() => act("use").scrollIntoView({ block: "nearest" }));  // with what is above it
  fresh = false;
});
watch("fi" + "t", () => {
  const fit = props.fit;
  if (!fit) return;
  if (fit.words != null) say(fit.words, Boolean(fit.problem));
  if (fit.problem) fresh = false;  // no photo comes of it
  if (fit.crop) {
    Object.assign(find(".ph-crop"), { src: fit.crop, alt: TEXTS.crop_alt });
    find(".ph-fit").removeAttribute("src");
    find(".ph-fit").alt = "";  // there is none yet
  }
  if (fit.picture) Object.assign(find(".ph-fit"), { src: fit.picture, alt: TEXTS.fit_alt });
  if (fit.phase) {
    further = Boolean(fit.further);
    turnTo(fit.phase);
  }
  if (phase === "running") tellCanvas({ words: fit.words, share: fit.share, src: fit.shown });
  else if (fit.problem) tellCanvas(null);  // it was refused
  if (fit.share != null) {
    const percent = Math.round(100 * fit.share);
    bar.hidden = false;
    bar.setAttribute("aria-valuenow", percent);
    bar.firstElementChild.style.width = `${percent}%`;
  }
});
turnTo("none");
