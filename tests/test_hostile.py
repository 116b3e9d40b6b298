"""What is not a generator, or tries something, is refused in one sentence and has no effect."""

import contextlib
import os
import random
import re
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import torch

from networks.checkpoints import CheckpointError, read_bytes, read_checkpoint
from networks.checkpoints.latents import read_arrays
from tests.checkpoint_files import random_state, write_nvidia, write_tensorflow
from tests.exhausting_files import exhausting_files
from tests.hostile_files import VARIABLE, archive, hostile_files
from tests.mutants import mutant, seeds_of_all_kinds
from tests.stylegan3_files import random_stylegan3
from tests.torch_files import write_safetensors, write_torch

NAMES = [*hostile_files(Path("canary")), *exhausting_files()]
ROOT = Path(__file__).parent.parent
_EVENTS = (
    "open",
    "exec",
    "compile",
    "import",
    "os.",
    "subprocess.",
    "socket.",
    "pickle.",
    "ctypes.",
    "marshal.",
    "code.",
    "shutil.",
    "urllib.",
)
_watched: list[str] | None = None


def _watch(event: str, _arguments) -> None:
    """An audit hook, which cannot be taken away again: it notes something only while watched."""
    if _watched is not None and event.startswith(_EVENTS):
        _watched.append(event)


sys.addaudithook(_watch)


def read_watched(path: Path, read=read_bytes):
    """Read a file's content, without the last resort of `read_checkpoint`; what Python was made to
    do meanwhile must be nothing."""
    global _watched
    content, _watched = path.read_bytes(), []
    try:
        return read(memoryview(content))
    finally:
        events, _watched = _watched, None
        assert events == [], events


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """A folder with the hostile files, and the canary that they would create."""
    folder = tmp_path_factory.mktemp("hostile")
    files = hostile_files(folder / "canary") | exhausting_files()
    for i, content in enumerate(files.values()):
        (folder / f"{i}.pkl").write_bytes(content)
    return folder


@pytest.fixture(scope="module", autouse=True)
def _all_imported(tmp_path_factory):
    """Reading a zip archive for the first time imports a codec, which is no one's doing."""
    path = tmp_path_factory.mktemp("warm") / "warm.pt"
    path.write_bytes(archive({"a/data.pkl": b"\x80\x02}."}))
    with pytest.raises(CheckpointError):
        read_checkpoint(path)


@pytest.mark.parametrize("i", range(len(NAMES)), ids=NAMES)
def test_a_hostile_file_is_refused_quickly_and_has_no_effect(i, hostile):
    path, before = hostile / f"{i}.pkl", dict(os.environ)
    tracemalloc.start()
    started = time.process_time()
    with pytest.raises(CheckpointError) as refusal:
        read_watched(path)
    seconds, (_, peak) = time.process_time() - started, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100e6
    assert seconds < 6  # traced allocations are ten times as slow; see the test of the command line
    with pytest.raises(CheckpointError) as named:
        read_checkpoint(path)
    with contextlib.suppress(CheckpointError):  # as latents, of which some hold a few
        read_watched(path, read_arrays)
    words = str(named.value)
    assert words in (f"{i}.pkl {refusal.value}.", f"{i}.pkl is empty; fetch it again.")
    assert words.isprintable()
    assert len(words) < 200
    assert not (hostile / "canary").exists()
    assert dict(os.environ) == before
    assert VARIABLE not in os.environ


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.parametrize("name", ["nested without end", "a stream, again and again", "os.system"])
def test_the_command_line_refuses_within_a_second_and_200_mb(name, hostile):
    program = (
        "import resource, subprocess, sys, time; t = time.monotonic();"
        "done = subprocess.run([sys.executable, '-m', 'networks.checkpoints', sys.argv[1]],"
        "                      capture_output=True, text=True);"
        "print(done.returncode, time.monotonic() - t,"
        "      resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, done.stderr)"
    )
    path = hostile / f"{NAMES.index(name)}.pkl"
    best = min(
        (
            subprocess.run(
                [sys.executable, "-c", program, path],
                capture_output=True,
                cwd=ROOT,
                text=True,
                check=True,
            ).stdout.split(maxsplit=3)
            for _ in range(2)
        ),
        key=lambda line: float(line[1]),
    )
    code, seconds, kilobytes, said = best
    assert code == "1"
    assert float(seconds) < 1
    assert float(kilobytes) < 200_000
    assert len(said.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "words"),
    {
        "layers of layers": "no weight",
        "many weights of many layers": "without end",
        "many nothings of many layers": "without end",
        "colliding keys": "more numbers for keys",
        "a set of a list, again and again": "work without end",
        "a wide key": "neither a name nor",
        "options, again and again": "work without end",
        "a long name, again and again": "far longer",
        "a stream, again and again": "work without end",
        "one variable, again and again": "variables",
        "one storage of bf16 in many tensors": "again and again",
        "many filters": "10000 weights",
        "one bias, again and again": "again and again",
        "classes of 2019": "with classes",
        "a mapping from 20,000 numbers": "so wide",
        "members over each other": "over each other",
        "safetensors over each other": "again and again",
        "numbers that float32 has not": "NaN or",
    }.items(),
)
def test_it_is_the_guard_meant_for_it_that_refuses_a_file(name, words, hostile):
    """Else a file that one guard stops by chance would tell nothing of another that was lost."""
    with pytest.raises(CheckpointError, match=words):
        read_checkpoint(hostile / f"{NAMES.index(name)}.pkl")


