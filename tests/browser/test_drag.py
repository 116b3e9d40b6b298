"""Faces dragged on the real page, judged by dlib's landmarks and not by our own tracker."""

import os

import numpy as np
import pytest

from tests.judge import NOSE_TIP, face_region, find_face

pytestmark = pytest.mark.slow  # drags judged by dlib

SEEDS = (0, 1, 2, 3, 4)
DISTANCE = 60
DRAGGED = {}  # pictures before and after, by seed


def drag_nose(page, seed, move):
    """Drag the nose tip of a seed to the right; returns how far dlib saw it go, the detector's
    score afterwards, and how many frames were shown meanwhile; both pictures go to DRAGGED."""
    page.show_seed(seed)
    before = page.picture()
    landmarks, _ = find_face(before)
    nose = landmarks[NOSE_TIP]
    first = page.serial
    move(tuple(nose), (nose[0] + DISTANCE / 2, nose[1]), (nose[0] + DISTANCE, nose[1]))
    status = page.drag()
    after = page.picture()
    moved, score = find_face(after)
    went = 0.0 if moved is None else moved[NOSE_TIP][0] - nose[0]
    print(f"seed {seed}: {status!r} dlib {went:.0f} px, score {score:.2f}")
    DRAGGED[seed] = before, after
    return went, score, page.serial - first


ALL = bool(os.environ.get("DRAG_ALL_SEEDS"))  # by touch too: some minutes more


@pytest.mark.parametrize(
    ("touch", "seeds", "enough"),
    [
        (False, SEEDS, 4),
        (True, SEEDS, 4) if ALL else (True, (2, 4), 1),
    ],
    ids=["mouse", "touch"],
)
def test_the_nose_follows_and_the_face_stays_a_face(open_page, touch, seeds, enough):
    page = open_page(**({"width": 390, "height": 844, "touch": True} if touch else {}))
    good, shown = 0, []
    for seed in seeds:
        move = page.touch_and_drag if touch else page.press_and_drag
        went, score, frames = drag_nose(page, seed, move)
        shown.append(frames)
        good += went >= DISTANCE / 2 and score > 0
    assert good >= enough
    # First, last and some between; where both cores were busy with something else, of one only.
    assert max(shown) >= 3, "the picture shall change while the drag runs"


def paint(page, left, top, right, bottom):
    """Paint a rectangle with the brush as it comes."""
    page.page.click("[data-tool=paint]")
    radius = 45
    path = []
    for i, y in enumerate(np.arange(top + radius, bottom - radius + 1, radius)):
        ends = [(left + radius, y), (right - radius, y)]
        path += ends if i % 2 == 0 else ends[::-1]
    page.press_and_drag(*path)
    page.page.click("[data-tool=point]")
    assert page.value()["painted"]


def test_a_region_holds_the_rest_to_the_pixel_whatever_is_done(open_page):
    page = open_page()
    page.show_seed(2)
    before = page.picture()
    landmarks, _ = find_face(before)
    nose = landmarks[NOSE_TIP]
    page.press_and_drag(tuple(nose), (nose[0] + DISTANCE, nose[1]))
    left, top, right, bottom = (int(max(0, end)) for end in face_region(landmarks))
    paint(page, left, top, right, bottom)
    away = np.ones(before.shape[:2], bool)
    away[max(0, top - 100) : bottom + 100, max(0, left - 100) : right + 100] = False
    assert away.mean() > 0.05

    def holds():
        np.testing.assert_array_equal(page.picture()[away], before[away])

    print(page.drag())
    holds()
    once = page.picture()
    moved, _ = find_face(once)
    assert moved[NOSE_TIP][0] - nose[0] >= DISTANCE / 2
    (pair,) = page.value()["points"]
    page.press_and_drag(tuple(pair["target"]), (pair["target"][0], pair["target"][1] - 30))
    page.drag()
    holds()
    assert (page.picture() != once).any()
    serial = page.serial
    page.page.click("#undo")
    page.wait_for_frame(after=serial)
    holds()
    page.page.reload()
    page.errors.clear()  # Gradio reports the stream that the reload cut off
    page.wait_for_frame(after=0)
    page.settle()
    holds()
    saved = page.save("drag").read_bytes()
    page.show_seed(3)
    assert (page.picture()[away] != before[away]).any()
    page.open({"name": "face.drag", "mimeType": "application/json", "buffer": saved})
    page.wait_for_status("Opened")
    page.settle()
    holds()


def test_a_region_too_small_is_said_at_once_and_grown_by_a_button(open_page):
    page = open_page()
    page.show_seed(2)
    page.press_and_drag((300, 300), (340, 300))
    paint(page, 600, 600, 800, 800)
    page.page.click("#drag")
    said = page.wait_for_status("outside the region")
    assert "Point 1" in said
    page.page.click("#status [data-remedy=grow]")
    assert page.value()["painted"]
    page.drag()  # the arrow's way is in the region now


def test_what_a_drag_may_reach_is_shown_while_it_is_chosen_and_kept_to(open_page):
    page = open_page()
    page.show_seed(2)
    before = page.picture()
    landmarks, _ = find_face(before)
    x, y = landmarks[NOSE_TIP]
    page.press_and_drag((x, y), (x + 30, y))
    shown = page.page.locator(".dc-overlay").screenshot()
    page.page.locator("#reach input[type=number]").fill("60")
    page.page.wait_for_function("() => document.querySelector('.dc-stage').reaching() === 120")
    assert page.page.locator(".dc-overlay").screenshot() != shown
    page.page.wait_for_function("() => document.querySelector('.dc-stage').reaching() === null")
    page.drag()
    away = np.ones(before.shape[:2], bool)
    away[int(y) - 250 : int(y) + 250, int(x) - 250 : int(x) + 280] = False
    np.testing.assert_array_equal(page.picture()[away], before[away])
