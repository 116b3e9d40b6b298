import pytest

from drag.loop import Ending, Step
from drag.wording import how_far, how_it_ended, status


def step(number, ending=None, left=12.4):
    return Step(number, None, ((1, 2),), (left, 1.0), ending=ending)


@pytest.mark.parametrize(("last", "words"), [
    (None, "before the first step"),
    (step(57, Ending.ARRIVED), "<b>Arrived</b> after 57 steps."),
    (step(1, Ending.ARRIVED), "after 1 step."),
    (step(0, Ending.ARRIVED), "Already there"),
    (step(99, Ending.NO_PROGRESS), "12 px short"),
    (step(300, Ending.STEP_CAP), "Press Drag to go on"),
    (step(8), "<b>Stopped</b> after 8 steps, 12 px short"),
])
def test_every_ending_has_its_words(last, words):
    assert words in how_it_ended(last)


def test_the_status_line_shows_how_far_it_is():
    assert "width:79%" in how_far(step(4), 60)
    assert "Step 4, <b>12 px</b> to go" in how_far(step(4), 60)
    assert "width:0%" in how_far(step(4, left=90), 60)
    assert "<i>" not in status("Ready")
