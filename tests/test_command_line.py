"""python -m drag, as a person runs it."""

import json
import sys
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

import drag.__main__ as command
from drag.files import opening, project
from drag.files.overlays import draw_mark, draw_points
from tests.checkpoint_files import random_state
from tests.torch_files import write_rosinality

SIDE = 256  # px of the small network's pictures
DRAG = "--seed", 3, "--drag", "140,150,135,150"  # of one of them


@pytest.fixture(scope="module")
def net(tmp_path_factory):
    """A weight file of a small random network."""
    path = tmp_path_factory.mktemp("net") / "net.pt"
    write_rosinality(path, random_state(resolution=SIDE))
    return path


def test_a_drag_with_all_that_it_writes(net, tmp_path, monkeypatch, capsys):
    mask = np.zeros((SIDE, SIDE), np.uint8)
    mask[50:225, 60:200] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    arguments = [
        "--model",
        net,
        "--psi",
        0.7,
        *DRAG,
        "--drag",
        "100,125,100,125",
        "--mask",
        tmp_path / "mask.png",
        "--solver",
        "adam",
        "--max-steps",
        3,
        "--out",
        tmp_path / "new" / "after.png",
        "--before",
        tmp_path / "before.png",
        "--frames",
        tmp_path / "frames",
        "--json",
        tmp_path / "report.json",
        "--device",
        "cpu",
    ]
    monkeypatch.setattr(sys, "argv", ["drag", *map(str, arguments)])
    assert command.main() == 0
    assert "Step cap after 3 steps" in capsys.readouterr().out
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["steps"] == 3
    assert report["ending"] == "step cap"
    assert len(report["handles"]) == len(report["distances"]) == 2
    assert report["seconds"] > 0
    frames = sorted((tmp_path / "frames").iterdir())
    assert [frame.name for frame in frames] == ["0001.png", "0002.png", "0003.png"]
    after, before = Image.open(tmp_path / "new" / "after.png"), Image.open(tmp_path / "before.png")
    assert after.size == (SIDE, SIDE)
    assert "AI-generated" in after.text["Comment"]
    assert after.tobytes() == Image.open(frames[-1]).tobytes() != before.tobytes()


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ([], "No point is placed"),
        (["--drag", "1,2,3"], "four numbers"),
        (["--drag", "1,2,3,nan"], "outside the picture"),
        (["--drag", "5,5,5,5"], "already at its target"),
        (["--drag", "5,5,5,2000"], "Point 1 ends outside"),
        (["--drag", "1,2,3,4"] * 101, "At most 100 points"),
        (["--drag", "1,2,3,4", "--seed", "face"], "whole number from 0"),
        (["--drag", "1,2,3,4", "--seed", "-1"], "whole number from 0"),
        (["--drag", "1,2,3,4", "--seed", str(2**40)], "whole number from 0"),
        (["--drag", "1,2,3,4", "--psi", "3"], "from 0 to 1"),
        (["--drag", "1,2,3,4", "--max-steps", "0"], "step limit must be a number"),
        (["--drag", "1,2,3,4", "--mask", "absent.png"], "cannot be read as a picture"),
        (["--drag", "1,2,3,4", "--model", "kittens"], "no model of that name"),
        (["--drag", "1,2,3,4", "--model", "./none.pkl"], "no file or folder none.pkl"),
        (
            ["--drag", "1,2,3,4", "--model", __file__],
            "test_command_line.py is no file of weights or latents",
        ),
    ],
)
def test_bad_input_ends_in_one_sentence(generator, args, words, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["drag", "--out", str(tmp_path / "out.png"), *args])
    assert command.main() == 2
    said = capsys.readouterr().err
    *progress, problem = said.splitlines()
    assert words in problem
    assert all(line.endswith(" ...") for line in progress)
    assert not (tmp_path / "out.png").exists()


