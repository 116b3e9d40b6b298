import time
import weakref
from dataclasses import replace

import pytest

from drag import PointPair, new_edit
from drag.server import visitors
from drag.server.drags import Drag
from drag.server.jobs import Kind, Phase
from drag.server.visitors import Sessions

POINT = PointPair((60, 64), (72, 64))


class Clock:
    """Tells the time that it is set to, seconds."""

    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store(toy, clock):
    return Sessions(new_edit(toy, "toy"), clock)


def armed(session):
    """A drag that a visitor has asked for."""
    drag = Drag(session, None)
    assert session.arm(drag, session.edit, session.edit)
    return drag


def test_a_reloaded_page_gets_its_edit_back_and_a_copied_tab_a_copy(store):
    first = store.open("first", "")
    first.take_changes([POINT], None, 1)
    store.leave("first")
    again = store.open("second", first.token)
    assert again.edit.points == first.edit.points != ()
    assert again.revision > 0
    again.take_changes([], None, 2)
    assert len(first.edit.points) == 1


def test_an_unknown_token_gets_a_new_edit(store):
    store.open("first", "").take_changes([POINT], None, 1)
    assert store.open("second", "guess").edit.points == ()
    assert store.open("third", "").edit.points == ()


def test_leaving_stops_the_drag_also_one_that_waits(store):
    asked, waiting = (armed(store.open(name, "")) for name in "ab")
    store.get("b").fetch(Kind.DRAG)
    for name, drag in zip("ab", (asked, waiting), strict=True):
        store.leave(name)
        assert drag.phase is Phase.ENDED
    store.leave("never seen")


def test_pages_without_a_sign_of_life_for_an_hour_are_forgotten(store, clock):
    drag = armed(store.open("running", ""))
    assert drag.enter()
    assert drag.begin()
    for name in ("open", "drawing", "closed"):
        store.open(name, "")
    armed(store.get("open"))  # which it never came for
    store.leave("closed")
    clock.now += visitors.KEEP_SECONDS + 9
    store.drawn(store._sessions["drawing"].token, 1)
    store.sweep()
    assert set(store._sessions) == {"running", "drawing"}
    with pytest.raises(visitors.ForgottenError, match="reload it"):
        store.get("open")


def test_they_are_forgotten_though_nobody_comes(toy, monkeypatch):
    monkeypatch.setattr(visitors, "SWEEP_SECONDS", 0.02)
    store = Sessions(new_edit(toy, "toy"))
    store.open("a", "").seen -= visitors.KEEP_SECONDS + 1
    until = time.monotonic() + 5
    while store._sessions and time.monotonic() < until:
        time.sleep(0.02)
    assert not store._sessions
    gone = weakref.ref(store)
    del store
    while gone() and time.monotonic() < until:  # and the thread that does it is no leak
        time.sleep(0.02)
    assert gone() is None


def test_who_waits_stays_and_who_made_nothing_goes_first(store, monkeypatch):
    # A thousand calls that opened a page each drove out visitors who were in the line.
    for name in ("waits", "made", "nothing"):
        store.open(name, "").seen -= 60
    armed(store._sessions["waits"]).enter()
    store._sessions["made"].take_changes([POINT], None, 1)
    monkeypatch.setattr(visitors, "MAX_SESSIONS", 3)
    for number in range(4):
        store.open(f"new {number}", "")
    assert set(store._sessions) >= {"waits", "made"}
    assert len(store._sessions) == 3


def test_where_edits_are_too_large_together_the_oldest_go(store, toy, monkeypatch):
    for name in ("old", "new"):
        history = tuple(new_edit(toy, "toy", seed) for seed in range(5))
        store.open(name, "").replace_edit(replace(new_edit(toy, "toy", 9), history=history))
    store.open("small", "").take_changes([POINT], None, 1)
    sizes = [store._sessions[name].nbytes for name in ("old", "new", "small")]
    assert sizes[0] == sizes[1] > sizes[2] > 0
    monkeypatch.setattr(visitors, "MAX_BYTES", sizes[1] + sizes[2])
    store.sweep()
    assert set(store._sessions) == {"new", "small"}


def test_there_are_never_too_many_sessions(store, monkeypatch):
    monkeypatch.setattr(visitors, "MAX_SESSIONS", 3)
    for name in "abcde":
        store.open(name, "")
        if name == "c":
            store.leave("c")
    assert set(store._sessions) == {"b", "d", "e"}


def test_a_page_whose_session_is_gone_is_told_to_reload(store):
    with pytest.raises(ValueError, match="reload it"):
        store.get("gone")
