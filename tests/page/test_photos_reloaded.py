"""Pages that are loaded again in the middle of an inversion."""

import threading
import time

import pytest

from drag.server import sessions
from drag.server.inversions import Inversion
from tests.page.conftest import CANVAS, ENGLISH, LINE, another, visitor
from tests.page.inversions import PHOTO, running, taken, use


def reloaded(handlers, run):
    """The page goes in the middle of an inversion, and comes again: its session, and what is
    said."""
    token = visitor(handlers).token
    run.close()
    handlers.visits.leave(ENGLISH)
    outputs = handlers.visits.arrive(token, "", None, another("second"))
    return handlers.desk.sessions.get("second"), outputs


def slow_keep(monkeypatch, wait):
    keep = Inversion.keep

    def slowly(*args):
        wait()
        keep(*args)

    monkeypatch.setattr(Inversion, "keep", slowly)


def test_a_reload_in_the_middle_keeps_the_best_so_far(handlers, fits, monkeypatch):
    # The next page had a copy of the edit from before, as “you left it”, and all work was lost.
    fits.count, fits.pause = 500, 0.05
    slow_keep(monkeypatch, lambda: time.sleep(0.3))
    session, outputs = reloaded(handlers, running(handlers))
    assert session.edit.change == "photo"
    assert outputs[CANVAS]["frame"]
    assert "ended when you left, and the best so far is kept" in outputs[LINE]
    handlers.visits.leave(another("second"))
    outputs = handlers.visits.arrive(session.token, "", None, another("third"))
    assert "as you left it" in outputs[LINE]


@pytest.mark.parametrize("slow", ["start", "end"])
def test_a_reload_does_not_wait_long_and_says_what_is_gone(handlers, fits, monkeypatch, slow):
    release, soon = threading.Event(), sessions.FINISH_SECONDS
    monkeypatch.setattr(sessions, "FINISH_SECONDS", 0.2)
    if slow == "end":
        fits.count, fits.pause = 500, 0.05
        slow_keep(monkeypatch, lambda: release.wait(30))
        run = running(handlers)
    else:

        def invert(*args):
            release.wait(30)
            yield from fits(*args)

        monkeypatch.setattr(handlers.desk.engine, "invert", invert)
        taken(handlers)
        use(handlers)
        run = handlers.inversions.invert(ENGLISH)
        next(run)
        threading.Thread(target=next, args=(run,), daemon=True).start()
        while not visitor(handlers).inversion.running:
            time.sleep(0.01)
    token, began = visitor(handlers).token, time.monotonic()
    handlers.visits.leave(ENGLISH)
    outputs = handlers.visits.arrive(token, "", None, another("second"))
    assert time.monotonic() - began < soon  # what it waits for would take six times as long
    assert "not the photo that was worked on as you left" in outputs[LINE]
    assert handlers.desk.sessions.get("second").edit.change == "sample"
    release.set()


def test_a_copied_tab_leaves_the_inversion_of_the_first_alone(handlers, fits):
    fits.count, fits.pause = 60, 0.02
    run = running(handlers)
    outputs = handlers.visits.arrive(visitor(handlers).token, "", None, another("second"))
    assert "not the photo" in outputs[LINE]
    *_, last = run
    assert last[PHOTO]["fit"]["phase"] == "done"
    assert "Stopped" not in last[LINE]
