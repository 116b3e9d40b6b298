import numpy as np
import pytest

from drag import PointPair, Settings, drag, new_edit, sessions
from drag.sessions import Sessions

POINT, OTHER = PointPair((60, 64), (72, 64)), PointPair((20, 20), (30, 20))


@pytest.fixture
def store(toy):
    return Sessions(new_edit(toy, "toy"))


def test_visitors_own_their_edits(store):
    one, two = store.open("one", ""), store.open("two", "")
    one.take_changes([POINT], None, 1)
    assert store.get("one") is one
    assert two.edit.points == ()


def test_a_reloaded_page_gets_its_edit_back_and_a_copied_tab_a_copy(store):
    first = store.open("first", "")
    first.take_changes([POINT], None, 1)
    store.leave("first")
    again = store.open("second", first.token)
    assert again.edit.points == (POINT,)
    assert again.revision > 0
    again.take_changes([], None, 2)
    assert first.edit.points == (POINT,)


def test_an_unknown_token_gets_a_new_edit(store):
    store.open("first", "").take_changes([POINT], None, 1)
    assert store.open("second", "guess").edit.points == ()
    assert store.open("third", "").edit.points == ()


def test_leaving_stops_the_drag_also_one_that_waits(store):
    session = store.open("a", "")
    session.armed = True
    store.leave("a")
    assert (session.stop, session.armed) == (True, False)
    store.leave("never seen")


def test_a_step_moves_the_handles(store, toy):
    session = store.open("a", "")
    session.take_changes([POINT], None, 4)
    step = next(iter(drag(toy, session.edit)))
    session.take_step(session.edit, 4, step)
    np.testing.assert_array_equal(session.edit.ws, step.ws)
    assert session.edit.points[0].handle == step.handles[0]


def test_points_placed_while_a_drag_runs_are_not_lost(store, toy):
    session = store.open("a", "")
    session.take_changes([POINT], None, 4)
    started = session.edit.remember()
    session.edit = started
    step = next(iter(drag(toy, started)))
    session.take_changes([POINT, OTHER], None, 5)
    session.take_step(started, 4, step)
    assert session.edit.points == (POINT, OTHER)
    np.testing.assert_array_equal(session.edit.ws, step.ws)
    assert len(session.edit.history) == 1


def test_old_and_surplus_sessions_are_dropped_but_none_that_runs(store, monkeypatch):
    store.open("running", "").running = True
    store.open("idle", "")
    clock = sessions.time.monotonic() + sessions.KEEP_SECONDS + 1
    monkeypatch.setattr(sessions.time, "monotonic", lambda: clock)
    store.open("new", "")
    assert set(store._sessions) == {"running", "new"}
    monkeypatch.setattr(sessions, "MAX_SESSIONS", 3)
    for name in "abcde":
        store.open(name, "")
    assert len(store._sessions) == 3
    assert {"running", "e"} <= set(store._sessions)


def test_settling_waits_for_the_end(store):
    session = store.open("a", "")
    session.running = True
    assert session.settle(seconds=0.05) is None
    assert session.stop
    assert isinstance(session.edit.settings, Settings)


def test_a_page_whose_session_is_gone_is_told_to_reload(store):
    with pytest.raises(ValueError, match="reload it"):
        store.get("gone")


def test_a_drag_is_kept_step_by_step_and_can_be_undone(store, toy):
    session = store.open("a", "")
    session.take_changes([POINT], None, 1)
    before = session.edit
    for step, _ in session.drag(toy):
        np.testing.assert_array_equal(session.edit.ws, step.ws)
        session.stop = step.number == 3
    assert step.number == 3
    assert len(session.edit.history) == 1
    np.testing.assert_array_equal(session.edit.undo().ws, before.ws)


def test_a_drag_that_took_no_step_leaves_nothing_to_undo(store, toy):
    session = store.open("a", "")
    session.take_changes([PointPair((60, 64), (60.5, 64))], None, 1)
    assert [step.number for step, _ in session.drag(toy)] == [0]
    assert session.edit.history == ()


def test_a_slow_browser_is_not_sent_more_than_it_draws(store, toy):
    session = store.open("a", "")
    session.take_changes([POINT], None, 1)
    sent = 0
    for step, send in session.drag(toy):
        if send:
            sent += 1
            session.next_serial()
        if step.number == 10:
            assert sent == sessions.FRAMES_AHEAD
            store.drawn(session.token, session.serial)
            break
    store.drawn("another token", 10**9)
    assert session.drawn == session.serial


def test_a_browser_that_fell_silent_ends_its_drag(store, toy, monkeypatch):
    monkeypatch.setattr(sessions, "SILENCE_SECONDS", -1)
    session = store.open("a", "")
    session.take_changes([POINT], None, 1)
    steps = []
    for step, send in session.drag(toy):
        steps.append(step)
        if send:
            session.next_serial()
    assert steps[-1].ending is None
    assert len(steps) < 10
