import itertools
import threading
import time
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from drag import PointPair, Settings, drag, new_edit
from drag.loop import Step
from drag.preview import LiveView
from drag.server import drags, sessions
from drag.server.drags import Drag
from drag.server.jobs import Kind, Phase
from drag.server.line import Line
from drag.server.visitors import Sessions

POINT, OTHER = PointPair((60, 64), (72, 64)), PointPair((20, 20), (30, 20))


def asked(session, toy, clock=time.monotonic):
    """A drag that the session asks for."""
    engine = SimpleNamespace(steps=lambda edit, seconds: drag(toy, edit, LiveView()))
    job = Drag(session, engine, clock)
    assert session.arm(job, session.edit, session.edit)
    return job


def begun(session, toy, clock=time.monotonic):
    """The steps of a drag that the session asks for and whose turn comes at once."""
    job = asked(session, toy, clock)
    assert session.fetch(Kind.DRAG) is job
    assert job.begin()
    return job.steps()


@pytest.fixture
def store(toy):
    return Sessions(new_edit(toy, "toy", settings=Settings("adam")))  # many small steps


def test_visitors_own_their_edits(store):
    one, two = store.open("one", ""), store.open("two", "")
    one.take_changes([POINT], None, 1)
    assert store.get("one") is one
    assert two.edit.points == ()


def test_a_step_moves_the_handles(store, toy):
    session = store.open("a", "")
    session.take_changes([POINT], None, 4)
    step = next(iter(drag(toy, session.edit)))
    assert session.take_step(session.edit, 0, step)
    np.testing.assert_array_equal(session.edit.ws, step.ws)
    assert session.edit.points[0].handle == step.handles[0]


def test_what_is_changed_while_a_drag_runs_stays_and_its_handles_go_on(store, toy):
    # Any change used to freeze all handles where they were, while the picture moved on.
    session = store.open("a", "")
    session.take_changes([POINT], None, 4)
    steps = begun(session, toy)
    next(steps)
    mine = replace(session.edit.points[0], handle=POINT.handle, target=(75, 64))
    session.take_changes([mine, replace(OTHER, key=9)], None, 5)
    for step, _ in steps:
        if step.number == 4:
            break
    moved, other = session.edit.points
    assert moved.handle == step.handles[0]
    assert moved.target == (75, 64)
    assert other.handle == OTHER.handle
    np.testing.assert_array_equal(session.edit.ws, step.ws)
    assert [entry.change for entry in session.edit.timeline] == ["sample", "points", "drag"]


def test_a_handle_that_the_visitor_moves_is_theirs(store, toy):
    session = store.open("a", "")
    session.take_changes([POINT], None, 4)
    steps = begun(session, toy)
    next(steps)
    session.take_changes([replace(POINT, handle=(40, 40), key=5)], None, 5)  # a new key
    next(steps)
    assert session.edit.points[0].handle == (40, 40)


def test_changes_that_come_late_are_ignored(store):
    session = store.open("a", "")
    session.take_changes([POINT, OTHER], None, 6)
    session.take_changes([POINT], None, 5)
    assert len(session.edit.points) == 2


def test_a_drag_has_nothing_to_say_about_an_edit_that_replaced_its_own(store, toy):
    session = store.open("a", "")
    session.take_changes([POINT], None, 1)
    steps = begun(session, toy)
    next(steps)
    other = new_edit(toy, "toy", seed=77)
    session.replace_edit(other)
    assert list(steps) == []
    assert session.edit is other


def test_a_drag_whose_end_fails_does_not_lock_the_visitor_out(store, toy, monkeypatch):
    session = store.open("a", "")
    session.take_changes([POINT], None, 1)
    run = Line(1).run(asked(session, toy))
    assert any(isinstance(item, tuple) for item in run)
    monkeypatch.setattr(drags.Recorder, "trail", scarce)
    with pytest.raises(MemoryError):
        list(run)
    assert not session.running


def scarce(recorder):
    raise MemoryError


def test_settling_waits_for_the_end(store, toy):
    session = store.open("a", "")
    stopped = threading.Event()

    def steps(edit, seconds):
        yield Step(0, edit.ws, (), ())
        stopped.wait(9)  # in the middle of a step
        yield Step(0, edit.ws, (), ())

    drag = Drag(session, SimpleNamespace(steps=steps))
    session.arm(drag, session.edit, session.edit)
    run = Line(1).run(drag)
    assert any(isinstance(item, tuple) for item in run)
    stop, drag.stop = drag.stop, lambda: (stop(), stopped.set())
    session.settle()
    assert drag.phase is Phase.TELLING
    assert not session.running
    assert not session.armed
    assert len(list(run)) == 1  # the step that it was at


