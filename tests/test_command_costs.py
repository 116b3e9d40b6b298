"""What `python -m drag` costs: the promises on speed and memory."""

import json
import subprocess
import sys
import time

import pytest
import torch
from PIL import Image


def multiplications(count: float) -> float:
    """Seconds that this machine takes now for so many multiply-adds, as plain matrix products."""
    side = 1024
    a = torch.ones(side, side)
    a @ a
    begun = time.perf_counter()
    for _ in range(round(count / side**3)):
        a @ a
    return time.perf_counter() - begun


def run(*args):
    return subprocess.run(
        [sys.executable, "-m", "drag", "--device", "cpu", *map(str, args)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.parametrize("region", [False, True], ids=["everything may move", "a region may"])
def test_a_step_is_quick_and_the_process_small(generator, tmp_path, region):
    # The promise: on two cores at most 0.35 s a step at 1024 px, and under 2 GB. On a slow machine
    # (seen: an AMD EPYC, shared, where these products take a third of a second) the measure is what
    # the network needs at least, 7e9 multiply-adds forward and back for all features, times three.
    # Where a region is painted that is a step of Adam's: the other solver takes fewer, longer ones.
    args = ["--seed", 4, "--drag", "480,600,540,600", "--max-steps", 12]
    if region:
        mask = Image.new("L", (1024, 1024))
        mask.paste(255, (300, 250, 750, 900))
        mask.save(tmp_path / "mask.png")
        args += ["--mask", tmp_path / "mask.png", "--solver", "adam"]
    tries = []
    for _ in range(3):
        done = run(*args, "--out", tmp_path / "a.png", "--json", tmp_path / "r.json")
        assert done.returncode == 0, done.stderr
        report = json.loads((tmp_path / "r.json").read_text())
        least = multiplications(7e9)
        tries.append((report["seconds_a_step"], least))
        print(
            "\n{:.2f} s a step, {:.2f} s of products,".format(*tries[-1]),
            report["peak_memory_mb"],
            "MB",
        )
        if tries[-1][0] <= max(0.35, 3 * least):
            break
    assert any(step <= max(0.35, 3 * least) for step, least in tries), tries
    assert report["peak_memory_mb"] < 2000


@pytest.mark.slow
@pytest.mark.alone
def test_the_memory_that_is_told_is_not_that_of_who_started_it():
    # A suite of 2.4 GB made every process that it started seem as large.
    large = "x" * 1_500_000_000
    words = "from drag.__main__ import peak_memory_mb; print(peak_memory_mb())"
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True)
    assert len(large) > 1e6 * int(done.stdout)
