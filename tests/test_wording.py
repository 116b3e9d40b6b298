from dataclasses import replace

import pytest

from drag.loop import Ending, Step
from drag.page.trouble import in_words
from drag.page.wording import how_far, how_it_ended, status
from drag.server.visitors import FORGOTTEN, ForgottenError
from networks.errors import UserError


def step(number, ending=None, left=12.4):
    return Step(number, None, ((1, 2),), (left, 1.0), ending=ending)


@pytest.mark.parametrize(
    ("last", "words"),
    [
        (None, "before the first step"),
        (step(57, Ending.ARRIVED), "<b>Done.</b>"),
        (step(0, Ending.ARRIVED), "Already there"),
        (step(99, Ending.NO_PROGRESS), "12 px short"),
        (step(300, Ending.STEP_CAP), 'data-remedy="further"'),
        (step(8), "<b>Stopped</b> after 8 steps, 12 px short"),
    ],
)
def test_every_ending_has_its_words(last, words):
    assert words in how_it_ended(last)


def test_a_drag_that_ends_with_little_left_sounds_like_one():
    last = step(7, Ending.NO_PROGRESS)
    assert "<b>Done</b>, nearly all the way." in how_it_ended(last, (90, 0))
    assert "12 px" not in how_it_ended(last, (90, 0))
    assert "<b>Done</b>, 12 px short" in how_it_ended(last, (50, 0))
    assert "<b>No further</b>" in how_it_ended(last, (49, 0))
    turned = replace(last, distances=(2, 20))  # one went away from its target, which was near
    assert "<b>No further</b>" in how_it_ended(turned, (100, 10))
    unlike = replace(last, likeness=(0.9, 0.2))  # which says to undo, not to go on
    assert "<b>No further</b>" in how_it_ended(unlike, (90, 0))


def test_a_handle_that_was_not_recognised_is_named():
    pair = Step(9, None, ((1, 2), (3, 4)), (5.0, 1.0), ending=Ending.NO_PROGRESS)
    sure, unsure = (replace(pair, likeness=(0.9, other)) for other in (0.8, 0.3))
    assert "recognise" not in how_it_ended(pair) + how_it_ended(sure)
    assert "under point 2 is hard to recognise" in how_it_ended(unsure)
    assert "under points 1, 2 is" in how_it_ended(replace(unsure, likeness=(0.1, 0.2)))


def test_the_status_line_shows_how_far_it_is():
    assert "width:79%" in how_far(step(4), 60)
    assert "Step 4, <b>12 px</b> to go" in how_far(step(4), 60)
    assert "width:0%" in how_far(step(4, left=90), 60)
    assert "<i>" not in status("Ready")


@pytest.mark.parametrize("error", [ValueError("secret"), RuntimeError("secret"), MemoryError()])
def test_what_is_not_for_visitors_is_logged_and_said_in_general(error, caplog):
    for language, words in (("en", "The picture could not be made"), ("zh", "无法生成图片")):
        line = in_words(error, language)
        assert words in line
        assert "problem" in line
        assert "secret" not in line
    assert [record.exc_info[1] for record in caplog.records] == [error, error]


def test_what_is_for_visitors_is_said_in_their_language(caplog):
    error = UserError("{file} is empty; fetch it again.", file="<b>.pkl")
    assert "&lt;b&gt;.pkl is empty; fetch it again." in in_words(error)
    assert "&lt;b&gt;.pkl 是空文件" in in_words(error, "zh")
    assert "data-forgotten" not in in_words(error)
    assert "data-forgotten" in in_words(ForgottenError(FORGOTTEN), "zh")
    assert caplog.records == []
