"""Each format, written by the tests, is read back to the same network."""

import json
import subprocess
import sys
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch

from networks.checkpoints import CheckpointError, read_checkpoint
from networks.checkpoints.__main__ import describe as in_values
from tests.checkpoint_files import random_state, write_nvidia, write_tensorflow
from tests.stylegan3_files import random_stylegan3
from tests.torch_files import (
    basicsr_names,
    genforce_names,
    mmgeneration_names,
    rosinality_names,
    write_rosinality,
    write_safetensors,
    write_torch,
)

ROOT = Path(__file__).parent.parent
CLASSES, PLAIN, RESNET = random_state(c_dim=3), random_state(), random_state(kind="resnet")
NO_CENTRE = {name: values for name, values in PLAIN.items() if name != "mapping.w_avg"}
TRANSLATING, ROTATING = random_stylegan3(32, c_dim=3), random_stylegan3(64, radial=True)
FORMATS = {
    **{
        f"NVIDIA, protocol {p}": (CLASSES, lambda f, s, p=p: write_nvidia(f, s, p))
        for p in (2, 3, 4, 5)
    },
    "NVIDIA, G_ema only": (RESNET, lambda f, s: write_nvidia(f, s, layout="G_ema")),
    "NVIDIA, one network": (PLAIN, lambda f, s: write_nvidia(f, s, layout="bare")),
    "TensorFlow": (RESNET, write_tensorflow),
    "TensorFlow, classes": (CLASSES, write_tensorflow),
    "rosinality": (PLAIN, write_rosinality),
    "rosinality, stream": (PLAIN, lambda f, s: write_rosinality(f, s, zipped=False)),
    "rosinality, pSp": (PLAIN, lambda f, s: write_rosinality(f, s, layout="psp")),
    "rosinality, oblong": (random_state(sides=(4, 2)), write_rosinality),
    "genforce": (PLAIN, lambda f, s: write_torch(f, {"generator": genforce_names(s)})),
    "genforce, resnet": (RESNET, lambda f, s: write_torch(f, genforce_names(s))),
    "BasicSR": (NO_CENTRE, lambda f, s: write_torch(f, {"params_ema": basicsr_names(s)})),
    "MMGeneration": (
        NO_CENTRE,
        lambda f, s: write_torch(
            f, {"state_dict": {f"generator_ema.{k}": v for k, v in mmgeneration_names(s).items()}}
        ),
    ),
    "state dict": (RESNET, write_torch),
    "state dict, stream": (CLASSES, lambda f, s: write_torch(f, OrderedDict(s), zipped=False)),
    "state dict within": (PLAIN, lambda f, s: write_torch(f, {"G_ema": s, "step": 3})),
    "state dict, double": (
        PLAIN,
        lambda f, s: write_torch(f, {name: v.double() for name, v in s.items()}),
    ),
    "safetensors": (CLASSES, write_safetensors),
    "StyleGAN3, protocol 3": (TRANSLATING, lambda f, s: write_nvidia(f, s, 3)),
    "StyleGAN3, protocol 4": (ROTATING, write_nvidia),
    "StyleGAN3, state dict within": (ROTATING, lambda f, s: write_torch(f, {"state_dict": s})),
    "StyleGAN3, G_ema.": (
        TRANSLATING,
        lambda f, s: write_safetensors(f, {f"G_ema.{k}": v for k, v in s.items()}),
    ),
    "safetensors, g_ema.": (
        PLAIN,
        lambda f, s: write_safetensors(
            f,
            {f"g_ema.{k}": v for k, v in rosinality_names(s).items()}
            | {"latent_avg": s["mapping.w_avg"]},
        ),
    ),
}


@pytest.mark.parametrize(("state", "write"), FORMATS.values(), ids=FORMATS)
def test_every_weight_of_every_format_comes_back(state, write, tmp_path):
    write(tmp_path / "net", state)
    checkpoint = read_checkpoint(tmp_path / "net")
    wanted = {name: v for name, v in state.items() if not name.endswith("resample_filter")}
    assert set(checkpoint.state) == set(wanted)
    for name, values in wanted.items():
        np.testing.assert_allclose(checkpoint.state[name], values, atol=1e-6, err_msg=name)
        assert checkpoint.state[name].dtype == np.float32


def test_a_training_checkpoint_gives_the_averaged_network_and_says_what_it_left(tmp_path):
    write_rosinality(tmp_path / "550000.pt", PLAIN, layout="training")
    checkpoint = read_checkpoint(tmp_path / "550000.pt")
    name = "synthesis.b8.conv0.weight"
    np.testing.assert_allclose(checkpoint.state[name], PLAIN[name])
    assert checkpoint.skipped == ("g", "d", "g_optim", "args")
    assert "mapping.w_avg" not in checkpoint.state


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16])
def test_half_of_the_bytes_are_enough(kind, tmp_path):
    for write in (write_torch, write_safetensors):
        write(tmp_path / "net", {name: values.to(kind) for name, values in PLAIN.items()})
        state = read_checkpoint(tmp_path / "net").state
        for name, values in state.items():
            np.testing.assert_array_equal(values, PLAIN[name].to(kind).float())


