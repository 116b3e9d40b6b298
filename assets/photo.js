// A photo of the visitor's: chosen, pasted, dropped or taken, framed, and compared with what the model
// makes of it. Gradio runs this file (after language.js, base64.js, WORDS of assets/words.json and photo_stage.js)
// as the body of a function of (element, trigger, props, server, watch).
//
// props.value  {content}: a file in base64; or {frame, anyway}: where the photo is framed.
// props.photo  {src, width, height, size, frame, faces}: a preview, the photo's pixels, (H, W) of the
//              model's pictures, and frames; null where there is none (any more).
// props.fit    {phase, words, problem, share, crop, picture}: how far its inversion is; what is left out,
//              or null, stays as it was. Phases: placing, running, far, done.
// Events: take (a file), use (the frame), stop.

const MAX_BYTES = 20_000_000;  // as drag/photo.py, which has the last word
const TEXTS = WORDS[chinese ? "zh" : "en"];
const find = (name) => element.querySelector(name), act = (name) => find(`[data-act=${name}]`);
const note = find(".ph-note"), video = find("video");
for (const [attribute, put] of Object.entries({
  word: (each, text) => { each.textContent = text; }, title: (each, text) => { each.title = text; },
  label: (each, text) => each.setAttribute("aria-label", text),
})) {
  for (const each of element.querySelectorAll(`[data-${attribute}]`)) put(each, TEXTS[each.dataset[attribute]]);
}
let phase = "none";

async function take(file) {
  if (!file) return;
  stopCamera();
  if (file.size > MAX_BYTES) return say(TEXTS.large, true);  // before anything is read
  try {
    props.value = { content: await asBase64(file) };
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
  phase = next;
  const running = phase === "running", placed = Boolean(photo) && !running;
  find(".ph-placing").hidden = !placed;
  find(".ph-pair").hidden = !["running", "far", "done"].includes(phase);
  act("use").hidden = !placed;
  act("anyway").hidden = phase !== "far";
  act("stop").hidden = !running;
  if (!running) find(".ph-bar").hidden = true;
  for (const name of ["choose", "camera"]) act(name).parentElement.hidden = running;
  if (placed) drawStage();
}

onFrame = () => {  // what was said of the former frame is not of this one
  if (phase === "far") turnTo("placing");
};

for (const [name, work] of Object.entries({
  choose: () => find(".ph-input").click(), camera: openCamera, snap, cancel: stopCamera,
  smaller: () => zoomBy(1 / 1.1), larger: () => zoomBy(1.1),
  left: () => turnBy(-Math.PI / 2), right: () => turnBy(Math.PI / 2),
  reset: () => setFrame(photo.frame), next: nextFace,
  use: () => use(false), anyway: () => use(true), stop: () => trigger("stop"),
})) act(name).addEventListener("click", work);
for (const input of element.querySelectorAll("input")) {
  input.addEventListener("change", () => { take(input.files[0]); input.value = ""; });
}

function use(anyway) {
  props.value = { frame, anyway };
  trigger("use");
}

find(".ph").take = take;  // what is dropped or pasted anywhere on the page, see exchange.js

// A phone's own camera program; elsewhere a small picture of what the camera sees.
const phone = matchMedia("(pointer: coarse)").matches, cameras = navigator.mediaDevices?.getUserMedia;
act("camera").hidden = !phone && !cameras;

async function openCamera() {
  if (phone) return find(".ph-capture").click();
  try {
    video.srcObject = await navigator.mediaDevices.getUserMedia({ video: { width: 1280, height: 960 } });
    await video.play();
    say("");
    find(".ph-live").hidden = false;
  } catch {
    stopCamera();
    say(TEXTS.no_camera, true);
  }
}

function stopCamera() {
  for (const track of video.srcObject?.getTracks() || []) track.stop();
  video.srcObject = null;
  find(".ph-live").hidden = true;
}

function snap() {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
  canvas.getContext("2d").drawImage(video, 0, 0);
  canvas.toBlob((blob) => take(blob), "image/jpeg", 0.95);
}

watch("pho" + "to", () => {
  if (props.photo) {
    showPhoto(props.photo);
    act("next").hidden = photo.faces.length < 2;
  } else {
    photo = null;
  }
  turnTo(photo ? "placing" : "none");
});
watch("fi" + "t", () => {
  const fit = props.fit;
  if (!fit) return;
  if (fit.words != null) say(fit.words, Boolean(fit.problem));
  if (fit.crop) {
    find(".ph-crop").src = fit.crop;
    find(".ph-fit").removeAttribute("src");
  }
  if (fit.picture) find(".ph-fit").src = fit.picture;
  if (fit.phase) turnTo(fit.phase);
  if (fit.share != null) {
    find(".ph-bar").hidden = false;
    find(".ph-bar b").style.width = `${Math.round(100 * fit.share)}%`;
  }
});
turnTo("none");
