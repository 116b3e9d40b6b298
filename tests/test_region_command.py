"""python -m drag --region: a part of the face in place of a mask."""

import numpy as np
import pytest
from PIL import Image

import drag.__main__ as command
from drag import new_edit
from drag.files.project import from_project
from drag.models.progress import ModelUnavailableError
from drag.photo import command as photo_command
from drag.photo.face_parts import face_part
from drag.photo.faces import Face

FACE = Face((40, 40, 90, 100), ((50, 60), (80, 60), (65, 75), (52, 90), (78, 90)), 0.99)


def finds(monkeypatch, *found):
    class Finder:
        def find(self, pixels):
            assert pixels.shape == (128, 128, 3)
            return list(found)

    monkeypatch.setattr(photo_command, "load_finder", lambda progress: Finder())


def test_it_is_of_the_largest_face_in_the_picture(toy, monkeypatch):
    finds(monkeypatch, FACE, Face((0, 0, 9, 9), tuple((x / 9, y / 9) for x, y in FACE.points), 1.0))
    mask = photo_command.part_of("nose", toy, new_edit(toy, "toy"))
    np.testing.assert_array_equal(mask, face_part("nose", FACE, (128, 128)))


def test_where_there_is_no_face_it_says_what_to_do(toy, monkeypatch):
    finds(monkeypatch)
    with pytest.raises(ValueError, match=r"No face was found in the picture.*give a --mask\."):
        photo_command.part_of("nose", toy, new_edit(toy, "toy"))


def test_where_the_finder_cannot_be_had_it_says_why_and_what_to_do(toy, monkeypatch):
    def load_finder(progress):
        raise ModelUnavailableError("No network.")

    monkeypatch.setattr(photo_command, "load_finder", load_finder)
    with pytest.raises(ValueError, match=r"No network\. Or give a --mask\."):
        photo_command.part_of("nose", toy, new_edit(toy, "toy"))


def run(*args):
    return command.run(command.build_parser().parse_args(["--device", "cpu", *map(str, args)]))


def test_a_mask_and_a_part_are_two_regions(tmp_path):
    Image.new("L", (8, 8), 255).save(tmp_path / "mask.png")
    both = "--mask", tmp_path / "mask.png", "--region", "mouth"
    with pytest.raises(ValueError, match="two regions: give one of them"):
        run(*both, "--drag", "1,1,2,2", "--out", tmp_path / "a.png")


@pytest.mark.slow
def test_the_built_in_models_mouth_is_dragged_alone(generator, tmp_path):
    report = run(
        *("--seed", 114, "--region", "mouth", "--drag", "512,760,512,790", "--max-steps", 2),
        *("--before", tmp_path / "a.png", "--out", tmp_path / "b.png"),
        *("--export", tmp_path / "b.drag"),
    )
    assert report["steps"] >= 1
    edit = from_project((tmp_path / "b.drag").read_bytes())
    assert 0.05 < edit.mask.mean() < 0.2
    assert edit.mask[760, 512]
    assert not edit.mask[:450].any()
    one, two = (np.asarray(Image.open(tmp_path / name)).astype(int) for name in ("a.png", "b.png"))
    changed = np.abs(one - two).max(-1)
    assert changed[edit.mask].mean() > 1
    assert changed[:450].max() == 0