def test_weights_that_lie_in_memory_in_another_order(tmp_path):
    """As snapshots trained with channels last do; also parts of a larger tensor."""
    state = {
        name: v.contiguous(memory_format=torch.channels_last) if v.ndim == 4 else v
        for name, v in PLAIN.items()
    }
    state["mapping.w_avg"] = torch.stack([PLAIN["mapping.w_avg"]] * 3, 1)[:, 1]
    for write in (write_nvidia, write_torch):
        write(tmp_path / "net", state)
        found = read_checkpoint(tmp_path / "net").state
        assert all(np.array_equal(values, PLAIN[name]) for name, values in found.items())


def test_what_layers_record_is_taken_from_them_and_not_from_defaults(tmp_path):
    write_nvidia(
        tmp_path / "net.pkl", random_state(resolution=64), conv_clamp=256, lr=0.05, fp16=True
    )
    recorded = read_checkpoint(tmp_path / "net.pkl").architecture.recorded
    assert (recorded.conv_clamp, recorded.lr_multiplier) == (256, 0.05)
    assert recorded.half == (4, 8, 16, 32, 64)
    write_nvidia(tmp_path / "net.pkl", ROTATING, conv_clamp=2, lr=0.05, output_scale=0.5)
    recorded = read_checkpoint(tmp_path / "net.pkl").architecture.recorded
    assert (recorded.conv_clamp, recorded.lr_multiplier, recorded.output_scale) == (2, 0.05, 0.5)
    write_torch(tmp_path / "net.pth", ROTATING)  # which says nothing
    recorded = read_checkpoint(tmp_path / "net.pth").architecture.recorded
    assert (recorded.conv_clamp, recorded.lr_multiplier, recorded.output_scale) == (256, 0.01, 0.25)


@pytest.mark.parametrize("content", [b"", b"x"])
def test_a_file_of_nothing_is_named(content, tmp_path):
    (tmp_path / "net.pkl").write_bytes(content)
    with pytest.raises(CheckpointError, match=r"^net\.pkl is empty"):
        read_checkpoint(tmp_path / "net.pkl")


def describe(*args):
    return subprocess.run(
        [sys.executable, "-m", "networks.checkpoints", *map(str, args)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )


def test_files_are_read_without_pytorch():
    # A hostile file is refused within a second, of which PyTorch alone would take two.
    loaded = "import sys, networks.checkpoints.__main__; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", loaded], cwd=ROOT).returncode == 0


@pytest.mark.slow
def test_the_command_line_says_what_a_file_is(tmp_path):
    write_nvidia(tmp_path / "net.pkl", random_state(resolution=64, sides=(4, 2), c_dim=3))
    said = describe(tmp_path / "net.pkl")
    assert (said.returncode, said.stderr) == (0, "")
    for line in (
        "format: NVIDIA pickle",
        "resolution: 32 x 64",
        "widths: 12 at 4 to 8, 8 at 16 to 64 px",
        "classes: 3",
        "truncation centre: yes",
        "architecture: skip",
    ):
        assert line in said.stdout.splitlines()
    facts = json.loads(describe(tmp_path / "net.pkl", "--json").stdout)
    assert facts["num_ws"] == 10
    assert facts["skipped"] == ["G", "D", "augment_pipe", "training_set_kwargs"]


def test_what_a_stylegan3_is_is_told(tmp_path):
    write_nvidia(tmp_path / "net.pkl", ROTATING, conv_clamp=256)
    facts = in_values(read_checkpoint(tmp_path / "net.pkl"))
    assert (facts["resolution"], facts["architecture"]) == ("64 x 64", "StyleGAN3-R")
    assert (facts["num_ws"], facts["classes"], facts["conv_clamp"]) == (16, 0, 256)
    assert facts["widths"] == "12 at 16 to 32, 10 at 64 px"
    assert facts["skipped"][:2] == ["G", "D"]


@pytest.mark.slow
def test_the_command_line_says_why_a_file_is_none(tmp_path):
    (tmp_path / "net.pkl").write_text("version https://git-lfs.github.com/spec/v1\n")
    for path, words in [
        (tmp_path / "net.pkl", "git-LFS pointer"),
        (tmp_path, "cannot be read"),
        (tmp_path / "none.pkl", "No such file"),
    ]:
        said = describe(path)
        assert (said.returncode, said.stdout) == (1, "")
        assert words in said.stderr
        assert len(said.stderr.splitlines()) == 1
