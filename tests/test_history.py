"""Undo, redo and the steps of a drag: values that stay small."""

import pickle
from dataclasses import replace

import numpy as np
import pytest

from drag import PointPair, Settings, drag, new_edit
from drag.generate import at_step, resample
from drag.history import MAX_HISTORY, MAX_HISTORY_BYTES, meanwhile
from drag.page.past import entry_of, strip
from drag.trail import MAX_BYTES, MAX_STEPS, Recorder

POINT = PointPair((60, 64), (72, 64))


@pytest.fixture
def edit(toy):
    return new_edit(toy, "toy", seed=5)


def changed(edit, number, change="drag"):
    return replace(edit.remember(change), ws=edit.origin + number)


def test_undo_and_redo_go_through_whole_states(edit):
    placed = replace(edit.remember("points"), points=(POINT,))
    dragged = placed.remember().moved(edit.ws + 1, [(70, 64)])
    dragged = replace(dragged, settings=Settings(learning_rate=1e-3))
    once, twice = dragged.undo(), dragged.undo().undo()
    assert (once.points, twice.points) == ((POINT,), ())
    np.testing.assert_array_equal(once.ws, edit.ws)
    assert once.settings.learning_rate == 1e-3  # what the page's controls show
    assert twice.undo() is twice
    again = twice.redo().redo()
    np.testing.assert_array_equal(again.ws, dragged.ws)
    assert again.points == dragged.points
    assert again.redo() is again
    assert [len(each.history) for each in (dragged, once, twice)] == [2, 1, 0]
    assert [len(each.timeline) for each in (dragged, once, twice)] == [3, 3, 3]


def test_what_was_placed_while_a_drag_ran_is_undone_for_itself(edit):
    # One undo took both away, the arrow and the drag.
    started = replace(edit.remember("points"), points=(replace(POINT, key=1),))
    dragged = started.remember().moved(edit.ws + 1, [(70, 64)])
    assert meanwhile(dragged, started, {1: (70.0, 64.0)}) is dragged
    placed = replace(dragged, points=(*dragged.points, replace(POINT, key=2)))
    after = meanwhile(placed, started, {1: (70.0, 64.0)})
    assert after.points == placed.points
    assert [entry.change for entry in after.timeline] == ["sample", "points", "drag", "points"]
    once = after.undo()
    np.testing.assert_array_equal(once.ws, dragged.ws)
    assert once.points == dragged.points
    masked = meanwhile(replace(dragged, mask_png=b"mask"), started, {1: (70.0, 64.0)})
    assert (masked.change, masked.undo().mask_png) == ("mask", None)


def test_a_change_after_undo_forgets_what_was_undone(edit):
    one = changed(changed(edit, 1), 2).undo()
    assert len(one.future) == 1
    other = changed(one, 5)
    assert other.future == ()
    assert len(other.history) == 2


def test_one_can_jump_to_any_entry(edit):
    for number in range(1, 6):
        edit = changed(edit, number)
    there = edit.jump(2)
    np.testing.assert_array_equal(there.ws, edit.origin + 2)
    assert (len(there.history), len(there.future)) == (2, 3)
    np.testing.assert_array_equal(there.jump(5).ws, edit.ws)
    for index in (-1, 6):
        with pytest.raises(ValueError, match="no longer in the history"):
            edit.jump(index)


def test_history_is_bounded_in_entries_and_in_bytes(toy):
    edit = new_edit(toy, "toy")
    for _ in range(MAX_HISTORY + 10):
        edit = edit.remember("points")
    assert len(edit.history) == MAX_HISTORY
    assert all(not earlier.history and not earlier.future for earlier in edit.history)
    large = replace(edit, ws=np.zeros((18, 512), np.float32), origin=None, history=())
    first = large
    for number in range(1, 120):
        large = replace(large.remember(), ws=first.ws + number)
    assert 50 <= len(large.history) < 119  # as at 1024 px
    assert sum(each.ws.nbytes for each in large.history) <= MAX_HISTORY_BYTES
    assert len(pickle.dumps(large)) < 4_000_000
    back = large
    for _ in range(50):
        back = back.undo()
    np.testing.assert_array_equal(back.ws, first.ws + 69)


def test_a_noisy_region_in_every_entry_stays_within_the_bytes(edit):
    random = np.random.RandomState(0)
    for _ in range(60):
        edit = replace(edit.remember("mask"), mask_png=random.bytes(100_000))
    assert len(edit.history) < 40


