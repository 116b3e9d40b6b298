"""A visitor's own photo: looked at, framed, inverted, stopped, edited."""

import time
from pathlib import Path

import numpy as np
import pytest

from drag.models.catalogue import Model
from drag.models.progress import ModelUnavailableError
from drag.page.examples import EXAMPLES
from drag.page.handlers import photos
from drag.server.line import Line
from tests.page.conftest import (
    CANVAS,
    CHINESE,
    ENGLISH,
    LINE,
    POINT,
    SEED,
    UNDO,
    canvas_of,
    dragged,
    event,
    held,
    pressed,
    visitor,
)
from tests.page.inversions import FACE, FRAME, PHOTO, running, taken, use


def test_a_photo_becomes_the_edit_and_undo_brings_the_former_picture_back(handlers, fits):
    session = visitor(handlers)
    before = session.edit
    told = taken(handlers)
    assert "Put the frame around" in told[LINE]
    photo = told[PHOTO]
    assert photo["photo"]["size"] == [*before.img_size]
    assert photo["photo"]["frame"] == {"x": 149.5, "y": 99.5, "side": 200.0, "angle": 0.0}
    told = use(handlers)
    assert "Starting" in told[LINE]
    assert [told["go"]["interactive"], told["stop"]["interactive"]] == [False, True]
    for shown in ("crop", "shown"):
        assert told[PHOTO]["fit"][shown].startswith("data:image/jpeg;base64,")
    *outputs, last = handlers.inversions.invert(ENGLISH)
    assert any("Looking for a picture like it: 0 %" in str(each.get(LINE)) for each in outputs)
    assert any(each[PHOTO]["fit"].get("shown") for each in outputs if PHOTO in each)
    assert "A close likeness (difference 0.10" in last[LINE]
    assert last[PHOTO]["fit"]["phase"] == "done"
    assert last[PHOTO]["fit"]["picture"].startswith("data:image/jpeg;base64,")
    assert last[CANVAS]["frame"]["src"].startswith("data:image/jpeg")
    assert last[SEED] == ""
    assert last[UNDO]["interactive"]
    assert not last["go"]["interactive"]  # nothing is placed
    assert not last["stop"]["interactive"]
    assert [entry.change for entry in session.edit.timeline] == ["sample", "photo"]
    assert not session.inverting
    assert session.inversion.picture is session.inversion.fit is None  # they may be large
    ((model, shape, seconds),) = fits.calls
    assert (model, shape, seconds) == ("a.pkl", (*before.img_size, 3), 170.0)
    handlers.history.undo(canvas_of(session), ENGLISH)
    np.testing.assert_array_equal(session.edit.ws, before.ws)
    dragged(handlers)  # the next drag is as ever
    assert session.edit.change == "drag"


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ([FACE], "Is the face in the frame"),
        ([FACE, FACE], "2 faces"),
        ([], "No face was found"),
        (None, "be looked for on this server"),
    ],
)
def test_faces_are_looked_for_where_the_model_makes_them(
    handlers, monkeypatch, found, words, caplog
):
    class Finder:
        def find(self, pixels):
            assert pixels.shape == (200, 300, 3)
            return found

    def load_finder():
        if found is None:
            raise ModelUnavailableError("There is no network.")
        return Finder()

    monkeypatch.setattr(photos.faces, "load_finder", load_finder)
    monkeypatch.setattr(photos, "is_of_faces", lambda model: True)
    told = taken(handlers)
    photo = told[PHOTO]
    assert words in told[LINE]
    assert "problem" not in told[LINE]
    assert words in photo["fit"]["words"]
    assert len(photo["photo"]["faces"]) == len(found or [])
    frame = photo["photo"]["frame"]
    assert (frame["side"] == 200) == (not found)


def test_a_photo_stands_first_among_the_examples_and_the_page_chooses_it(handlers):
    for request, label in ((ENGLISH, "Your photo"), (CHINESE, "您的照片")):
        first, *others = handlers.visits.speak(request)["examples"]["items"]
        assert (first["id"], first["label"]) == ("photo", label)
        assert first["src"].startswith("data:image/svg+xml;base64,")
        assert {each["id"] for each in others} == set(EXAMPLES)
    before = visitor(handlers).edit
    assert not any(handlers.pictures.example(event("photo"), ENGLISH))  # as a program might
    assert visitor(handlers).edit is before


def test_which_models_make_faces():
    def model(name, title="Dogs"):
        return Model(name, title, "free", "", Path("x"))

    for name, title in (("builtin", "x"), ("owner/name/ffhq.pkl", "x"), ("y", "Faces (FFHQ)")):
        assert photos.is_of_faces(model(name, title))
    assert not photos.is_of_faces(model("dogs"))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "cannot be read"),
        ({"content": 7}, "cannot be read"),
        ({"content": "é"}, "cannot be"),
        ({"content": ""}, "The file is empty"),
        ({"content": "AAAA"}, "no photo"),
    ],
)
def test_what_is_no_photo_is_refused_and_the_former_one_stays(handlers, value, words):
    taken(handlers)
    photo = visitor(handlers).photo
    *_, last = handlers.photos.take_photo(value, ENGLISH)
    assert words in last[LINE]
    assert words in last[PHOTO]["fit"]["words"]
    assert last[PHOTO]["fit"]["problem"]
    assert visitor(handlers).photo is photo
    *_, last = handlers.photos.take_photo(value, CHINESE)
    assert any("\u4e00" <= letter <= "\u9fff" for letter in last[LINE])


