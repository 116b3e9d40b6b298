"""The layers of StyleGAN2 (arXiv 1912.04958): modulated convolutions, and what makes pictures.

What does not depend on a picture is worked out once, when the weights are taken: learning rate and
weight gains, noise strengths and the activation's sqrt 2 are folded into weights, biases and noise.
What is left runs on any device, without a compiler or an operation of our own.
"""

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from networks.architecture import FILTER, Architecture
from networks.windows import WHOLE, Window


@lru_cache(maxsize=64)
def _filter(channels: int, dtype: torch.dtype, device: torch.device) -> torch.Tensor:
    return torch.as_tensor(4 * FILTER, dtype=dtype, device=device).expand(channels, 1, 4, 4)


def _fir(x: torch.Tensor) -> torch.Tensor:
    """StyleGAN2's low-pass filter, after zeros between cells: (N, C, h + 1, w + 1) -> h, w."""
    channels = x.shape[1]
    return F.conv2d(x, _filter(channels, x.dtype, x.device), padding=1, groups=channels)


def _upsample(x: torch.Tensor) -> torch.Tensor:
    """Twice the side, by zeros between the cells and the same filter."""
    channels = x.shape[1]
    kernel = _filter(channels, x.dtype, x.device)
    return F.conv_transpose2d(x, kernel, stride=2, padding=1, groups=channels)


