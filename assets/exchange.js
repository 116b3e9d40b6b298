// Files to and from the page: nothing of them is left on the server. Gradio runs this file (after language.js and base64.js)
// as the body of a function of (element, trigger, props, server, watch).
//
// props.value  {name, content}: a file that the visitor opened, content in base64.
// props.saved  {name, src, serial}: a file for the visitor, as a data URL.
// Event: open.

const MAX_BYTES = 20_000_000;  // as drag/files/project.py, which has the last word
const TEXTS = chinese ? {
  open: "打开项目（.drag）或潜变量（.npz）…",
  tip: "打开此前保存的编辑，或其他 StyleGAN 工具导出的潜变量；也可把文件拖到页面上。",
  kind: "这里只能打开项目文件（.drag）、潜变量文件（.npz、.npy）和照片：请选择其中一种。",
  large: "文件超过 20 MB，不可能是项目文件：请选择其他文件。",
  unreadable: "无法读取该文件：请选择其他文件。",
} : {
  open: "Open a project (.drag) or latents (.npz) …",
  tip: "Go on with an edit that was saved, or with latents of other StyleGAN tools; or drop the file anywhere on the page",
  kind: "Only projects (.drag), latents (.npz, .npy) and photos can be opened here: choose one of those.",
  large: "The file is larger than 20 MB, which no project is: choose another.",
  unreadable: "The file cannot be read: choose another.",
};
const button = element.querySelector(".ex-button"), input = element.querySelector(".ex-input");
const note = element.querySelector(".ex-note");
button.textContent = TEXTS.open;
button.title = TEXTS.tip;
button.addEventListener("click", () => input.click());
input.addEventListener("change", () => { take(input.files[0]); input.value = ""; });

async function take(file) {
  note.textContent = "";
  if (!file) return;
  if (isPicture(file)) showPhoto(file);
  else if (!/\.(drag|npz|npy)$/i.test(file.name)) note.textContent = TEXTS.kind;
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
      take(event.dataTransfer.files[0]);
    }
  });
}

let lastSerial = 0;
watch("sav" + "ed", async () => {
  const file = props.saved;
  if (!file || file.serial <= lastSerial) return;
  lastSerial = file.serial;
  const blob = await (await fetch(file.src)).blob();  // a link to a long data URL fails in some browsers
  const url = URL.createObjectURL(blob);
  Object.assign(document.createElement("a"), { href: url, download: file.name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
});
