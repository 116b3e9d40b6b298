"""python -m drag --photo: a photo in place of a seed."""

import io
import json
import math
import sys

import numpy as np
import pytest
from PIL import Image

import drag.__main__ as command
import drag.photo.command as photo_command
from drag.files import opening
from drag.models.catalogue import named
from drag.models.progress import ModelUnavailableError
from drag.photo import inversion
from drag.photo.alignment import Frame, crop, cut, frame_of, scaled
from drag.photo.faces import load_finder
from drag.photo.reading import read_photo
from tests.photo_files import shared_case
from tests.real_photos import astronaut
from tests.test_inversion import QUICK


@pytest.fixture
def run(monkeypatch, capsys):
    """What a person types after `python -m drag`: the exit code and what is said of errors."""
    for name, plan in QUICK.items():
        monkeypatch.setattr(inversion, name, plan)

    def run(*args):
        monkeypatch.setattr(sys, "argv", ["drag", "--device", "cpu", *map(str, args)])
        return command.main(), capsys.readouterr().err

    return run


@pytest.mark.slow
def test_a_photo_becomes_an_edit_that_is_dragged_and_saved(generator, run, tmp_path):
    (tmp_path / "me.png").write_bytes(astronaut())
    code, said = run(
        "--photo",
        tmp_path / "me.png",
        "--drag",
        "512,640,540,640",
        "--max-steps",
        2,
        "--before",
        tmp_path / "before.png",
        "--export",
        tmp_path / "me.drag",
        "--out",
        tmp_path / "me.out.png",
        "--json",
        tmp_path / "report.json",
    )
    assert code == 0, said
    assert "Inverting (encoder)" in said
    edit = opening.read(tmp_path / "me.drag")
    assert edit.history[0].change == "photo"
    assert edit.tuning is edit.history[0].tuning or edit.tuning.key == edit.history[0].tuning.key
    assert json.loads((tmp_path / "report.json").read_text())["tuned"]
    before, after = (
        np.asarray(Image.open(tmp_path / name), float) for name in ("before.png", "me.out.png")
    )
    assert 0.5 < np.abs(before - after).mean() < 60


@pytest.mark.slow
def test_without_a_drag_it_stays_as_it_is(generator, run, tmp_path):
    (tmp_path / "me.png").write_bytes(astronaut())
    assert run("--photo", tmp_path / "me.png", "--export", tmp_path / "me.drag")[0] == 0
    assert not opening.read(tmp_path / "me.drag").history


def test_a_photo_that_cannot_be_read_or_shows_no_face_is_one_sentence(generator, run, tmp_path):
    Image.new("RGB", (300, 300), "green").save(tmp_path / "green.png")
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 and no more")
    out = tmp_path / "out.png"
    for name, words in (
        ("green.png", "No face was found in the photo: say with --frame"),
        ("broken.jpg", "broken.jpg: "),
        ("missing.jpg", "cannot be read"),
    ):
        code, said = run("--photo", tmp_path / name, "--out", out)
        assert code == 2
        assert words in said
        assert "Traceback" not in said
    code, said = run("--photo", tmp_path / "green.png", "--open", "a.drag", "--out", out)
    assert code == 2
    assert "give one of them" in said
    assert not out.exists()


def large():
    """A photo that is reduced when it is read: its file's pixels are others than its own."""
    picture = Image.open(io.BytesIO(astronaut())).resize((3072, 3072))
    out = io.BytesIO()
    picture.save(out, "JPEG")
    return read_photo(out.getvalue())


@pytest.mark.slow
def test_a_frame_by_hand_takes_a_photo_in_which_no_face_is_found(
    generator, run, monkeypatch, tmp_path
):
    taken = []

    def invert(generator, picture):
        taken.append(picture)
        return inversion.invert(generator, picture)

    monkeypatch.setattr(photo_command, "invert", invert)
    monkeypatch.setattr(
        photo_command, "load_finder", lambda progress: pytest.fail("it is not needed")
    )
    content = astronaut()
    (tmp_path / "me.png").write_bytes(content)
    code, said = run(
        "--photo", tmp_path / "me.png", "--frame=223,120,170.5,-5", "--export", tmp_path / "me.drag"
    )
    assert code == 0, said
    wanted = crop(
        read_photo(content).pixels, Frame(223, 120, 170.5, math.radians(-5)), generator.img_size
    )
    assert (taken[0] == wanted).all()
    assert opening.read(tmp_path / "me.drag")


