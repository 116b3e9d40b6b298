"""A photo of the visitor's own on the real page: chosen or dropped, framed, inverted, edited."""

import base64
import io
import math

import numpy as np
import pytest
import skimage.data
from PIL import Image

from tests.browser.test_accessibility import problems
from tests.running_app import running_app

pytestmark = pytest.mark.slow  # inversions, and photos that are decoded

SECONDS = 8  # of an inversion
# Hands a file to the page as a browser does: as a drop on its canvas, or from the clipboard.
HAND = """([content, kind]) => {
  const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
  const files = new DataTransfer();
  files.items.add(new File([bytes], 'me.jpg', { type: 'image/jpeg' }));
  const event = kind === 'drop'
    ? new DragEvent('drop', { dataTransfer: files, bubbles: true, cancelable: true })
    : new ClipboardEvent('paste', { clipboardData: files, bubbles: true, cancelable: true });
  document.querySelector('.dc-stage').dispatchEvent(event);
}"""
PLACED = """() => {  // the frame as it is drawn: places on the screen, its side in the photo
  const area = document.querySelector('.ph-frame rect'), matrix = area.getScreenCTM();
  const side = area.width.baseVal.value, at = (x, y) => {
    const point = new DOMPoint(x, y).matrixTransform(matrix);
    return [point.x, point.y];
  };
  const turn = document.querySelector('.ph-frame [data-grip=turn]').getBoundingClientRect();
  const angle = Math.atan2(at(1, 0)[1] - at(0, 0)[1], at(1, 0)[0] - at(0, 0)[0]);
  return { middle: at(0, 0), corner: at(side / 2, side / 2), side, angle,
           x: area.transform.baseVal[0].matrix.e, y: area.transform.baseVal[0].matrix.f,
           turn: [turn.x + turn.width / 2, turn.y + turn.height / 2] };
}"""


def photo_of(*places, size=(640, 900), side=400):
    """A JPEG with the astronaut at these places (x, y); size: (H, W)."""
    pixels = np.full((*size, 3), (90, 110, 130), np.uint8)
    astronaut = Image.fromarray(skimage.data.astronaut()).resize((side, side))
    for x, y in places:
        pixels[y : y + side, x : x + side] = np.asarray(astronaut)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


ONE = photo_of((200, 120))


@pytest.fixture(scope="module")
def server(generator, tmp_path_factory):
    """A page whose inversions take a few seconds."""
    folder = tmp_path_factory.mktemp("photos")
    with running_app(folder, "--drag-seconds", str(SECONDS / 1.5)) as app:
        yield app
    assert not list((folder / "gradio").rglob("*.*"))  # no visitor's file was ever left there
    said = app.text
    assert "a photo, " in said
    assert "Traceback" not in said
    assert "JFIF" not in said
    assert "base64" not in said


def choose(page, content=ONE, name="me.jpg"):
    """Choose this file on the tab, and wait for what is said of it."""
    page.turn_to("Photo")
    page.page.set_input_files(
        "#photo .ph-input", {"name": name, "mimeType": "image/jpeg", "buffer": content}
    )
    return wait_for_frame(page)


def wait_for_frame(page):
    """Until the photo is shown; returns the note beside it."""
    page.page.wait_for_selector(".ph-placing:not([hidden]) image[href]")
    page.page.wait_for_function(
        "() => !document.querySelector('.ph-note').innerText.startsWith('Looking')"
    )
    page.page.locator(".ph-stage").scroll_into_view_if_needed()
    return page.page.inner_text(".ph-note")


def placed(page):
    """The frame as it is drawn, in pixels of the screen, with its side in the photo's."""
    return page.page.evaluate(PLACED)


def mouse(page, start, end):
    """Press there, and let go here."""
    page.page.mouse.move(*start)
    page.page.mouse.down()
    page.page.mouse.move(*end, steps=5)
    page.page.mouse.up()


def fingers(page, *paths):
    """Each finger from its first place to its last."""
    client = page.page.context.new_cdp_session(page.page)
    for kind, share in (
        ("touchStart", 0),
        *(("touchMove", i / 5) for i in range(1, 6)),
        ("touchEnd", None),
    ):
        points = (
            []
            if share is None
            else [
                {
                    "x": (1 - share) * a[0] + share * b[0],
                    "y": (1 - share) * a[1] + share * b[1],
                    "id": number,
                }
                for number, (a, b) in enumerate(paths)
            ]
        )
        client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    page.settle()