@pytest.mark.parametrize(
    "frame",
    [
        None,
        [],
        {},
        FRAME | {"x": "a"},
        FRAME | {"side": float("nan")},
        FRAME | {"side": 1},
        FRAME | {"side": 1e9},
        FRAME | {"x": 1e300},
        FRAME | {"angle": None},
    ],
)
def test_a_frame_that_no_page_sends_is_refused(handlers, fits, frame):
    taken(handlers)
    told = use(handlers, frame)
    assert "problem" in told[LINE]
    assert set(told) == {LINE, PHOTO}
    assert told[PHOTO]["fit"]["words"]
    assert visitor(handlers).inversion is None


def test_without_a_photo_there_is_nothing_to_use(handlers, fits):
    told = use(handlers)
    assert "Your photo is not here any more" in told[LINE]
    assert told[PHOTO]["photo"] is False
    assert len(list(handlers.inversions.invert(ENGLISH))) == 1  # which says nothing
    assert not fits.calls


def test_why_a_photo_is_refused_is_not_overwritten_by_what_follows(handlers, fits):
    # The page asks for the inversion all the same: "Stopped before there was a picture" hid why.
    taken(handlers)
    assert "smaller than 32 pixels" in use(handlers, frame={**FRAME, "side": 5})[LINE]
    assert list(handlers.inversions.invert(ENGLISH)) == [{}]
    assert visitor(handlers).photo


def test_a_photo_unlike_the_model_is_said_to_be_so_and_can_be_used_anyway(handlers, fits):
    session = visitor(handlers)
    before, fits.distance = session.edit, 1.31
    taken(handlers)
    use(handlers)
    *_, last = handlers.inversions.invert(ENGLISH)
    assert "unlike anything the model “a.pkl” makes (difference 1.31" in last[LINE]
    assert last[PHOTO]["fit"]["phase"] == "far"
    assert fits.closed.wait(5)
    assert session.edit is before
    assert not session.inverting
    assert session.inversion.nbytes == 0
    use(handlers, anyway=True)
    *_, last = handlers.inversions.invert(ENGLISH)
    assert "Not a close likeness (difference 0.51" in last[LINE]
    assert session.edit.change == "photo"


def test_stop_keeps_the_best_so_far(handlers, fits):
    fits.count, fits.pause = 500, 0.05
    run = running(handlers)
    assert "Stopping" in handlers.drags.halt(ENGLISH)[LINE]
    began = time.monotonic()
    *_, last = run
    assert time.monotonic() - began < 2
    assert "Stopped, the best so far is kept (difference 0." in last[LINE]
    assert visitor(handlers).edit.change == "photo"
    assert last[CANVAS]["frame"]


def test_stop_that_comes_after_the_end_does_not_hide_the_verdict(handlers, fits):
    # "Stopped before there was a picture" took its place, and the pictures were gone.
    taken(handlers)
    use(handlers)
    list(handlers.inversions.invert(ENGLISH))
    assert handlers.inversions.halt_photo(ENGLISH) == {}


def test_stop_frees_a_panel_that_heard_no_end(handlers, fits):
    # After a lost connection it stayed "running", and Stop did nothing.
    fits.count, fits.pause = 500, 0.02
    run, session = running(handlers), visitor(handlers)
    run.close()
    handlers.desk.sessions.leave(ENGLISH.session_hash)
    assert fits.closed.wait(5)
    session.inversion.join(5)
    assert not session.inverting
    assert session.edit.change == "photo"
    photo = handlers.inversions.halt_photo(ENGLISH)[PHOTO]
    assert photo["fit"]["phase"] == "none"
    assert "choose it again" in photo["fit"]["words"]


def test_stop_in_the_line_leaves_it(handlers, fits):
    handlers.desk.line = Line(1)
    with held(handlers.desk.line):
        taken(handlers)
        use(handlers)
        run = handlers.inversions.invert(ENGLISH)
        told = next(told for told in run if "Your place" in told.get(LINE, ""))
        assert "<b>1</b>" in told[LINE]
        assert "Your place in the line: 1" in told[PHOTO]["fit"]["words"]  # on the canvas, too
        handlers.drags.halt(ENGLISH)
        *_, last = run
        assert "Stopped before there was a picture" in last[LINE]
        assert last[PHOTO]["fit"]["phase"] == "placing"
        assert handlers.desk.line.waiting == 0
    assert visitor(handlers).edit.change == "sample"
    assert not visitor(handlers).inverting


def test_a_drag_and_an_inversion_wait_for_each_other_in_words(handlers, fits):
    fits.count, fits.pause = 500, 0.05
    run = running(handlers)
    session = visitor(handlers)

    def arm():
        return handlers.drags.arm(pressed(canvas_of(session, POINT), 3), ENGLISH)[LINE]

    assert "Your photo is being worked on" in arm()
    assert "Your photo is being worked on" in use(handlers)[LINE]
    assert "Your photo is being worked on" in taken(handlers)[LINE]
    assert list(handlers.inversions.invert(ENGLISH))[1:] == []
    assert not session.armed
    handlers.drags.halt(ENGLISH)
    list(run)
    assert "Starting" in arm()
    assert "waits" in use(handlers)[LINE]
    assert session.armed
