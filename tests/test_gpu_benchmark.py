"""The benchmark for GPUs, where there is none: its command runs and reports what it promises."""

import json
import sys

import pytest

from tests.benchmarks import gpu


@pytest.mark.slow
def test_steps_pictures_and_frames_of_a_small_network_are_measured(monkeypatch, capsys, tmp_path):
    file = tmp_path / "gpu.json"
    monkeypatch.setattr(
        sys,
        "argv",
        [
            "-",
            "--quick",
            "--device",
            "cpu",
            "--networks",
            "stylegan2",
            "--json",
            str(file),
            "--trace",
            str(tmp_path),
        ],
    )
    gpu.main()
    rows = {row["what"]: row for row in json.loads(file.read_text())["results"]}
    assert set(rows) == {
        "loading",
        "step, gauss-newton, 1 point",
        "step, gauss-newton, 5 points",
        "step, adam, 1 point",
        "picture",
        "preview",
        "JPEG",
        "frames",
    }
    for what, row in rows.items():
        assert row["per_second" if what == "frames" else "ms"] > 0
        assert 0 < row["memory_gb"] < 20
    printed = capsys.readouterr().out
    assert "| stylegan2 | step, gauss-newton, 1 point |" in printed
    assert "aten::" in (tmp_path / "stylegan2.txt").read_text()
