"""The photo panel on a bare page, with a stand-in for Gradio around it: what a second click does,
where the focus goes, and what a screen reader is told."""

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image

from drag.files.images import jpeg, png
from drag.page.components.base import to_url
from drag.page.components.photo_frame import _CSS, _HTML, _JS
from drag.photo.alignment import Frame, crop
from tests.browser.bench import COLOURS, GRADIO, flat
from tests.browser.test_accessibility import AXE
from tests.browser.waiting import WAITS, stop_the_clock

ADDRESS = "http://localhost/"  # answered from here; a camera needs a safe address
PICTURE = to_url("image/jpeg", jpeg(flat((90, 110, 130), 64, 64), 90))
FRAME = {"x": 32, "y": 32, "side": 40, "angle": 0}
PHOTO = {"src": PICTURE, "width": 64, "height": 64, "size": [64, 64], "frame": FRAME, "faces": []}
RUNNING = {"phase": "running", "words": "Starting …", "share": 0, "crop": PICTURE}
REST = 600  # ms until a button that took another's place can be pressed
FOCUSED = """() => document.activeElement.dataset.act
  || document.activeElement.className || document.activeElement.tagName"""


class Panel:
    """The panel, with a Playwright page around it; what it triggers is recorded."""

    def __init__(self, page):
        self.page, self.errors = page, []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.add_init_script(WAITS)
        page.route("**/*", lambda route: route.fulfill(body=_page(), content_type="text/html"))
        page.goto(ADDRESS)

    def set(self, name, value):
        """Set a prop, as an update from Python does."""
        self.page.evaluate("([name, value]) => { window.props[name] = value; }", [name, value])

    def turn_to(self, phase, **more):
        """What Python says of an inversion."""
        self.set("fit", {"phase": phase, "words": f"It is {phase}.", **more})

    def act(self, name):
        """A button."""
        return self.page.locator(f"[data-act={name}]")

    @property
    def events(self):
        """Names of what was triggered so far."""
        return self.page.evaluate("() => window.events")

    @property
    def told(self):
        """What the canvas was told last, and not to have its picture back."""
        return self.page.evaluate("() => window.told.at(-1)")

    @property
    def focused(self):
        """What has the focus: the name of a button, or else a class or an element."""
        return self.page.evaluate(FOCUSED)


def _page():
    colours = "".join(f"--{name}:{value};" for name, value in COLOURS[False].items())
    return f"""<!doctype html><html lang="en"><meta charset="utf-8"><title>Panel</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>:root {{ {colours} --color-accent: #6366f1; --font: system-ui, sans-serif;
  --button-primary-background-fill: #4f46e5; }} {_CSS}</style>
<main><h1>Panel</h1><button id="other">Other</button><div class="dc-stage"></div>
<div id="photo">{_HTML}</div></main>
<script>document.querySelector(".dc-stage").showWork = (work) => (window.told ??= []).push(work);
const INITIAL = {json.dumps({"value": None, "photo": None, "fit": None})};
{GRADIO}</script>
<script>(function (element, trigger, props, server, watch) {{
{_JS}
}})(document.querySelector("#photo"), trigger, props, server, watch);</script></html>"""


@pytest.fixture
def open_panel(new_page):
    """Opens a Panel: open_panel(locale=...); an error in its script fails the test."""
    panels = []

    def open_(locale="en-US"):
        panels.append(Panel(new_page(600, 900, locale=locale)))
        return panels[-1]

    yield open_
    assert [error for panel in panels for error in panel.errors] == []


@pytest.fixture
def panel(open_panel):
    """A panel with a photo in its frame."""
    panel = open_panel()
    panel.set("photo", PHOTO)
    return panel


def test_the_second_click_of_two_presses_neither_stop_nor_use(panel):
    # Stop stands where "Use this photo" was: it ended the inversion before that had begun.
    stop_the_clock(panel.page)
    box = panel.act("use").bounding_box()
    place = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    panel.page.mouse.dblclick(*place)  # before there is an answer
    assert panel.events == ["use"]
    panel.set("fit", RUNNING)
    box = panel.act("stop").bounding_box()
    place = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    panel.page.mouse.click(*place)
    assert panel.events == ["use"]
    panel.page.clock.run_for(REST)
    panel.page.mouse.click(*place)
    assert panel.events == ["use", "stop"]
    panel.turn_to("done", picture=PICTURE)  # and as much the other way round
    panel.act("use").click()
    assert panel.events == ["use", "stop"]
    panel.page.clock.run_for(REST)
    panel.act("use").click()
    assert panel.events == ["use", "stop", "use"]


