"""The canvas alone: zoom and pan by wheel, fingers, buttons and keys."""

import numpy as np
import pytest

from tests.browser.bench import SIDE, SQUARE, ends, flat, picture, wheel

pytestmark = pytest.mark.slow  # zoom and two fingers, by mouse and touch

RED, GREEN, BLUE = (200, 30, 30), (30, 160, 30), (40, 40, 200)


def is_colour(pixels, colour) -> bool:
    return bool(np.abs(np.median(pixels.reshape(-1, 3), axis=0) - colour).max() < 12)


def test_the_wheel_zooms_about_the_cursor(open_bench):
    bench = open_bench()
    place = tuple(map(round, bench.at(400, 130)))  # a wheel's event has whole numbers
    point = bench.place_under(*place)
    wheel(bench, place, -40, ctrl=True)  # zoomed a little, a plain wheel goes on
    for _ in range(3):
        wheel(bench, place, -200)
        assert np.allclose(bench.place_under(*place), point, atol=0.01)
    assert bench.view()["scale"] > 2.5
    for _ in range(8):
        wheel(bench, place, -200)
    assert bench.view()["scale"] == 8
    assert np.allclose(bench.place_under(*place), point, atol=0.01)
    for _ in range(12):
        wheel(bench, place, 200)
    assert bench.view() == {"scale": 1, "x": 0, "y": 0}
    assert bench.page.inner_text(".dc-percent") == "100%"


def test_the_picture_and_what_lies_over_it_follow_the_view(open_bench):
    """A square of another colour, marked at its corner, is seen where the view says it is."""
    bench = open_bench()
    pixels = flat(40)
    pixels[300:310, 400:410] = 230
    bench.show(pixels, 2)
    bench.press_and_drag((380, 290), (380, 250))
    wheel(bench, bench.at(400, 300), -80, ctrl=True)
    bench.page.mouse.move(0, 0)
    box = bench.page.locator(".dc-stage").bounding_box()
    seen = bench.seen().astype(int)
    for point, colour in (
        ((404, 304), (230,) * 3),
        ((415, 304), (40,) * 3),
        ((380, 290), (0xF4, 0x3F, 0x5E)),
        ((380, 250), (0x3B, 0x82, 0xF6)),
    ):
        x, y = bench.on_screen(*point)
        pixel = seen[round(y - box["y"]), round(x - box["x"])]
        assert np.abs(pixel - colour).max() < 14, (point, pixel)


def test_a_plain_wheel_scrolls_until_the_picture_is_zoomed(open_bench):
    bench = open_bench()
    bench.page.evaluate("document.querySelector('main').style.paddingBottom = '1500px'")
    place = bench.at(256, 200)
    wheel(bench, place, 100)
    assert bench.page.evaluate("scrollY") > 0  # there is nothing to zoom out of
    assert bench.view()["scale"] == 1
    scrolled = bench.page.evaluate("scrollY")
    wheel(bench, place, -40)
    assert bench.view()["scale"] == 1
    assert bench.page.evaluate("scrollY") < scrolled
    wheel(bench, place, -100, ctrl=True)  # a trackpad's pinch zooms always
    assert bench.view()["scale"] > 1.5
    zoomed, scrolled = bench.view()["scale"], bench.page.evaluate("scrollY")
    wheel(bench, place, -100)
    assert bench.view()["scale"] > zoomed
    assert bench.page.evaluate("scrollY") == scrolled


def test_points_and_strokes_placed_when_zoomed_land_on_their_pixels(open_bench):
    bench = open_bench()
    wheel(bench, bench.at(200, 300), -120, ctrl=True)
    assert bench.view()["scale"] > 3
    bench.page.mouse.move(*bench.on_screen(210, 310))
    bench.page.mouse.down()
    bench.page.mouse.move(*bench.on_screen(231, 305), steps=4)
    bench.page.mouse.up()
    assert np.allclose(ends(bench), [(210, 310), (231, 305)], atol=0.3)
    bench.page.click("[data-tool=paint]")
    bench.set_brush(10)
    bench.page.mouse.move(*bench.on_screen(200, 290))
    bench.page.mouse.down()
    bench.page.mouse.move(*bench.on_screen(240, 290), steps=4)
    bench.page.mouse.up()
    y, x = np.nonzero(bench.region())
    assert np.allclose([x.min(), x.max(), y.min(), y.max()], [195, 245, 285, 295], atol=1.5)


def test_buttons_and_keys_zoom_about_the_middle(open_bench):
    bench = open_bench()
    assert bench.page.is_disabled("[data-act=zoom-out]")
    bench.page.click("[data-act=zoom-in]")
    assert bench.view()["scale"] == pytest.approx(1.5)
    assert bench.page.inner_text(".dc-percent") == "150%"
    middle = np.array([bench.view()["x"], bench.view()["y"]]) + SIDE / 3
    assert np.allclose(middle, SIDE / 2, atol=0.5)
    bench.press("+")
    assert bench.view()["scale"] == pytest.approx(2.25)
    bench.press("-")
    bench.page.click("[data-act=zoom-out]")
    assert bench.view() == {"scale": 1, "x": 0, "y": 0}
    bench.press("+", "+")
    bench.page.click("[data-act=fit]")
    assert bench.view() == {"scale": 1, "x": 0, "y": 0}
    assert bench.events == []