def test_every_step_of_a_drag_can_be_gone_back_to(toy, toy_edit):
    steps, recorder = [], Recorder(toy_edit.ws, toy_edit.points)
    for step in drag(toy, toy_edit):
        steps.append(step)
        recorder.take(step.number, step.ws, step.handles)
    edit = replace(toy_edit.remember().moved(step.ws, step.handles), trail=recorder.trail())
    assert len(edit.trail) == len(steps) + 1
    assert edit.trail.index_of(edit.ws) == len(steps)
    assert edit.trail.ws.shape[1] < edit.ws.shape[0]  # only what the drag changed
    for index, step in enumerate(steps, 1):
        there = at_step(edit, index)
        np.testing.assert_array_equal(there.ws, step.ws)
        assert there.points[0].handle == pytest.approx(step.handles[0], abs=1e-3)
        assert edit.trail.numbers[index] == step.number
    before = at_step(at_step(edit, 1), 0)
    np.testing.assert_array_equal(before.ws, toy_edit.ws)
    assert before.points == toy_edit.points
    with pytest.raises(ValueError, match="no longer kept"):
        at_step(edit, len(steps) + 1)


def test_points_placed_after_a_drag_stay_when_it_is_gone_through(edit):
    one, other = replace(POINT, key=3), replace(POINT, key=4)
    recorder = Recorder(edit.ws, [one])
    recorder.take(1, edit.ws + 1, [(65, 64)])
    dragged = replace(edit.remember().moved(edit.ws + 1, []), points=(one,), trail=recorder.trail())
    placed = replace(dragged.remember("points"), points=(replace(one, handle=(65, 64)), other))
    back = at_step(placed, 0)
    assert [pair.handle for pair in back.points] == [(60, 64), (60, 64)]
    assert back.points[1] == other


def test_only_the_last_drag_keeps_its_steps(edit):
    recorder = Recorder(edit.ws, [POINT])
    recorder.take(1, edit.ws + 1, [(65, 64)])
    dragged = replace(edit.remember(), trail=recorder.trail())
    placed = dragged.remember("points")
    assert placed.trail is dragged.trail
    assert placed.undo().trail is dragged.trail
    again = placed.remember()
    assert again.trail is None
    assert all(entry.trail is None for entry in again.timeline)
    assert dragged.undo().redo().trail is dragged.trail


def test_of_a_long_drag_so_many_steps_are_kept(edit):
    recorder = Recorder(edit.ws, [POINT])
    for number in range(1, 1001):
        recorder.take(number, edit.ws + number, [(60 + number, 64)])
    trail = recorder.trail()
    assert MAX_STEPS / 2 - 1 <= len(trail) <= MAX_STEPS + 1
    assert trail.numbers[0] == 0
    assert trail.numbers[-1] == 1000
    assert len(set(np.diff(trail.numbers[:-1]))) == 1  # evenly
    np.testing.assert_array_equal(trail.at(edit.ws, len(trail) - 1)[0], edit.ws + 1000)
    recorder = Recorder(np.zeros((18, 512), np.float32), [])
    for number in range(1, 300):
        recorder.take(number, np.full((18, 512), number, np.float32), [])
    assert recorder.trail().ws.nbytes < 1.1 * MAX_BYTES
    assert Recorder(edit.ws, []).trail() is None


def test_the_row_of_the_history_leads_to_pictures_with_what_was_placed_on_them(toy, edit):
    placed = replace(edit.remember("points"), points=(POINT,))
    placed = replace(placed.remember("points"), points=(POINT, replace(POINT, key=2)))
    dragged = placed.remember().moved(edit.ws + 1, [(70, 64), (71, 64)])
    other = resample(toy, dragged, 6, 0.7)
    row = strip(other)
    assert [item["label"] for item in row["items"]] == ["Face 5", "Drag", "Face 6"]
    assert row["at"] == 2
    for item, index in zip(row["items"], (2, 3, 4), strict=True):
        assert entry_of(other, item["id"]) == index
    assert len(other.jump(entry_of(other, row["items"][0]["id"])).points) == 2
    back = other.undo().undo().undo()
    assert strip(back)["at"] == 0
    assert [item["id"] for item in strip(back)["items"]] == [item["id"] for item in row["items"]]
    assert strip(back, "zh")["items"][1]["label"] == "拖动"


def test_an_item_whose_entry_moved_is_found_and_one_that_is_gone_is_not(edit):
    edit = changed(changed(edit, 1), 2)
    _, middle, _ = strip(edit)["items"]
    trimmed = replace(edit, history=edit.history[1:])
    np.testing.assert_array_equal(trimmed.jump(entry_of(trimmed, middle["id"])).ws, edit.origin + 1)
    for item in ("0:gone", "x", "", "9" * 30 + ":a", None, "1"):
        with pytest.raises(ValueError, match="no longer in the history"):
            entry_of(edit, item)
