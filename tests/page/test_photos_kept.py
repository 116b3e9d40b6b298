"""What is kept of a visitor's photo and its inversion whatever comes between, and what is not."""

import base64
import io
import logging
import re
import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from drag.models.loaded import LoadedModels
from drag.photo import faces, inversion
from drag.photo.alignment import Frame
from drag.photo.inversion import Fit
from drag.server.line import Line
from drag.web import zero
from networks.errors import UserError
from networks.tuning import Tuning
from tests.page.conftest import (
    CANVAS,
    ENGLISH,
    LINE,
    POINT,
    SEED,
    PageHandlers,
    another,
    canvas_of,
    visitor,
)
from tests.page.inversions import FRAME, PHOTO, file_of, running, taken, use
from tests.real_photos import astronaut
from tests.writes import writes


def test_leaving_ends_it_within_two_seconds_and_the_photo_is_gone(handlers, fits, caplog):
    caplog.set_level(logging.INFO, "drag")
    fits.count, fits.pause = 500, 0.05
    run = running(handlers)
    session, began = visitor(handlers), time.monotonic()
    run.close()  # as Gradio does
    handlers.visits.leave(ENGLISH)
    assert fits.closed.wait(2)
    session.inversion.join(2)
    assert time.monotonic() < began + 2
    assert not session.inverting
    assert session.photo is None
    assert "a.pkl: a photo, " in caplog.text
    assert "left the page" in caplog.text


def test_one_that_was_asked_for_by_a_page_that_went_bars_nobody(handlers, fits):
    taken(handlers)
    use(handlers)
    handlers.visits.leave(ENGLISH)
    session = visitor(handlers)  # it seemed to have gone
    assert not session.inverting
    taken(handlers)
    assert "Starting" in use(handlers)[LINE]
    handlers.inversions.refuse_photo(ENGLISH)  # the queue is full
    assert "Starting" in use(handlers)[LINE]


def test_what_is_done_meanwhile_is_in_the_history(handlers, fits):
    fits.count, fits.pause = 30, 0.02
    run = running(handlers)
    handlers.pictures.resample("77", 0.7, ENGLISH)
    session = visitor(handlers)
    handlers.history.change(canvas_of(session, POINT), ENGLISH)
    assert session.inverting
    *_, last = run
    assert last[SEED] == ""
    changes = [entry.change for entry in session.edit.timeline]
    assert changes == ["sample", "sample", "points", "photo"]
    assert session.edit.undo().seed == 77
    assert session.edit.undo().points


def test_at_another_model_meanwhile_it_is_put_aside(handlers, fits):
    fits.count, fits.pause = 100, 0.02
    run = running(handlers)
    list(handlers.pictures.choose("b.pkl", ENGLISH))
    session = visitor(handlers)
    *_, last = run
    assert "ready in the model a.pkl: choose it" in last[LINE]
    assert CANVAS not in last
    assert session.edit.model == "b.pkl"
    list(handlers.pictures.choose("a.pkl", ENGLISH))
    assert [entry.change for entry in session.edit.timeline] == ["sample", "photo"]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (KeyError("secret"), "Try again, or reload"),
        (ValueError("secret"), "Try again, or reload"),
        (UserError("Too little of it: try again."), "Too little of it"),
    ],
)
def test_an_error_in_the_middle_keeps_the_best_so_far(handlers, fits, error, words):
    fits.error = error
    taken(handlers)
    use(handlers)
    *_, last = handlers.inversions.invert(ENGLISH)
    assert words in last[LINE]
    assert "secret" not in str(last)
    assert last[PHOTO]["fit"]["problem"]
    assert last[CANVAS]["frame"]
    session = visitor(handlers)
    assert session.edit.change == "photo"
    assert not session.inverting


def test_memory_that_runs_out_once_costs_nothing_but_time(handlers, monkeypatch):
    tries = []

    def invert(generator, picture, seconds, begun):
        tries.append(picture.shape)
        if len(tries) == 1:
            raise torch.OutOfMemoryError("CUDA out of memory")
        yield "fit"

    monkeypatch.setattr("drag.server.engine.invert", invert)
    picture = np.zeros((32, 32, 3), np.uint8)
    assert list(handlers.desk.engine.invert("a.pkl", picture, 9)) == ["fit"]
    assert len(tries) == 2


def test_the_time_limit_follows_that_of_drags(handlers, fits):
    handlers.desk.line = Line(1, seconds=20)
    taken(handlers)
    use(handlers)
    list(handlers.inversions.invert(ENGLISH))
    assert fits.calls[0][2] == 30


