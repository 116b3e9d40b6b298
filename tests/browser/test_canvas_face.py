"""The canvas alone: the menu of parts of the face, and the region that comes for one."""

import numpy as np
import pytest

from tests.browser.bench import SIDE, SQUARE, flat, paint, region_url

FOCUS = "() => document.activeElement.dataset.part ?? document.activeElement.dataset.act ?? "
FOCUS += "document.activeElement.className"
PARTS = ["mouth", "eyes", "nose", "face", "head"]


def a_region():
    mask = np.zeros((SIDE, SIDE), bool)
    mask[300:400, 150:350] = True
    return mask


def answer(bench, mask, serial=5):
    bench.set("region", {"src": region_url(mask), "serial": serial})


def menu(bench):
    return bench.page.locator(".dc-menu")


def test_a_part_is_two_presses_away_with_any_tool(open_bench):
    bench = open_bench()
    for tool in ("point", "paint", "lasso", "erase"):
        bench.page.click(f"[data-tool={tool}]")
        assert not menu(bench).is_visible()
        bench.page.click("[data-act=face]")
        assert menu(bench).locator("button").all_inner_texts() == [
            "Mouth",
            "Eyes",
            "Nose",
            "Face",
            "Head",
        ]
        bench.page.click("[data-part=nose]")
        assert not menu(bench).is_visible()
        assert bench.page.get_attribute(f"[data-tool={tool}]", "aria-pressed") == "true"
    assert bench.events == ["face"] * 4
    assert bench.items == ["nose"] * 4
    assert bench.value()["painted"] is False  # until the server has answered


def test_the_menu_works_by_keys(open_bench):
    bench = open_bench()
    opener = bench.page.locator("[data-act=face]")
    bench.press("f")
    assert opener.get_attribute("aria-expanded") == "true"
    for part in PARTS:
        assert bench.page.evaluate(FOCUS) == part
        bench.page.keyboard.press("Tab")
    assert not menu(bench).is_visible()  # the focus went on
    assert opener.get_attribute("aria-expanded") == "false"
    bench.press("f", "Escape")
    assert bench.page.evaluate(FOCUS) == "face"
    assert not menu(bench).is_visible()
    assert bench.events == []  # Escape stopped nothing
    bench.page.keyboard.press("Enter")
    bench.page.keyboard.press("Tab")
    bench.page.keyboard.press("Enter")
    assert bench.items == ["eyes"]
    assert bench.page.evaluate(FOCUS) == "dc-stage"


def test_a_press_elsewhere_closes_the_menu(open_bench):
    bench = open_bench()
    bench.page.click("[data-act=face]")
    bench.page.mouse.click(*bench.at(60, 450))
    assert not menu(bench).is_visible()
    bench.page.click("[data-act=face]")
    bench.page.click("[data-act=face]")
    assert not menu(bench).is_visible()


def test_parts_cannot_be_chosen_while_a_drag_runs_or_the_picture_is_split(open_bench):
    bench = open_bench()
    bench.page.click("[data-act=face]")
    bench.show(flat(90), 2, run="r", settle=False)
    assert bench.page.is_disabled("[data-act=face]")
    assert not menu(bench).is_visible()
    bench.press("f")
    assert not menu(bench).is_visible()
    bench.show(flat(90), 3, run="r", settle=True)
    assert bench.page.is_enabled("[data-act=face]")
    bench.press("s")
    assert bench.page.is_disabled("[data-act=face]")


@pytest.mark.slow
def test_the_region_that_comes_replaces_what_was_painted_in_one_change(open_bench):
    bench = open_bench()
    paint(bench, "lasso", *SQUARE)
    bench.page.click("[data-act=toggle]")  # hidden
    answer(bench, a_region())
    np.testing.assert_array_equal(bench.region(), a_region())
    assert bench.events == ["release", "release"]
    assert bench.committed["revision"] == 2
    assert bench.page.inner_text("[data-act=toggle]") == "Hide"
    answer(bench, a_region(), 6)
    assert bench.events == ["release", "release"]  # no change
    paint(bench, "erase", (150, 350), (350, 350))
    assert not bench.region()[350, 250]  # what is erased stays as it is


def test_points_stay_where_a_region_comes(open_bench):
    bench = open_bench()
    bench.press_and_drag((200, 350), (220, 340))
    answer(bench, a_region())
    assert len(bench.committed["points"]) == 1
    assert bench.events == ["release", "release"]


@pytest.mark.parametrize("running", [False, True], ids=["another", "dragged"])
def test_a_region_of_a_picture_that_went_is_dropped(open_bench, running):
    bench = open_bench()
    bench.show(flat(90), 7, **({"run": "r", "settle": False} if running else {}))
    answer(bench, a_region(), 8 if running else 5)
    assert not bench.value()["painted"]
    assert bench.events == []


def test_a_region_waits_for_the_end_of_a_gesture(open_bench):
    bench = open_bench()
    bench.page.mouse.move(*bench.at(200, 350))
    bench.page.mouse.down()
    bench.page.mouse.move(*bench.at(240, 350), steps=3)
    answer(bench, a_region())
    assert bench.events == []
    assert not bench.value()["painted"]
    bench.page.mouse.move(*bench.at(260, 350), steps=3)
    bench.page.mouse.up()
    bench.page.wait_for_function("() => document.querySelector('.dc-stage').drawn().painted")
    assert bench.events == ["release", "release"]
    (pair,) = bench.committed["points"]
    np.testing.assert_allclose([pair["handle"], pair["target"]], [(200, 350), (260, 350)], atol=1)
    np.testing.assert_array_equal(bench.region(), a_region())


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
@pytest.mark.parametrize("width", [320, 390, 1280])
def test_the_menu_fits_and_takes_fingers(open_bench, width, locale):
    bench = open_bench(width=width, height=844, touch=True, locale=locale)
    bench.page.tap("[data-act=face]")
    bench.settle()
    for box in (each.bounding_box() for each in bench.page.locator(".dc-parts button").all()):
        assert box["height"] >= 44
        assert box["width"] >= 44
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
    assert bench.page.evaluate("document.documentElement.scrollWidth") <= width
    seen = bench.page.evaluate(
        """() => [...document.querySelectorAll('.dc-menu button')].every((button) => {
          const { x, y, width, height } = button.getBoundingClientRect();
          return document.elementFromPoint(x + width / 2, y + height / 2) === button;
        })"""
    )
    assert seen  # nothing lies over it
    bench.page.tap("[data-part=head]")
    assert bench.items == ["head"]