def test_a_weight_file_is_dragged_too_and_pictures_need_not_be_square(tmp_path, monkeypatch):
    write_rosinality(tmp_path / "net.pt", random_state(resolution=128, sides=(4, 2)))
    monkeypatch.setattr(
        sys,
        "argv",
        [
            "drag",
            "--model",
            str(tmp_path / "net.pt"),
            "--drag",
            "50,100,30,90",
            "--max-steps",
            "3",
            "--out",
            str(tmp_path / "out.png"),
            "--json",
            str(tmp_path / "report.json"),
            "--device",
            "cpu",
        ],
    )
    assert command.main() == 0
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["model"] == "net.pt"
    assert report["steps"] == 3
    with Image.open(tmp_path / "out.png") as picture:
        assert picture.size == (64, 128)
        assert "net.pt" in picture.text["drag"]


def here(*args):
    """What a command does, without a process of its own."""
    return command.run(command.build_parser().parse_args(["--device", "cpu", *map(str, args)]))


def test_an_edit_is_exported_and_opened_again(net, tmp_path):
    edit, latents, picture, again, bare, further = (
        tmp_path / name for name in ("a.drag", "a.npz", "a.png", "b.png", "c.png", "b.drag")
    )
    of_it = "--model", net
    report = here(
        *of_it, *DRAG, "--max-steps", 2, "--export", edit, "--export", latents, "--out", picture
    )
    assert report["seed"] == 3
    same = here(*of_it, "--open", edit, "--export", again)
    assert "steps" not in same
    assert again.read_bytes() == picture.read_bytes()  # metadata, too
    alike = here(*of_it, "--open", latents, "--out", bare)
    assert "seed" not in alike
    with Image.open(bare) as shown, Image.open(picture) as first:
        assert shown.tobytes() == first.tobytes()
        assert "AI-generated" in shown.text["Comment"]
    here(*of_it, "--open", edit, "--drag", "125,125,130,125", "--max-steps", 1, "--export", further)
    opened = opening.read(further)
    assert [len(entry.points) for entry in (*opened.history, opened)] == [1, 1, 1]
    assert np.array_equal(opened.undo().ws, opening.read(edit).ws)
    assert opened.undo().undo().undo().seed == 3


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.drag", b"cake", "not a project"),
        ("a.npz", b"PK", "no latents"),
        ("a.txt", b"", "neither a project"),
        ("a.pkl", b"", "a.pkl is no file of weights or latents"),
        ("absent.drag", None, "absent.drag cannot be read"),
    ],
)
def test_a_file_that_cannot_be_opened_is_said_so(generator, tmp_path, name, content, words):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=words):
        here("--open", tmp_path / name, "--out", tmp_path / "a.png")


@pytest.mark.parametrize("model", ["../../etc/passwd", "someone/model/file.pkl", "toy"])
def test_no_project_chooses_a_file_or_a_download(generator, toy_edit, tmp_path, model):
    (tmp_path / "a.drag").write_bytes(project.to_project(replace(toy_edit, model=model)))
    with pytest.raises(ValueError, match="say with --model"):
        here("--open", tmp_path / "a.drag", "--out", tmp_path / "a.png")
    with pytest.raises(ValueError, match="here, and this model"):
        here("--open", tmp_path / "a.drag", "--model", "builtin", "--out", tmp_path / "a.png")


def test_what_would_be_lost_is_not_begun(generator, tmp_path):
    with pytest.raises(ValueError, match="say with --out or --export"):
        here("--drag", "560,600,540,600")
    with pytest.raises(ValueError, match=r"takes \.png, .*\.drag and \.npz"):
        here("--drag", "560,600,540,600", "--export", tmp_path / "a.avi")


def test_the_settings_of_a_project_stay_unless_others_are_asked_for(generator, tmp_path):
    # They were replaced by the command line's defaults.
    first, again, other = (tmp_path / f"{name}.drag" for name in "abc")
    here("--seed", 3, "--drag", "560,600,540,600", "--max-steps", 1, "--export", first)
    saved = opening.read(first)
    kept = replace(saved, settings=replace(saved.settings, r1=5.0, latent_space="w"))
    first.write_bytes(project.to_project(kept))
    here("--open", first, "--export", again)
    assert opening.read(again).settings == kept.settings
    here("--open", first, "--solver", "adam", "--no-hold-placement", "--export", other)
    others = replace(kept.settings, solver="adam", hold_placement=False)
    assert opening.read(other).settings == others


