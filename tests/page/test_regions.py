"""Parts of the face as regions: what the page answers, and that the edit waits for the canvas."""

import base64
import threading

import numpy as np
import pytest

from drag.masks import decode_mask
from drag.models.progress import ModelUnavailableError
from drag.page.handlers import regions
from drag.photo.face_parts import PARTS, face_part
from drag.photo.faces import Face
from tests.page.conftest import (
    CANVAS,
    CHINESE,
    ENGLISH,
    LINE,
    POINT,
    ask,
    canvas_of,
    event,
    pressed,
    visitor,
)

FACE = Face((8, 8, 24, 26), ((12, 14), (20, 14), (16, 18), (13, 22), (19, 22)), 0.99)
SMALL = Face((1, 1, 5, 5), ((2, 2), (4, 2), (3, 3), (2, 4), (4, 4)), 0.99)


class Finder:
    """Finds these faces in any picture, after it has done something else."""

    def __init__(self, *found, first=lambda: None):
        self.found, self.first = list(found), first

    def find(self, pixels):
        assert pixels.shape == (32, 32, 3)
        assert pixels.dtype == np.uint8
        self.first()
        return self.found


@pytest.fixture
def finds(monkeypatch):
    """Has the page's finder find these faces: finds(*faces, first=...)."""

    def finds(*found, **how):
        monkeypatch.setattr(regions.faces, "load_finder", lambda: Finder(*found, **how))

    return finds


def chosen(handlers, part="mouth", request=ENGLISH):
    """What is said first, and the last answer, to a part that was chosen."""
    _, *told = handlers.regions.face(event(part), request)
    return told[0][LINE], told[-1]


def region_of(answer):
    content = answer[CANVAS]["region"]["src"].split(",")[1]
    return decode_mask(base64.b64decode(content), (32, 32))


@pytest.mark.parametrize("part", PARTS)
def test_the_canvas_is_given_the_part_and_the_edit_is_as_it_was(handlers, finds, part):
    finds(FACE)
    session = visitor(handlers)
    before, serial = session.edit, session.next_serial()
    first, last = chosen(handlers, part)
    assert "Looking for the face" in first
    assert f"Only <b>the {part}</b> may move now" in last[LINE]
    np.testing.assert_array_equal(region_of(last), face_part(part, FACE, (32, 32)))
    assert session.next_serial() > last[CANVAS]["region"]["serial"] > serial
    assert session.edit is before  # what the canvas makes of it comes as what is painted does


def test_of_several_faces_it_is_the_largest(handlers, finds):
    finds(FACE, SMALL)
    _, last = chosen(handlers)
    assert "2 faces" in last[LINE]
    np.testing.assert_array_equal(region_of(last), face_part("mouth", FACE, (32, 32)))


@pytest.mark.parametrize(
    "found",
    [
        [],
        [Face((80, 80, 90, 90), tuple((x + 80, y + 80) for x, y in FACE.points), 0.99)],
    ],
    ids=["none", "none in the picture"],
)
def test_where_there_is_no_face_it_says_what_to_do(handlers, finds, found):
    finds(*found)
    _, last = chosen(handlers)
    assert set(last) == {LINE}
    assert "No face was found in this picture: paint the region by hand." in last[LINE]
    assert "problem" in last[LINE]
    _, last = chosen(handlers, request=CHINESE)
    assert "没有找到人脸" in last[LINE]


def test_where_the_finder_cannot_be_had_it_says_what_to_do(handlers, monkeypatch, caplog):
    def load_finder():
        raise ModelUnavailableError("There is no room in /home/somebody.")

    monkeypatch.setattr(regions.faces, "load_finder", load_finder)
    _, last = chosen(handlers)
    assert set(last) == {LINE}
    assert "Faces cannot be looked for on this server now: paint the region by hand." in last[LINE]
    assert "/home/somebody" in caplog.text


def test_a_real_finder_finds_nothing_in_noise(handlers):
    _, last = chosen(handlers)
    assert "No face was found" in last[LINE]


def test_while_a_drag_runs_nothing_is_looked_for(handlers, finds, monkeypatch):
    finds(FACE, first=lambda: pytest.fail("it looked"))
    handlers.drags.arm(pressed(canvas_of(visitor(handlers), POINT)), ENGLISH)
    run = handlers.drags.run(ENGLISH)
    while not visitor(handlers).running:
        next(run)
    told = list(handlers.regions.face(event("mouth"), ENGLISH))
    assert "A drag is running" in told[-1][LINE]
    assert set(told[-1]) == {LINE}
    list(run)


def test_a_drag_that_begins_meanwhile_has_the_last_word(handlers, finds):
    session = visitor(handlers)
    handlers.history.change(canvas_of(session, POINT), ENGLISH)
    drag = ask(session, handlers.desk.engine)
    begun, end = threading.Event(), threading.Event()

    def run():
        for _ in handlers.desk.line.run(drag):
            begun.set()
            end.wait(60)

    thread = threading.Thread(target=run)
    finds(FACE, first=lambda: (thread.start(), begun.wait(60)))
    _, last = chosen(handlers)
    drag.stop()
    end.set()
    thread.join()
    assert set(last) == {LINE}
    assert "A drag is running" in last[LINE]


def test_an_answer_for_a_picture_that_went_is_dropped(handlers, finds):
    finds(FACE, first=lambda: handlers.pictures.resample("7", 0.7, ENGLISH))
    _, last = chosen(handlers)
    assert set(last) == {LINE}
    assert "changed meanwhile" in last[LINE]


def test_who_goes_away_and_comes_back_meanwhile_has_it(handlers, finds):
    session = visitor(handlers)

    def there_and_back():
        handlers.pictures.resample("7", 0.7, ENGLISH)
        handlers.history.undo(canvas_of(session), ENGLISH)

    finds(FACE, first=there_and_back)
    _, last = chosen(handlers)
    assert last[CANVAS]["region"]["serial"] == session.next_serial() - 1  # after those frames


def test_what_takes_its_place_before_it_is_looked_at_is_another(handlers, finds, monkeypatch):
    finds(FACE, first=lambda: pytest.fail("it looked"))
    monkeypatch.setattr(handlers.desk, "picture", lambda session, turn: None)
    _, last = chosen(handlers)
    assert "changed meanwhile" in last[LINE]


def test_what_is_placed_meanwhile_is_no_other_picture(handlers, finds):
    session = visitor(handlers)
    finds(FACE, first=lambda: handlers.history.change(canvas_of(session, POINT), ENGLISH))
    _, last = chosen(handlers)
    assert CANVAS in last
    assert [pair.handle for pair in session.edit.points] == [POINT.handle]


@pytest.mark.parametrize("item", ["", "chin", None, 7, {"a": 1}])
def test_a_part_that_there_is_not_changes_nothing(handlers, finds, item):
    finds(FACE)
    assert list(handlers.regions.face(event(item), ENGLISH)) == [{}]
