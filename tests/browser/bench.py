"""The canvas on a bare page: its own three texts with a stand-in for Gradio around them, so that
a test needs no server. What the canvas triggers is recorded; props are set from the test."""

import base64
import io
import json

import numpy as np
from PIL import Image

from drag.files.images import jpeg, png
from drag.page.components.base import to_url
from drag.page.components.canvas import _CSS, _HTML, _JS, to_frame
from tests.browser.page import Page

ADDRESS = "http://bench.test/"  # answered from here; storage needs an address
SIDE = 512
SQUARE = [(100, 100), (300, 100), (300, 300), (100, 300), (100, 102)]  # a lasso around it
COLOURS = {  # the variables of Gradio's theme that the canvas uses
    False: {
        "body-text-color": "#1f2937",
        "background-fill-primary": "#ffffff",
        "background-fill-secondary": "#f8fafc",
        "border-color-primary": "#e2e8f0",
        "body-text-color-subdued": "#64748b",
        "body": "#ffffff",
    },
    True: {
        "body-text-color": "#f1f5f9",
        "background-fill-primary": "#0f172a",
        "background-fill-secondary": "#1e293b",
        "border-color-primary": "#334155",
        "body-text-color-subdued": "#94a3b8",
        "body": "#0b1120",
    },
}
GRADIO = """
const watchers = {}, events = [], items = [], acknowledged = [], commits = [];
const get = (target, name) => structuredClone(target[name]);  // Gradio hands them out anew, too
const props = new Proxy(INITIAL, { get, set(target, name, value) {
  target[name] = value;
  if (name === "value") commits.push(value);
  for (const told of watchers[name] ?? []) told();
  return true;
} });
const watch = (name, told) => { (watchers[name] ??= []).push(told); };
const trigger = (name, data) => { events.push(name); if (data?.id) items.push(data.id); };
const moves = [], answers = [];  // words of a hold; what they are answered by first
const server = {
  acknowledge: async (message) => { acknowledged.push(message); },
  move: async (message) => {
    const answer = answers.length ? answers.shift() : message[5] === "held";
    moves.push(message);
    if (answer === "lost") throw new Error("the network is gone");
    return answer;
  },
};
Object.assign(window, { props, events, items, acknowledged, commits, moves, answers });
"""


def picture(seed: int = 0, width: int = SIDE, height: int = SIDE) -> np.ndarray:
    """Something to look at, dark on the left and light on the right, uint8 (H, W, 3)."""
    y, x = np.mgrid[:height, :width] / max(width, height)
    tone = 30 + 200 * x + 20 * np.sin(40 * y + seed)
    return np.stack([tone, tone * 0.8 + 30 * y, 60 + 150 * y], -1).clip(0, 255).astype(np.uint8)


def flat(colour, width: int = SIDE, height: int = SIDE) -> np.ndarray:
    """A picture of one colour, so that a screenshot tells which picture is shown."""
    return np.full((height, width, 3), colour, np.uint8)


def region_url(mask: np.ndarray) -> str:
    """A bool (H, W) mask as the canvas's value has it."""
    return to_url("image/png", png(np.repeat(mask[..., None], 3, 2).astype(np.uint8) * 255))


def frame_of(pixels: np.ndarray, serial: int, **extra) -> dict:
    """The canvas's frame for a picture, uint8 (H, W, 3), or for a part of one of SIDE."""
    size = (SIDE, SIDE) if "part" in extra else pixels.shape[:2]
    return to_frame(jpeg(pixels, 95), size, serial, **extra)


