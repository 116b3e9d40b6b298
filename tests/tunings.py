"""Tunings that no photo was needed for."""

from unittest.mock import patch

import numpy as np
import torch

import networks.layers
from networks.architecture import RESOLUTIONS, Architecture, Recorded
from networks.stylegan2 import StyleGAN2
from networks.tuning import Tuning, fresh_tuning


def meta_stylegan2(side, base=32768):
    """A StyleGAN2 of full width, base / side channels, with the shapes of its weights only."""
    channels = {r: min(512, base // r) for r in RESOLUTIONS if r <= side}
    architecture = Architecture(512, 0, 0, (512,) * 8, "skip", channels, (4, 4), False, Recorded())
    shapes = architecture.shapes() | {"mapping.w_avg": (512,)}
    state = {name: np.broadcast_to(np.float32(1), shape) for name, shape in shapes.items()}
    empty = patch("networks.layers.tensor_of", lambda v: torch.empty(v.shape, device="meta"))
    with empty, patch("networks.stylegan2.tensor_of", networks.layers.tensor_of):
        return StyleGAN2(architecture, state)


def random_tensors(generator, size=0.05, seed=1, rank=4):
    """A change of everything that can be tuned, float32 tensors."""
    random = torch.Generator().manual_seed(seed)
    return {
        name: tensor + size * torch.randn(tensor.shape, generator=random)
        for name, tensor in fresh_tuning(generator, rank).items()
    }


def random_tuning(generator, size=0.05, seed=1):
    """The same as an edit has it."""
    return Tuning.from_tensors(random_tensors(generator, size, seed))