def test_a_film_that_cannot_be_made_costs_nothing_else(generator, tmp_path):
    arguments = ["--seed", 3, "--export", tmp_path / "a.gif", "--export", tmp_path / "a.drag"]
    with pytest.raises(ValueError, match="to 20 seconds"):
        here(*arguments, "--drag", "560,600,540,600", "--seconds", 99)
    assert not list(tmp_path.iterdir())  # and the drag was not begun
    here("--seed", 3, "--drag", "560,600,540,600", "--max-steps", 1, "--export", tmp_path / "b.npz")
    with pytest.raises(ValueError, match="nothing to film"):
        here("--open", tmp_path / "b.npz", *arguments[2:])
    assert (tmp_path / "a.drag").exists()


def test_the_way_there_is_filmed(net, tmp_path):
    here("--model", net, *DRAG, "--max-steps", 1, "--seconds", 0.5, "--export", tmp_path / "a.gif")
    with Image.open(tmp_path / "a.gif") as shown:
        assert shown.size == (SIDE, SIDE)
        assert shown.n_frames > 4


def test_points_and_a_mark_are_on_pictures_only_where_they_are_asked_for(net, tmp_path):
    shown = {}
    for name, flags in {"plain": [], "points": ["--with-points"], "marked": ["--mark"]}.items():
        after, before = tmp_path / f"{name}.png", tmp_path / f"{name}.before.png"
        here(
            "--model",
            net,
            *DRAG,
            "--max-steps",
            1,
            *flags,
            "--out",
            after,
            "--before",
            before,
            "--export",
            tmp_path / "a.drag",
        )
        shown[name] = [np.asarray(Image.open(path)) for path in (after, before)]
    (after, before), edit = shown["plain"], opening.read(tmp_path / "a.drag")
    assert np.array_equal(shown["points"][0], draw_points(after, edit.points, ()))
    for marked, plain in zip(shown["marked"], (after, before), strict=True):
        assert np.array_equal(marked, draw_mark(plain))
    assert (shown["points"][0] != after).any()
    assert (shown["marked"][0] != after).any()


def test_a_file_that_cannot_be_written_spoils_no_other(net, tmp_path, monkeypatch, capsys):
    # The first of them ended it all: minutes of a drag, and the files that could be written.
    (tmp_path / "file").write_text("no folder")
    arguments = ["--model", net, *DRAG, "--max-steps", 2, "--device", "cpu"]
    for flag, name in {"--before": "a.png", "--frames": "frames", "--export": "b.drag"}.items():
        arguments += [flag, tmp_path / "file" / name]
    arguments += ["--export", tmp_path / "c.drag", "--out", tmp_path / "d.png"]
    monkeypatch.setattr(sys, "argv", ["drag", *map(str, arguments)])
    assert command.main() == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.count("cannot be written") == 3
    assert said.count("0001.png") == 1
    assert "b.drag" in said
    assert opening.read(tmp_path / "c.drag").change == "drag"
    assert (tmp_path / "d.png").exists()


def test_a_project_with_a_damaged_entry_goes_on_without_it(net, tmp_path, monkeypatch, capsys):
    arguments = ["--model", net, *DRAG, "--max-steps", 1, "--export", tmp_path / "a.drag"]
    monkeypatch.setattr(sys, "argv", ["drag", *map(str, arguments)])
    assert command.main() == 0
    record = json.loads((tmp_path / "a.drag").read_text())
    record["entries"][0]["change"] = "magic"
    (tmp_path / "a.drag").write_text(json.dumps(record))
    arguments = ["--model", net, "--open", tmp_path / "a.drag", "--out", tmp_path / "b.png"]
    monkeypatch.setattr(sys, "argv", ["drag", *map(str, arguments)])
    assert command.main() == 0
    assert "1 damaged entries of its history are left out" in capsys.readouterr().err
