"""Networks that the reference implementations wrote, with what they make of them.

They lie beside the repository, not in it: `manifest.json` there names each file's expected outputs.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from networks.blocks import entries_of
from networks.checkpoints import CheckpointError, read_checkpoint
from networks.stylegan2 import _entries
from tests.checkpoint_files import generator_in
from tests.reference.stylegan2 import relative_error

ROOT = Path(__file__).parent.parent
FOLDER = ROOT.parent / "shared" / "fixtures"
if not FOLDER.is_dir():
    pytest.skip("../shared/fixtures is not here", allow_module_level=True)

MANIFEST = json.loads((FOLDER / "manifest.json").read_text())
NETWORKS = {name: entry["expected"] for name, entry in MANIFEST.items() if "expected" in entry}
FOLDER3 = FOLDER.with_name("fixtures-stylegan3")
MANIFEST3 = FOLDER3 / "manifest.json"
STYLEGAN3 = json.loads(MANIFEST3.read_text()) if MANIFEST3.is_file() else {}
HOSTILE = sorted(FOLDER.glob("hostile/*"))


def maps_of(generator, ws):
    """Each block's output before ToRGB, by its resolution."""
    x, maps = generator.const, {}
    for i, (block, resolution) in enumerate(
        zip(generator.blocks, generator.resolutions, strict=True)
    ):
        x = maps[resolution] = block.features(x, _entries(ws.unbind(1), i)[:2])
    return maps


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.slow) if "_512_" in name else name for name in NETWORKS],
)
@torch.no_grad()
def test_a_network_gives_what_its_own_tool_gives(name):
    expected = np.load(FOLDER / NETWORKS[name])
    generator = generator_in(FOLDER / name)
    z, c = (torch.from_numpy(expected[key]).float() for key in "zc")
    has_centre = name != "ros_64_train.pt"
    for key, psi, cutoff in [
        ("ws_psi1", 1, None),
        ("ws_psi07", 0.7, None),
        ("ws_psi05_cut4", 0.5, 4),
    ]:
        if key in expected and (psi == 1 or has_centre):
            found = generator.mapping(z, psi, cutoff, c if generator.c_dim else None)
            assert np.abs(found.numpy() - expected[key]).max() < 1e-5
    ws = torch.from_numpy(expected["ws_psi1"])
    maps = maps_of(generator, ws[:1])
    for resolution, found in maps.items():
        key = f"feat{resolution}"
        if key in expected:
            assert relative_error(found, expected[key]) < 1e-4
        elif f"{key}_c4_s4" in expected:
            assert relative_error(found[:, ::4, ::4, ::4], expected[f"{key}_c4_s4"]) < 1e-4
        spread = expected[f"{key}_std"].max()
        mean = found.mean((0, 2, 3)).numpy()
        assert np.abs(mean - expected[f"{key}_mean"]).max() < 1e-4 * spread
    assert torch.allclose(generator.features(ws[:1]), maps[min(128, max(maps))], atol=1e-4)
    picture = expected["img_psi1"]
    assert relative_error(generator.image(ws[: len(picture)]), picture) < 1e-4
    step = 2 if "img_psi07_s2" in expected else 1
    picture = expected["img_psi07_s2" if step == 2 else "img_psi07"]
    if has_centre:
        ws = torch.from_numpy(expected["ws_psi07"])[: len(picture)]
        assert relative_error(generator.image(ws)[:, :, ::step, ::step], picture) < 1e-4
        for block in generator.blocks:
            for layer in filter(None, (block.conv0, block.conv1)):
                layer.noise = None
        bare = generator.image(ws[:1])[:, :, ::2, ::2]
        if "img_psi07_nonoise_s0" in expected:
            assert relative_error(bare, expected["img_psi07_nonoise_s0"]) < 1e-4


@torch.no_grad()
def test_a_stylegan3_among_them_is_opened():
    path = FOLDER / "sg3_alias_free_32.pkl"
    assert read_checkpoint(path).architecture.kind == "StyleGAN3-T"
    generator = generator_in(path)
    ws = generator.mapping(torch.randn(1, generator.z_dim))
    assert generator.image(ws).shape == (1, 3, 32, 32)


@pytest.mark.parametrize("name", STYLEGAN3)
@torch.no_grad()
def test_a_stylegan3_gives_what_its_own_tool_gives(name):
    """Features within 1e-4, pictures within 5e-5 of the largest number, or of 1."""
    expected = np.load(FOLDER3 / STYLEGAN3[name]["expected"])
    generator = generator_in(FOLDER3 / name)
    c = torch.from_numpy(expected["c"]).float() if generator.c_dim else None
    for key, psi, cutoff in (
        ("ws_psi1", 1, None),
        ("ws_psi07", 0.7, None),
        ("ws_psi05_cut4", 0.5, 4),
    ):
        found = generator.mapping(torch.from_numpy(expected["z"]).float(), psi, cutoff, c)
        assert np.abs(found.numpy() - expected[key]).max() < 1e-5
    first = int(expected["feat_sample"])
    entries, maps = entries_of(torch.from_numpy(expected["ws_psi1"][first : first + 1])), None
    for i in range(len(generator.blocks)):
        maps = generator.block(i, maps, entries)
        for key, step in ((f"featL{i}", 1), (f"featL{i}_c4_s4", 4)):
            if key in expected:
                assert off(maps.features[:, ::step, ::step, ::step], expected[key]) < 1e-4
        spread = expected[f"featL{i}_std"].max()
        mean = maps.features.mean((0, 2, 3)).numpy()
        assert np.abs(mean - expected[f"featL{i}_mean"]).max() < 1e-4 * max(1, spread)
    for key in expected.files:
        if match := re.fullmatch(r"img_(psi1|psi07|psi05_cut4)(_s0)?(_s2)?", key):
            ws = torch.from_numpy(expected[f"ws_{match[1]}"])[: 1 if match[2] else None]
            step = 2 if match[3] else 1
            assert off(generator.image(ws)[:, :, ::step, ::step], expected[key]) < 5e-5


def off(found, wanted):
    """Largest difference, as a share of the largest number, or of 1."""
    assert found.shape == wanted.shape
    return np.abs(found.numpy() - wanted).max() / max(1, np.abs(wanted).max())


@pytest.mark.parametrize("path", HOSTILE, ids=lambda path: path.name)
def test_a_hostile_file_is_refused(path):
    with pytest.raises(CheckpointError):
        read_checkpoint(path)


@pytest.mark.slow
@pytest.mark.alone
def test_hostile_files_are_refused_within_a_second_and_200_mb():
    """Those that cost most, each in a process of its own."""
    program = """if True:
        import resource, subprocess, sys, time
        for path in sys.argv[1:]:
            started = time.monotonic()
            done = subprocess.run([sys.executable, "-m", "networks.checkpoints", path],
                                  capture_output=True)
            print(done.returncode, time.monotonic() - started)
        print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
        """
    costly = [
        FOLDER / "hostile" / name
        for name in (
            "deep_nesting.pkl",
            "deep_tuple.pkl",
            "truncated.pkl",
            "zip_bomb.pt",
            "os_system.pkl",
        )
    ]
    best = []
    for _ in range(2):  # the machine may be busy with something else
        said = subprocess.run(
            [sys.executable, "-c", program, *costly],
            cwd=ROOT,
            text=True,
            capture_output=True,
            check=True,
        ).stdout.split()
        assert said[0:-1:2] == ["1"] * len(costly)
        assert int(said[-1]) < 200_000
        best.append([float(seconds) for seconds in said[1:-1:2]])
    assert np.min(best, 0).max() < 1
