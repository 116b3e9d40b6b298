import numpy as np
import pytest

from drag import PointPair, Settings, drag, new_edit, sessions
from drag.sessions import Sessions

POINT, OTHER = PointPair((60, 64), (72, 64)), PointPair((20, 20), (30, 20))


@pytest.fixture
def store(toy):
    return Sessions(new_edit(toy, "toy"))


def test_visitors_own_their_edits(store):
    one, two = store.get("one"), store.get("two")
    one.take_changes([POINT], None, 1)
    assert store.get("one") is one
    assert two.edit.points == ()


def test_a_reloaded_page_gets_its_edit_back_and_a_copied_tab_a_copy(store):
    first = store.get("first")
    first.take_changes([POINT], None, 1)
    store.leave("first")
    again = store.open("second", first.token)
    assert again.edit.points == (POINT,)
    assert again.revision > 0
    again.take_changes([], None, 2)
    assert first.edit.points == (POINT,)


def test_an_unknown_token_gets_a_new_edit(store):
    store.get("first").take_changes([POINT], None, 1)
    assert store.open("second", "guess").edit.points == ()
    assert store.open("third", "").edit.points == ()


def test_leaving_stops_the_drag_also_one_that_waits(store):
    session = store.get("a")
    session.armed = True
    store.leave("a")
    assert (session.stop, session.armed) == (True, False)
    store.leave("never seen")


def test_a_step_moves_the_handles(store, toy):
    session = store.get("a")
    session.take_changes([POINT], None, 4)
    step = next(iter(drag(toy, session.edit)))
    session.take_step(session.edit, 4, step)
    np.testing.assert_array_equal(session.edit.ws, step.ws)
    assert session.edit.points[0].handle == step.handles[0]


def test_points_placed_while_a_drag_runs_are_not_lost(store, toy):
    session = store.get("a")
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
    store.get("running").running = True
    store.get("idle")
    clock = sessions.time.monotonic() + sessions.KEEP_SECONDS + 1
    monkeypatch.setattr(sessions.time, "monotonic", lambda: clock)
    store.get("new")
    assert set(store._sessions) == {"running", "new"}
    monkeypatch.setattr(sessions, "MAX_SESSIONS", 3)
    for name in "abcde":
        store.get(name)
    assert len(store._sessions) == 3
    assert {"running", "e"} <= set(store._sessions)


def test_settling_waits_for_the_end(store):
    session = store.get("a")
    session.running = True
    assert session.settle(seconds=0.05) is None
    assert session.stop
    assert isinstance(session.edit.settings, Settings)
