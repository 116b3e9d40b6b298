"""A photo that was framed for one model, when another is shown."""

import io

import pytest
from PIL import Image

from drag.page.handlers import photos
from drag.photo import inversion
from drag.photo.alignment import frame_of
from tests.checkpoint_files import random_state, write_nvidia
from tests.page.conftest import ENGLISH, LINE, visitor
from tests.page.inversions import FACE, PHOTO, running, taken, use


class Finder:
    """Finds a face wherever it is asked to look for one."""

    def find(self, pixels):
        return [FACE]


@pytest.fixture
def folder(tmp_path):
    """Two networks of this machine, whose pictures have different sizes."""
    for name, side in {"a.pkl": 32, "b.pkl": 64}.items():
        write_nvidia(tmp_path / name, random_state(side), layout="G_ema")
    return tmp_path


@pytest.fixture
def looked(handlers, monkeypatch):
    """A photo framed by hand for the first model; the second makes faces."""
    monkeypatch.setattr(photos, "is_of_faces", lambda model: model.name == "b.pkl")
    monkeypatch.setattr(photos.faces, "load_finder", Finder)
    assert "a.pkl" in taken(handlers)[LINE]
    return visitor(handlers).photo


def test_another_model_has_the_photo_framed_anew(handlers, looked):
    # The frame stayed that of the former model's pictures, and no face was looked for.
    assert handlers.photos.reframe(ENGLISH) == {}  # the model is the same
    list(handlers.pictures.choose("b.pkl", ENGLISH))
    told = handlers.photos.reframe(ENGLISH)
    photo = told[PHOTO]
    assert set(told) == {PHOTO}  # what the model's choice has to say stays
    assert "Is the face in the frame" in photo["fit"]["words"]
    assert photo["photo"]["size"] == [*visitor(handlers).edit.img_size] == [64, 64]
    assert len(photo["photo"]["faces"]) == 1
    assert visitor(handlers).photo.content is looked.content
    assert handlers.photos.reframe(ENGLISH) == {}
    list(handlers.pictures.choose("a.pkl", ENGLISH))
    assert "a.pkl" in handlers.photos.reframe(ENGLISH)[PHOTO]["fit"]["words"]


def test_a_frame_of_another_model_is_not_used(handlers, fits, looked):
    list(handlers.pictures.choose("b.pkl", ENGLISH))
    told = use(handlers)  # sooner than the new frame
    assert set(told) == {LINE, PHOTO}
    assert "Is the face in the frame" in told[LINE]
    assert len(told[PHOTO]["photo"]["faces"]) == 1
    assert not visitor(handlers).inverting
    assert "Starting" in use(handlers)[LINE]
    assert visitor(handlers).inversion.picture.shape == (64, 64, 3)


def test_a_photo_that_is_worked_on_keeps_its_frame(handlers, fits, looked):
    fits.count, fits.pause = 100, 0.02
    run = running(handlers)
    list(handlers.pictures.choose("b.pkl", ENGLISH))
    assert handlers.photos.reframe(ENGLISH) == {}
    handlers.drags.halt(ENGLISH)
    list(run)


def test_without_a_photo_nothing_is_framed(handlers):
    list(handlers.pictures.choose("b.pkl", ENGLISH))
    assert handlers.photos.reframe(ENGLISH) == {}


@pytest.mark.parametrize(
    ("faces", "moved", "known"), [([FACE], 0, True), ([FACE], 90, False), ([], 0, False)]
)
def test_a_face_that_was_found_in_the_frame_is_a_reason_to_believe_in_it(
    handlers, fits, looked, monkeypatch, faces, moved, known
):
    # Noise and flat colours passed for faces; what is far is judged by whether one was found.
    asked = []
    monkeypatch.setattr(Finder, "find", lambda self, pixels: faces)
    monkeypatch.setattr(inversion, "is_far", lambda fit, face: asked.append(face))
    list(handlers.pictures.choose("b.pkl", ENGLISH))
    photo = handlers.photos.reframe(ENGLISH)[PHOTO]
    frame = photo["photo"]["frame"]
    use(handlers, frame={**frame, "x": frame["x"] + moved})
    list(handlers.inversions.invert(ENGLISH))
    assert asked == [known]


def test_where_nobody_looked_for_a_face_that_is_no_reason_against_it(
    handlers, fits, looked, monkeypatch
):
    asked = []
    monkeypatch.setattr(inversion, "is_far", lambda fit, face: asked.append(face))
    use(handlers)
    list(handlers.inversions.invert(ENGLISH))
    assert asked == [None]


def test_a_large_photo_is_framed_in_pixels_of_its_file(handlers, fits, looked):
    # It was cut from what is shown of it, and sizes were said in pixels of that.
    content = io.BytesIO()
    Image.new("RGB", (4096, 1024)).save(content, "JPEG")
    list(handlers.pictures.choose("b.pkl", ENGLISH))
    photo = taken(handlers, content.getvalue())[PHOTO]["photo"]
    assert (photo["width"], photo["height"]) == (4096, 1024)
    frame, shown = photo["frame"], frame_of(FACE)
    assert frame["side"] == pytest.approx(2 * shown.side)
    assert frame["x"] + 0.5 == pytest.approx(2 * (shown.x + 0.5))
    assert "smaller than 32 pixels" in use(handlers, {**frame, "side": 31})[LINE]
    assert "Starting" in use(handlers, frame)[LINE]
    assert visitor(handlers).inversion.face
