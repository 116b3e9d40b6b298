// What Gradio has no words for, when the page has arrived: its title, what the status line is, tooltips
// (of buttons in a tab when that is shown for the first time). And a page that the server does not know
// any more is loaded again, once: `arrive` then finds all that this browser has (recall.js).
(tips) => {
  const AGAIN = 30_000;  // ms between two reloads: where one does not help, the next one will not either
  const line = document.getElementById("status");
  line.setAttribute("role", "status");
  line.setAttribute("aria-live", "polite");
  document.title = tips.title;
  line.addEventListener("click", ({ target }) => {
    const name = target.closest("[data-remedy]")?.dataset.remedy;
    const offers = [...document.querySelectorAll(".dc-stage, #exchange .ex-open, #photo .ph")].map((each) => each.remedies);
    if (name) Object.assign({}, ...offers)[name]();
  });
  const explain = () => {
    for (const [id, text] of Object.entries(tips.buttons)) {
      const block = document.getElementById(id), button = block?.matches("button") ? block : block?.querySelector("button");
      if (button) button.title = text;
    }
    if (line.querySelector("[data-forgotten]")) reload();
  };
  const reload = () => {
    try {
      if (Math.abs(Date.now() - (Number(sessionStorage.draggan_reloaded) || 0)) < AGAIN) return;
      sessionStorage.draggan_reloaded = Date.now();
    } catch {  // refused: nothing would tell how often that was tried
      return;
    }
    location.reload();
  };
  new MutationObserver(explain).observe(document.body, { childList: true, subtree: true });
  explain();
}
