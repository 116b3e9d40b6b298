"""The canvas alone, by keyboard: points, nudges, undo and redo."""

import numpy as np
import pytest

from tests.browser.bench import SIDE, ends
from tests.browser.waiting import stop_the_clock

pytestmark = pytest.mark.slow  # each key

BESIDE = """markup => {
  const beside = document.createElement('div');
  document.body.append(beside);
  beside.innerHTML = markup;
  beside.firstChild.focus();
}"""


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
    stop_the_clock(bench.page)
    for key in ("ArrowRight", "ArrowRight", "ArrowDown", "Shift+ArrowLeft"):
        bench.page.keyboard.press(key)
    assert len(bench.events) == ticks  # not yet
    bench.page.clock.run_for(500)
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
    stop_the_clock(bench.page)
    for each in ("ArrowRight", key):
        bench.page.keyboard.press(each)
    name = {"Enter": "submit", "Control+z": "undo"}.get(key, "redo")
    assert bench.events == ["release", "release", name]
    assert bench.committed["points"][0]["target"][0] == pytest.approx(before[0] + 1)
    assert bench.committed["revision"] == 2
    bench.page.clock.run_for(500)
    assert bench.events[2:] == [name]


@pytest.mark.parametrize(
    ("chord", "events"),
    [
        ("Control+z", ["undo"]),
        ("Control+y", ["redo"]),
        ("Enter", ["submit"]),
        ("Escape", ["stop"]),
        ("a", ["release"]),
    ],
)
def test_a_key_that_is_held_is_one_event(open_bench, chord, events):
    bench = open_bench()
    bench.page.locator(".dc-stage").focus()
    keys = chord.split("+")
    for key in [*keys, *[keys[-1]] * 5]:
        bench.page.keyboard.down(key)
    assert bench.events == events


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


def test_escape_stops_what_runs_also_where_nothing_has_the_focus(open_bench):
    # Drag is disabled while one runs, so who pressed it has the focus nowhere.
    bench = open_bench()
    bench.page.evaluate(BESIDE, "<button id='stop' disabled>Stop</button>")
    bench.page.keyboard.press("Escape")
    assert bench.events == []
    bench.page.evaluate("() => { document.getElementById('stop').disabled = false; }")
    bench.page.keyboard.press("Escape")
    assert bench.events == ["stop"]


@pytest.mark.parametrize(
    "markup",
    [
        "<input>",
        "<input type='number'>",
        "<input type='search'>",
        "<textarea></textarea>",
        "<p contenteditable>Text</p>",
    ],
)
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
