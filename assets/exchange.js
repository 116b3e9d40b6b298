// Files to and from the page: nothing of them is left on the server. Gradio runs this file (after language.js and base64.js)
// as the body of a function of (element, trigger, props, server, watch).
//
// props.value  {name, content}: a file that the visitor opened, content in base64.
// props.saved  {name, src, serial}: a file for the visitor, as a data URL.
// props.link   {href, serial}: the end of an address, to be copied.
// Events: open (a file, or what the page's own address says, whose name is "link"), save, address (a link is wanted; Gradio keeps "share" for itself).

const MAX_BYTES = 20_000_000;  // as drag/files/project.py, which has the last word
const KINDS = /\.(drag|npz|npy|pt|pth|pkl|bin|safetensors|png)$/i;
const TEXTS = chinese ? {
  open: "打开项目（.drag）或潜变量（.npz）…",
  tip: "打开此前保存的编辑，或其他 StyleGAN 工具导出的潜变量；也可把文件拖到页面上。",
  kind: "这里只能打开项目文件（.drag）、潜变量文件（.npz、.npy、.pt）和照片：请选择其中一种。",
  large: "文件超过 20 MB，不可能是项目文件：请选择其他文件。",
  unreadable: "无法读取该文件：请选择其他文件。",
  copy: "请复制此链接：",
} : {
  open: "Open a project (.drag) or latents (.npz) …",
  tip: "Go on with an edit that was saved, or with latents of other StyleGAN tools; or drop the file anywhere on the page",
  kind: "Only projects (.drag), latents (.npz, .npy, .pt) and photos can be opened here: choose one of those.",
  large: "The file is larger than 20 MB, which no project is: choose another.",
  unreadable: "The file cannot be read: choose another.",
  copy: "Copy this link:",
};
const button = element.querySelector(".ex-button"), input = element.querySelector(".ex-input");
const note = element.querySelector(".ex-note");
button.textContent = TEXTS.open;
button.title = TEXTS.tip;
button.addEventListener("click", () => input.click());
// No "accept" on the one for projects: iOS knows none of these kinds, and would let nobody choose them.
for (const each of element.querySelectorAll("input")) {
  each.addEventListener("change", () => { take(each.files[0]); each.value = ""; });
}
element.querySelector(".ex-open").choosePhoto = () => element.querySelector(".ex-photo").click();  // for thumbnails.js

async function take(file) {
  note.textContent = "";
  if (!file) return;
  if (isPicture(file) && !await holdsEdit(file)) showPhoto(file);
  else if (!KINDS.test(file.name)) note.textContent = TEXTS.kind;
  else if (file.size > MAX_BYTES) note.textContent = TEXTS.large;  // before anything is read
  else {
    try {
      props.value = { name: file.name, content: await asBase64(file) };
      trigger("open");
    } catch {
      note.textContent = TEXTS.unreadable;
    }
  }
}

// A PNG that was saved here (drag/files/images.py): what it holds stands before its pixels.
async function holdsEdit(file) {
  if (!/\.png$/i.test(file.name)) return false;
  const head = await file.slice(0, 4096).text().catch(() => "");
  return head.includes("drag project\0");
}

function isPicture({ name, type }) {
  return type.startsWith("image/") || /\.(jpe?g|png|webp|gif|bmp|tiff?|avif|hei[cf])$/i.test(name);
}

// To photo.js, whose tab is not there before it is shown for the first time.
function showPhoto(file, tries = 100) {
  document.getElementById("tab-photo-button")?.click();
  const photo = document.querySelector("#photo .ph");
  if (photo?.take) photo.take(file);
  else if (tries) setTimeout(showPhoto, 50, file, tries - 1);
}

document.addEventListener("paste", (event) => {
  if (event.target.closest?.("input, textarea, [contenteditable]")) return;
  const file = [...event.clipboardData?.files || []].find(isPicture);
  if (!file) return;
  event.preventDefault();
  note.textContent = "";
  showPhoto(file);
});

// Anywhere on the page: a file dropped beside the button would replace the page otherwise.
function dragsFiles(event) { return event.dataTransfer?.types.includes("Files"); }
for (const kind of ["dragenter", "dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    if (!dragsFiles(event)) return;
    event.preventDefault();
    button.classList.toggle("ex-over", kind.startsWith("drage") || kind === "dragover");
    if (kind === "drop") {
      button.classList.remove("ex-over");
      const files = [...event.dataTransfer.files];
      take(files.find((file) => isPicture(file) || KINDS.test(file.name)) ?? files[0]);
    }
  });
}

// By the system's sheet on a phone, where the browser still lets this page open it; else a download.
async function handOver(blob, name) {
  const file = new File([blob], name, { type: blob.type });
  if (matchMedia("(pointer: coarse)").matches && navigator.canShare?.({ files: [file] })) {
    try { return await navigator.share({ files: [file] }); } catch (error) {
      if (error.name === "AbortError") return;  // thought better of it
    }
  }
  const url = URL.createObjectURL(blob);
  Object.assign(document.createElement("a"), { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

let lastSerial = 0, lastLink = 0;
watch("sav" + "ed", async () => {
  const file = props.saved;
  if (!file || file.serial <= lastSerial) return;
  lastSerial = file.serial;
  const blob = await (await fetch(file.src)).blob();  // a link to a long data URL fails in some browsers
  handOver(blob, file.name);
});

watch("li" + "nk", async () => {
  const { href, serial } = props.link ?? {};
  if (!href || serial <= lastLink) return;
  lastLink = serial;
  const address = location.origin + location.pathname + href;
  try { await navigator.clipboard.writeText(address); } catch {  // refused, or no safe connection
    note.textContent = `${TEXTS.copy} ${address}`;
  }
});

// ---- what the page's address says, once: what is made of it is this browser's from then on ------------
const query = new URLSearchParams(location.search);
const said = location.hash.startsWith("#edit=") ? location.hash.slice(1)
  : query.has("seed") || query.has("model") ? query.toString() : "";

function followLink() {
  if (!document.querySelector(".dc-stage")?.dataset.serial) return setTimeout(followLink, 50);
  for (const name of ["seed", "model", "psi"]) query.delete(name);
  history.replaceState(history.state, "", location.pathname + (query.size ? `?${query}` : ""));
  props.value = { name: "link", content: btoa(said.slice(0, 10_000).replace(/[^ -~]/g, "?")) };
  trigger("open");
}
if (said) followLink();

// What the status line offers (assets/explain.js).
element.querySelector(".ex-open").remedies = { save: () => trigger("save"), share: () => trigger("address") };
