// Keeps a copy of the visitor's edit in this browser, so that a server that does not know it can go on
// with it: a project file as text, asked for a moment after the last change, and now and then while a
// drag runs. There are two copies: this tab's own, and the latest of any tab, for a browser that was
// closed meanwhile. What was placed since the last copy is left by the canvas (recall.js).

const KEPT = "draggan_edit", MOMENT = 1200, REST = 4;  // ms; times what the last copy took
let keepTimer = 0, keepNext = 0, keeping = false;

function keepLater(token) {
  clearTimeout(keepTimer);
  keepTimer = setTimeout(() => keep(token), Math.max(MOMENT, keepNext - performance.now()));
}

async function keep(token) {
  if (keeping) return keepLater(token);
  const began = performance.now();
  keeping = true;
  const project = await server.keep([token]).catch(() => null);
  keeping = false;
  keepNext = performance.now() + REST * (performance.now() - began);  // a slow network has frames to carry
  if (!project) return;  // a server that does not answer, or forgot: what was kept before stays
  try {
    sessionStorage.removeItem(KEPT);  // first: if the new one finds no room, an old one must not pass for it
    sessionStorage.setItem(KEPT, project);
  } catch { /* full, or refused: the other copy has to do */ }
  let note = "";
  try {
    localStorage.setItem(KEPT, project);
  } catch {  // full, or refused
    note = chinese
      ? "此浏览器无法保存您的编辑：离开前请将它存为项目文件。"
      : "This browser cannot keep your edit: save it as a project before you leave.";
  }
  showNote(note);
}

function showNote(text) {
  let note = element.querySelector(".th-note");
  if (!note && text) {
    note = element.appendChild(document.createElement("div"));
    note.className = "th-note";
    note.setAttribute("role", "status");
  }
  if (note) note.textContent = text;
}