def test_a_photo_counts_in_the_memory_and_there_is_one_of_each_visitor(handlers):
    session = visitor(handlers)
    before = session.nbytes
    for _ in range(3):
        taken(handlers, file_of(3000, 500))
    assert session.photo.whole == (500, 3000)
    assert session.photo.read().pixels.shape[1] == 2048
    assert session.nbytes == before + len(session.photo.content)
    taken(handlers)  # none of its own pixels are more than are shown
    assert session.nbytes == before + len(session.photo.content)
    assert Image.open(io.BytesIO(session.photo.content)).info.keys() <= {
        "jfif",
        "jfif_version",
        "jfif_unit",
        "jfif_density",
    }
    handlers.visits.arrive(session.token, "", None, another("second"))
    assert handlers.desk.sessions.get("second").photo is None


def test_a_swept_session_takes_its_photo_along(handlers):
    taken(handlers)
    visitor(handlers).seen -= 7200
    handlers.desk.sessions.sweep()
    assert handlers.desk.sessions._sessions == {}


@pytest.mark.slow
def test_nothing_of_a_photo_is_written_or_logged(generator, monkeypatch, tmp_path, caplog, capfd):
    """By the finder, the encoder and the search themselves: those stages with a step each."""
    models, content = LoadedModels("cpu"), astronaut()
    models.put(models.find("builtin"), generator)
    for name, plan in list(vars(inversion).items()):
        if isinstance(plan, inversion.Plan):
            monkeypatch.setattr(inversion, name, replace(plan, steps=1, look=min(plan.look, 1)))
    handlers = PageHandlers(models)
    handlers.visits.arrive("", "", None, ENGLISH)
    faces.load_finder()  # fetched into the cache, once on a machine
    torch.optim.Adam([torch.zeros(1, requires_grad=True)]).step()  # makes torch's cache folder
    caplog.set_level(logging.DEBUG)
    capfd.readouterr()
    with writes(tmp_path, monkeypatch) as written:
        photo = taken(handlers, content)[PHOTO]["photo"]
        use(handlers, photo["frame"])
        *_, last = handlers.inversions.invert(ENGLISH)
        edit = visitor(handlers).edit
        handlers.visits.leave(ENGLISH)
    assert written == []
    assert len(photo["faces"]) == 1
    assert last[PHOTO]["fit"]["phase"] == "done"
    assert edit.change == "photo"
    assert visitor(handlers).photo is None
    ours = [r.getMessage() for r in caplog.records if r.name.partition(".")[0] == "drag"]
    assert len(ours) == 1
    assert re.fullmatch(r"builtin: a photo, \w+, [\d.]+ s, done", ours[0])
    said = "\n".join([*(record.getMessage() for record in caplog.records), *capfd.readouterr()])
    secret = base64.b64encode(content).decode() + repr(content)
    assert [said[i : i + 16] for i in range(len(said) - 15) if said[i : i + 16] in secret] == []


def test_a_page_that_the_server_does_not_know_is_told_to_reload(handlers, fits):
    lost = another("unknown")
    assert "reload it" in taken(handlers, request=lost)[LINE]
    assert "reload it" in use(handlers, request=lost)[LINE]
    assert "reload it" in list(handlers.inversions.invert(lost))[-1][LINE]


def test_the_frame_counts(handlers, fits, monkeypatch):
    seen = []
    monkeypatch.setattr(
        "drag.server.photos.cut",
        lambda content, whole, frame, size: (
            seen.append(frame),
            np.zeros((*size, 3), np.uint8),
        )[1],
    )
    taken(handlers)
    use(handlers)
    assert seen == [Frame(**FRAME)]


def test_what_crosses_to_a_worker_of_zero_gpu_and_back(handlers, monkeypatch):
    picture, ws = np.full((32, 32, 3), 77, np.uint8), np.zeros((8, 24), np.float32)
    tuning = Tuning({"a.bias": np.ones(3)})
    start = Fit("weights", 0.9, 3.0, ws, tuning, 0.6)

    def invert(generator, photo, seconds, begun):
        assert begun.tuning.key == start.tuning.key
        np.testing.assert_array_equal(photo, picture)
        assert 1 <= seconds <= zero.MOST_SECONDS + zero.LOADING_SECONDS
        yield Fit("encoder", 0.0, 3.0, ws, None, 0.5, photo)
        yield Fit("latents", 1.0, 0.0, ws, None, 0.4, done=True)

    packed = []

    def lent(*args):
        for said in zero._fits_there(*args):
            packed.append(said)
            yield said

    monkeypatch.setattr("drag.server.engine.invert", invert)
    monkeypatch.setattr(zero, "_there", handlers.desk.models)
    monkeypatch.setattr(zero, "_lent_fits", lent)
    first, last = zero.ZeroEngine(handlers.desk.models).invert("a.pkl", picture, 170.0, start)
    assert packed[0].picture.startswith(b"\xff\xd8")
    np.testing.assert_allclose(first.picture, picture, atol=2)
    assert last.picture is None
    assert last.done
