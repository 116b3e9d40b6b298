"""Pictures of the built-in generator with their w, in any number, for training an encoder."""

import copy
import os
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file

from drag.models.loaded import load_generator
from networks.encoder import SIDE

SHARD = 1024  # pictures in a file
QUICK_SHARDS = 25  # first files, mostly of quick pictures: by the network's first five blocks
FULL = 32  # pictures in each of those by all of the network, as are all of the later files
HEAD_SAMPLES = 16
BATCH = 4


def full_pictures(number: int) -> int:
    """How many pictures of a shard, its first ones, are made by all of the network."""
    return FULL if number < QUICK_SHARDS else SHARD


def shard_path(folder: Path, number: int) -> Path:
    return folder / f"shard-{number:04d}.safetensors"


@torch.no_grad()
def fit_head(generator) -> tuple[torch.Tensor, torch.Tensor]:
    """The affine map from features at 128 px to the colours there, by least squares over some
    pictures: weight (3, C, 1, 1) and bias (3,)."""
    gram, moment = 0, 0
    for z in torch.from_numpy(np.random.RandomState(7).randn(HEAD_SAMPLES, 1, 512)).float():
        ws = generator.mapping(z)
        features = generator.features(ws)
        colours = F.interpolate(generator.image(ws, features), (SIDE, SIDE), mode="area")
        a = F.pad(features[0].flatten(1), (0, 0, 0, 1), value=1.0).double()
        gram, moment = gram + a @ a.T, moment + a @ colours[0].flatten(1).T.double()
    solution = torch.linalg.solve(gram, moment).T.float()
    return solution[:, :-1, None, None].contiguous(), solution[:, -1].contiguous()


def to_bytes(image: torch.Tensor) -> torch.Tensor:
    return (image.float() * 127.5 + 128).clamp(0, 255).to(torch.uint8)


@torch.no_grad()
def make_shard(generator, head, number: int) -> dict[str, torch.Tensor]:
    """The pictures of a shard, uint8 (1024, 3, 128, 128), and their w (1024, 512), at psi 1.

    The seed is that of the shard, far from those that anything is judged by.
    """
    z = torch.from_numpy(np.random.RandomState(1_000_000 + number).randn(SHARD, 512)).float()
    ws = generator.mapping(z)
    quick = copy.deepcopy(generator).bfloat16()  # twice as fast where the processor has it
    head, pictures, full = [each.bfloat16() for each in head], [], full_pictures(number)
    for part in ws[:full].bfloat16().split(1):
        pictures.append(to_bytes(F.interpolate(quick.image(part), (SIDE, SIDE), mode="area")))
    for part in ws[full:].bfloat16().split(BATCH):
        pictures.append(to_bytes(F.conv2d(quick.features(part), *head)))
    return {"pictures": torch.cat(pictures).contiguous(), "w": ws[:, 0].contiguous()}


def make_shards(folder: Path, count: int, threads: int) -> None:
    """Write the shards that are not there yet."""
    torch.set_num_threads(threads)
    os.nice(10)
    folder.mkdir(parents=True, exist_ok=True)
    generator = load_generator("builtin", "cpu")
    head = fit_head(generator)
    for number in range(count):
        path = shard_path(folder, number)
        if path.exists():
            continue
        began = time.perf_counter()
        shard = make_shard(generator, head, number)
        part = path.with_suffix(".part")
        save_file(shard, part)
        os.replace(part, path)
        print(f"shard {number}: {time.perf_counter() - began:.0f} s", flush=True)


def read_shard(folder: Path, number: int) -> dict[str, torch.Tensor]:
    """A shard, as soon as it is there."""
    path = shard_path(folder, number)
    while not path.exists():
        time.sleep(1)
    return load_file(path)
