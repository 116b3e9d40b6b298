"""A whole sitting on the real page, by mouse and by touch, from an example to a second browser."""

import io
import time

import av
import numpy as np
import pytest
from PIL import Image

from drag.files.project import from_project
from tests.browser.page import PATIENCE
from tests.judge import find_face


def difference(one, other):
    return np.abs(one.astype(float) - other).mean()


def wait_for(page, picture):
    """Until the page shows this picture."""
    until = time.monotonic() + PATIENCE
    while difference(page.picture(), picture) >= 1:
        assert time.monotonic() < until, "another picture is shown"
        page.page.wait_for_timeout(100)


def press(page, selector):
    (page.page.tap if page.touch else page.page.click)(selector)


def check_files(page):
    """Export every format, and open each by another program's library."""
    picture = Image.open(io.BytesIO(page.save("png").read_bytes()))
    assert picture.size == (1024, 1024)
    assert picture.text["Source"] == "AI-generated"
    assert difference(np.asarray(picture)[:900], page.picture()[:900]) < 3  # the mark is below
    assert not page.page.is_visible("#seconds")
    assert not page.page.is_visible("#size")
    page.choose_format("gif")  # which may be longer or shorter
    page.page.fill("#seconds input[type=number]", "0.5")
    page.page.press("#seconds input[type=number]", "Tab")
    for kind in ("gif", "webp"):
        film = Image.open(io.BytesIO(page.save(kind).read_bytes()))
        assert (film.is_animated, film.size) == (True, (512, 512))
        notice = film.info["comment"] if kind == "gif" else film.info["xmp"]
        assert b"AI-generated" in notice or b"trainedAlgorithmicMedia" in notice
    page.page.check("#size label:last-of-type input")
    with av.open(io.BytesIO(page.save("mp4").read_bytes())) as film:
        frames = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
        assert "AI-generated" in film.metadata["comment"]
    assert frames[0].shape == (1024, 1024, 3)
    assert difference(frames[-1][:900], page.picture()[:900]) < 6
    assert difference(frames[0][:900], page.picture()[:900]) > 2
    with np.load(page.save("npz"), allow_pickle=False) as latents:
        assert latents["w"].shape == (1, 16, 512)
    return page.save("drag")


@pytest.mark.parametrize(
    "touch", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["mouse", "touch"]
)
def test_from_an_example_to_a_second_browser(open_page, touch):
    size = {"width": 390, "height": 844} if touch else {}
    page = open_page(example=True, touch=touch, **size)
    page.touch = touch
    original = go_back_and_forth(page)
    compare(page, original)
    # A region of the face, then the same drag again: the background stays.
    press(page, "[data-tool=lasso]")
    (page.touch_and_drag if touch else page.press_and_drag)(
        (250, 250), (780, 250), (820, 950), (240, 950), (250, 260)
    )
    assert page.value()["painted"]
    page.wait_for_entries("Region]")
    now = page.picture()
    # All formats with the slow one: of one sitting, films take the longest.
    project = check_files(page) if touch else page.save("drag")
    page.kept("mask")
    page.page.reload()
    page.wait_for_status("Welcome back")
    page.wait_for_frame(after=0)
    page.errors.clear()  # Gradio reports the stream that the reload cut off
    wait_for(page, now)
    assert page.value()["painted"]
    entries = page.entries
    assert entries[-1] == "[Region]"
    second = open_page(example=True)
    second.open(
        {"name": "face.drag", "mimeType": "application/json", "buffer": project.read_bytes()}
    )
    second.wait_for_status("with its history")
    wait_for(second, now)
    assert second.value()["points"] == page.value()["points"]
    assert second.entries[-len(entries) :] == entries
    assert len(from_project(project.read_bytes()).history) >= 3


def go_back_and_forth(page):
    """Example, drag, back to the middle of it, on from there, undo three times, redo twice; returns
    the picture as it was sampled."""
    first, before = page.picture(), page.serial
    press(page, "#examples [data-id=turn]")
    page.wait_for_status("Turn the head")
    page.wait_for_frame(before)
    page.settle()
    original = page.picture()
    assert "Done" in page.drag()
    dragged = page.picture()
    last = int(page.page.get_attribute("#steps input[type=range]", "max"))
    assert last >= 3
    page.scrub(last // 2)
    page.wait_for_status("of the drag")
    page.settle()
    middle = page.picture()
    assert difference(middle, original) > 1
    assert difference(middle, dragged) > 1
    assert find_face(middle)[1] > 1
    page.drag()
    assert page.entries == ["Face 14", "Face 230", "Drag", "[Drag]"]
    again = page.picture()
    for picture in (middle, original, first):
        press(page, "#undo")
        wait_for(page, picture)
    assert page.entries == ["[Face 14]", "Face 230", "Drag", "Drag"]
    for picture in (original, middle, again):
        press(page, "#redo")
        wait_for(page, picture)
    page.page.wait_for_selector("#redo:disabled")
    press(page, "#history .th-row button:nth-child(3)")
    page.wait_for_status("Went to that picture")
    wait_for(page, middle)
    return original


def compare(page, original):
    """Hold the button: the original is seen, and gone when it is let go."""
    stage = page.page.locator(".dc-stage")
    stage.scroll_into_view_if_needed()
    box = page.page.locator("[data-act=original]").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.page.mouse.move(x, y)
    page.page.mouse.down()
    page.page.wait_for_selector(".dc-stage[data-compare=original]")
    shown = page.page.evaluate("""() => {
      const canvas = document.querySelector('.dc-before');
      return [...canvas.getContext('2d').getImageData(500, 500, 8, 8).data];
    }""")
    assert difference(np.reshape(shown, (8, 8, 4))[..., :3], original[500:508, 500:508]) < 6
    page.page.mouse.up()
    page.page.wait_for_function("() => !document.querySelector('.dc-stage').dataset.compare")
    press(page, "[data-act=split]")
    page.page.wait_for_selector(".dc-stage[data-compare=split]")
    press(page, "[data-act=split]")
