"""Drags in workers of the stand-in for `spaces` (spaces.py, beside this), as ZeroGPU has them."""

import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from drag import PointPair, Settings, new_edit
from drag.loop import drag
from drag.models.loaded import LoadedModels
from drag.photo.inversion import Fit
from drag.web import zero

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def told(generator, tmp_path_factory):
    """What a server with the stand-in says: lines of JSON, and the stand-in's own."""
    log = tmp_path_factory.mktemp("spaces") / "log"
    run = subprocess.run(
        [sys.executable, HERE / "server_side.py"],
        capture_output=True,
        text=True,
        timeout=600,
        env={
            **os.environ,
            "PYTHONPATH": f"{HERE}{os.pathsep}{HERE.parent.parent}",
            "SPACES_ZERO_GPU": "true",
            "SPACES_LOG": str(log),
        },
    )
    assert run.returncode == 0, run.stderr
    lines = [json.loads(line) for line in run.stdout.splitlines()]
    return {name: value for line in lines for name, value in line.items()}, [
        json.loads(line) for line in log.read_text().splitlines()
    ]


@pytest.mark.slow
@pytest.mark.alone  # its drags end by the clock
def test_the_steps_are_those_of_this_process(told, generator):
    said, _ = told
    edit = new_edit(generator, seed=4, settings=Settings(max_steps=3))
    *_, last = drag(generator, edit.place([PointPair((480, 600), (540, 600))]))
    assert said["first"]["numbers"] == list(range(1, last.number + 1))
    assert said["first"]["ending"] == last.ending.value
    np.testing.assert_allclose(said["first"]["ws"], last.ws[0, :8], atol=1e-4)
    assert said["first"]["picture"] == [1024, 1024, 3]
    assert said["second"]["numbers"] == said["first"]["numbers"]


@pytest.mark.slow
@pytest.mark.alone  # its drags end by the clock
def test_what_crosses_is_small_and_a_worker_is_used_again(told):
    _, log = told
    runs = [line for line in log if "run" in line]
    assert len({line["run"] for line in runs[:2]}) == 1
    assert all(line["run"] != line["server"] for line in runs)
    assert max(line["arguments"] for line in runs) < 50_000
    assert max(line["largest"] for line in log if "ended" in line) < 700_000


@pytest.mark.slow
@pytest.mark.alone  # its drags end by the clock
def test_closing_stops_a_worker_soon_and_another_drag_uses_it(told):
    said, _ = told
    assert said["closed"]["seconds"] < 5
    assert said["closed"]["alive"]


@pytest.mark.slow
@pytest.mark.alone  # its drags end by the clock
def test_a_worker_that_dies_ends_its_drag_in_words_and_the_next_gets_another(told):
    said, log = told
    assert said["died"] == [zero.LOST, "UserError"]
    assert said["after"]["numbers"] == said["first"]["numbers"]
    assert len([line for line in log if "fork" in line]) == 2


@pytest.mark.slow
@pytest.mark.alone  # its drags end by the clock
def test_errors_keep_their_words_where_they_have_any(told):
    said, _ = told
    assert said["nothing placed"][0].startswith("No point is placed")
    assert said["failed"] == ["a ZeroGPU worker failed: TypeError", "RuntimeError"]


@pytest.mark.slow
@pytest.mark.alone  # its drags end by the clock
def test_a_drag_ends_itself_before_its_gpu_is_taken_back(told):
    said, _ = told
    assert said["late"]["ending"] == "time limit"


def test_a_photo_whose_memory_ran_out_once_still_ends_in_what_was_lent(generator, monkeypatch):
    models, ends = LoadedModels("cpu"), []
    models.put(models.find("builtin"), generator)

    def scarce(network, picture, seconds, begun):
        ends.append(time.monotonic() + seconds)
        if len(ends) == 1:
            time.sleep(2)
            raise torch.OutOfMemoryError("CUDA out of memory")
        yield Fit("encoder", 1.0, 0.0, np.zeros((16, 512), np.float32), None, 0.5, done=True)

    monkeypatch.setattr(zero, "_there", models)
    monkeypatch.setattr("drag.server.engine.invert", scarce)
    picture = np.zeros((1024, 1024, 3), np.uint8)
    assert [fit.done for fit in zero.ZeroEngine(models).invert("builtin", picture, 170.0)] == [True]
    assert ends[1] == pytest.approx(ends[0], abs=0.5)


def test_seconds_follow_the_step_cap(generator):
    edit = new_edit(generator, seed=4)
    seconds = [
        zero.lent_seconds(replace(edit, settings=Settings(solver, max_steps=n)))
        for solver in ("gauss-newton", "adam")
        for n in (1, 30, 100, 2000)
    ]
    assert seconds == [5, 7.5, 15, 15, 5, 5, 10, 25]
    assert zero._duration(None, edit, 7.5, True) > 10


def test_without_spaces_nothing_changes():
    assert zero.GPU is None
    assert not zero.on_zero_gpu()
