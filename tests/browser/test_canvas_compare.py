"""The canvas alone: the original, held or beside the picture as it is."""

import numpy as np
import pytest

from drag.files.images import jpeg
from drag.page.components.base import to_url
from drag.page.components.canvas import _HTML, _JS
from tests.browser.bench import SQUARE, flat, frame_of, paint, wheel

pytestmark = pytest.mark.slow  # the original held, split and asked for

RED, GREEN, BLUE = (200, 30, 30), (30, 160, 30), (40, 40, 200)


def is_colour(pixels, colour) -> bool:
    return bool(np.abs(np.median(pixels.reshape(-1, 3), axis=0) - colour).max() < 12)


def compared(open_bench, **kwargs):
    """A bench that shows blue now and red as it was sampled."""
    frame = frame_of(flat(RED), 1, sample="a", original=True)
    bench = open_bench(frame=frame, **kwargs)
    bench.press_and_drag((20, 150), (45, 190))
    bench.show(flat(BLUE), 2, sample="a")
    return bench


def test_the_original_is_seen_as_long_as_its_button_is_held(open_bench):
    bench = compared(open_bench)
    assert is_colour(bench.seen(), BLUE)
    with_point = bench.seen()[150:250, :100]
    bench.page.locator("[data-act=original]").hover()
    bench.page.mouse.down()
    assert is_colour(bench.seen(), RED)
    assert with_point.astype(int).std() > 20
    assert bench.seen()[150:250, :100].astype(int).std(axis=(0, 1)).max() < 3  # points are hidden
    assert bench.page.inner_text(".dc-label-before") == "Original"
    bench.page.mouse.move(5, 5)
    bench.page.mouse.up()
    assert is_colour(bench.seen(), BLUE)
    assert not bench.page.is_visible(".dc-label-before")
    assert bench.events == ["release"]  # nothing had to be asked for


@pytest.mark.parametrize("key", [" ", "Enter", "c"])
def test_the_original_is_held_by_key(open_bench, key):
    bench = compared(open_bench)
    bench.page.locator(".dc-stage" if key == "c" else "[data-act=original]").focus()
    bench.page.keyboard.down(key)
    assert is_colour(bench.seen(), RED)
    bench.page.keyboard.up(key)
    assert is_colour(bench.seen(), BLUE)
    bench.page.keyboard.down(key)
    bench.page.locator("[data-act=help]").focus()  # a key whose release is never seen
    assert is_colour(bench.seen(), BLUE)


@pytest.mark.parametrize("focus", [".dc-stage", "[data-tool=paint]"])
def test_a_held_key_is_let_go_where_the_window_loses_the_focus(open_bench, focus):
    bench = compared(open_bench)
    bench.page.locator(focus).focus()
    bench.page.keyboard.down("c")
    assert bench.page.get_attribute("[data-act=original]", "aria-pressed") == "true"
    bench.page.evaluate("() => window.dispatchEvent(new Event('blur'))")
    assert bench.page.get_attribute("[data-act=original]", "aria-pressed") == "false"
    bench.page.keyboard.up("c")
    bench.page.keyboard.down("c")
    bench.page.keyboard.press("Tab")  # to another button, as far as the page knows
    assert bench.page.get_attribute("[data-act=original]", "aria-pressed") == "false"


def test_the_original_is_held_by_touch(open_bench):
    bench = compared(open_bench, width=390, height=844, touch=True)
    box = bench.page.locator("[data-act=original]").bounding_box()
    client = bench.page.context.new_cdp_session(bench.page)
    place = {"x": box["x"] + 15, "y": box["y"] + 15}
    client.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [place]})
    bench.page.wait_for_timeout(700)  # longer than a long press
    assert is_colour(bench.seen(), RED)
    client.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    assert is_colour(bench.seen(), BLUE)


def test_a_missing_original_is_asked_for_once(open_bench):
    bench = open_bench(frame=frame_of(flat(BLUE), 1, sample="b"))
    bench.page.locator(".dc-stage").focus()
    bench.page.keyboard.down("c")
    bench.settle()
    assert bench.events == ["compare"]
    assert is_colour(bench.seen(), BLUE)
    bench.page.keyboard.up("c")
    bench.page.keyboard.down("c")
    assert bench.events == ["compare"]
    bench.set("before", {"src": to_url("image/jpeg", jpeg(flat(GREEN), 95)), "sample": "old"})
    assert is_colour(bench.seen(), BLUE)  # of another picture
    bench.set("before", {"src": to_url("image/jpeg", jpeg(flat(RED), 95)), "sample": "b"})
    assert is_colour(bench.seen(), RED)
    bench.page.keyboard.up("c")
    bench.settle()
    assert is_colour(bench.seen(), BLUE)
    bench.press("s")
    assert bench.events == ["compare"]
    bench.show(flat(GREEN), 2, sample="c")  # another picture: its own original is wanted
    assert bench.events == ["compare"] * 2


