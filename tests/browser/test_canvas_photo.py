"""The canvas alone: a photo that is worked on, over the picture, which is not lost."""

import numpy as np
import pytest

from drag.files.images import jpeg
from drag.page.components.base import to_url
from tests.browser.bench import flat

SHOW = "work => document.querySelector('.dc-stage').showWork(work)"
RED, BLUE, GREEN = (200, 30, 30), (30, 30, 200), (30, 160, 30)


@pytest.fixture
def bench(open_bench, new_page):
    """A canvas whose visitor wants no motion: a test waits for none."""
    page = new_page()
    page.emulate_media(reduced_motion="reduce")
    return open_bench(page=page)


def show(bench, work):
    """What assets/photo/photo.js tells of a photo, and until it is seen."""
    bench.page.evaluate(SHOW, work)
    bench.settle()


def photo(colour):
    return to_url("image/jpeg", jpeg(flat(colour, 64, 64), 95))


def over(bench):
    """Until nothing is over the picture."""
    bench.page.wait_for_selector(".dc-work", state="hidden")
    bench.page.wait_for_selector(".dc-photo", state="hidden")


def looks(bench, colour):
    """Whether the middle of the stage has this colour."""
    seen = bench.seen()
    middle = seen[len(seen) // 2, len(seen[0]) // 2]
    return np.abs(middle.astype(int) - colour).max() < 12


def test_each_fit_takes_the_place_of_the_one_before_and_it_says_how_far_it_is(bench):
    picture = bench.seen()
    show(bench, {"src": photo(RED)})  # the server has not answered yet
    assert looks(bench, RED)
    assert bench.page.locator(".dc-work").is_hidden()
    show(bench, {"words": "Starting …", "share": 0, "src": photo(BLUE)})
    show(bench, {"words": "Coming closer: 43 %, about 30 seconds left", "share": 0.43})
    bar = bench.page.get_by_role("progressbar", name="How far the work on your photo is")
    assert bar.get_attribute("aria-valuenow") == "43"
    assert "30 seconds left" in bench.page.inner_text(".dc-work")
    for colour in (BLUE, GREEN):
        show(bench, {"src": photo(colour)})
        assert looks(bench, colour)
        assert bench.page.locator(".dc-photo img").count() == 1
    show(bench, None)  # it came to nothing
    over(bench)
    np.testing.assert_array_equal(bench.seen(), picture)


def test_the_picture_under_it_cannot_be_touched_and_stop_is_at_hand(bench):
    show(bench, {"words": "Starting …", "share": 0, "src": photo(RED)})
    bench.press_and_drag((100, 100), (200, 200))
    bench.page.locator(".dc-stage").focus()
    for key in ("a", "Enter", "+"):
        bench.page.keyboard.press(key)
    assert bench.value()["points"] == []
    assert bench.view()["scale"] == 1
    assert bench.events == []
    assert bench.page.evaluate("() => document.querySelector('.dc-bar').inert")
    bench.page.keyboard.press("Escape")
    bench.page.click("[data-act=halt]")
    assert bench.events == ["stop", "stop"]
    show(bench, None)
    over(bench)
    bench.press_and_drag((100, 100), (200, 200))
    assert len(bench.value()["points"]) == 1


def test_another_frame_is_seen_at_once_and_the_last_one_when_it_is_over(bench):
    show(bench, {"words": "Starting …", "share": 0, "src": photo(RED)})
    bench.show(flat(BLUE), 2)  # undo was pressed
    bench.page.wait_for_selector(".dc-photo", state="hidden")
    assert looks(bench, BLUE)
    show(bench, {"words": "Half", "share": 0.5, "src": photo(RED)})
    assert looks(bench, BLUE)
    assert bench.page.inner_text(".dc-work span") == "Half"
    bench.press_and_drag((100, 100), (200, 200))
    assert len(bench.value()["points"]) == 1
    show(bench, None)
    show(bench, {"words": "Again", "share": 0})  # to go on from what is here
    assert looks(bench, BLUE)
    show(bench, {"src": photo(RED)})
    assert looks(bench, RED)
    bench.page.evaluate(SHOW, None)
    bench.show(flat(GREEN), 3)
    over(bench)
    assert looks(bench, GREEN)


@pytest.mark.slow  # a second of dissolving
@pytest.mark.parametrize(("wanted", "duration"), [("reduce", 0), ("no-preference", 500)])
def test_it_dissolves_but_for_who_wants_no_motion(open_bench, wanted, duration):
    bench = open_bench()
    bench.page.emulate_media(reduced_motion=wanted)
    bench.page.evaluate(
        """() => { window.faded = []; const animate = Element.prototype.animate;
        Element.prototype.animate = function (frames, timing) {
          window.faded.push(timing.duration);
          return animate.call(this, frames, timing);
        }; }"""
    )
    show(bench, {"words": "", "share": 0, "src": photo(RED)})
    assert looks(bench, RED)
    show(bench, None)
    over(bench)
    assert bench.page.evaluate("() => window.faded") == [duration] * 2
