"""The canvas alone: brush, lasso, eraser, what they mean, and how a region looks."""

import numpy as np
import pytest

from tests.browser.bench import SIDE, SQUARE, flat, paint, region_url


def test_a_lasso_fills_what_it_goes_round(open_bench):
    bench = open_bench()
    paint(bench, "lasso", *SQUARE)
    region = bench.region()
    assert region.sum() == pytest.approx(200 * 200, rel=0.03)
    assert region[110:290, 110:290].all()
    assert not region[:95].any()
    assert bench.events == ["release"]
    bench.press_and_drag((400, 400), (401, 402))  # a slip of the hand
    assert bench.events == ["release"]


@pytest.mark.slow
def test_a_lasso_of_what_stays_leaves_all_else_moving(open_bench):
    bench = open_bench()
    paint(bench, "lasso", *SQUARE, meaning="keep")
    region = bench.region()
    assert (~region).sum() == pytest.approx(200 * 200, rel=0.03)
    assert region[0, 0]
    paint(bench, "lasso", (150, 150), (250, 150), (250, 250), (150, 250), meaning="move")
    region = bench.region()
    assert region[200, 200]
    assert not region[120, 120]


@pytest.mark.slow
def test_the_eraser_gives_back_the_ground(open_bench):
    bench = open_bench()
    bench.set_brush(60)
    paint(bench, "lasso", *SQUARE)
    paint(bench, "erase", (200, 100), (200, 300))
    assert not bench.region()[200, 200]
    assert bench.region()[200, 120]
    bench.page.click("[data-act=clear]")
    assert bench.committed["mask"] is None
    paint(bench, "lasso", *SQUARE, meaning="keep")
    paint(bench, "erase", (200, 100), (200, 300))
    assert bench.region()[200, 200]
    assert not bench.region()[200, 120]


@pytest.mark.slow
def test_erasing_everything_or_painting_everything_is_no_region(open_bench):
    bench = open_bench()
    bench.set_brush(300)
    everywhere = [(0, 60), (511, 60), (511, 260), (0, 260), (0, 450), (511, 450)]
    paint(bench, "paint", (100, 100), (200, 100))
    assert bench.region() is not None
    paint(bench, "erase", *everywhere)
    assert bench.committed["mask"] is None
    assert not bench.value()["painted"]
    ticks = len(bench.events)
    bench.press_and_drag((100, 100), (200, 100))  # nothing there to erase
    assert len(bench.events) == ticks
    paint(bench, "paint", *everywhere, meaning="move")
    assert bench.committed["mask"] is None
    paint(bench, "paint", *everywhere, meaning="keep")
    assert bench.committed["mask"] is None


@pytest.mark.slow
def test_invert_swaps_what_moves_with_what_stays(open_bench):
    bench = open_bench()
    bench.set_brush(60)
    assert bench.page.is_disabled("[data-act=invert]")
    paint(bench, "lasso", *SQUARE)
    before = bench.region()
    bench.page.click("[data-act=invert]")
    np.testing.assert_array_equal(bench.region(), ~before)
    paint(bench, "erase", (200, 100), (200, 300))
    assert bench.region()[200, 200]  # the ground was swapped too
    bench.press("i")
    assert not bench.region()[200, 200]
    assert bench.events == ["release"] * 4


@pytest.mark.parametrize(
    "ground",
    [pytest.param(False, id="stays"), pytest.param(True, marks=pytest.mark.slow, id="moves")],
)
def test_the_ground_of_a_servers_region_is_its_border(open_bench, ground):
    mask = np.full((SIDE, SIDE), ground)
    mask[100:300, 100:300] = not ground
    mask[0, :80] = not ground  # a little of the border is painted as well
    value = {"width": SIDE, "height": SIDE, "points": [], "mask": region_url(mask), "revision": 2}
    bench = open_bench(value=value)
    bench.page.locator("[data-tool=erase]").click()
    bench.set_brush(60)
    bench.press_and_drag((200, 200), (240, 200))
    assert bench.region()[200, 220] == ground
    assert bench.region()[120, 120] != ground


