"""Statistics of W: what a generator's latents are like, and so how far is too far."""

import weakref
from dataclasses import dataclass

import numpy as np
import torch

from drag.settings import Settings
from networks.generator import Generator
from networks.tuning import untuned

SAMPLES = 10_000
FARTHEST = 2.5  # standard deviations that a coordinate may be away from the mean
FARTHEST_CHANGE = 8.0  # norm of the change of all coordinates: further away faces come apart
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


@dataclass(frozen=True, eq=False)
class Coordinates:
    """The latents that move, as a change u of their whitened coordinates: none at the start."""

    start: torch.Tensor  # ws (1, num_ws, w_dim)
    moving: slice  # the L entries that move
    first: torch.Tensor  # (L, w_dim), their whitened coordinates
    off: torch.Tensor  # (L, w_dim), what of these entries is of no coordinates
    low: torch.Tensor  # (L or 1, w_dim), bounds of u; one row where all entries share it (W)
    high: torch.Tensor

    @classmethod
    def of(cls, generator: Generator, start: torch.Tensor, settings: Settings) -> "Coordinates":
        """Those of a generator's latents, as settings say what of them moves."""
        space, moving = whitened_space(generator), settings.moving(generator)
        entries = start[0, moving]
        first = space.whiten(entries)
        bound = first.abs().clamp(min=FARTHEST)
        low, high = -bound - first, bound - first
        if settings.latent_space == "w":
            low, high = low.amax(0, keepdim=True), high.amin(0, keepdim=True)
        return cls(start, moving, first, entries - space.unwhiten(first), low, high)

    def change_to(self, space: WhitenedSpace, ws: torch.Tensor) -> torch.Tensor:
        """Of latents (1, num_ws, w_dim): (L or 1, w_dim)."""
        return (space.whiten(ws[0, self.moving]) - self.first)[: len(self.low)]

    def latents(self, space: WhitenedSpace, change: torch.Tensor) -> torch.Tensor:
        """ws (1, num_ws, w_dim) of a change (L or 1, w_dim)."""
        moved = space.unwhiten(self.first + change) + self.off
        before, after = self.start[:, : self.moving.start], self.start[:, self.moving.stop :]
        return torch.cat([before, moved[None], after], 1)

    def bounded(self, change: torch.Tensor) -> torch.Tensor:
        """The change, drawn back to where faces do not come apart."""
        change = change.maximum(self.low).minimum(self.high)
        norm = change.expand_as(self.first).norm()
        return change * (FARTHEST_CHANGE / norm).clamp(max=1)
