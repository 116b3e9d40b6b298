"""Parts of the face on the real page: pressed, dragged in, undone, kept, and not found."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from tests.benchmarks.mask import beyond
from tests.judge import find_face

pytestmark = pytest.mark.slow  # a drag, and a finder that looks in every direction

SQUARE = "team/nets/square.pkl"
LIPS = slice(48, 68)  # of dlib's landmarks


def choose(page, part):
    """Press a part of the face and wait until the canvas has its region."""
    before = mask_url(page)
    page.page.click("[data-act=face]")
    page.page.click(f"[data-part={part}]")
    page.wait_for_status(f"Only the {part} may move")
    page.page.wait_for_function(f"before => {MASK} !== before", arg=before)
    page.settle()
    return region(page)


MASK = "JSON.parse(document.querySelector('.dc-stage').placed()).mask"


def mask_url(page):
    return page.page.evaluate(f"() => {MASK}")


def region(page):
    """The region of the canvas, bool (H, W); None where there is none."""
    url = mask_url(page)
    if url is None:
        return None
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.split(",")[1]))).convert("L")) > 0


def inside(mask, places):
    return all(mask[round(y), round(x)] for x, y in places)


def test_the_mouth_alone_is_dragged_undone_and_kept(open_page):
    page = open_page()
    page.show_seed(114)
    page.settle()
    before = page.picture()
    landmarks, _ = find_face(before)
    mask = choose(page, "mouth")
    assert inside(mask, landmarks[LIPS])
    assert not inside(mask, landmarks[36:48])  # the eyes
    assert mask.mean() < 0.2
    page.wait_for_entries("Region]")
    page.page.click("#undo")
    page.page.wait_for_function(f"() => {MASK} === null")
    page.page.keyboard.press("Control+y")
    page.page.wait_for_function(f"() => {MASK} !== null")
    np.testing.assert_array_equal(region(page), mask)

    page.page.click("[data-tool=point]")
    for corner, way in ((48, -30), (54, 30)):
        x, y = landmarks[corner]
        page.press_and_drag((x, y), (x + way, y - 10))
    page.drag()
    after = page.picture()
    now, _ = find_face(after)
    wider = np.linalg.norm(now[54] - now[48]) - np.linalg.norm(landmarks[54] - landmarks[48])
    assert wider > 20
    changed = np.abs(after.astype(int) - before).max(-1)
    assert changed[mask].mean() > 2
    assert changed[beyond(mask, 100)].max() <= 2  # what a JPEG makes of the same pixels

    page.kept("drag")
    page.page.reload()
    page.wait_for_status("Welcome back")
    page.wait_for_frame(after=0)
    page.errors.clear()  # Gradio reports the stream that the reload cut off
    page.page.wait_for_function(f"() => {MASK} !== null")
    np.testing.assert_array_equal(region(page), mask)


def test_every_part_is_found_one_after_the_other(open_page):
    page = open_page(width=390, height=844, touch=True)
    landmarks, _ = find_face(page.picture())
    masks = {part: choose(page, part) for part in ("eyes", "nose", "face", "head", "mouth")}
    assert inside(masks["eyes"], landmarks[36:48])
    assert inside(masks["nose"], landmarks[28:36])
    assert inside(masks["face"], landmarks[17:68])
    assert inside(masks["head"], landmarks)
    assert inside(masks["mouth"], landmarks[LIPS])
    for part in ("face", "nose", "eyes"):  # each was one change
        page.page.click("#undo")
        page.settle()
        if part != "face":
            continue
        np.testing.assert_array_equal(region(page), masks["head"])
    np.testing.assert_array_equal(region(page), masks["nose"])


def test_where_there_is_no_face_a_sentence_says_what_to_do(open_page):
    page = open_page()
    page.choose_model(SQUARE)
    page.page.wait_for_function("() => document.querySelector('.dc-picture').width === 512")
    page.settle()
    page.page.click("[data-act=face]")
    page.page.click("[data-part=mouth]")
    page.wait_for_status("No face was found in this picture: paint the region by hand.")
    assert mask_url(page) is None
    assert page.entries[-1].startswith("[Face")