def test_buttons_of_compare_wait_for_a_frame(open_bench):
    bench = compared(open_bench)
    assert bench.page.is_enabled("[data-act=split]")
    page = bench.page
    page.evaluate(
        """() => {
      const copy = document.createElement('div');
      document.querySelector('main').append(copy);
      copy.innerHTML = HTML_TEXT; mount(copy);
      window.fresh = copy;
    }""".replace("HTML_TEXT", repr(_markup())).replace("mount(copy)", _mount())
    )
    assert page.evaluate("() => window.fresh.querySelector('[data-act=split]').disabled")
    assert page.evaluate("() => window.fresh.querySelector('[data-act=original]').disabled")


def _markup():
    return _HTML.replace("\n", " ")


def _mount():
    return (
        "(function (element, trigger, props, server, watch) {"
        + _JS
        + "})(copy, () => {}, {}, {}, () => {})"
    )


def halves(bench):
    seen = bench.seen()
    edge = seen.shape[1] // 8
    return seen[60:-20, 10:edge], seen[60:-20, -edge:-10]


def test_split_shows_before_on_the_left_and_now_on_the_right(open_bench):
    bench = compared(open_bench)
    bench.page.click("[data-act=split]")
    left, right = halves(bench)
    assert is_colour(left, RED)
    assert is_colour(right, BLUE)
    assert left.astype(int).std(axis=(0, 1)).max() < 3  # no points
    assert bench.page.inner_text(".dc-label-before") == "Before"
    assert bench.page.inner_text(".dc-label-now") == "Now"
    bench.show(flat(GREEN), 3, sample="a", run="r")  # a drag goes on
    assert is_colour(halves(bench)[1], GREEN)
    assert is_colour(halves(bench)[0], RED)
    bench.press_and_drag((300, 300), (350, 350))
    assert len(bench.value()["points"]) == 1  # nothing is placed unseen
    bench.page.click("[data-tool=paint]")  # who takes a tool wants to use it
    assert bench.page.get_attribute("[data-act=split]", "aria-pressed") == "false"
    assert is_colour(halves(bench)[0], GREEN)


def split_share(bench):
    """The share of the stage's width that shows red."""
    row = bench.seen()[-40].astype(int)
    return (np.abs(row - RED).max(axis=1) < 20).mean()


def test_the_line_is_moved_by_mouse_and_by_key(open_bench):
    bench = compared(open_bench)
    bench.press("s")
    divider = bench.page.get_by_role("slider", name="Line between before and now")
    stage = bench.page.locator(".dc-stage").bounding_box()
    grip = bench.page.locator(".dc-divider i").bounding_box()
    middle = grip["y"] + 20
    bench.page.mouse.move(grip["x"] + 20, middle)
    bench.page.mouse.down()
    bench.page.mouse.move(stage["x"] + 0.25 * stage["width"], middle, steps=4)
    bench.page.mouse.up()
    assert split_share(bench) == pytest.approx(0.25, abs=0.02)
    assert divider.get_attribute("aria-valuenow") == "25"
    divider.focus()
    for _ in range(5):
        bench.page.keyboard.press("ArrowRight")
    assert split_share(bench) == pytest.approx(0.35, abs=0.02)
    bench.page.keyboard.press("End")
    assert divider.get_attribute("aria-valuenow") == "100"
    assert len(bench.value()["points"]) == 1


def test_the_line_is_moved_by_finger(open_bench):
    bench = compared(open_bench, width=390, height=844, touch=True)
    bench.page.click("[data-act=split]")
    stage = bench.page.locator(".dc-stage").bounding_box()
    x, y = stage["x"] + stage["width"] / 2, stage["y"] + stage["height"] / 2
    bench.fingers([(x, y)], [(x + 30, y)], [(stage["x"] + 0.75 * stage["width"], y)])
    assert split_share(bench) == pytest.approx(0.75, abs=0.03)


def test_split_and_zoom_go_together(open_bench):
    before, now = flat(RED), flat(BLUE)
    before[:, 128:140], now[:, 128:140] = 255, 255
    bench = open_bench(frame=frame_of(before, 1, sample="a", original=True))
    bench.show(now, 2, sample="a")
    bench.press("s")
    wheel(bench, bench.at(134, 256), -80, ctrl=True)
    wheel(bench, bench.at(134, 256), -80, ctrl=True)
    bench.page.mouse.move(0, 0)
    row = bench.seen()[-40].astype(int)
    white = np.nonzero(row[: len(row) * 45 // 100].min(axis=1) > 230)[0]
    box = bench.page.locator(".dc-stage").bounding_box()
    left, right = (bench.on_screen(x, 0)[0] - box["x"] for x in (127.5, 139.5))
    assert white.min() == pytest.approx(left, abs=3)
    assert white.max() == pytest.approx(right, abs=3)
    assert is_colour(bench.seen()[-60:-20, -60:-20], BLUE)


def test_points_are_not_edited_unseen(open_bench):
    bench = compared(open_bench)
    paint(bench, "lasso", *SQUARE)
    bench.press("p", "n", "s", "Delete", "l", "i", "ArrowRight")
    bench.page.wait_for_timeout(500)
    assert bench.events == ["release"] * 2
    bench.press("s", "ArrowRight", "Enter")
    assert bench.events == ["release"] * 3 + ["submit"]
