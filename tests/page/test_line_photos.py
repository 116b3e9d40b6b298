"""What photos leave of the line to drags."""

import time

from drag.server.line import Line
from tests.page.conftest import LINE, POINT, another, canvas_of
from tests.page.inversions import running, taken, use


def test_the_photos_of_two_visitors_let_the_drag_of_a_third_through(handlers, fits):
    handlers.line, fits.count, fits.pause = Line(2), 500, 0.05
    first, others = running(handlers), [another("second"), another("third")]
    for other in others:
        handlers.arrive("", "", None, other)
    taken(handlers, request=others[0])
    use(handlers, request=others[0])
    second = handlers.invert(others[0])
    assert "<b>1</b>" in next(line for line, *_ in second if "Your place" in str(line))
    session = handlers.sessions.get("third")
    handlers.arm(canvas_of(session, POINT), None, "adam", 1e-3, 3, 12, 20, 3, "W+", 6, others[1])
    said = [str(outputs[LINE]) for outputs in handlers.run(others[1])]
    assert [words for words in said if "Your place" in words] == []
    assert session.edit.history
    assert (handlers.line.running, handlers.line.waiting) == (1, 1)
    second.close()
    first.close()
    assert fits.closed.wait(2)
    while handlers.line.running:
        time.sleep(0.01)
