"""The benchmarks, at a size that takes seconds: their commands run and report what they promise."""

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from tests.benchmarks import ccsd, landmarks, mask, official, stylegan2, stylegan3, wild

pytestmark = pytest.mark.usefixtures("drags_in_this_process")


@pytest.fixture
def in_this_process(monkeypatch, capsys):
    """Do the parts of a benchmark here, not in a process each: importing torch takes seconds."""

    def run(command, **_):
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", command[2:])
        stylegan2.main()
        return type("Done", (), {"returncode": 0, "stdout": capsys.readouterr().out})

    monkeypatch.setattr(stylegan2.subprocess, "run", run)


@pytest.mark.slow
def test_a_step_and_a_picture_of_stylegan2_are_measured(
    in_this_process, monkeypatch, capsys, tmp_path
):
    monkeypatch.setattr(
        sys,
        "argv",
        ["-", "--resolution", "64", "--steps", "2", "--json", str(tmp_path / "report.json")],
    )
    stylegan2.main()
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["resolution"] == 64
    for name in ("step", "masked", "picture"):
        ours = report["what"][name]["ours"]
        assert 0 < ours["seconds"] < 60
        assert ours["steps"] == 2
        assert ours["peak_mb"] > 50
    printed = capsys.readouterr().out
    assert report["machine"] in printed
    assert "| a drag step, a region painted |" in printed


