"""Tunings that no photo was needed for."""

import torch

from networks.tuning import Tuning, fresh_tuning


def random_tensors(generator, size=0.05, seed=1, rank=4):
    """A change of everything that can be tuned, float32 tensors."""
    random = torch.Generator().manual_seed(seed)
    return {name: tensor + size * torch.randn(tensor.shape, generator=random)
            for name, tensor in fresh_tuning(generator, rank).items()}


def random_tuning(generator, size=0.05, seed=1):
    """The same as an edit has it."""
    return Tuning.from_tensors(random_tensors(generator, size, seed))