class Bench(Page):
    """The canvas alone, driven as `Page` is."""

    def __init__(self, page, value=None, frame=None, dark=False):
        if frame is None:
            frame = frame_of(picture(), 1, sample="a", original=True)
        html = _html({"value": value, "frame": frame}, dark)
        page.route("**/*", lambda route: route.fulfill(body=html, content_type="text/html"))
        super().__init__(page, ADDRESS)

    def set(self, name: str, value) -> None:
        """Set a prop, as an update from Python does, and wait until it is shown."""
        self.page.evaluate("([name, value]) => { window.props[name] = value; }", [name, value])
        self.settle()

    def show(self, pixels: np.ndarray, serial: int, **extra) -> None:
        """Another frame."""
        self.set("frame", frame_of(pixels, serial, **extra))

    @property
    def events(self) -> list[str]:
        """Names of what was triggered so far."""
        return self.page.evaluate("() => window.events")

    @property
    def items(self) -> list[str]:
        """The ids that went with what was triggered so far."""
        return self.page.evaluate("() => window.items")

    @property
    def moves(self) -> list[list]:
        """What was told of holds so far."""
        return self.page.evaluate("() => window.moves")

    def follow(self, refused: bool = False) -> str:
        """Answer the last hold, as the server does; returns its id."""
        name = self.items[-1]
        answer = {"id": name, "refused": True} if refused else {"id": name, "run": "token"}
        self.set("live", answer)
        return name

    @property
    def committed(self) -> dict:
        """The value as Python would get it with the next event."""
        return self.page.evaluate("() => window.props.value")

    def region(self) -> np.ndarray | None:
        """The committed mask, bool (H, W), or None."""
        url = self.committed["mask"]
        if url is None:
            return None
        image = Image.open(io.BytesIO(base64.b64decode(url.split(",")[1])))
        return np.asarray(image.convert("L")) > 127

    def view(self) -> dict:
        """scale, x and y."""
        return self.page.evaluate("() => document.querySelector('.dc-stage').view()")

    def set_brush(self, size: int) -> None:
        """Size of brush and eraser, whether its slider is shown or not."""
        self.page.evaluate("size => { document.querySelector('.dc-brush').value = size; }", size)

    def place_under(self, x: float, y: float) -> tuple[float, float]:
        """The point of the picture under a place of the window, by the view alone."""
        box, view = self.page.locator(".dc-overlay").bounding_box(), self.view()
        width, height = self.size
        return (
            view["x"] + (x - box["x"]) / box["width"] * width / view["scale"] - 0.5,
            view["y"] + (y - box["y"]) / box["height"] * height / view["scale"] - 0.5,
        )

    def on_screen(self, x: float, y: float) -> tuple[float, float]:
        """Where a point of the picture is in the window, however it is zoomed."""
        box, view = self.page.locator(".dc-overlay").bounding_box(), self.view()
        scale = box["width"] / self.size[0] * view["scale"]
        return box["x"] + (x + 0.5 - view["x"]) * scale, box["y"] + (y + 0.5 - view["y"]) * scale

    def seen(self) -> np.ndarray:
        """What is visible of the stage, uint8 (h, w, 3)."""
        self.settle()
        content = self.page.locator(".dc-stage").screenshot()
        return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))

    def fingers(self, *steps: list[tuple[float, float]]) -> None:
        """Touch the window: each step gives the places of all fingers; lifted at the end."""
        client = self.page.context.new_cdp_session(self.page)
        for before, places in zip([[], *steps], [*steps, []], strict=True):
            kind = (
                "touchStart"
                if len(places) > len(before)
                else "touchEnd"
                if len(places) < len(before)
                else "touchMove"
            )
            points = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(places)]
            client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        self.settle()


def _html(initial: dict, dark: bool) -> str:
    colours = "".join(f"--{name}:{value};" for name, value in COLOURS[dark].items())
    return f"""<!doctype html><html lang="en"><meta charset="utf-8"><title>Bench</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
:root {{ {colours} --color-accent: #6366f1; --primary-600: #4f46e5;
  --font: system-ui, sans-serif; }}
body {{ margin: 0; padding: 12px; background: var(--body); font-family: var(--font); }}
button {{ color: inherit; }}
{_CSS}</style>
<main><div id="canvas">{_HTML}</div></main>
<script>const INITIAL = {json.dumps(initial)};
{GRADIO}</script>
<script>(function (element, trigger, props, server, watch) {{
{_JS}
}})(document.querySelector("#canvas"), trigger, props, server, watch);</script></html>"""


def ends(bench: Bench, number: int = 0) -> tuple:
    """Handle and target of a pair."""
    pair = bench.value()["points"][number]
    return pair["handle"], pair["target"]


def paint(bench: Bench, tool: str, *path, meaning=None) -> None:
    """A stroke along a path."""
    bench.page.click(f"[data-tool={tool}]")
    if meaning:
        bench.page.click(f"[data-meaning={meaning}]")
    bench.press_and_drag(*path)


def wheel(bench: Bench, place, delta: float, ctrl: bool = False) -> None:
    """Turn the wheel over a place on the screen."""
    bench.page.mouse.move(*place)
    if ctrl:
        bench.page.keyboard.down("Control")
    bench.page.mouse.wheel(0, delta)
    bench.settle()
    if ctrl:
        bench.page.keyboard.up("Control")