def test_k_switches_what_is_painted_and_the_eraser_gives_way(open_bench):
    bench = open_bench()
    bench.press("e", "k")
    assert bench.page.get_attribute("[data-meaning=keep]", "aria-pressed") == "true"
    assert bench.page.get_attribute("[data-tool=paint]", "aria-pressed") == "true"
    bench.press_and_drag((200, 200), (220, 200))
    assert not bench.region()[200, 210]
    assert bench.region()[0, 0]
    bench.press("k")
    assert bench.page.get_attribute("[data-meaning=move]", "aria-pressed") == "true"


@pytest.mark.parametrize(
    "tone", [pytest.param(4, marks=pytest.mark.slow, id="dark"), pytest.param(250, id="light")]
)
def test_what_stays_is_seen_on_any_picture_and_what_moves_is_clear(open_bench, tone):
    bench = open_bench()
    bench.show(flat(tone), 2)
    paint(bench, "lasso", *SQUARE)
    bench.page.mouse.move(0, 0)
    seen = bench.seen().astype(int)
    scale = seen.shape[0] / SIDE
    part = [slice(round(a * scale), round(b * scale)) for a, b in ((130, 270), (350, 480))]
    assert np.abs(seen[part[0], part[0]] - tone).max() <= 3
    stays = seen[part[1], part[1]]
    assert stays.std() > 5  # hatched
    if tone > 200:
        assert stays.mean() < 200
    bench.page.click("[data-act=toggle]")
    assert np.abs(bench.seen().astype(int)[part[1], part[1]] - tone).max() <= 3
    assert bench.region() is not None  # hidden, not gone
    assert bench.page.inner_text("[data-act=toggle]") == "Show"


@pytest.mark.slow
def test_a_region_is_out_of_sight_from_the_drag_on_until_a_region_tool_is_taken(open_bench):
    bench = open_bench()
    bench.show(flat(250), 2)
    paint(bench, "lasso", *SQUARE)
    bench.press("p")
    bench.page.mouse.move(0, 0)
    assert bench.seen().std() > 5
    bench.show(flat(250), 3, run="r")
    assert not bench.page.is_visible(".dc-chip")
    bench.show(flat(250), 4, run="r", settle=True)
    assert bench.page.inner_text("[data-act=toggle]") == "Show"
    bench.page.evaluate("document.querySelector('.dc-chip').hidden = true")
    assert bench.seen().std() < 2
    bench.press("b")
    assert bench.page.inner_text("[data-act=toggle]") == "Hide"
    bench.page.click("[data-act=clear]")
    assert bench.region() is None
    assert not bench.page.is_visible(".dc-chip")


def test_escape_takes_a_stroke_back(open_bench):
    bench = open_bench()
    paint(bench, "paint", (100, 100), (200, 100))
    before = bench.region()
    bench.page.mouse.move(*bench.at(300, 300))
    bench.page.mouse.down()
    bench.page.mouse.move(*bench.at(400, 300), steps=3)
    bench.page.keyboard.press("Escape")
    bench.page.mouse.up()
    assert bench.events == ["release"]
    bench.press("i", "i")
    np.testing.assert_array_equal(bench.region(), before)


@pytest.mark.slow
def test_a_region_is_grown_all_round_and_along_the_arrows(open_bench):
    bench = open_bench()
    bench.press_and_drag((400, 400), (450, 400))
    paint(bench, "lasso", *SQUARE)
    bench.page.evaluate("() => document.querySelector('.dc-stage').remedies.grow()")
    region = bench.region()
    by = 64 * SIDE // 1024
    assert region[100 - by + 3 : 300 + by - 3, 105:295].all()
    assert not region[: 100 - by - 3].any()
    assert not region[100 - by + 3, 100 - by + 3], "corners are round"
    assert region[400 - by + 3 : 400 + by - 3, 400:450].all()
    assert bench.events[-1] == "release"
    bench.page.evaluate("() => document.querySelector('.dc-stage').remedies.clear()")
    assert bench.committed["mask"] is None
