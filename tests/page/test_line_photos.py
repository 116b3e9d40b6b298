"""What photos leave of the line to drags."""

import time

from drag.server.line import Line
from tests.page.conftest import LINE, POINT, another, canvas_of, pressed
from tests.page.inversions import running, taken, use


def test_the_photos_of_two_visitors_let_the_drag_of_a_third_through(handlers, fits):
    handlers.desk.line, fits.count, fits.pause = Line(2), 500, 0.05
    first, others = running(handlers), [another("second"), another("third")]
    for other in others:
        handlers.visits.arrive("", "", None, other)
    taken(handlers, request=others[0])
    use(handlers, request=others[0])
    second = handlers.inversions.invert(others[0])
    assert "<b>1</b>" in next(told[LINE] for told in second if "Your place" in told.get(LINE, ""))
    session = handlers.desk.sessions.get("third")
    handlers.drags.arm(pressed(canvas_of(session, POINT), 3), others[1])
    said = [str(outputs.get(LINE)) for outputs in handlers.drags.run(others[1])]
    assert [words for words in said if "Your place" in words] == []
    assert session.edit.history
    assert (handlers.desk.line.running, handlers.desk.line.waiting) == (1, 1)
    second.close()
    first.close()
    assert fits.closed.wait(2)
    while handlers.desk.line.running:
        time.sleep(0.01)
