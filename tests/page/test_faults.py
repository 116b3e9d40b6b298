"""Faults, put in where they happen: who is hit is told and keeps what was made, nobody else
notices, and the next try works."""

import json
import logging
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

import drag.server.engine
from drag.files.project import from_project
from drag.models.catalogue import local_models
from drag.models.loaded import LoadedModels
from drag.models.progress import ModelUnavailableError
from drag.page.handlers import drags
from drag.page.menus import FORMATS
from networks.errors import Message
from tests.page.conftest import (
    CANVAS,
    ENGLISH,
    LINE,
    POINT,
    STEPS,
    UNDO,
    PageHandlers,
    another,
    canvas_of,
    dragged,
    pressed,
    visitor,
)

ROW = "history"
OTHER = type(POINT)((20, 8), (8, 20), key=7)
NEIGHBOUR = another("neighbour")


def arm(handlers, request=ENGLISH, steps=4):
    """Drag is pressed, with a point placed; the run that follows."""
    session = handlers.desk.sessions.get(request.session_hash)
    told = handlers.drags.arm(pressed(canvas_of(session, POINT), steps), request)
    assert "Starting" in told[LINE]
    return handlers.drags.run(request)


def failing(monkeypatch, error, times=1, after=2):
    """The next drags, so many, raise this after so many steps; returns the numbers of steps."""
    steps_of, left, numbers = drag.server.engine.drag, [error] * times, []

    def steps(*args):
        fails = left.pop() if left else None
        for step in steps_of(*args):
            numbers.append(step.number)
            yield step
            if fails and step.number == after:
                raise fails

    monkeypatch.setattr(drag.server.engine, "drag", steps)
    return numbers


def test_an_error_in_a_step_costs_its_visitor_the_rest_of_the_drag_and_no_more(
    handlers, monkeypatch, caplog
):
    handlers.visits.arrive("", "", None, NEIGHBOUR)
    beside = arm(handlers, NEIGHBOUR, steps=40)
    while "Step" not in str(next(beside).get(LINE)):
        pass
    failing(monkeypatch, KeyError("secret"))
    *_, last = arm(handlers)
    assert "The drag failed; the last step it reached is kept" in last[LINE]
    assert "secret" not in str(last)
    assert last[CANVAS]["frame"]["settle"]
    session = visitor(handlers)
    assert [entry.change for entry in session.edit.timeline] == ["sample", "points", "drag"]
    assert len(session.edit.trail) == 3
    reached = session.edit.points[0].handle
    assert last[CANVAS]["frame"]["handles"]["1"] == reached
    assert last[UNDO]["interactive"]
    assert any(record.exc_info for record in caplog.records)  # for whoever runs the server
    *_, last = beside
    assert "Step limit" in last[LINE]
    handlers.history.undo(canvas_of(session, *session.edit.points), ENGLISH)
    assert session.edit.points[0].handle == POINT.handle
    *_, last = arm(handlers)
    assert "Step limit" in last[LINE]


def test_memory_that_runs_out_once_costs_nothing_but_time(handlers, monkeypatch, caplog):
    caplog.set_level(logging.INFO, "drag")
    numbers = failing(monkeypatch, torch.OutOfMemoryError("CUDA out of memory"))
    outputs = list(arm(handlers))
    assert numbers == [1, 2, 1, 2, 3, 4]
    assert "Step limit" in outputs[-1][LINE]
    assert not any("problem" in str(output.get(LINE)) for output in outputs)
    assert outputs[-1][STEPS]["maximum"] == 4
    assert visitor(handlers).edit.trail.numbers == (0, 1, 2, 3, 4)  # of the second try
    assert "it is tried once more" in caplog.text


def test_memory_that_runs_out_twice_is_said_and_the_edit_is_kept(handlers, monkeypatch):
    handlers.visits.arrive("", "", None, NEIGHBOUR)
    failing(monkeypatch, torch.OutOfMemoryError("CUDA out of memory"), times=2)
    *_, last = arm(handlers)
    assert "memory is full, also at a second try: try again in a minute" in last[LINE]
    assert "CUDA" not in str(last)
    assert last[CANVAS]["frame"]["settle"]  # the canvas waits for no more steps
    assert last[UNDO]["interactive"]
    session = visitor(handlers)
    assert session.edit.change == "drag"
    for request in (NEIGHBOUR, ENGLISH):
        *_, last = arm(handlers, request)
        assert "Step limit" in last[LINE]