def test_a_frame_is_in_pixels_of_the_file_and_said_as_it_is_typed():
    photo = large()
    frame = photo_command.parse_frame("1535.5,1535.5,300,90", photo)
    assert frame == Frame(1535.5, 1535.5, 300, math.pi / 2)
    assert photo_command.frame_words(frame) == "--frame=1536,1536,300,90"
    with pytest.raises(ValueError, match="smaller than 32 pixels"):
        photo_command.parse_frame("99,99,31,0", photo)
    assert photo_command.parse_frame("99,99,33,0", photo).side == 33  # 22 of those that are shown


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1,2,3", "four numbers x,y,side,angle"),
        ("a,b,c,d", "four numbers"),
        ("", "four numbers"),
        ("nan,1,100,0", "numbers"),
        ("9000,1,100,0", "beside the photo"),
        ("9,9,9,0", "smaller than"),
    ],
)
def test_a_frame_that_does_not_fit_is_refused(run, tmp_path, text, words):
    (tmp_path / "me.png").write_bytes(astronaut())
    code, said = run("--photo", tmp_path / "me.png", f"--frame={text}", "--out", tmp_path / "o.png")
    assert code == 2
    assert words in said
    assert "--frame" in said


def test_a_frame_without_a_photo_is_refused(run, tmp_path):
    code, said = run("--frame", "9,9,99,0", "--out", tmp_path / "o.png")
    assert code == 2
    assert "name that too" in said


def test_where_the_finder_cannot_be_had_it_is_said_why_and_what_to_do(monkeypatch):
    # It said to place the frame by hand, which nobody can on a command line.
    def load_finder(progress):
        raise ModelUnavailableError("No network. Set DRAG_FACES_WHEEL to the path of that file.")

    monkeypatch.setattr(photo_command, "load_finder", load_finder)
    with pytest.raises(ValueError, match=r"DRAG_FACES_WHEEL.*--frame") as caught:
        photo_command.find_frame(named("builtin"), read_photo(astronaut()))
    assert "by hand" not in str(caught.value)


def test_of_several_faces_the_largest_is_taken_and_the_others_are_named(monkeypatch, capsys):
    photo = large()
    face, *_ = load_finder().find(photo.pixels)

    class Finder:
        def find(self, pixels):
            return [face, face]

    monkeypatch.setattr(photo_command, "load_finder", lambda progress: Finder())
    frame = photo_command.find_frame(named("builtin"), photo)
    assert frame == scaled(frame_of(face), 1.5)
    said = capsys.readouterr().err
    assert "2 faces were found, and the largest is taken" in said
    again = photo_command.parse_frame(said.strip().rpartition("--frame=")[2], photo)
    assert math.hypot(again.x - frame.x, again.y - frame.y) < 1
    assert abs(again.side - frame.side) < 1
    assert abs(again.angle - frame.angle) < 0.01


@pytest.mark.slow
def test_a_small_face_of_a_large_photo_is_found_where_it_is():
    # 24 megapixels were shrunk until the face was no larger than the nose of one.
    photo = read_photo(shared_case("group6000.jpg"))
    frame = photo_command.find_frame(named("builtin"), photo)
    assert frame.side == pytest.approx(168, rel=0.06)
    assert photo.size == (4000, 6000)
    sharp = cut(photo.content, photo.size, frame, (168, 168))
    soft = crop(photo.pixels, scaled(frame, 1 / photo.scale), (168, 168))
    steps = [np.abs(np.diff(each.astype(int), axis=0)).mean() for each in (sharp, soft)]
    assert steps[0] > 1.2 * steps[1]