def beside(place, dx, dy):
    return place[0] + dx, place[1] + dy


def invert(page):
    """Press the button, and on if the photo is unlike the model; returns how it ended."""
    page.page.click("#photo [data-act=use]")
    page.page.wait_for_selector(".dc-photo img")  # the square, and then each fit
    page.wait_for_status("%")
    page.page.wait_for_function("() => /%/.test(document.querySelector('.dc-work').innerText)")
    assert page.page.is_disabled("#drag")
    page.page.wait_for_function(  # cores may be busy
        "() => !document.querySelector('[data-act=use]').hidden", timeout=240_000
    )
    return page.status


@pytest.mark.parametrize("width", [390])  # tests/browser/test_photo_identity.py has 1280
def test_from_a_photo_to_a_drag_of_it(open_page, width):
    page = open_page(width=width, height=844, touch=width < 500)
    before = page.serial
    assert "Is the face in the frame" in choose(page)
    assert page.page.evaluate("document.documentElement.scrollWidth") <= width
    frame = placed(page)
    assert frame["side"] == pytest.approx(0.37 * 400, rel=0.25)  # the astronaut's face, as FFHQ's
    assert (frame["x"], frame["y"]) == pytest.approx((200 + 0.44 * 400, 120 + 0.21 * 400), abs=25)
    assert not problems(page)
    said = invert(page)
    assert "likeness (difference 0." in said
    page.page.wait_for_selector(".dc-photo", state="hidden")
    for name in ("crop", "fit"):
        assert page.page.evaluate(f"document.querySelector('.ph-{name}').naturalWidth") == 512
    page.wait_for_frame(before)
    page.wait_for_entries("[Photo]")
    assert page.page.evaluate("document.documentElement.scrollWidth") <= width
    page.settle()  # until buttons have their colours back
    assert not problems(page)
    move = page.touch_and_drag if width < 500 else page.press_and_drag
    move((500, 640), (540, 640))
    page.drag()
    page.wait_for_entries("[Drag]")
    for _ in range(3):  # the drag, the point, the photo
        page.page.click("#undo")
        page.settle()
    page.wait_for_entries("Photo,Drag")


@pytest.mark.parametrize("kind", ["drop", "paste", "click", "Enter"])
def test_a_photo_dropped_pasted_or_chosen_anywhere_comes_to_its_tab(open_page, kind):
    page = open_page()
    if kind in ("drop", "paste"):
        page.page.evaluate(HAND, [base64.b64encode(ONE).decode(), kind])
    else:
        item = page.page.locator("#examples").get_by_role("button", name="Your photo")
        with page.page.expect_file_chooser() as chooser:
            item.click() if kind == "click" else item.press(kind)
        chooser.value.set_files({"name": "me.jpg", "mimeType": "image/jpeg", "buffer": ONE})
    assert "Is the face in the frame" in wait_for_frame(page)
    assert page.page.get_by_role("tab", name="Photo").get_attribute("aria-selected") == "true"
    assert page.page.inner_text(".ex-note") == ""