def test_the_hub_that_goes_while_a_model_comes_takes_nothing_with_it(handlers, monkeypatch):
    session, _ = dragged(handlers)  # tests/test_hub.py has all the ways in which it goes
    made = session.edit

    def fetch(model):
        yield Message("Downloading {model}", model=model.title), 0.5
        handlers.visits.arrive("", "", None, NEIGHBOUR)
        assert "Step limit" in list(arm(handlers, NEIGHBOUR))[-1][LINE]
        raise ModelUnavailableError(
            "The download of {file} broke off: choose it again.", file="team/nets/x.pkl"
        )

    monkeypatch.setattr(handlers.desk.models, "fetch", fetch)
    *_, last = handlers.pictures.choose("team/nets/x.pkl", ENGLISH)
    assert "broke off: choose it again" in last[LINE]
    assert last["model"]["value"] == "a.pkl"
    assert session.edit is made
    handlers.history.undo(canvas_of(session, *made.points), ENGLISH)
    assert session.edit.change == "points"


# No file can be written to, however much room the disk has: what is printed goes into a pipe.
FULL = """
import json, resource, sys
from pathlib import Path
from drag.web.answers import own_folder
from drag.web.api import Api
from drag.models.loaded import LoadedModels
from drag.models.catalogue import local_models
from drag.page.menus import FORMATS
from tests.page.conftest import ENGLISH, PageHandlers, dragged
from tests.page.inversions import PHOTO, taken
handlers = PageHandlers(LoadedModels("cpu", local=local_models(Path(sys.argv[1]))), "a.pkl")
handlers.visits.arrive("", "", None, ENGLISH)
session, _ = dragged(handlers)
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
said = {}
for kind in FORMATS:
    *_, last = handlers.files.save(kind, 0.5, 512, True, True, ENGLISH)
    said[kind] = [last["status"], len(last.get("exchange", {}).get("saved", {}).get("src", ""))]
photo = taken(handlers)
said["photo"] = [photo["status"], len(photo[PHOTO]["photo"]["src"])]
api = Api(handlers.desk.models, handlers.desk.engine, handlers.desk.shares)
edit = json.loads(handlers.scripts.keep([session.token]))
with own_folder():
    for call in (lambda: api.render(edit), lambda: api.export(edit, "drag")):
        try:
            said["api"] = call()
        except Exception as error:
            said["api"] = [type(error).__name__, str(error)]
print(json.dumps(said))
"""


@pytest.mark.slow
def test_a_full_disk_leaves_the_pages_files_and_photos_alone_and_programs_are_told(folder):
    (folder / "temporary").mkdir()
    run = subprocess.run(
        [sys.executable, "-c", FULL, folder],
        capture_output=True,
        text=True,
        timeout=120,
        env={
            **os.environ,
            "TMPDIR": str(folder / "temporary"),
            "GRADIO_TEMP_DIR": str(folder / "temporary"),
        },
    )
    assert run.returncode == 0, run.stderr
    said = json.loads(run.stdout)
    for kind in FORMATS:
        line, length = said[kind]
        assert "Saved <b>draggan-seed0" in line
        assert length > 200
    line, length = said["photo"]
    assert "Put the frame around" in line
    assert length > 200
    assert said["api"] == [
        "Error",
        "'The server has no room for the file: try again in some minutes.'",
    ]
    assert not any(path.stat().st_size for path in (folder / "temporary").rglob("*.*"))
    assert "Traceback" not in run.stderr


@pytest.fixture
def anew(folder):
    """The same page on a server that knows nobody."""
    return PageHandlers(LoadedModels("cpu", local=local_models(folder)), "a.pkl")


def on_canvas(session, *points, **changes):
    """What a canvas with these points leaves in its browser when its page goes."""
    return canvas_of(session, *points) | {"sample": session.edit.sample} | changes


