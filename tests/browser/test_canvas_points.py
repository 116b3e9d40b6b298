"""The canvas alone: points, pins, nudges, undo and redo, what the server shows."""


import numpy as np
import pytest

from drag import PointPair, new_edit
from drag.canvas import to_value
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
    bench.press_and_drag((100, 120), (160, 120))
    handle, target = ends(bench)
    assert np.allclose([handle, target], [(100, 120), (160, 120)], atol=1)
    assert not bench.value()["points"][0]["pinned"]
    bench.press("l")
    assert bench.value()["points"][0]["pinned"]
    assert bench.events == ["release"] * 4


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
        bench.page.wait_for_timeout(80)
        looks.append(bench.seen()[top - 8:top + 9, left - 8:left + 9].astype(int))
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


def test_every_end_is_selected_and_nudged_by_key_in_one_change(open_bench):
    bench = open_bench()
    bench.press_and_drag((100, 120), (200, 220))
    bench.press_and_drag((300, 320), (400, 420))
    ticks = len(bench.events)
    order = []
    for _ in range(5):
        bench.press("n")
        order.append((bench.value()["selected"], bench.value()["selectedEnd"]))
    assert order == [(0, "handle"), (0, "target"), (1, "handle"), (1, "target"), (0, "handle")]
    before = bench.value()["points"][0]
    bench.press("ArrowRight", "ArrowRight", "ArrowDown", "Shift+ArrowLeft")
    assert len(bench.events) == ticks  # not yet
    bench.page.wait_for_timeout(500)
    assert bench.events[ticks:] == ["release"]
    after = bench.committed["points"][0]
    assert np.allclose(np.subtract(after["handle"], before["handle"]), (-8, 1), atol=0.1)
    assert np.allclose(after["target"], before["target"], atol=0.1)
    assert after["key"] != before["key"]
    assert "Point 1" in bench.page.inner_text(".dc-live")


@pytest.mark.parametrize("key", ["Enter", "Control+z", "Control+Shift+Z", "Control+y"])
def test_what_was_nudged_is_committed_before_the_server_is_asked(open_bench, key):
    bench = open_bench()
    bench.press_and_drag((100, 120), (200, 220))
    before = bench.committed["points"][0]["target"]
    bench.press("ArrowRight", key)
    name = {"Enter": "submit", "Control+z": "undo"}.get(key, "redo")
    assert bench.events == ["release", "release", name]
    assert bench.committed["points"][0]["target"][0] == pytest.approx(before[0] + 1)
    assert bench.committed["revision"] == 2
    bench.page.wait_for_timeout(500)
    assert bench.events[2:] == [name]


@pytest.mark.parametrize(("chord", "events"), [
    ("Control+z", ["undo"]), ("Control+y", ["redo"]), ("Enter", ["submit"]), ("Escape", ["stop"]),
    ("a", ["release"]),
])
def test_a_key_that_is_held_is_one_event(open_bench, chord, events):
    bench = open_bench()
    bench.page.locator(".dc-stage").focus()
    keys = chord.split("+")
    for key in [*keys, *[keys[-1]] * 5]:
        bench.page.keyboard.down(key)
    assert bench.events == events


BESIDE = """markup => {
  const beside = document.createElement('div');
  document.body.append(beside);
  beside.innerHTML = markup;
  beside.firstChild.focus();
}"""


@pytest.mark.parametrize("markup", ["<button>Undo</button>", "<input type='range'>"])
def test_undo_and_redo_work_wherever_the_focus_is(open_bench, markup):
    bench = open_bench()
    bench.press_and_drag((100, 120), (200, 220))
    bench.press("ArrowRight")
    bench.page.evaluate(BESIDE, markup)
    for chord in ("Control+z", "Meta+z", "Control+Shift+Z", "Control+y", "Control+Alt+z", "z", "a"):
        bench.page.keyboard.press(chord)
    assert bench.events == ["release"] * 2 + ["undo"] * 2 + ["redo"] * 2
    bench.page.mouse.move(*bench.at(300, 300))
    bench.page.mouse.down()
    bench.page.keyboard.press("Control+z")  # not amid a gesture
    bench.page.mouse.up()
    assert bench.events[6:] == ["release"]


@pytest.mark.parametrize("markup", ["<input>", "<input type='number'>", "<input type='search'>",
                                    "<textarea></textarea>", "<p contenteditable>Text</p>"])
def test_undo_in_a_field_that_is_typed_in_is_its_own(open_bench, markup):
    bench = open_bench()
    bench.page.evaluate(BESIDE, markup)
    bench.page.keyboard.press("1")
    bench.page.keyboard.press("Control+z")
    bench.page.keyboard.press("Control+y")
    assert bench.events == []


def test_undo_that_another_has_handled_is_left_alone(open_bench):
    bench = open_bench()
    bench.page.evaluate(BESIDE, "<button onkeydown='event.preventDefault()'>Undo</button>")
    bench.page.keyboard.press("Control+z")
    assert bench.events == []


