"""python -m drag --photo: a photo in place of a seed."""

import json
import sys

import numpy as np
import pytest
from PIL import Image

import drag.__main__ as command
from drag import inversion, project
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


def test_a_photo_becomes_an_edit_that_is_dragged_and_saved(generator, run, tmp_path):
    (tmp_path / "me.png").write_bytes(astronaut())
    code, said = run("--photo", tmp_path / "me.png", "--drag", "512,640,540,640", "--max-steps", 2,
                     "--before", tmp_path / "before.png", "--export", tmp_path / "me.drag",
                     "--out", tmp_path / "me.out.png", "--json", tmp_path / "report.json")
    assert code == 0, said
    assert "Inverting (encoder)" in said
    edit = project.read(tmp_path / "me.drag")
    assert edit.history[0].change == "photo"
    assert edit.tuning is edit.history[0].tuning or edit.tuning.key == edit.history[0].tuning.key
    assert json.loads((tmp_path / "report.json").read_text())["tuned"]
    before, after = (np.asarray(Image.open(tmp_path / name), float)
                     for name in ("before.png", "me.out.png"))
    assert 0.5 < np.abs(before - after).mean() < 60


def test_without_a_drag_it_stays_as_it_is(generator, run, tmp_path):
    (tmp_path / "me.png").write_bytes(astronaut())
    assert run("--photo", tmp_path / "me.png", "--export", tmp_path / "me.drag")[0] == 0
    assert not project.read(tmp_path / "me.drag").history


def test_a_photo_that_cannot_be_read_or_shows_no_face_is_one_sentence(generator, run, tmp_path):
    Image.new("RGB", (300, 300), "green").save(tmp_path / "green.png")
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 and no more")
    out = tmp_path / "out.png"
    for name, words in (("green.png", "No face was found"), ("broken.jpg", "broken.jpg: "),
                        ("missing.jpg", "cannot be read")):
        code, said = run("--photo", tmp_path / name, "--out", out)
        assert code == 2
        assert words in said
        assert "Traceback" not in said
    code, said = run("--photo", tmp_path / "green.png", "--open", "a.drag", "--out", out)
    assert code == 2
    assert "give one of them" in said
    assert not out.exists()