def test_the_canvas_has_the_square_at_once_and_its_picture_back_where_it_is_refused(panel):
    y, x = np.mgrid[:64, :64]
    pixels = np.stack([255 * (x > 30), 4 * y, 255 * (x + y > 60)], -1).astype(np.uint8)
    frame = {"x": 30, "y": 34, "side": 36, "angle": 0.4}
    src = to_url("image/png", png(pixels))
    panel.set("photo", PHOTO | {"src": src, "frame": frame})
    panel.act("use").click()
    _, _, content = panel.told["src"].partition(",")
    shown = Image.open(io.BytesIO(base64.b64decode(content))).resize((64, 64))
    cut = crop(pixels, Frame(**frame), (64, 64))
    assert np.abs(np.asarray(shown).astype(int) - cut).mean() < 8
    panel.set("fit", {"words": "It waits.", "problem": True})
    assert panel.told is None
    panel.act("use").click()
    panel.set("fit", {"phase": "running", "words": "Starting …", "share": 0, "shown": PICTURE})
    assert panel.told == {"words": "Starting …", "share": 0, "src": PICTURE}
    panel.turn_to("placing")
    assert panel.told is None
    stop_the_clock(panel.page)
    panel.act("use").click()  # and no answer comes
    assert panel.told["src"]
    panel.page.clock.run_for(20_000)
    assert panel.told is None


def test_what_was_reached_can_be_improved_until_the_frame_is_another(panel):
    assert panel.act("improve").is_hidden()
    panel.turn_to("done", picture=PICTURE, further=True)
    panel.act("improve").click()
    assert panel.events == ["use"]
    assert panel.page.evaluate("() => window.props.value") == {"further": True}
    assert panel.told is None  # what is on the canvas goes on
    panel.set("fit", RUNNING)
    assert panel.act("improve").is_hidden()
    panel.turn_to("done", picture=PICTURE, further=True)
    panel.act("larger").click()
    assert panel.act("improve").is_hidden()
    assert panel.act("use").is_visible()


def test_it_opens_with_its_button_and_privacy_is_a_line_that_unfolds(open_panel):
    panel = open_panel()
    panel.page.keyboard.press("Tab")
    panel.page.keyboard.press("Tab")
    assert panel.focused == "choose"
    long = panel.page.get_by_text("until later ones take its place")
    assert long.is_hidden()
    panel.page.get_by_text("It stays in memory").click()
    assert long.is_visible()


def test_the_focus_goes_from_a_button_to_what_takes_its_place(panel):
    keyboard = panel.page.keyboard
    stop_the_clock(panel.page)
    panel.act("use").focus()
    keyboard.press("Enter")
    panel.set("fit", RUNNING)
    assert panel.focused == "stop"
    for _ in range(3):  # Enter is held
        keyboard.down("Enter")
        panel.page.clock.run_for(REST // 2)
    keyboard.up("Enter")
    assert panel.events == ["use"]
    panel.turn_to("far", picture=PICTURE)
    assert panel.focused == "anyway"
    panel.page.clock.run_for(REST)
    keyboard.press("Enter")
    assert panel.page.evaluate("() => window.props.value.anyway") is True
    panel.set("fit", RUNNING)
    assert panel.focused == "stop"
    panel.page.clock.run_for(REST)
    keyboard.press(" ")
    assert panel.events == ["use", "use", "stop"]
    panel.turn_to("done", picture=PICTURE)
    assert panel.focused == "ph-note"
    assert panel.page.inner_text(":focus") == "It is done."
    keyboard.press("Tab")
    assert panel.focused == "use"
    panel.set("fit", RUNNING)
    panel.turn_to("placing")
    assert panel.focused == "use"
    panel.set("fit", RUNNING)
    panel.set("photo", None)
    assert panel.focused == "choose"


def test_the_focus_stays_where_it_is_elsewhere(panel):
    panel.page.focus("#other")
    for phase in ("running", "far", "running", "done", "running", "placing"):
        panel.turn_to(phase)
        assert panel.focused == "BUTTON"
        assert panel.page.evaluate("() => document.activeElement.id") == "other"
    panel.act("reset").focus()
    panel.turn_to("done")  # which it can be seen in
    assert panel.focused == "reset"


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        (
            "en-US",
            (
                "The part of your photo in the frame",
                "The picture that the model made of your photo",
                "How far the work on your photo is",
            ),
        ),
        ("zh-CN", ("您的照片中方框内的部分", "模型根据您的照片生成的图片", "照片处理进度")),
    ],
)
def test_pictures_and_bar_are_named_in_both_languages(open_panel, locale, words):
    panel = open_panel(locale)
    panel.set("photo", PHOTO)
    panel.set("fit", RUNNING)
    bar = panel.page.get_by_role("progressbar", name=words[2])
    assert [bar.get_attribute(f"aria-value{name}") for name in ("min", "now", "max")] == [
        "0",
        "0",
        "100",
    ]
    assert panel.page.get_attribute(".ph-crop", "alt") == words[0]
    assert panel.page.get_attribute(".ph-fit", "alt") == ""  # there is none yet
    panel.set("fit", {"share": 0.426, "picture": PICTURE})
    assert bar.get_attribute("aria-valuenow") == "43"
    assert panel.page.get_attribute(".ph-fit", "alt") == words[1]
    panel.page.evaluate(AXE.read_text("utf-8"))
    found = panel.page.evaluate("() => window.axe.run('#photo')")["violations"]
    assert [each["id"] for each in found if each["impact"] in ("serious", "critical")] == []
    panel.turn_to("done")
    assert panel.page.get_by_role("progressbar").count() == 0