@pytest.mark.slow
def test_the_landmarks_of_one_face_are_dragged_to_those_of_another(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(
        sys,
        "argv",
        [
            "-",
            "--pairs",
            "1",
            "--points",
            "1",
            "--solver",
            "gauss-newton",
            "--seed",
            "2",
            "--json",
            str(tmp_path / "report.json"),
            "--sheets",
            str(tmp_path),
        ],
    )
    landmarks.main()
    (result,) = json.loads((tmp_path / "report.json").read_text())["results"]
    assert result["lost"] == 0
    assert 0 < result["share"] < 0.5
    assert 0 < result["identity"] < 0.8
    assert result["steps"] < 30
    with Image.open(tmp_path / "landmarks-1-gauss-newton.jpg") as sheet:
        assert sheet.size == (3 * 256, 256)
    assert result["melted"] == 0
    assert result["arrived"] == (result["drags"][0]["ending"] == "arrived")
    assert "| 1, 1 | gauss-newton |" in capsys.readouterr().out


@pytest.mark.slow
def test_wild_drags_are_the_same_each_time_and_judged(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(
        sys,
        "argv",
        [
            "-",
            "--drags",
            "2",
            "--solver",
            "gauss-newton",
            "--json",
            str(tmp_path / "report.json"),
            "--sheets",
            str(tmp_path),
        ],
    )
    wild.main()
    (result,) = json.loads((tmp_path / "report.json").read_text())["results"]
    assert [drag["seed"] for drag in result["drags"]] == [2732, 9225]
    assert result["count"] == 2
    assert all(
        20 <= np.hypot(*np.subtract(d["handle"], d["target"])) <= 150 for d in result["drags"]
    )
    with Image.open(tmp_path / "wild-gauss-newton.jpg") as sheet:
        assert sheet.size == (4 * 256, 256)
    assert "| gauss-newton | 0 of 2 |" in capsys.readouterr().out


@pytest.mark.slow
def test_drags_there_and_back_are_compared(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(
        sys,
        "argv",
        [
            "-",
            "--pairs",
            "1",
            "--points",
            "1",
            "--solver",
            "gauss-newton",
            "--seed",
            "2",
            "--json",
            str(tmp_path / "report.json"),
        ],
    )
    ccsd.main()
    (result,) = json.loads((tmp_path / "report.json").read_text())["results"]
    assert 0 < result["distance"] < result["there"]
    assert 0.5 < result["way"] <= 1
    assert 0.5 < result["back"] <= 1
    assert "| 1 | gauss-newton | 1 |" in capsys.readouterr().out


@pytest.mark.slow
def test_a_step_and_a_picture_of_stylegan3_are_measured(monkeypatch, capsys, tmp_path):
    def run(command, **_):
        found = stylegan3.measure(Path(command[-2]), command[-1], 1)
        return SimpleNamespace(stdout=json.dumps(found))

    monkeypatch.setattr(stylegan3.subprocess, "run", run)
    report = tmp_path / "report.json"
    monkeypatch.setattr(
        sys, "argv", ["-", "--resolution", "32", "--width", "8", "--json", str(report)]
    )
    stylegan3.main()
    assert capsys.readouterr().out.count("| StyleGAN3-") == 6
    assert all(json.loads(report.read_text())[f"{c} adam"]["seconds"] > 0 for c in "TR")


@pytest.mark.slow
def test_what_a_region_keeps_is_measured(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(
        sys,
        "argv",
        [
            "-",
            "--faces",
            "1",
            "--task",
            "face",
            "--solver",
            "gauss-newton",
            "--json",
            str(tmp_path / "report.json"),
        ],
    )
    mask.main()
    (result,) = json.loads((tmp_path / "report.json").read_text())["results"]
    assert result["masked_outside"] < 0.1 * result["free_outside"]
    assert result["masked_beyond"] == 0
    assert 0 < result["masked_way"] <= 1
    assert "| face | gauss-newton | 1 |" in capsys.readouterr().out


STAND_IN = """
import numpy as np
import torch


class Result(dict):
    __setattr__, __getattr__ = dict.__setitem__, dict.__getitem__


class Renderer:
    # Asks a network what the official one asks, and takes every point 30 px nearer each time.

    def __init__(self, disable_timing):
        self.ws = None

    def render(self, pkl, w0_seed, points, targets, mask, lambda_mask, is_drag, **first):
        network, label = self.get_network(pkl, "G_ema"), torch.zeros(1, 0)
        if self.ws is None:
            z = torch.from_numpy(np.random.RandomState(w0_seed).randn(1, 512))
            self.ws = network.mapping(z, label, truncation_psi=0.7, truncation_cutoff=None)
        picture, features = network(self.ws, label, truncation_psi=0.7, noise_mode="const",
                                    input_is_w=True, return_feature=True)
        assert picture.shape == (1, 3, 1024, 1024) and features[5].shape == (1, 256, 128, 128)
        result = Result(stop=True, w=self.ws.numpy())
        for point, target in zip(points, targets):
            for axis in (0, 1):
                away = target[axis] - point[axis]
                point[axis] += max(-30, min(30, away))
                result.stop = result.stop and abs(away) <= 30
        return result
"""


@pytest.mark.slow
def test_the_official_code_is_driven_on_the_same_faces(monkeypatch, capsys, tmp_path):
    (tmp_path / "viz").mkdir()
    (tmp_path / "viz" / "renderer.py").write_text(STAND_IN)
    for module in ("viz", "viz.renderer"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        sys,
        "argv",
        [
            "-",
            "--official",
            str(tmp_path),
            "--points",
            "1",
            "--seed",
            "2",
            "--steps",
            "6",
            "--json",
            str(tmp_path / "report.json"),
        ],
    )
    with torch.no_grad():
        official.main()
    theirs, ours = json.loads((tmp_path / "report.json").read_text())["results"]
    assert [theirs["side"], ours["side"]] == ["official", "gauss-newton"]
    assert theirs["ending"] == "arrived"
    assert theirs["steps"] == 2  # 55 px in steps of 30
    # It never changed the latents: its picture is the source, whatever its points say.
    assert theirs["md"] == pytest.approx(theirs["no_edit"], abs=0.5)
    assert theirs["identity"] < 0.05
    assert ours["md"] < theirs["md"] / 2
    assert ours["steps"] == 6  # as many as it may, or the two are not compared
    assert "| 1 | official | 1 of 1 | 2 |" in capsys.readouterr().out


def test_a_folder_without_the_official_code_is_said_so(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(sys, "argv", ["-", "--official", str(tmp_path)])
    with pytest.raises(SystemExit):
        official.main()
    assert "is no checkout of the official code" in capsys.readouterr().err