class Convolution(nn.Module):
    """Modulated and demodulated 3x3 convolution, fixed noise, bias, leaky ReLU (Sec. 2.2).

    state: arrays by NVIDIA's names.   name: of this layer.   gain: on what it puts out.
    clamp: limit on that, before the gain.
    """

    weight: torch.Tensor  # (out, in, 3, 3)
    power: torch.Tensor  # (out, in), of its squares
    bias: torch.Tensor  # (out,)
    noise: torch.Tensor | None  # (h, w)

    def __init__(self, state: dict, name: str, up: bool, gain: float, clamp: float | None):
        super().__init__()
        self.up, self.scale = up, math.sqrt(2) * gain
        self.clamp = None if clamp is None else clamp * gain
        self.affine = linear(state, f"{name}.affine")
        self.register_buffer("weight", tensor_of(state[f"{name}.weight"]))
        self.register_buffer("power", self.weight.square().sum((2, 3)))
        self.register_buffer("bias", tensor_of(state[f"{name}.bias"]) * self.scale)
        strength = float(state.get(f"{name}.noise_strength", 0.0))
        noise = (
            tensor_of(state[f"{name}.noise_const"]) * strength * self.scale if strength else None
        )
        self.register_buffer("noise", noise)

    def forward(self, x: torch.Tensor, w: torch.Tensor, window: Window = WHOLE) -> torch.Tensor:
        """x: (N, in, h, w), w: (N, w_dim), window: rows and columns of the map that is put out.
        Returns (N, out, h, w), or twice the sides."""
        style = self.affine(w)  # (N, in)
        demodulation = torch.rsqrt(style.square() @ self.power.T + 1e-8) * self.scale  # (N, out)
        if len(x) == 1 and not style.requires_grad:  # nobody wants gradients of scaled weights
            weight = self.weight * style[0, :, None, None] * demodulation[0, :, None, None, None]
            x = self._convolve(x, weight.to(x.dtype))
        else:
            x = self._convolve(x * style[:, :, None, None], self.weight)
            x = x * demodulation[:, :, None, None]
        if self.noise is not None:
            x = x.add_(self.noise[window].to(x.dtype))
        x = F.leaky_relu_(x.add_(self.bias[:, None, None].to(x.dtype)), 0.2)
        if self.clamp is None:
            return x
        return (x.clamp if x.requires_grad else x.clamp_)(-self.clamp, self.clamp)

    def _convolve(self, x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        if not self.up:
            return F.conv2d(x, weight, padding=1)
        return _fir(F.conv_transpose2d(x, weight.transpose(0, 1), stride=2))


class ToRGB(nn.Module):
    """Modulated 1x1 convolution to a picture."""

    weight: torch.Tensor  # (3, in, 1, 1)
    bias: torch.Tensor  # (3,)

    def __init__(self, state: dict, name: str, clamp: float | None):
        super().__init__()
        self.clamp = clamp
        channels = state[f"{name}.weight"].shape[1]
        self.affine = linear(state, f"{name}.affine", 1 / math.sqrt(channels))
        self.register_buffer("weight", tensor_of(state[f"{name}.weight"]))
        self.register_buffer("bias", tensor_of(state[f"{name}.bias"]))

    def forward(self, x: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
        """x: (N, in, h, w), w: (N, w_dim). Returns float32 (N, 3, h, w)."""
        style = self.affine(w)
        if len(x) == 1:
            image = F.conv2d(x, (self.weight * style[0, :, None, None]).to(x.dtype)).float()
        else:
            image = F.conv2d(x * style[:, :, None, None], self.weight)
        image = image + self.bias[:, None, None]
        return image if self.clamp is None else image.clamp(-self.clamp, self.clamp)


class Block(nn.Module):
    """The layers of one resolution (Fig. 7): conv0 to twice the side, conv1, and what makes a
    picture of it: ToRGB and the picture so far (skip), or a shortcut past both (resnet)."""

    shortcut: torch.Tensor | None  # (out, in, 1, 1)

    def __init__(self, state: dict, architecture: Architecture, resolution: int):
        super().__init__()
        name, clamp = f"synthesis.b{resolution}", architecture.recorded.conv_clamp
        shortcut = f"{name}.skip.weight" in state
        self.conv0 = Convolution(state, f"{name}.conv0", True, 1, clamp) if resolution > 4 else None
        self.conv1 = Convolution(
            state, f"{name}.conv1", False, math.sqrt(0.5) if shortcut else 1, clamp
        )
        self.to_rgb = (
            ToRGB(state, f"{name}.torgb", clamp) if (f"{name}.torgb.weight" in state) else None
        )
        gain = math.sqrt(0.5 / state[f"{name}.skip.weight"].shape[1]) if shortcut else 0
        self.register_buffer(
            "shortcut", tensor_of(state[f"{name}.skip.weight"]) * gain if shortcut else None
        )

    def features(
        self, x: torch.Tensor, ws: Sequence[torch.Tensor], window: Window = WHOLE
    ) -> torch.Tensor:
        """x: (N, in, h, w), ws: the entries for conv0 and conv1. Returns (N, out, 2h, 2w), this
        window of the map; outermost cells, three deep, are right only at the border of the map."""
        before, (w0, w1) = x, ws
        if self.conv0 is not None:
            x = self.conv0(x, w0, window)
        x = self.conv1(x, w1, window)
        if self.shortcut is not None:
            x = x + _upsample(F.conv2d(before, self.shortcut.to(x.dtype)))
        return x

    def forward(
        self,
        x: torch.Tensor,
        image: torch.Tensor | None,
        ws: Sequence[torch.Tensor],
        window: Window = WHOLE,
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """ws: the entries for conv0, conv1 and ToRGB. Returns features and the picture so far."""
        x = self.features(x, ws[:2], window)
        if image is not None:
            image = _upsample(image)
        if self.to_rgb is not None:
            painted = self.to_rgb(x, ws[2])
            image = painted if image is None else image + painted
        return x, image


def tensor_of(values: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.array(values, np.float32, order="C"))


def linear(state: dict, name: str, gain: float = 1.0, bias_gain: float | None = None) -> nn.Linear:
    """A fully connected layer with its gains folded in; by default that on the bias is `gain`'s."""
    weight, bias = state[f"{name}.weight"], state[f"{name}.bias"]
    layer = nn.Linear(weight.shape[1], weight.shape[0], device="meta")
    layer.weight = nn.Parameter(tensor_of(weight) * (gain / math.sqrt(weight.shape[1])))
    layer.bias = nn.Parameter(tensor_of(bias) * (gain if bias_gain is None else bias_gain))
    return layer
