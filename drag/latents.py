"""Statistics of W: what a generator's latents are like, and so how far is too far."""

import weakref
from dataclasses import dataclass

import numpy as np
import torch

from networks.generator import Generator
from networks.tuning import untuned

SAMPLES = 10_000
NEGATIVE_SLOPE = 0.2  # of the leaky ReLU that ends StyleGAN's mapping network

_known: weakref.WeakKeyDictionary[Generator, "WhitenedSpace"] = weakref.WeakKeyDictionary()


@dataclass(frozen=True, eq=False)
class WhitenedSpace:
    """Coordinates of W in which the latents of samples are spread evenly: P_N of *Improved
    StyleGAN Embedding* (arXiv 2012.09036).

    The leaky ReLU that ends the mapping network folds W into a corner; before it, latents are
    nearly normal, and their principal axes, each divided by its spread, give coordinates of mean 0
    and variance 1. The least change there is the most plausible one.
    """

    mean: torch.Tensor  # (w_dim,), before the leaky ReLU
    basis: torch.Tensor  # (w_dim, w_dim): a coordinate's row is its axis times its spread
    inverse: torch.Tensor  # (w_dim, w_dim): the way back

    def whiten(self, w: torch.Tensor) -> torch.Tensor:
        """Coordinates of latents: (..., w_dim) -> (..., w_dim), in standard deviations."""
        return (_unfold(w) - self.mean) @ self.inverse

    def unwhiten(self, v: torch.Tensor) -> torch.Tensor:
        """Latents of coordinates, (..., w_dim); differentiable."""
        x = self.mean + v @ self.basis
        return torch.where(x < 0, x * NEGATIVE_SLOPE, x)


def whitened_space(generator: Generator) -> WhitenedSpace:
    """The whitened space of a generator, from 10,000 samples of fixed seed; a second of work that
    is done once for each generator in memory, whose tuned views share it: they have its mapping.
    Coordinates without spread are left alone."""
    generator = untuned(generator)
    space = _known.get(generator)
    if space is None:  # two who come at once both measure, the same numbers: one of them is kept
        space = _known.setdefault(generator, _measure(generator))
    return space


@torch.no_grad()
def _measure(generator: Generator) -> WhitenedSpace:
    device = generator.w_avg.device
    z = torch.from_numpy(np.random.RandomState(0).randn(SAMPLES, generator.z_dim)).float()
    w = torch.cat([generator.mapping(part.to(device))[:, 0] for part in z.split(1000)])
    x = _unfold(w)  # (S, D): SAMPLES, w_dim
    mean = x.mean(0)
    covariance = ((x - mean).T @ (x - mean) / SAMPLES).cpu().double()  # (D, D)
    variance, axes = torch.linalg.eigh(covariance)
    spread = variance.clamp(min=0).sqrt()
    floor = (1e-3 * spread.max()).clamp(min=1e-9)
    basis, inverse = (axes * spread).T, axes / (spread + floor)
    return WhitenedSpace(mean, basis.float().to(device), inverse.float().to(device))


def _unfold(w: torch.Tensor) -> torch.Tensor:
    return torch.where(w < 0, w / NEGATIVE_SLOPE, w)