@pytest.mark.parametrize("way", ["space", "middle"])
def test_dragging_pans_as_far_as_the_picture_reaches(open_bench, way):
    bench = open_bench()
    bench.press("+", "+", "+")
    before = bench.view()
    button = "middle" if way == "middle" else "left"
    if way == "space":
        bench.page.keyboard.down(" ")
    start = bench.on_screen(before["x"] + 80, before["y"] + 80)
    under = bench.place_under(*start)
    bench.page.mouse.move(*start)
    bench.page.mouse.down(button=button)
    bench.page.mouse.move(start[0] + 60, start[1] + 40, steps=3)
    assert np.allclose(bench.place_under(start[0] + 60, start[1] + 40), under, atol=0.3)
    bench.page.mouse.move(start[0] + 3000, start[1] + 3000, steps=3)
    assert (bench.view()["x"], bench.view()["y"]) == (0, 0)
    bench.page.mouse.move(start[0] - 6000, start[1] - 6000, steps=3)
    end = SIDE - SIDE / bench.view()["scale"]
    assert np.allclose([bench.view()["x"], bench.view()["y"]], end)
    bench.page.mouse.up(button=button)
    bench.page.keyboard.up(" ")
    assert bench.events == []
    assert bench.value()["points"] == []
    bench.press_and_drag((100, 100), (200, 200))  # a drag places points again
    assert len(bench.value()["points"]) == 1


def test_two_fingers_zoom_and_pan_and_place_nothing(open_bench):
    bench = open_bench(width=390, height=844, touch=True)
    x, y = bench.at(256, 256)
    left, right = bench.place_under(x - 40, y), bench.place_under(x + 40, y)
    bench.fingers(
        [(x - 40, y)],
        [(x - 40, y), (x + 40, y)],
        [(x - 60, y + 20), (x + 60, y + 20)],
        [(x - 80, y + 40), (x + 80, y + 40)],
    )
    assert bench.view()["scale"] == pytest.approx(2, rel=0.02)
    assert np.allclose(bench.place_under(x - 80, y + 40), left, atol=1.5)
    assert np.allclose(bench.place_under(x + 80, y + 40), right, atol=1.5)
    assert bench.events == []
    assert bench.value()["points"] == []
    assert bench.page.evaluate("visualViewport.scale") == 1
    bench.touch_and_drag((256, 256), (300, 300))  # one finger draws again
    assert len(bench.value()["points"]) == 1


@pytest.mark.parametrize("tool", ["point", "paint", "lasso", "erase"])
def test_a_second_finger_takes_back_what_the_first_began(open_bench, tool):
    bench = open_bench(width=390, height=844, touch=True)
    bench.touch_and_drag((100, 100), (300, 120))
    bench.page.click("[data-tool=lasso]")
    bench.touch_and_drag(*SQUARE)
    bench.page.click(f"[data-tool={tool}]")
    before, drawn = bench.committed, bench.value()
    (x, y), (x2, y2) = bench.at(300, 120), bench.at(150, 400)
    bench.fingers(
        [(x, y)],
        [(x - 30, y + 60)],
        [(x - 60, y + 90)],
        [(x - 60, y + 90), (x2, y2)],
        [(x - 70, y + 90), (x2, y2 + 5)],
        [(x - 70, y + 90)],
        [(x - 20, y + 30)],
    )  # and the one that stays draws nothing
    assert bench.committed == before
    assert bench.value()["points"] == drawn["points"]
    assert bench.events == ["release"] * 2
    bench.press("0", "i", "i")
    assert bench.committed["mask"] == before["mask"]


def test_a_point_that_is_nudged_out_of_sight_is_followed(open_bench):
    bench = open_bench()
    bench.press_and_drag((250, 250), (260, 260))
    bench.press(*["+"] * 5, *["Shift+ArrowRight"] * 14)
    view, (x, _) = bench.view(), ends(bench)[1]
    assert view["x"] < x < view["x"] + SIDE / view["scale"]
    bench.press("n")
    view, (x, _) = bench.view(), ends(bench)[0]
    assert view["x"] < x < view["x"] + SIDE / view["scale"]


def test_a_picture_of_the_same_size_keeps_the_view_another_resets_it(open_bench):
    bench = open_bench()
    bench.press("+", "+")
    view = bench.view()
    bench.show(picture(3), 2)
    assert bench.view() == view
    bench.show(flat(90, 256, 128), 3)
    assert bench.view() == {"scale": 1, "x": 0, "y": 0}
    assert bench.size == (256, 128)


def test_high_zoom_shows_the_pixels(open_bench):
    bench = open_bench()
    style = "() => document.querySelector('.dc-picture').style.imageRendering"
    assert bench.page.evaluate(style) == "auto"
    bench.press(*["+"] * 5)
    assert bench.page.evaluate(style) == "pixelated"