def test_the_frame_follows_the_mouse_the_wheel_and_the_keys(open_page):
    page = open_page()
    choose(page)
    begun = placed(page)
    mouse(page, begun["middle"], beside(begun["middle"], 30, 20))
    moved = placed(page)
    assert moved["middle"] == pytest.approx(beside(begun["middle"], 30, 20), abs=3)
    assert moved["side"] == begun["side"]
    far = np.add(moved["middle"], 1.5 * np.subtract(moved["corner"], moved["middle"]))
    mouse(page, moved["corner"], far)
    zoomed = placed(page)
    assert zoomed["side"] == pytest.approx(1.5 * moved["side"], rel=0.08)
    dx, dy = np.subtract(zoomed["turn"], zoomed["middle"])
    mouse(page, zoomed["turn"], np.add(zoomed["middle"], (-dy, dx)))  # a quarter, clockwise
    turned = placed(page)
    assert (turned["angle"] - zoomed["angle"]) % math.tau == pytest.approx(math.pi / 2, abs=0.1)
    page.page.click("#photo [data-act=left]")
    assert placed(page)["angle"] == pytest.approx(zoomed["angle"], abs=0.1)
    page.page.mouse.move(*placed(page)["middle"])
    page.page.mouse.wheel(0, 200)
    page.settle()
    smaller = placed(page)
    assert smaller["side"] == pytest.approx(zoomed["side"] * math.exp(-0.2), rel=0.02)
    page.page.locator(".ph-stage").focus()
    for key in ("ArrowLeft", "ArrowUp", "+", ".", "."):
        page.page.keyboard.press(key)
    last = placed(page)
    assert last["x"] < smaller["x"]
    assert last["y"] < smaller["y"]
    assert last["side"] > smaller["side"]
    assert last["angle"] - smaller["angle"] == pytest.approx(math.pi / 45, abs=0.01)
    page.page.click("#photo [data-act=reset]")
    assert placed(page)["side"] == begun["side"]


def test_the_frame_follows_one_finger_and_two_and_the_page_stays(open_page):
    page = open_page(width=390, height=844, touch=True)
    choose(page)
    begun, scrolled = placed(page), page.page.evaluate("scrollY")
    fingers(page, (begun["middle"], beside(begun["middle"], 25, 15)))
    moved = placed(page)
    assert moved["middle"] == pytest.approx(beside(begun["middle"], 25, 15), abs=5)
    x, y = moved["middle"]
    fingers(page, ((x - 8, y), (x - 16, y)), ((x + 8, y), (x + 16, y)))
    pinched = placed(page)
    assert pinched["side"] == pytest.approx(2 * moved["side"], rel=0.2)
    assert page.page.evaluate("scrollY") == scrolled


def test_another_face_is_chosen_by_a_press_or_the_button(open_page):
    page = open_page()
    assert "2 faces" in choose(page, photo_of((20, 100), (470, 140)))
    first = placed(page)
    page.page.locator(".ph-faces rect:visible").click()
    second = placed(page)
    assert abs(second["x"] - first["x"]) > 300
    page.page.click("#photo [data-act=next]")
    assert placed(page)["x"] == pytest.approx(first["x"], abs=1)


def test_stop_keeps_the_best_so_far_and_it_goes_on_from_there(open_page):
    page = open_page()
    choose(page)
    page.page.dblclick("#photo [data-act=use]")  # Stop comes to this place
    page.wait_for_status("%")
    for place in ("#photo", "#canvas"):
        bar = page.page.locator(place).get_by_role("progressbar", name="the work on your photo")
        assert 0 <= int(bar.get_attribute("aria-valuenow")) < 100
    page.page.wait_for_timeout(500)  # in which Stop is not pressed
    page.page.keyboard.press("Enter")  # it has the focus
    page.wait_for_status("Stopped, the best")
    page.wait_for_entries("[Photo]")
    assert page.page.is_disabled("#stop")
    page.page.wait_for_selector(".ph-note:focus:has-text('the best so far is kept')")
    picture, entries = page.picture(), page.page.locator("#history .th-row button")
    before = entries.count()
    page.page.click("#status [data-remedy=improve]")
    page.wait_for_status("%")
    page.page.dispatch_event(".dc-work [data-act=halt]", "click")  # it may be over by now
    page.wait_for_status("likeness", "improved further")
    page.page.wait_for_selector(".dc-work", state="hidden")
    if entries.count() > before:  # it came nearer before that
        page.page.click("#undo")
        page.settle()
    np.testing.assert_array_equal(page.picture(), picture)


def test_what_is_no_photo_is_said_beside_it_and_the_frame_stays(open_page, tmp_path):
    page = open_page()
    choose(page)
    for content, words in ((b"not a photo", "is no photo"), (bytes(20_000_001), "20 MB")):
        (tmp_path / "me.jpg").write_bytes(content)
        page.page.set_input_files("#photo .ph-input", tmp_path / "me.jpg")
        page.page.wait_for_selector(f".ph-problem:has-text('{words}')")
    assert page.page.is_visible(".ph-stage")
    assert page.page.is_enabled("#photo [data-act=use]")
