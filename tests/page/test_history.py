"""Undo, redo, the history, the steps of a drag, by the page's handlers."""

import base64
import io

import numpy as np
from PIL import Image

from drag.page.components.canvas import read_value, to_value
from tests.page.conftest import (
    CANVAS,
    ENGLISH,
    LINE,
    POINT,
    REDO,
    SEED,
    STEPS,
    UNDO,
    canvas_of,
    dragged,
    event,
    visitor,
)


def test_a_drag_ends_with_its_place_in_the_history_and_its_steps(handlers):
    session, last = dragged(handlers)
    assert "Step limit" in last[LINE]
    assert [item["label"] for item in last["history"]["items"]] == ["Face 0", "Drag"]
    assert last["history"]["at"] == 1
    steps, frame = last[STEPS], last[CANVAS]["frame"]
    assert (steps["maximum"], steps["value"], steps["interactive"]) == (3, 3, True)
    assert (last[UNDO]["interactive"], last[REDO]["interactive"]) == (True, False)
    assert (last["go"]["interactive"], last["stop"]["interactive"]) == (True, False)
    assert not frame["original"]
    assert frame["sample"] == session.edit.sample


def test_undo_takes_what_the_canvas_has_first_and_redo_brings_it_back(handlers):
    session = visitor(handlers)
    history = handlers.history
    outputs = history.undo(canvas_of(session, POINT), ENGLISH)  # before it was told of the point
    assert outputs[CANVAS]["value"]["points"] == []
    assert "frame" not in outputs[CANVAS]  # the picture is the same
    assert (outputs[UNDO]["interactive"], outputs[REDO]["interactive"]) == (False, True)
    again = history.redo(outputs[CANVAS]["value"], ENGLISH)
    assert [pair["handle"] for pair in again[CANVAS]["value"]["points"]] == [[8, 8]]
    for handler, words in ((history.redo, "nothing to redo"), (history.undo, "nothing to undo")):
        while "problem" not in (line := handler(to_value(session.edit, 0), ENGLISH)[LINE]):
            pass
        assert words in line


def test_the_slider_stops_between_too_little_and_too_much(handlers):
    session, _ = dragged(handlers)
    trail, history = session.edit.trail, session.edit.history
    outputs = handlers.history.scrub(1, ENGLISH)
    assert "Step 1 of the drag" in outputs[LINE]
    assert "frame" in outputs[CANVAS]
    assert STEPS not in outputs
    np.testing.assert_array_equal(session.edit.ws, trail.at(history[0].ws, 1)[0])
    assert session.edit.history == history  # no entry of its own
    assert "Before the drag" in handlers.history.scrub(0, ENGLISH)[LINE]
    np.testing.assert_array_equal(session.edit.ws, history[0].ws)
    assert "Step 3 of" in handlers.history.scrub(99, ENGLISH)[LINE]  # there are no more
    assert handlers.history.scrub(None, ENGLISH) == {}


def test_a_picture_of_the_history_is_jumped_to(handlers):
    session, _ = dragged(handlers)
    handlers.pictures.resample("7", 0.7, ENGLISH)
    row = handlers.history.change(to_value(session.edit, 0), ENGLISH)["history"]
    assert [item["label"] for item in row["items"]] == ["Face 0", "Drag", "Face 7"]
    outputs = handlers.history.jump(event(row["items"][0]["id"]), ENGLISH)
    assert outputs[SEED] == "0"
    assert outputs[CANVAS]["frame"]["original"]
    assert [pair["handle"] for pair in outputs[CANVAS]["value"]["points"]] == [[8, 8]]
    assert "no longer in the history" in handlers.history.jump(event("4:x"), ENGLISH)[LINE]


def test_thumbnails_are_made_for_the_visitor_who_has_the_token(handlers):
    session = visitor(handlers)
    mask = np.zeros(session.edit.img_size, bool)
    mask[:20] = True
    session.take_changes([], mask, session.revision + 1)
    before, item = handlers.history.change(to_value(session.edit, 0), ENGLISH)["history"]["items"]
    assert (before["badge"], item["badge"]) == ("", "Region")
    key = item["picture"]  # which is bare: that of a region would be dark
    assert key == before["picture"]
    small = handlers.scripts.thumbnail([session.token, key])
    assert Image.open(io.BytesIO(base64.b64decode(small.split(",")[1]))).size == (32, 32)
    for message in (["guess", key], [session.token, "x"], [1, 2], [], None, "x" * 10):
        assert handlers.scripts.thumbnail(message) is None


def test_the_original_is_sent_when_the_canvas_asks(handlers):
    session, _ = dragged(handlers)
    canvas = handlers.history.compare(ENGLISH)[CANVAS]
    assert canvas["before"]["sample"] == session.edit.sample
    assert canvas["before"]["src"].startswith("data:image/jpeg")


def test_points_sent_and_taken_are_those_that_were_placed(handlers):
    session = visitor(handlers)
    handlers.history.change(canvas_of(session, POINT), ENGLISH)
    points, *_ = read_value(to_value(session.edit, 1), session.edit.img_size)
    assert tuple(points) == session.edit.points
