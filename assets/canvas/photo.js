// A photo that is worked on, over the picture: its square, into which each fit dissolves, how far that is, and Stop.
// What was on the canvas stays under it, and is there again where nothing came of it. A frame that is sent
// meanwhile was asked for, undo perhaps, or is the last of it: the photo dissolves into that and gives way.
//
// stage.showWork({words, share, src}), by assets/photo/photo.js: what is shown of it; what is left out stays as it was.
// stage.showWork(null): it is over.

const DISSOLVE = 500, SOON = 50;  // ms; within which the last frame is here, if there is one
const layer = find(".dc-photo"), slip = find(".dc-work"), gauge = slip.querySelector("i");
const calm = matchMedia("(prefers-reduced-motion: reduce)");
let working = false, aside = false;  // aside: another picture is looked at while it goes on
let told = 0, sent = 0, latest = 0;  // words so far; pictures that came, and the one that is shown

const covered = () => working && !aside;

stage.showWork = (work) => {
  told += 1;
  if (!work) return endWork(told);
  if (!working || (aside && work.src && !work.share)) beginWork();  // what came before was asked for before
  if (work.words != null) {
    slip.querySelector("span").textContent = work.words;
    slip.hidden = false;
  }
  if (work.share != null) {
    const percent = Math.round(100 * work.share);
    gauge.setAttribute("aria-valuenow", percent);
    gauge.firstElementChild.style.width = `${percent}%`;
  }
  if (work.src) dissolveInto(work.src);
};

function beginWork() {
  cancelGesture();
  [working, aside, latest] = [true, false, sent];
  [splitting, holding] = [false, false];
  for (const fading of layer.getAnimations()) fading.cancel();
  layer.replaceChildren();
  layer.hidden = false;
  fitView();  // the photo is not zoomed
  find(".dc-frame").scrollIntoView({ block: "nearest", behavior: calm.matches ? "auto" : "smooth" });
}

async function dissolveInto(src) {
  const image = new Image(), number = sent += 1;
  image.alt = "";
  image.src = src;
  try { await image.decode(); } catch { return; }
  if (!covered() || number <= latest) return;
  latest = number;
  layer.append(image);
  while (layer.children.length > 3) layer.firstChild.remove();  // nobody sees a page in the background fade
  await fade(image, 0, 1);
  while (image.isConnected && layer.firstChild !== image) layer.firstChild.remove();
}

function fade(each, from, to) {
  const fading = each.animate({ opacity: [from, to] }, { duration: calm.matches ? 0 : DISSOLVE, fill: "forwards" });
  return fading.finished.catch(() => {});  // another has begun
}

function giveWay() {
  if (!covered()) return;
  aside = true;
  uncover();
  refresh();
}

async function uncover() {
  await fade(layer, 1, 0);
  if (covered()) return;
  layer.hidden = true;
  layer.replaceChildren();
}

async function endWork(word) {
  do await new Promise((go) => setTimeout(go, SOON)); while (decoding);
  if (!working || word !== told) return;
  const over = covered();
  working = false;
  slip.hidden = true;
  if (over) uncover();
  refresh();
}