def test_a_drag_is_kept_step_by_step_and_can_be_undone(store, toy):
    session = store.open("a", "")
    session.take_changes([POINT], None, 1)
    before, steps = session.edit, begun(session, toy)
    for step, _ in steps:
        np.testing.assert_array_equal(session.edit.ws, step.ws)
        if step.number == 3:
            break
    steps.close()  # as the line does where it is stopped
    assert [entry.change for entry in session.edit.timeline] == ["sample", "points", "drag"]
    np.testing.assert_array_equal(session.edit.undo().ws, before.ws)
    assert session.edit.trail.numbers == (0, 1, 2, 3)
    assert session.edit.trail.index_of(session.edit.ws) == 3


def test_a_drag_that_took_no_step_leaves_nothing_to_undo(store, toy):
    session = store.open("a", "")
    session.take_changes([PointPair((60, 64), (60.5, 64))], None, 1)
    assert [step.number for step, _ in begun(session, toy)] == [0]
    assert session.edit.change == "points"
    assert session.edit.trail is None


def test_each_change_on_the_canvas_can_be_undone_but_what_changed_nothing_cannot(store):
    session = store.open("a", "")
    mask = np.zeros((128, 128), bool)
    mask[:50] = True
    session.take_changes([POINT], None, 1)
    session.take_changes([POINT, OTHER], None, 2)
    placed = session.edit.points
    session.take_changes(placed, mask, 3)
    changes = ["sample", "points", "points", "mask"]
    assert [entry.change for entry in session.edit.timeline] == changes
    near = [replace(pair, handle=(pair.handle[0] + 0.04, pair.handle[1])) for pair in placed]
    session.take_changes(near, mask, 4)  # what a browser rounds
    assert [entry.change for entry in session.edit.timeline] == changes
    session.replace_edit(session.edit.undo())
    assert session.edit.mask is None
    session.replace_edit(session.edit.undo())
    assert session.edit.points == placed[:1]
    session.take_changes([OTHER], None, 3)  # late: said before the canvas heard of it
    assert session.edit.points == placed[:1]


def test_a_slow_browser_is_not_sent_more_than_it_draws(store, toy):
    session = store.open("a", "")
    session.take_changes([POINT], None, 1)
    sent = 0
    for step, send in begun(session, toy):
        if send:
            sent += 1
            session.next_serial()
        if step.number == 60:
            assert sent == drags.FRAMES_AHEAD
            store.drawn(session.token, session.shown.serial)
            break
    store.drawn("another token", 10**9)
    assert session.shown.drawn == session.shown.serial


def test_a_browser_that_fell_silent_ends_its_drag(store, toy):
    session = store.open("a", "")
    session.take_changes([POINT], None, 1)
    steps, clock = [], itertools.count(step=5)  # five seconds a look
    for step, send in begun(session, toy, lambda: next(clock)):
        steps.append(step)
        if send:
            session.next_serial()
    assert steps[-1].ending is None
    assert drags.FRAMES_AHEAD < len(steps) < 60


def test_a_drag_whose_edit_was_replaced_before_it_began_does_nothing(store, toy):
    session = store.open("a", "")
    session.take_changes([POINT], None, 1)
    steps, other = begun(session, toy), new_edit(toy, "other", seed=77)
    session.turn_to(other)
    assert list(steps) == []
    assert session.edit is other


def test_what_follows_from_an_edit_does_not_replace_another_one(store, toy):
    # Dice on one model while another was chosen: the edit had the latents of the wrong model, and
    # every picture after that failed, also after a reload.
    session = store.open("a", "")
    before = session.edit
    other = new_edit(toy, "other")
    session.turn_to(other)
    assert not session.replace_edit(new_edit(toy, "toy", seed=5), before)
    assert session.edit is other
    session.take_changes([POINT], None, session.revision + 1)  # nor one that has a point more
    assert not session.replace_edit(new_edit(toy, "other", seed=5), other)
    assert session.replace_edit(new_edit(toy, "other", seed=5), session.edit)


def test_each_model_has_an_edit_of_its_own_to_come_back_to(store, toy):
    session = store.open("one", "")
    session.take_changes([POINT], None, 1)
    first = session.edit
    session.turn_to(new_edit(toy, "other", seed=3))
    assert (session.edit.model, session.edit.points) == ("other", ())
    session.take_changes([OTHER], None, session.revision + 1)
    second = session.edit
    session.turn_to(session.shelf["toy"])
    assert session.edit is first
    assert list(session.shelf) == ["other"]
    assert session.shelf["other"] is second
    again = store.open("two", session.token)  # a reload brings all of them back
    assert again.edit is first
    assert again.shelf["other"] is second


def test_what_was_placed_on_the_picture_before_is_not_placed_on_another_models(store, toy):
    session = store.open("one", "")
    session.take_changes([], None, 7)
    session.turn_to(new_edit(toy, "other"))
    session.take_changes([POINT], None, 9)  # two quick presses before the new picture came
    assert session.edit.points == ()


def test_edits_of_many_models_are_not_kept_without_end(store, toy):
    session = store.open("one", "")
    for i in range(40):
        session.turn_to(new_edit(toy, f"model {i}"))
    assert len(session.shelf) == sessions.MAX_SHELF
    assert list(session.shelf)[-1] == "model 38"
