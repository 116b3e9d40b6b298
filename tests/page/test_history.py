"""Undo, redo, the history, the steps of a drag, by the page's handlers."""

import base64
import io

import gradio as gr
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
    session, (line, canvas, go, stop, history, steps, undo, redo) = dragged(handlers)
    assert "Step limit" in line
    assert [item["label"] for item in history["items"]] == ["Seed 0", "Drag"]
    assert history["at"] == 1
    assert (steps["maximum"], steps["value"], steps["interactive"]) == (3, 3, True)
    assert (undo["interactive"], redo["interactive"]) == (True, False)
    assert (go["interactive"], stop["interactive"]) == (True, False)
    assert not canvas["frame"]["original"]
    assert canvas["frame"]["sample"] == session.edit.sample


def test_undo_takes_what_the_canvas_has_first_and_redo_brings_it_back(handlers):
    session = visitor(handlers)
    outputs = handlers.undo(canvas_of(session, POINT), ENGLISH)  # before it was told of the point
    assert outputs[CANVAS]["value"]["points"] == []
    assert "frame" not in outputs[CANVAS]  # the picture is the same
    assert (outputs[UNDO]["interactive"], outputs[REDO]["interactive"]) == (False, True)
    again = handlers.redo(outputs[CANVAS]["value"], ENGLISH)
    assert [pair["handle"] for pair in again[CANVAS]["value"]["points"]] == [[8, 8]]
    for handler, words in ((handlers.redo, "nothing to redo"), (handlers.undo, "nothing to undo")):
        while "problem" not in (line := handler(to_value(session.edit, 0), ENGLISH)[LINE]):
            pass
        assert words in line


def test_the_slider_stops_between_too_little_and_too_much(handlers):
    session, _ = dragged(handlers)
    trail, history = session.edit.trail, session.edit.history
    outputs = handlers.scrub(1, ENGLISH)
    assert "Step 1 of the drag" in outputs[LINE]
    assert "frame" in outputs[CANVAS]
    assert outputs[STEPS] == gr.skip()
    np.testing.assert_array_equal(session.edit.ws, trail.at(history[0].ws, 1)[0])
    assert session.edit.history == history  # no entry of its own
    assert "Before the drag" in handlers.scrub(0, ENGLISH)[LINE]
    np.testing.assert_array_equal(session.edit.ws, history[0].ws)
    assert "no longer kept" in handlers.scrub(99, ENGLISH)[LINE]
    assert all(output == gr.skip() for output in handlers.scrub(None, ENGLISH))


def test_a_picture_of_the_history_is_jumped_to(handlers):
    session, _ = dragged(handlers)
    handlers.resample("7", 0.7, ENGLISH)
    row = handlers.change(to_value(session.edit, 0), ENGLISH)[1]
    assert [item["label"] for item in row["items"]] == ["Seed 0", "Drag", "Seed 7"]
    outputs = handlers.jump(event(row["items"][0]["id"]), ENGLISH)
    assert outputs[SEED] == "0"
    assert outputs[CANVAS]["frame"]["original"]
    assert [pair["handle"] for pair in outputs[CANVAS]["value"]["points"]] == [[8, 8]]
    assert "no longer in the history" in handlers.jump(event("4:x"), ENGLISH)[LINE]


def test_thumbnails_are_made_for_the_visitor_who_has_the_token(handlers):
    session = visitor(handlers)
    mask = np.zeros(session.edit.img_size, bool)
    mask[:20] = True
    looks = session.edit.looks
    plain = handlers.thumbnail([session.token, looks])
    session.take_changes([], mask, session.revision + 1)
    dimmed = handlers.thumbnail([session.token, session.edit.looks])
    first, second = (np.asarray(Image.open(io.BytesIO(base64.b64decode(url.split(",")[1])))
                                .convert("RGB")).astype(float) for url in (plain, dimmed))
    assert np.abs(first - second)[:16].mean() < 8
    assert second[26:].mean() < 0.5 * first[26:].mean() + 1
    assert handlers.thumbnail([session.token, looks]) == plain  # from latents, any time
    for message in (["guess", looks], [session.token, "x"], [1, 2], [], None, "x" * 10):
        assert handlers.thumbnail(message) is None


def test_the_original_is_sent_when_the_canvas_asks(handlers):
    session, _ = dragged(handlers)
    _, canvas = handlers.compare(ENGLISH)
    assert canvas["before"]["sample"] == session.edit.sample
    assert canvas["before"]["src"].startswith("data:image/jpeg")


def test_points_sent_and_taken_are_those_that_were_placed(handlers):
    session = visitor(handlers)
    handlers.change(canvas_of(session, POINT), ENGLISH)
    points, *_ = read_value(to_value(session.edit, 1), session.edit.img_size)
    assert tuple(points) == session.edit.points
