// When the page is loaded: what this browser has of an edit, for `arrive`. A tab's edit survives its
// reload, where the browser lets a page store anything: the server knows it by the tab's token, and one
// that does not goes by the copy (keep.js) and by what was on the canvas when the page went, which may
// have reached no server.
() => {
  addEventListener("pagehide", () => {
    const stage = document.querySelector(".dc-stage");
    if (!stage?.dataset.serial) return;  // nothing ever came: what is stored already is better
    try {
      sessionStorage.removeItem("draggan_placed");  // first: if the new one finds no room, an old one must not pass
      sessionStorage.setItem("draggan_placed", stage.placed());
    } catch { /* full, or refused: the copy has to do */ }
  });
  let token = "", kept = "", placed = null;
  try { token = sessionStorage.draggan || ""; } catch { /* refused, here and below */ }
  for (const storage of ["sessionStorage", "localStorage"]) {  // this tab's own first
    try {
      const copy = window[storage].draggan_edit;
      if (!kept && JSON.parse(copy)) kept = copy;
    } catch { /* or damaged: the other will do */ }
  }
  try { placed = JSON.parse(sessionStorage.draggan_placed || "null"); } catch { /* */ }
  return [token, kept, placed];
}