def test_a_drag_that_runs_is_copied_now_and_then_and_no_picture_is_made_for_that(
    handlers, monkeypatch
):
    monkeypatch.setattr(drags, "COPY_SECONDS", 0)
    run = arm(handlers, steps=2000)
    rows = (output[ROW] for output in run if ROW in output)
    row = next(rows)
    assert [item["label"] for item in row["items"]] == ["Face 0", "Drag"]
    assert row["items"][1]["picture"] == row["items"][0]["picture"]
    session = visitor(handlers)
    kept = from_project(handlers.scripts.keep([row["token"]]).encode())
    assert [entry.change for entry in kept.timeline] == ["sample", "points", "drag"]
    assert not np.array_equal(kept.ws, kept.origin)
    handlers.drags.halt(ENGLISH)
    *_, last = run
    assert last[ROW]["items"][1]["picture"] == session.edit.picture_key.hex()
    assert "Stopped" in last[LINE]


def test_what_was_placed_when_the_server_went_is_there_after_the_reload(handlers, anew):
    session, _ = dragged(handlers)
    kept, (moved,) = handlers.scripts.keep([session.token]), session.edit.points
    # The canvas has the handle where it was before the last steps, another target, and a new point.
    placed = on_canvas(session, replace(moved, handle=(9, 9), target=(30, 20)), OTHER)
    assert "data-forgotten" in anew.history.change(placed, ENGLISH)[LINE]
    anew.visits.arrive(session.token, kept, placed, ENGLISH)
    edit = visitor(anew).edit
    np.testing.assert_array_equal(edit.ws, session.edit.ws)
    assert edit.points == (replace(moved, target=(30, 20)), OTHER)
    assert [entry.change for entry in edit.timeline] == ["sample", "points", "drag", "points"]
    placed = on_canvas(visitor(anew), OTHER)  # and it can go on from there
    anew.history.change(placed, ENGLISH)
    assert visitor(anew).edit.points == (OTHER,)


def test_what_was_placed_while_the_network_was_gone_reaches_the_server_that_knows_the_page(
    handlers,
):
    session, _ = dragged(handlers)
    placed = on_canvas(session, *session.edit.points, OTHER)
    handlers.visits.arrive(session.token, "", placed, another("reloaded"))
    assert handlers.desk.sessions.get("reloaded").edit.points[1:] == (OTHER,)
    value = canvas_of(session, *session.edit.points)
    handlers.history.undo(value, ENGLISH)  # later than what was placed
    handlers.visits.arrive(session.token, "", placed | {"points": []}, another("again"))
    assert handlers.desk.sessions.get("again").edit.points == session.edit.points


@pytest.mark.parametrize(
    "changes",
    [
        {"sample": "other"},
        {"sample": None},
        {"sample": []},
        {"points": "many"},
        {"points": None},
        {"points": [{"handle": [1, 1], "target": [1e9, 1], "key": 1}]},
        {"revision": "x"},
        {"points": [{"handle": [1, float("nan")], "target": [1, 1], "key": 1}]},
        {"mask": "data:,x"},
    ],
)
def test_what_a_canvas_left_and_does_not_belong_here_is_left_out(handlers, anew, changes):
    session, _ = dragged(handlers)
    kept = handlers.scripts.keep([session.token])
    anew.visits.arrive("", kept, on_canvas(session, OTHER, **changes), ENGLISH)
    assert visitor(anew).edit.points == session.edit.points


@pytest.mark.parametrize("placed", ["", "text", [], [1], 7, {}, True])
def test_what_no_canvas_left_is_left_out(anew, placed):
    assert "Press on the picture" in anew.visits.arrive("", "", placed, ENGLISH)[LINE]


def test_what_a_page_asks_aside_of_a_server_that_forgot_it_harms_nothing(handlers):
    for ask in (handlers.scripts.keep, handlers.scripts.thumbnail, handlers.scripts.acknowledge):
        for message in (["gone"], ["gone", "looks"], ["gone", 7], [], None, "gone"):
            assert ask(message) is None
