// A row of thumbnails. Gradio runs this file (after language.js and keep.js) as the body of a
// function of (element, trigger, props, server, watch).
//
// props.value  {items: [{id, picture, label, badge, src}], at, title, token, over}
//              at: which is shown now, -1 for none; those after it were undone.
//              badge: a word in its corner.   over: it lies over the picture until one is chosen.
//              src: a picture as a URL. Without one the server function `thumbnail` is asked for
//              the picture of that name, of the page with this token, once it is nearly in sight.
// Event: pick ({id}).

const row = element.querySelector(".th-row"), closer = element.querySelector(".th-close"), known = new Map(), MAX_KNOWN = 400;
const near = new Set(), failed = new Set();  // buttons in sight or nearly; pictures, until the next change
const OWN = "photo";  // the item that stands for a photo of one's own: a chooser opens
let asking = false, drawn = "";

// Whatever brings them into sight: the row is scrolled, or the page, or its tab is shown. What lies up
// to a row's width beside the row counts too (in browsers that know scrollMargin).
const sight = new IntersectionObserver((seen) => {
  for (const { target, isIntersecting } of seen) {
    if (isIntersecting) near.add(target); else near.delete(target);
  }
  ask();
}, { scrollMargin: "0px 100%" });

function show() {
  const value = props.value || {}, items = value.items || [];
  const text = JSON.stringify([items.map(({ id, label, badge }) => [id, label, badge]), value.at, value.title]);
  if (text !== drawn) draw(value, items);
  drawn = text;
  failed.clear();
  ask();
  if (value.token) keepLater(value.token);
}

function draw(value, items) {
  element.querySelector(".th-title").textContent = items.length ? value.title || "" : "";
  while (row.children.length > items.length) row.lastChild.remove();
  items.forEach((item, i) => {
    const button = row.children[i] || row.appendChild(newButton());
    button.dataset.id = item.id;
    button.dataset.picture = item.picture || item.id;
    button.title = item.label;
    button.lastChild.textContent = item.label;
    button.children[1].textContent = item.badge || "";
    button.setAttribute("aria-current", String(i === value.at));
    button.classList.toggle("th-undone", value.at >= 0 && i > value.at);
    if (item.src) known.set(button.dataset.picture, item.src);
    paint(button);
  });
  closer.hidden = !value.over || !items.length;
  if (!closer.hidden) {
    element.scrollIntoView({ block: "nearest" });
    row.firstChild.focus({ preventScroll: true });
  }
  const current = row.children[value.at];
  if (current) row.scrollLeft = current.offsetLeft - (row.clientWidth - current.clientWidth) / 2;
}

function newButton() {
  const button = document.createElement("button");
  button.type = "button";
  button.innerHTML = "<img alt=''><b></b><span></span>";
  sight.observe(button);
  return button;
}

function paint(button) {
  const image = button.firstChild, source = known.get(button.dataset.picture);
  if (source && image.getAttribute("src") !== source) image.src = source;
  if (!source) image.removeAttribute("src");
}

// One at a time, the newest first: the server makes each on demand, which may take seconds.
async function ask() {
  if (asking || !props.value?.token) return;
  asking = true;
  for (;;) {
    const missing = [...row.children].reverse().filter((button) => near.has(button))
      .map((button) => button.dataset.picture).find((picture) => !known.has(picture) && !failed.has(picture));
    if (!missing) break;
    const source = await server.thumbnail([props.value.token, missing]).catch(() => null);
    if (source) known.set(missing, source); else failed.add(missing);
    for (const oldest of [...known.keys()].slice(0, Math.max(0, known.size - MAX_KNOWN))) known.delete(oldest);
    for (const button of row.children) paint(button);
  }
  asking = false;
}

row.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.id === OWN) return document.querySelector("#exchange .ex-open")?.choosePhoto();
  trigger("pick", { id: button.dataset.id });
  if (props.value.over) close();
  if (props.value.over || element.id === "examples") showStage();
});

// The picture is what one wants to see of what one chose.
function showStage() { document.querySelector(".dc-frame")?.scrollIntoView({ block: "nearest", behavior: "smooth" }); }

function close() {
  props.value = { items: [], over: true };
  show();
  document.querySelector(".dc-stage")?.focus({ preventScroll: true });
}
closer.setAttribute("aria-label", chinese ? "关闭" : "Close");
closer.addEventListener("click", close);
element.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || closer.hidden) return;
  event.stopPropagation();
  close();
});
watch("val" + "ue", show);
show();
