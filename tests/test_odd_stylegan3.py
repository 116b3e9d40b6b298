"""StyleGAN3 files that are not what they should be are refused, each for its own reason."""

import re

import pytest
import torch

from networks.checkpoints import CheckpointError, read_checkpoint
from networks.checkpoints.alias_free import check_recorded
from tests.checkpoint_files import write_nvidia
from tests.stylegan3_files import random_stylegan3
from tests.torch_files import write_torch


def without(state, pattern):
    return {k: v for k, v in state.items() if not re.match(rf"synthesis\.{pattern}", k)}


def renamed(state, part, other):
    return {k.replace(part, other): v for k, v in state.items()}


def changed(state, name, change):
    name = f"synthesis.{name}"
    return state | {name: change(state[name])}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda s: without(s, r"L7_"), "lacks synthesis.L7"),
        (lambda s: without(s, r"L3_.*up_filter"), "lacks synthesis.L3_.*up_filter"),
        (lambda s: without(s, r"input\.phases"), "lacks synthesis.input.phases"),
        (lambda s: without(s, r"L\d"), "no StyleGAN2 or StyleGAN3 generator"),
        (lambda s: renamed(s, "_64_3", "_96_3"), "pictures of 96 px"),
        (lambda s: renamed(s, "L13_64", "L13_48"), "do not fit"),
        (lambda s: renamed(s, "L6_52", "L6_60"), "do not fit"),
        (lambda s: renamed(s, "L6_52", "L6_1"), "do not fit"),
        (lambda s: changed(s, "L6_52_12.up_filter", lambda v: v.outer(v)), "of shape"),
        (lambda s: changed(s, "L6_52_12.up_filter", lambda v: v.repeat(2)), "do not fit"),
        (lambda s: changed(s, "L6_52_12.down_filter", lambda v: v[:7]), "do not fit"),
        (lambda s: changed(s, "L6_52_12.weight", lambda v: v[..., :2, :2]), "do not fit"),
        (lambda s: changed(s, "L6_52_12.magnitude_ema", torch.zeros_like), "do not fit"),
        (lambda s: changed(s, "L14_64_3.weight", lambda v: v[:1]), "do not fit|of shape"),
        (lambda s: changed(s, "L6_52_12.weight", lambda v: v[:9]), "do not fit"),
        (lambda s: changed(s, "L6_52_12.weight", lambda v: v[:, :9]), "do not fit"),
        (lambda s: changed(s, "input.freqs", lambda v: v * torch.nan), "NaN"),
    ],
)
def test_a_stylegan3_that_is_odd_is_refused(change, words, tmp_path):
    for write in (write_nvidia, write_torch):
        write(tmp_path / "net.pkl", change(random_stylegan3()))
        with pytest.raises(CheckpointError, match=words):
            read_checkpoint(tmp_path / "net.pkl")


@pytest.mark.parametrize(
    "said", [{"up_factor": 4}, {"down_factor": 1}, {"padding": [8, 9, 8, 9]}, {"padding": "x"}]
)
def test_what_a_layer_says_of_itself_must_be_what_its_sizes_say(said, tmp_path):
    write_torch(tmp_path / "net.pth", random_stylegan3())
    architecture = read_checkpoint(tmp_path / "net.pth").architecture
    usual = {"up_factor": 2, "down_factor": 2, "padding": [9, 8, 9, 8]}
    check_recorded(architecture, {"synthesis.L6_52_12": usual})
    with pytest.raises(CheckpointError, match="do not fit"):
        check_recorded(architecture, {"synthesis.L6_52_12": usual | said})
