"""The canvas alone: points and pins, and what the server shows of them."""

import numpy as np
import pytest

from drag import PointPair, new_edit
from drag.page.components.canvas import to_value
from tests.browser.bench import SIDE, ends, flat, region_url


def test_a_press_and_drag_is_an_arrow_and_one_change(open_bench):
    bench = open_bench()
    bench.press_and_drag((100, 120), (200, 220))
    handle, target = ends(bench)
    assert np.allclose([handle, target], [(100, 120), (200, 220)], atol=1)
    assert bench.events == ["release"]
    assert bench.committed["points"][0].keys() == {"handle", "target", "key"}


def test_an_end_is_moved_by_where_it_is_held(open_bench):
    bench = open_bench()
    bench.press_and_drag((100, 120), (200, 220))
    before = bench.value()["points"][0]
    bench.press_and_drag((205, 223), (305, 323))  # a little beside it
    bench.press_and_drag((100, 120), (150, 120))
    after = bench.value()["points"][0]
    assert np.allclose(after["target"], np.add(before["target"], 100), atol=1)
    assert np.allclose(after["handle"], (150, 120), atol=1)
    assert after["key"] != before["key"]  # a drag that runs has no say over it any more


def test_a_click_waits_for_its_target_and_a_second_on_it_changes_nothing(open_bench):
    bench = open_bench()
    bench.press_and_drag((100, 120))
    assert bench.value()["points"][0]["open"]
    bench.page.mouse.dblclick(*bench.at(100, 120))
    assert len(bench.value()["points"]) == 1
    assert bench.value()["points"][0]["open"]
    assert bench.events == ["release"]
    bench.press_and_drag((180, 160))
    handle, target = ends(bench)
    assert np.allclose([handle, target], [(100, 120), (180, 160)], atol=1)
    assert not bench.value()["points"][0]["open"]
    assert bench.events == ["release"] * 2
    bench.press_and_drag((300, 300))  # nothing waits any more: this begins another
    assert len(bench.value()["points"]) == 2


def test_double_clicks_and_taps_delete_nothing(open_bench):
    bench = open_bench(width=390, height=844, touch=True)
    bench.touch_and_drag((100, 120), (300, 220))
    for place in ((100, 120), (300, 220)):
        bench.page.touchscreen.tap(*bench.at(*place))
        bench.page.touchscreen.tap(*bench.at(*place))
    assert len(bench.value()["points"]) == 1
    assert bench.events == ["release"]


def test_a_pin_holds_a_point_and_is_drawn_out_again(open_bench):
    bench = open_bench()
    pin = bench.page.locator("[data-act=pin]")
    assert pin.is_disabled()
    bench.press_and_drag((100, 120), (200, 220))
    arrow = bench.seen()
    pin.click()
    assert bench.committed["points"][0]["target"] == bench.committed["points"][0]["handle"]
    assert bench.value()["points"][0]["pinned"]
    assert pin.is_disabled()
    assert np.abs(bench.seen().astype(int) - arrow).max() > 60
    cross = bench.page.locator(".dc-unpin")
    assert cross.is_visible()
    bench.press_and_drag((100, 120), (160, 120))
    handle, target = ends(bench)
    assert np.allclose([handle, target], [(100, 120), (160, 120)], atol=1)
    assert not bench.value()["points"][0]["pinned"]
    assert not cross.is_visible()
    bench.press("l")
    assert bench.value()["points"][0]["pinned"]
    cross.click()
    assert bench.value()["points"] == []
    assert bench.events == ["release"] * 5


def test_a_target_that_is_undone_is_waited_for_again(open_bench):
    # It was a pin from then on.
    bench = open_bench()
    bench.press_and_drag((100, 120))
    waiting = bench.committed
    bench.press_and_drag((180, 160))
    bench.set("value", waiting | {"revision": 9})
    assert bench.value()["points"][0]["open"]
    assert not bench.value()["points"][0]["pinned"]


@pytest.mark.slow
def test_pin_arrow_and_waiting_point_look_different(open_bench):
    """What a point is must be seen, so each is drawn differently around the same handle."""
    bench = open_bench()
    x, y = bench.at(100, 120)
    looks = []
    for keys in ([], ["l"], ["ArrowRight"] * 60):
        if not keys:
            bench.press_and_drag((100, 120))
        bench.press(*keys)
        box = bench.page.locator(".dc-stage").bounding_box()
        left, top = round(x - box["x"]), round(y - box["y"])
        looks.append(bench.seen()[top - 8 : top + 9, left - 8 : left + 9].astype(int))
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert np.abs(looks[one] - looks[other]).mean() > 4


def test_a_pin_stays_one_while_a_drag_moves_it_a_little(open_bench):
    bench = open_bench()
    bench.press_and_drag((100, 120))
    bench.press("l")
    key = bench.value()["points"][0]["key"]
    bench.show(flat(90), 2, run="r", handles={str(key): [101.5, 120]})
    assert bench.value()["points"][0]["pinned"]
    assert ends(bench)[0] == [101.5, 120]


def test_an_example_with_coinciding_ends_is_a_pin(open_bench):
    point = {"handle": [50, 60], "target": [50, 60], "key": 3}
    value = {"width": SIDE, "height": SIDE, "points": [point], "mask": None, "revision": 2}
    bench = open_bench(value=value)
    assert bench.value()["points"][0]["pinned"]


def test_delete_removes_the_selected_point(open_bench):
    bench = open_bench()
    bench.press_and_drag((100, 120), (200, 220))
    bench.press_and_drag((300, 320), (400, 420))
    bench.press("Delete")
    assert np.allclose(ends(bench)[0], (100, 120), atol=1)
    bench.press("n")
    bench.page.click("[data-act=remove]")
    assert bench.committed["points"] == []
    assert bench.page.inner_text(".dc-count") == "No points yet"


def test_a_servers_mask_is_kept_while_it_is_still_decoded(open_bench):
    bench = open_bench()
    mask = np.zeros((SIDE, SIDE), bool)
    mask[100:200, 100:300] = True
    value = {"width": SIDE, "height": SIDE, "points": [], "mask": region_url(mask), "revision": 4}
    bench.page.evaluate(
        """value => {
      window.props.value = value;
      const stage = document.querySelector('.dc-stage');
      stage.dispatchEvent(new KeyboardEvent('keydown', { key: 'z', ctrlKey: true, bubbles: true }));
    }""",
        value,
    )
    assert bench.committed["mask"] == value["mask"]
    bench.settle()
    assert bench.value()["painted"]


def test_the_newest_frame_wins_and_is_acknowledged(open_bench):
    bench = open_bench()
    bench.press_and_drag((100, 120), (200, 220))
    key = str(bench.value()["points"][0]["key"])
    bench.show(flat((200, 20, 20)), 9, run="token", handles={key: [130, 140]})
    bench.show(flat((20, 200, 20)), 8, run="token", handles={key: [1, 1]})
    assert np.abs(bench.picture().astype(int) - (200, 20, 20)).max() < 6
    assert ends(bench)[0] == [130, 140]
    assert bench.page.evaluate("() => window.acknowledged") == [["token", 9]]
    assert bench.serial == 9
    bench.show(flat((20, 20, 200)), 10, run="token", settle=True, handles={key: [150, 160]})
    assert bench.committed["points"][0]["handle"] == [150, 160]


def test_values_of_python_are_shown(open_bench, toy):
    edit = new_edit(toy, "toy").place([PointPair((1, 2), (30, 40))], None)
    bench = open_bench(value=to_value(edit, 3))
    assert ends(bench) == ([1, 2], [30, 40])
    assert bench.value()["revision"] == 3
