import time
import weakref
from dataclasses import replace

import pytest

from drag import PointPair, new_edit
from drag.server import visitors
from drag.server.drags import Drag
from drag.server.jobs import Kind, Phase
from drag.server.shares import Asker, asking
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


def test_a_newcomer_stays_however_many_came_before_and_changed_something(store, clock):
    # A thousand pages each with a change kept everybody out who had none: they went first.
    for number in range(1010):
        clock.now += 0.1
        store.open(f"page {number}", "").take_changes([POINT], None, 1)
    newcomer = store.open("newcomer", "")
    for revision in range(1, 4):
        clock.now += visitors.CROWD_SECONDS + 1
        store.open(f"another {revision}", "")
        newcomer.take_changes([POINT] if revision % 2 else [], None, revision)
        assert store.get("newcomer") is newcomer
        assert store.find(newcomer.token) is newcomer
    assert store.open("reloaded", newcomer.token).edit.points == newcomer.edit.points != ()


def test_where_all_are_too_large_closed_pages_go_then_the_oldest_of_who_has_most(
    store, clock, monkeypatch
):
    def come(name, address):
        clock.now += 1
        with asking(Asker(name, address)):
            return store.open(name, "")

    come("waits", "6.6.6.6")
    armed(store.get("waits")).enter()
    for number, address in enumerate(["1.1.1.1", "6.6.6.6", "6.6.6.6", "6.6.6.6", "2.2.2.2"]):
        come(f"page {number}", address)
    store.leave("page 4")
    one = store._sessions["page 0"].nbytes
    gone = []
    for left in range(5, 1, -1):
        before = set(store._sessions)
        monkeypatch.setattr(visitors, "MAX_BYTES", left * one)
        come("newcomer", "3.3.3.3")
        store.sweep()
        gone.append(before - set(store._sessions))
    assert gone == [{"page 4", "page 1"}, {"page 2"}, {"page 3"}, {"page 0"}]
    assert set(store._sessions) == {"waits", "newcomer"}


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


def test_a_page_whose_session_is_gone_is_told_to_reload(store):
    with pytest.raises(ValueError, match="reload it"):
        store.get("gone")
