"""The way from z to ws, which StyleGAN2 and 3 share (StyleGAN, arXiv 1812.04948, Sec. 2)."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from networks.architecture import Latents
from networks.layers import linear, tensor_of


class Mapped(nn.Module):
    """A network whose ws come from z by fully connected layers."""

    w_avg: torch.Tensor  # (w_dim,)

    def __init__(self, sizes: Latents, state: dict[str, np.ndarray], num_ws: int, rate: float):
        """state: arrays by NVIDIA's names; a truncation centre that it lacks is the mean of 10,000
        samples.   rate: by which the layers' stored weights are too large."""
        super().__init__()
        self.z_dim, self.w_dim, self.num_ws = sizes.z_dim, sizes.w_dim, num_ws
        self.c_dim = sizes.c_dim  # how many classes a picture can be of, 0 where there are none
        self.embed = linear(state, "mapping.embed") if sizes.c_dim else None
        self.mapping_layers = nn.ModuleList(
            linear(state, f"mapping.fc{i}", rate, rate) for i in range(len(sizes.mapping_widths))
        )
        average = state.get("mapping.w_avg")
        self.register_buffer("w_avg", self._average() if average is None else tensor_of(average))

    @torch.no_grad()
    def _average(self) -> torch.Tensor:
        random, total = np.random.RandomState(0), torch.zeros(self.w_dim)
        for _ in range(10):
            z = torch.from_numpy(random.randn(1000, self.z_dim)).float()
            total = total + self._style(z, None).mean(0)
        return total / 10

    def _style(self, z: torch.Tensor, c: torch.Tensor | None) -> torch.Tensor:
        w = _normalise(z)
        if self.embed is not None:
            label = self.embed.bias.expand(len(z), -1) if c is None else self.embed(c)
            w = torch.cat([w, _normalise(label)], 1)
        for layer in self.mapping_layers:
            w = F.leaky_relu(layer(w), 0.2) * math.sqrt(2)
        return w

    def mapping(
        self,
        z: torch.Tensor,
        truncation_psi: float = 1.0,
        truncation_cutoff: int | None = None,
        c: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """z: (N, z_dim), standard normal. Returns ws (N, num_ws, w_dim), drawn towards w_avg by
        psi; with a cutoff only so many first entries are.   c: (N, c_dim) labels, one-hot; none
        where the network has classes is a label of zeros, as NVIDIA's tools take it."""
        w = self._style(z, c)[:, None].repeat(1, self.num_ws, 1)
        cutoff = self.num_ws if truncation_cutoff is None else truncation_cutoff
        drawn = torch.lerp(self.w_avg, w[:, :cutoff], truncation_psi)
        return torch.cat([drawn, w[:, cutoff:]], 1)


def _normalise(z: torch.Tensor) -> torch.Tensor:
    return z * torch.rsqrt(z.square().mean(1, keepdim=True) + 1e-8)
