"""The benchmarks, at a size that takes seconds: their commands run and report what they promise."""

import json
import sys

import pytest

from tests.benchmarks import stylegan2


@pytest.fixture
def in_this_process(monkeypatch, capsys):
    """Do the parts of a benchmark here, not in a process each: importing torch takes seconds."""
    def run(command, **_):
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", command[2:])
        stylegan2.main()
        return type("Done", (), {"returncode": 0, "stdout": capsys.readouterr().out})

    monkeypatch.setattr(stylegan2.subprocess, "run", run)


def test_a_step_and_a_picture_of_stylegan2_are_measured(
        in_this_process, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(sys, "argv", ["-", "--resolution", "64", "--steps", "2",
                                      "--json", str(tmp_path / "report.json")])
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