def test_a_point_is_placed_moved_and_dragged_with_keys_only(open_bench):
    bench = open_bench()
    bench.page.locator("[data-tool=paint]").focus()
    bench.page.keyboard.press("a")  # the focus goes to the picture with it
    assert bench.events == ["release"]
    assert ends(bench) == ([256, 256], [256, 256])
    assert bench.value()["points"][0]["open"]
    assert (bench.value()["selected"], bench.value()["selectedEnd"]) == (0, "handle")
    assert bench.page.inner_text(".dc-live") == "Point 1, its start: 256, 256"
    for key in ("Shift+ArrowLeft", "ArrowUp"):
        bench.page.keyboard.press(key)
    assert ends(bench) == ([246, 255], [246, 255])
    assert bench.value()["points"][0]["open"]
    for key in ("n", "Shift+ArrowRight", "Shift+ArrowRight", "Enter"):
        bench.page.keyboard.press(key)
    assert ends(bench) == ([246, 255], [266, 255])
    assert not bench.value()["points"][0]["open"]
    assert not bench.value()["points"][0]["pinned"]
    assert bench.events == ["release"] * 3 + ["submit"]
    assert bench.committed["points"][0]["target"] == [266, 255]


def test_a_key_places_its_point_in_the_middle_of_what_is_seen(open_bench):
    bench = open_bench()
    bench.press("+", "+", *["ArrowRight"] * 20, *["ArrowUp"] * 20, "b", "a")
    view = bench.view()
    middle = np.array([view["x"], view["y"]]) + SIDE / view["scale"] / 2
    assert np.allclose(ends(bench), middle, atol=1)
    assert bench.page.get_attribute("[data-tool=point]", "aria-pressed") == "true"
    bench.press("a")
    assert bench.value()["selected"] == 1


def test_a_press_or_a_lost_focus_commits_the_nudges(open_bench):
    bench = open_bench()
    bench.press_and_drag((100, 120), (200, 220))
    bench.press("ArrowRight")
    bench.page.mouse.move(*bench.at(300, 100))
    bench.page.mouse.down()
    assert bench.events == ["release"] * 2
    bench.page.mouse.up()
    bench.press("ArrowRight")
    bench.page.locator("[data-act=help]").focus()
    assert bench.events == ["release"] * 4


def test_a_pin_is_nudged_as_a_whole_by_its_handle_and_drawn_out_by_its_target(open_bench):
    bench = open_bench()
    bench.press_and_drag((100, 120), (200, 220))
    bench.press("l")
    assert bench.value()["selectedEnd"] == "target"
    bench.press("Shift+ArrowRight")
    handle, target = ends(bench)
    assert np.allclose(np.subtract(target, handle), (10, 0))
    assert not bench.value()["points"][0]["pinned"]
    bench.press("Shift+ArrowLeft")  # onto its handle again
    assert bench.value()["points"][0]["pinned"]
    bench.press("n", "ArrowDown")
    assert bench.value()["selectedEnd"] == "handle"
    assert bench.value()["points"][0]["pinned"]
    assert np.allclose(ends(bench)[1], np.add(handle, (0, 1)))


def test_nudges_end_at_the_pictures_border(open_bench):
    bench = open_bench()
    bench.press_and_drag((100, 120), (505, 5))
    bench.press(*["Shift+ArrowRight"] * 3, *["Shift+ArrowUp"] * 3)
    assert ends(bench)[1] == [SIDE - 1, 0]


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


def test_undo_and_redo_are_the_servers(open_bench):
    bench = open_bench()
    bench.press_and_drag((100, 120), (200, 220))
    key = bench.committed["points"][0]["key"]
    bench.press("Control+z")
    assert len(bench.value()["points"]) == 1  # nothing is taken back here
    assert bench.events == ["release", "undo"]
    bench.set("value", {**bench.committed, "points": [], "revision": 5})
    assert bench.value()["points"] == []
    point = {"handle": [9, 9], "target": [30, 30], "key": key}
    bench.set("value", {**bench.committed, "points": [point], "revision": 6})
    assert ends(bench) == ([9, 9], [30, 30])
    bench.press("Meta+Shift+Z")
    assert bench.events == ["release", "undo", "redo"]


def test_an_undone_nudge_leaves_its_point_selected(open_bench):
    bench = open_bench()
    bench.press_and_drag((100, 120), (200, 220))
    before = bench.committed
    bench.press("ArrowRight", "Control+z")
    bench.set("value", {**before, "revision": 7})
    assert bench.value()["selected"] == 0
    bench.press("ArrowLeft")
    assert ends(bench)[1][0] == pytest.approx(before["points"][0]["target"][0] - 1)


def test_a_servers_mask_is_kept_while_it_is_still_decoded(open_bench):
    bench = open_bench()
    mask = np.zeros((SIDE, SIDE), bool)
    mask[100:200, 100:300] = True
    value = {"width": SIDE, "height": SIDE, "points": [], "mask": region_url(mask), "revision": 4}
    bench.page.evaluate("""value => {
      window.props.value = value;
      const stage = document.querySelector('.dc-stage');
      stage.dispatchEvent(new KeyboardEvent('keydown', { key: 'z', ctrlKey: true, bubbles: true }));
    }""", value)
    assert bench.committed["mask"] == value["mask"]
    bench.page.wait_for_timeout(200)
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
