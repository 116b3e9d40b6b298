"""What a visitor sees of the line for the device, and what leaves it."""

import contextlib

import pytest

from drag.server.jobs import Phase
from drag.server.line import Line
from tests.page.conftest import (
    CANVAS,
    ENGLISH,
    LINE,
    POINT,
    another,
    canvas_of,
    held,
    pressed,
    visitor,
)

SLOW = {"rate": 1e-5, "steps": 2000}


@pytest.fixture
def busy(handlers):
    """The page's device is taken until this is set."""
    handlers.desk.line = Line(1, length=1)
    with held(handlers.desk.line) as free:
        yield free


def arm(handlers, request=ENGLISH):
    """Drag is pressed, for a drag that takes long; what it changes."""
    session = handlers.desk.sessions.get(request.session_hash)
    return handlers.drags.arm(pressed(canvas_of(session, POINT), **SLOW), request)


def place(run):
    """What is said of the place in the line."""
    return next(told[LINE] for told in run if "Your place" in told.get(LINE, ""))


def test_who_waits_is_told_the_place_and_a_second_press_keeps_it(handlers, busy):
    assert "Starting" in arm(handlers)[LINE]
    run = handlers.drags.run(ENGLISH)
    assert "Your place in the line: <b>1</b>. It takes about a few seconds." in place(run)
    assert "Your drag waits in the line: press Stop to leave it." in arm(handlers)[LINE]
    assert list(handlers.drags.run(ENGLISH))[1:] == []  # a second run has nothing to say
    busy.set()
    while "Step" not in str(next(run).get(LINE)):
        pass
    assert visitor(handlers).running
    run.close()


def test_a_full_line_is_said_at_once_and_nothing_is_lost(handlers, busy):
    handlers.visits.arrive("", "", None, another("other"))
    arm(handlers)
    run = handlers.drags.run(ENGLISH)
    place(run)
    other = handlers.desk.sessions.get("other")
    told = arm(handlers, another("other"))
    assert "try again in a minute" in told[LINE]
    assert set(told) == {LINE}
    assert other.edit.points
    assert not other.armed
    run.close()
    assert "Starting" in arm(handlers, another("other"))[LINE]


@pytest.mark.parametrize("how", ["halt", "leave", "undo"])
def test_stop_leaving_and_undo_leave_the_line(handlers, busy, how):
    arm(handlers)
    run = handlers.drags.run(ENGLISH)
    place(run)
    assert handlers.desk.line.waiting == 1
    if how == "halt":
        assert "before the first step" in handlers.drags.halt(ENGLISH)[LINE]
    elif how == "leave":
        handlers.visits.leave(ENGLISH)
    else:
        handlers.history.undo(canvas_of(visitor(handlers), POINT), ENGLISH)
    assert handlers.desk.line.waiting == 0
    *_, last = run
    assert set(last) == {"go", "stop"}
    assert last["go"]["interactive"] is (how != "undo")  # there is something left to drag
    session = visitor(handlers)
    assert session.drag.phase is Phase.ENDED


def test_a_press_that_changes_nothing_keeps_the_place(handlers, busy):
    arm(handlers)
    with contextlib.closing(handlers.drags.run(ENGLISH)) as run:
        place(run)
        assert CANVAS not in handlers.history.scrub(0, ENGLISH)
        assert handlers.desk.line.waiting == 1


def test_points_placed_while_it_waits_are_dragged(handlers, busy):
    arm(handlers)
    run = handlers.drags.run(ENGLISH)
    place(run)
    session = visitor(handlers)
    later = type(POINT)((20, 8), (8, 20))
    handlers.history.change(canvas_of(session, POINT, later), ENGLISH)
    busy.set()
    while "Step" not in str(next(run).get(LINE)):
        pass
    assert len(session.shown.handles) == 2
    run.close()


def test_a_drag_has_a_time_limit_and_goes_on_after_it(handlers):
    handlers.desk.line = Line(1, seconds=0.05)
    arm(handlers)
    *_, last = handlers.drags.run(ENGLISH)
    assert "Time is up" in last[LINE]
    assert last[CANVAS]["frame"]["settle"]
    session = visitor(handlers)
    assert session.edit.change == "drag"
    assert "Starting" in arm(handlers)[LINE]
