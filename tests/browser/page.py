"""The page as a person uses it: in pixels of the picture, by mouse or by touch."""

import base64
import io
import itertools
import re
import time
from pathlib import Path

import numpy as np
from PIL import Image

from drag.edit import Edit
from drag.files.project import from_project
from tests.browser.waiting import WAITS, settle

DRAWN = """() => {  // the canvas's pixels, without what lies over them
  const canvas = document.querySelector('.dc-picture');
  return canvas.toDataURL('image/png').split(',')[1];
}"""
# A press places an arrow, as most tests have it; with Follow it would drag at once.
ARROWS = "try { localStorage.draggan_way ??= 'arrows'; } catch { }"
KINDS = {
    "png": "(PNG)",
    "mp4": "(MP4)",
    "gif": "(GIF)",
    "webp": "(WebP)",
    "drag": "(.drag)",
    "npz": "(.npz)",
}
NOSE = (500, 600)  # or thereabouts, of a face in the middle
PATIENCE = 90  # seconds that a wait takes at most, on a machine however busy
ENDINGS = (
    "Done",
    "Already there",
    "No further",
    "Step limit",
    "Time is up",
    "Stopped",
)


class Page:
    """A Playwright page with the app open, `errors` from its console, and `loaded` in seconds."""

    def __init__(self, page, address: str):
        self.page, self.errors = page, []
        page.set_default_timeout(1000 * PATIENCE)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on(
            "console", lambda line: self.errors.append(line.text) if line.type == "error" else None
        )
        page.add_init_script(WAITS)
        page.add_init_script(ARROWS)
        started = time.monotonic()
        page.goto(address)
        self.wait_for_frame(after=0)
        self.loaded = time.monotonic() - started
        self.settle()

    def clear(self) -> None:
        """Take away the example that a new visitor finds."""
        self.reset_points()
        if self.page.is_visible("[data-act=clear]"):
            self.page.click("[data-act=clear]")
        self.settle()

    def settle(self) -> None:
        """Until nothing is on its way to the page but what comes as a stream."""
        settle(self.page)

    def reset_points(self) -> None:
        """Press that button and wait until no point is there."""
        self.page.click("#reset-points")
        self.page.wait_for_function(
            "() => document.querySelector('.dc-stage').drawn().points.length === 0"
        )

    @property
    def serial(self) -> int:
        """Serial of the frame that is shown."""
        return int(self.page.get_attribute(".dc-stage", "data-serial") or 0)

    def wait_for_frame(self, after: int) -> None:
        """Until a frame later than this one is shown."""
        self.page.wait_for_function(
            f"+(document.querySelector('.dc-stage')?.dataset.serial ?? 0) > {after}"
        )

    @property
    def status(self) -> str:
        """The status line."""
        return self.page.inner_text("#status .status")

    def wait_for_status(self, *words: str, seconds: float = PATIENCE) -> str:
        """Until the status line holds one of these words; returns it as it was then."""
        return self.page.wait_for_function(
            "words => { const line = document.querySelector('#status .status')?.innerText ?? '';"
            " return words.some((word) => line.includes(word)) && line; }",
            arg=list(words),
            timeout=1000 * seconds,
        ).json_value()

    def wait_for_step(self, number: int) -> None:
        """Until a drag tells of this step or a later one; quick steps are not all told of."""
        self.page.wait_for_function(
            "number => +(document.querySelector('#status .status').innerText"
            ".match(/Step ([0-9]+),/)?.[1] ?? 0) >= number",
            arg=number,
        )

    @property
    def step(self) -> int:
        """The step that the status line tells of; 0 where it tells of none."""
        return int((re.search(r"Step (\d+),", self.status) or (0, 0))[1])

    def picture(self) -> np.ndarray:
        """What the canvas shows, uint8 (H, W, 3)."""
        content = base64.b64decode(self.page.evaluate(DRAWN))
        return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Where a pixel of the picture lies on the screen, once the picture is all there."""
        self.page.locator(".dc-overlay").scroll_into_view_if_needed()
        box = self.page.locator(".dc-overlay").bounding_box()
        scale = box["width"] / self.size[0]
        return box["x"] + (x + 0.5) * scale, box["y"] + (y + 0.5) * scale

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the picture, in its own pixels."""
        return tuple(
            self.page.evaluate(
                "(({width, height}) => [width, height])(document.querySelector('.dc-picture'))"
            )
        )

    def choose_model(self, name: str) -> None:
        """Type a model, or part of its name, into the menu and press Enter."""
        self.turn_to("Picture")
        self.page.fill("#model input", name)
        self.settle()  # the menu follows
        self.page.press("#model input", "Enter")

    @property
    def model(self) -> str:
        """What the menu shows."""
        return self.page.input_value("#model input")

    def hold(self, *path: tuple[float, float]) -> None:
        """Press at the first place and move over the others; by mouse."""
        self.page.mouse.move(*self.at(*path[0]))
        self.page.mouse.down()
        for place in path[1:]:
            self.page.mouse.move(*self.at(*place), steps=6)

    def press_and_drag(self, *path: tuple[float, float]) -> None:
        """The same, and let go at the last."""
        self.hold(*path)
        self.page.mouse.up()
        self.settle()

    def touch_and_drag(self, *path: tuple[float, float]) -> None:
        """The same with a finger."""
        client = self.page.context.new_cdp_session(self.page)
        places = [self.at(*place) for place in path]
        steps = [
            tuple(np.add(np.multiply(a, 1 - t), np.multiply(b, t)))
            for a, b in itertools.pairwise(places)
            for t in np.linspace(0.2, 1, 5)
        ]
        kinds = ["touchStart", *["touchMove"] * len(steps), "touchEnd"]
        for kind, place in zip(kinds, [places[0], *steps, None], strict=True):
            points = [{"x": float(place[0]), "y": float(place[1])}] if place else []
            client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        self.settle()

    def value(self) -> dict:
        """Points and region as the canvas last told Gradio, read from what it draws them from."""
        return self.page.evaluate("() => document.querySelector('.dc-stage').drawn()")

    def show_seed(self, seed: int) -> None:
        """Ask for the picture of a seed and wait until it is there."""
        before = self.serial
        self.turn_to("Picture")
        self.page.fill("#seed textarea, #seed input", str(seed))
        self.page.press("#seed textarea, #seed input", "Enter")
        self.wait_for_frame(before)

    def choose_solver(self, title: str) -> None:
        """Under Advanced; the paper's takes the many small steps that some tests need."""
        self.turn_to("Advanced")
        self.page.click(f"#solver label:has-text({title!r})")

    def turn_to(self, tab: str) -> None:
        """Show this tab: Picture, Photo, Files, Advanced."""
        self.page.get_by_role("tab", name=tab).click()

    def choose_format(self, kind: str) -> None:
        """Of what is saved, such as png."""
        self.turn_to("Files")
        self.page.click("#format input")
        self.page.get_by_role("option").filter(has_text=KINDS[kind]).click()

    def save(self, kind: str) -> Path:
        """Save the edit as a file of this kind, such as png; returns where it is."""
        self.choose_format(kind)
        with self.page.expect_download() as download:
            self.page.click("#save")
        assert download.value.suggested_filename.endswith(f".{kind}")
        return Path(download.value.path())

    def open(self, path) -> None:
        """Open a file: a path, or what Playwright takes for one."""
        self.page.set_input_files("#exchange input[type=file]", path)

    def scrub(self, index: int) -> None:
        """Move the slider through the last drag's steps, and wait for the picture."""
        before = self.serial
        self.page.fill("#steps input[type=number]", str(index))
        self.page.press("#steps input[type=number]", "Tab")
        self.wait_for_frame(before)

    @property
    def entries(self) -> list[str]:
        """What the row of the history has, from the first to the last; the one shown in []."""
        return self.page.eval_on_selector_all(
            "#history .th-row button",
            "buttons => buttons.map(b => b.ariaCurrent === 'true' ? "
            "`[${b.lastChild.innerText.trim()}]` : b.lastChild.innerText.trim())",
        )

    def wait_for_entries(self, text: str) -> None:
        """Until the row of the history ends with this."""
        self.page.wait_for_function(
            "text => `${[...document.querySelectorAll('#history .th-row button')].map(b => "
            "b.ariaCurrent === 'true' ? `[${b.lastChild.innerText.trim()}]`"
            " : b.lastChild.innerText.trim())}`"
            ".endsWith(text)",
            arg=text,
        )

    def kept(self, change: str) -> Edit:
        """The edit that the browser keeps a copy of, once it came about by this change."""
        self.page.wait_for_function(
            """change => {
              const {entries, at} = JSON.parse(sessionStorage.draggan_edit || '{}');
              return entries?.[at].change === change;
            }""",
            arg=change,
        )
        return from_project(self.page.evaluate("() => sessionStorage.draggan_edit").encode())

    def take_long(self, rate: float = 1e-4) -> None:
        """The next drag takes many steps, by the smallest learning rate minutes, however slowly
        this browser tells of it: beside a drag on the same cores its page may stand still."""
        self.choose_solver("Adam")
        self.set_number("Learning rate", rate)
        self.set_number("Step limit", 2000)

    def set_number(self, label: str, value: float) -> None:
        """Fill in one of the numbers under Advanced, which is shown."""
        if not self.page.get_by_label(label).is_visible():
            self.page.click("#numbers > button")
        self.page.get_by_label(label).fill(str(value))

    def drag(self) -> str:
        """Press Drag and wait until it ends by itself and its picture is there; returns the status
        line."""
        self.page.evaluate(
            "() => document.querySelector('#status .status')?.classList.add('before')"
        )
        self.page.click("#drag")
        # the former drag's end is gone
        self.page.wait_for_selector("#status .status:not(.before)", state="attached")
        return self._ended(*ENDINGS, seconds=7 * PATIENCE)

    def press(self, *keys: str) -> None:
        """Press keys with the focus on the picture."""
        self.page.locator(".dc-stage").focus()
        for key in keys:
            self.page.keyboard.press(key)
        self.settle()

    def stop(self) -> str:
        """Press Stop and wait until the drag has ended and its picture is there; returns the status
        line."""
        self.page.click("#stop")
        return self._ended("Stopped")

    def _ended(self, *words: str, seconds: float = PATIENCE) -> str:
        line = self.wait_for_status(*words, seconds=seconds)
        self.settle()  # the picture came with the line, and is decoded
        return line

    def problem(self) -> str:
        """The sentence that bad input is answered with."""
        return self.page.locator("#status .problem").inner_text()
