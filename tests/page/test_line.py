"""What a visitor sees of the line for the device, and what leaves it."""

import contextlib

import gradio as gr
import pytest

from drag.server.jobs import Phase
from drag.server.line import Line
from tests.page.conftest import CANVAS, ENGLISH, LINE, POINT, another, canvas_of, held, visitor

SETTINGS = "adam", 1e-5, 3, 12, 20, 2000, "W+", 6


@pytest.fixture
def busy(handlers):
    """The page's device is taken until this is set."""
    handlers.line = Line(1, length=1)
    with held(handlers.line) as free:
        yield free


def arm(handlers, settings=SETTINGS):
    """Drag is pressed; its outputs."""
    return handlers.arm(canvas_of(visitor(handlers), POINT), None, *settings, ENGLISH)


def place(run):
    """What is said of the place in the line."""
    return next(line for line, *_ in run if "Your place" in str(line))


def test_who_waits_is_told_the_place_and_a_second_press_keeps_it(handlers, busy):
    assert "Starting" in arm(handlers)[LINE]
    run = handlers.run(ENGLISH)
    assert "Your place in the line: <b>1</b>. It takes about a few seconds." in place(run)
    assert "Your drag waits in the line: press Stop to leave it." in arm(handlers)[LINE]
    assert list(handlers.run(ENGLISH))[1:] == []  # a second run has nothing to say
    busy.set()
    while "Step" not in str(next(run)[LINE]):
        pass
    assert visitor(handlers).running
    run.close()


def test_a_full_line_is_said_at_once_and_nothing_is_lost(handlers, busy):
    handlers.arrive("", "", None, another("other"))
    arm(handlers)
    run = handlers.run(ENGLISH)
    place(run)
    other = handlers.sessions.get("other")
    line, *buttons = handlers.arm(canvas_of(other, POINT), None, *SETTINGS, another("other"))
    assert "try again in a minute" in line
    assert buttons == [gr.skip(), gr.skip()]
    assert other.edit.points
    assert not other.armed
    run.close()
    assert "Starting" in handlers.arm(
        canvas_of(other, POINT), None, *SETTINGS, another("other"))[LINE]


@pytest.mark.parametrize("how", ["halt", "leave", "undo"])
def test_stop_leaving_and_undo_leave_the_line(handlers, busy, how):
    arm(handlers)
    run = handlers.run(ENGLISH)
    place(run)
    assert handlers.line.waiting == 1
    if how == "halt":
        assert "before the first step" in handlers.halt(ENGLISH)[LINE]
    elif how == "leave":
        handlers.leave(ENGLISH)
    else:
        handlers.undo(canvas_of(visitor(handlers), POINT), ENGLISH)
    assert handlers.line.waiting == 0
    *_, last = run
    assert last[LINE] == last[CANVAS] == gr.skip()
    assert last[2]["interactive"]  # Drag can be pressed again
    session = visitor(handlers)
    assert session.drag.phase is Phase.ENDED


def test_a_press_that_changes_nothing_keeps_the_place(handlers, busy):
    arm(handlers)
    with contextlib.closing(handlers.run(ENGLISH)) as run:
        place(run)
        for outputs in (handlers.reset_picture(ENGLISH), handlers.scrub(0, ENGLISH)):
            assert outputs[CANVAS] == gr.skip()
        assert handlers.line.waiting == 1


def test_points_placed_while_it_waits_are_dragged(handlers, busy):
    arm(handlers)
    run = handlers.run(ENGLISH)
    place(run)
    session = visitor(handlers)
    later = type(POINT)((20, 8), (8, 20))
    handlers.change(canvas_of(session, POINT, later), ENGLISH)
    busy.set()
    while "Step" not in str(next(run)[LINE]):
        pass
    assert len(session.shown.handles) == 2
    run.close()


def test_a_drag_has_a_time_limit_and_goes_on_after_it(handlers):
    handlers.line = Line(1, seconds=0.05)
    arm(handlers)
    *_, last = handlers.run(ENGLISH)
    assert "Time is up" in last[LINE]
    assert last[CANVAS]["frame"]["settle"]
    session = visitor(handlers)
    assert session.edit.change == "drag"
    assert "Starting" in arm(handlers)[LINE]
