"""The page while the picture follows a pointer: let go, taken back, undone."""

import math

import numpy as np
import pytest

from tests.browser.page import NOSE

THERE = NOSE[0] + 60, NOSE[1]


def following(page):
    """The page, on which a press is followed."""
    page.page.click("[data-way=follow]")
    return page


def hold(page, *path):
    """Press at the first place and move to the last, until the picture has followed a little."""
    page.hold(*path)
    page.page.wait_for_function(
        "([x, y]) => { const pair = document.querySelector('.dc-stage').drawn().points.at(-1);"
        " return pair && Math.hypot(pair.handle[0] - x, pair.handle[1] - y) > 5; }",
        arg=list(path[0]),
    )


def ended(page):
    """Until it is over and its picture there."""
    page.page.wait_for_selector("#stop[disabled]", state="attached")
    page.settle()


@pytest.mark.slow
@pytest.mark.alone  # where a step is slow a press is an arrow
def test_the_picture_follows_and_one_undo_takes_it_back(open_page):
    page = following(open_page())
    before = page.picture()
    hold(page, NOSE, THERE)
    assert "Following" in page.status
    assert np.abs(page.picture().astype(int) - before).max() > 20  # while it is held
    page.page.mouse.up()
    ended(page)
    after, (point,) = page.picture(), page.value()["points"]
    assert np.allclose(point["target"], THERE, atol=1)
    assert math.dist(point["handle"], THERE) < 30
    assert page.entries[-1] == "[Drag]"
    page.page.click("#undo")
    page.wait_for_status("Went back")
    page.settle()
    assert (page.picture() == before).all()
    assert page.value()["points"] == []
    page.page.click("#redo")
    page.wait_for_status("Went forward")
    page.settle()
    assert np.abs(page.picture().astype(int) - after).mean() < 1


@pytest.mark.slow
@pytest.mark.alone  # where a step is slow a press is an arrow
def test_out_and_back_and_escape_give_the_first_picture_again(open_page):
    page = following(open_page())
    before = page.picture()
    hold(page, NOSE, THERE)
    page.page.mouse.move(*page.at(*NOSE), steps=8)
    page.page.mouse.up()
    ended(page)
    assert (page.picture() == before).all()
    assert page.value()["points"][0]["pinned"]
    hold(page, (NOSE[0] - 60, NOSE[1] + 160), (NOSE[0] - 110, NOSE[1] + 120))
    page.page.keyboard.press("Escape")
    page.wait_for_status("Taken back")
    ended(page)
    page.page.mouse.up()
    assert (page.picture() == before).all()
    (pin,) = page.value()["points"]
    assert math.dist(pin["handle"], pin["target"]) < 0.2


@pytest.mark.slow
@pytest.mark.alone  # where a step is slow a press is an arrow
def test_a_finger_is_followed_and_a_second_hold_goes_on(open_page):
    page = following(open_page(width=390, height=844, touch=True))
    before = page.picture()
    for end in (THERE, (THERE[0] + 10, THERE[1] + 40)):
        at = page.value()["points"][0]["handle"] if page.value()["points"] else NOSE
        page.touch_and_drag(at, end)
        ended(page)
    (point,) = page.value()["points"]
    assert np.allclose(point["target"], (THERE[0] + 10, THERE[1] + 40), atol=4)
    assert np.abs(page.picture().astype(int) - before).mean() > 0.2
    assert page.entries.count("Drag") + page.entries.count("[Drag]") == 2


@pytest.mark.slow
@pytest.mark.alone  # where a step is slow a press is an arrow
def test_the_first_press_on_the_opening_example_is_alone(open_page):
    page = following(open_page(example=True))
    assert len(page.value()["points"]) == 2
    hold(page, NOSE, THERE)
    assert len(page.value()["points"]) == 1
    page.page.mouse.up()
    ended(page)
    page.page.click("#undo")
    page.wait_for_status("Went back")
    page.settle()
    assert len(page.value()["points"]) == 2