def test_what_a_pickle_names_is_said(hostile):
    with pytest.raises(CheckpointError, match=r"names os\.system, which is not on the short list"):
        read_checkpoint(hostile / f"{NAMES.index('os.system')}.pkl")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda s: {k: v for k, v in s.items() if k != "synthesis.b8.conv0.weight"}, "lacks synth"),
        (lambda s: s | {"synthesis.b8.conv0.bias": torch.ones(3)}, "of shape"),
        (lambda s: s | {"synthesis.b16.conv1.bias": torch.full((8,), torch.nan)}, "NaN"),
        (lambda s: {k: v for k, v in s.items() if "b32" not in k}, "32 to 1024 work"),
        (lambda s: {k: v for k, v in s.items() if "b16" not in k}, "32 to 1024 work"),
        (lambda s: {k: v for k, v in s.items() if "mapping" not in k}, "lacks mapping.fc0.weight"),
        (lambda s: s | {"synthesis.b8.resample_filter": torch.eye(4)}, "filter"),
        (lambda s: s | {"synthesis.input.freqs": torch.ones(4, 2)}, "or StyleGAN3 generator"),
        (
            lambda s: s | {"synthesis.b4.const": s["synthesis.b4.const"].bool()},
            "not as real numbers",
        ),
        (lambda s: {"g_mapping.layer.weight": torch.ones(2, 2)}, "no StyleGAN2 or StyleGAN3"),
    ],
)
def test_another_network_is_told_from_a_stylegan2(change, words, tmp_path):
    for write in (write_nvidia, write_torch, write_safetensors):
        write(tmp_path / "net.pkl", change(random_state()))
        with pytest.raises(CheckpointError, match=words):
            read_checkpoint(tmp_path / "net.pkl")


def test_a_stylegan1_and_a_discriminator_are_told(tmp_path):
    write_tensorflow(tmp_path / "net.pkl", random_state(), function="G_style")
    with pytest.raises(CheckpointError, match="is StyleGAN1"):
        read_checkpoint(tmp_path / "net.pkl")
    write_torch(tmp_path / "net.pt", {"d": {"final.weight": torch.ones(2)}})
    with pytest.raises(CheckpointError, match="discriminator only"):
        read_checkpoint(tmp_path / "net.pt")


def test_the_same_numbers_many_times_do_not_fill_the_memory(tmp_path):
    """One storage in ten thousand buffers: a small file that would be copied to a large network."""
    state, shared = random_state(), torch.ones(4096)
    state |= {f"synthesis.b4.x{i}.noise_const": shared for i in range(1500)}
    write_torch(tmp_path / "net.pth", state)
    with pytest.raises(CheckpointError, match="again and again"):
        read_checkpoint(tmp_path / "net.pth")


# ---- mutants -------------------------------------------------------------------------------------
@pytest.mark.slow
@pytest.mark.parametrize("seed", [0])
def test_ten_thousand_mutants_crash_nothing_and_run_nothing(seed, tmp_path):
    seeds = seeds_of_all_kinds(tmp_path)
    assert all(len(content) < 12_000 for content in seeds.values())
    dice, path, outcomes = random.Random(seed), tmp_path / "mutant.pkl", []
    kinds, contents = list(seeds), list(seeds.values())
    for i in range(10_000):
        kind = kinds[i % len(kinds)]
        path.write_bytes(mutant(seeds[kind], dice, contents))
        try:
            read_watched(path, read_arrays if kind in ("latents", "numpy") else read_bytes)
            outcomes.append("read")
        except CheckpointError as error:
            outcomes.append(str(error))
    # They must get past the first checks in many ways, not all end at the first byte.
    assert len(set(outcomes)) > 100
    named = re.compile("no StyleGAN2|lacks|has blocks|makes pictures")
    assert np.mean([bool(named.search(words)) for words in outcomes]) > 0.02


@pytest.mark.parametrize("state", [random_state(), random_stylegan3(32)], ids=["2", "3"])
def test_mutants_of_a_whole_network_give_a_network_or_a_sentence(state, tmp_path):
    """Where the numbers change, not the structure, what comes out is still a sound network."""
    write_nvidia(tmp_path / "net.pkl", state, layout="bare")
    content, dice = (tmp_path / "net.pkl").read_bytes(), random.Random(1)
    sound = 0
    for _ in range(150):
        (tmp_path / "mutant.pkl").write_bytes(mutant(content, dice, [content]))
        try:
            state = read_watched(tmp_path / "mutant.pkl").state
        except CheckpointError:
            continue
        assert all(np.isfinite(values).all() for values in state.values())
        sound += 1
    assert sound > 8


def test_layers_within_layers_without_end_are_refused(tmp_path):
    name = ".x" * 40
    write_nvidia(tmp_path / "net.pkl", random_state() | {f"synthesis{name}.bias": torch.ones(1)})
    with pytest.raises(CheckpointError, match="without end"):
        read_checkpoint(tmp_path / "net.pkl")
