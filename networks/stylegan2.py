"""StyleGAN2 (arXiv 1912.04958) in plain PyTorch, for weights of any of its implementations.

What does not depend on a picture is worked out once, when the weights are taken: learning rate and
weight gains, noise strengths and the activation's sqrt 2 are folded into weights, biases and noise.
What is left runs on any device, without a compiler or an operation of our own.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from networks.architecture import FILTER, Architecture, with_noise
from networks.windows import WHOLE, Window, crop, plan_windows

FEATURE_RESOLUTION = 128  # dragging reads the sixth block, or the last of a smaller network
WINDOW_RESOLUTION = 32  # from here on a window of features saves something
REACH = 3  # outermost cells of a block's window that its input's edge has spoilt


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
        self.affine = _linear(state, f"{name}.affine")
        self.register_buffer("weight", _tensor(state[f"{name}.weight"]))
        self.register_buffer("power", self.weight.square().sum((2, 3)))
        self.register_buffer("bias", _tensor(state[f"{name}.bias"]) * self.scale)
        strength = float(state.get(f"{name}.noise_strength", 0.0))
        noise = _tensor(state[f"{name}.noise_const"]) * strength * self.scale if strength else None
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
        self.affine = _linear(state, f"{name}.affine", 1 / math.sqrt(channels))
        self.register_buffer("weight", _tensor(state[f"{name}.weight"]))
        self.register_buffer("bias", _tensor(state[f"{name}.bias"]))

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
            "shortcut", _tensor(state[f"{name}.skip.weight"]) * gain if shortcut else None
        )

    def features(
        self, x: torch.Tensor, ws: Sequence[torch.Tensor], window: Window = WHOLE
    ) -> torch.Tensor:
        """x: (N, in, h, w), ws: the entries for conv0 and conv1. Returns (N, out, 2h, 2w), this
        window of the map; outermost cells, REACH deep, are right only at the border of the map."""
        before, (w0, w1) = x, ws
        if self.conv0 is not None:
            x = self.conv0(x, w0, window)
        x = self.conv1(x, w1, window)
        if self.shortcut is not None:
            x = x + _upsample(F.conv2d(before, self.shortcut.to(x.dtype)))
        return x

    def forward(
        self, x: torch.Tensor, image: torch.Tensor | None, ws: Sequence[torch.Tensor]
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """ws: the entries for conv0, conv1 and ToRGB. Returns features and the picture so far."""
        x = self.features(x, ws[:2])
        if image is not None:
            image = _upsample(image)
        if self.to_rgb is not None:
            painted = self.to_rgb(x, ws[2])
            image = painted if image is None else image + painted
        return x, image


class StyleGAN2(nn.Module):
    """A frozen generator, as `networks.generator` describes them.

    ws are (N, num_ws, w_dim), an entry a convolution: 0 for the 4 px block, 2i - 1 and 2i for block
    i; a block's ToRGB shares the entry that follows its convolutions.
    """

    has_encoder = False
    c_dim: int  # how many classes a picture can be of, 0 where there are none
    const: torch.Tensor  # (1, C, h, w), input of the first block
    w_avg: torch.Tensor  # (w_dim,)

    def __init__(self, architecture: Architecture, state: dict[str, np.ndarray]):
        """state: arrays by NVIDIA's names. A truncation centre that it lacks is the mean of 10,000
        samples, noise that it lacks is drawn from a fixed seed."""
        super().__init__()
        a, state = architecture, with_noise(architecture, state)
        self.z_dim, self.c_dim, self.w_dim, self.num_ws = a.z_dim, a.c_dim, a.w_dim, a.num_ws
        self.img_size, self.img_resolution = a.img_size, max(a.img_size)
        self.half_resolutions, self.half_devices = a.recorded.half, ("cuda",)
        self.resolutions, self._block_size = a.resolutions, a.block_size
        self.feature_block = min(a.resolutions.index(a.resolutions[-1]), 5)
        rate = a.recorded.lr_multiplier
        self.embed = _linear(state, "mapping.embed") if a.c_dim else None
        self.mapping_layers = nn.ModuleList(
            _linear(state, f"mapping.fc{i}", rate, rate) for i in range(len(a.mapping_widths))
        )
        self.register_buffer("const", _tensor(state["synthesis.b4.const"])[None])
        self.blocks = nn.ModuleList(Block(state, a, resolution) for resolution in a.resolutions)
        self.eval().requires_grad_(False)
        average = state.get("mapping.w_avg")
        self.register_buffer("w_avg", self._average() if average is None else _tensor(average))

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

    def features(
        self, ws: torch.Tensor, window: Window | None = None, moving: int | None = None
    ) -> torch.Tensor:
        """The feature map that dragging reads (DragGAN, Sec. 3.2): ws (N, num_ws, w_dim) ->
        (N, C, h, w), the output of the 128 px block, or of the last of a smaller network.

        window: rows and columns, slices with a start and a stop: only these are worked out, at a
        cost that grows with them, and returned.   moving: only so many first entries of ws can get
        a gradient, which saves time.
        """
        entries = (
            ws.unbind(1)
            if moving is None
            else (*ws[:, :moving].unbind(1), *ws[:, moving:].detach().unbind(1))
        )
        resolutions = self.resolutions[: self.feature_block + 1]
        plan = [(WHOLE, WHOLE)] * len(resolutions)
        if window is not None:
            sizes = [self._block_size(r) for r in resolutions if r >= WINDOW_RESOLUTION]
            plan[-len(sizes) :] = plan_windows(window, sizes, REACH)
        x, have = self.const.expand(len(ws), -1, -1, -1), WHOLE
        for i, (taken, given) in enumerate(plan):
            block, (w0, w1, _) = cast(Block, self.blocks[i]), _entries(entries, i)
            x, have = block.features(crop(x, have, taken), (w0, w1), given), given
        if window is not None:
            x = crop(x, have, window)
        return x.contiguous(memory_format=torch.channels_last)  # where points are read from rows

    def image(self, ws: torch.Tensor, features: torch.Tensor | None = None) -> torch.Tensor:
        """The picture: ws (N, num_ws, w_dim) -> (N, 3, H, W), RGB in about [-1, 1].

        features: those of the same ws; of use where no picture is made before that block.
        On CUDA the blocks that were trained in half precision run in it, those of dragging apart.
        """
        entries, x, image, first = ws.unbind(1), self.const.expand(len(ws), -1, -1, -1), None, 0
        last = cast(Block, self.blocks[self.feature_block])
        if features is not None and last.to_rgb is None:
            x, first = features.contiguous(), self.feature_block + 1
        for i in range(first, len(self.blocks)):
            x = x.to(self._dtype(i, x))
            x, image = self.blocks[i](x, image, _entries(entries, i))
        assert image is not None  # the last block always makes one
        return image

    def _dtype(self, i: int, x: torch.Tensor) -> torch.dtype:
        trained_so = self.resolutions[i] in self.half_resolutions and i > self.feature_block
        half = trained_so and x.device.type in self.half_devices and len(x) == 1
        return torch.float16 if half else torch.float32


def _entries(ws: Sequence[torch.Tensor], i: int) -> Sequence[torch.Tensor]:
    """Of the entries of ws those for block i: conv0 (block 0 has none), conv1, ToRGB."""
    return (ws[0], ws[0], ws[1]) if i == 0 else ws[2 * i - 1 : 2 * i + 2]


def _normalise(z: torch.Tensor) -> torch.Tensor:
    return z * torch.rsqrt(z.square().mean(1, keepdim=True) + 1e-8)


def _tensor(values: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.array(values, np.float32, order="C"))


def _linear(state: dict, name: str, gain: float = 1.0, bias_gain: float | None = None) -> nn.Linear:
    """A fully connected layer with its gains folded in; by default that on the bias is `gain`'s."""
    weight, bias = state[f"{name}.weight"], state[f"{name}.bias"]
    layer = nn.Linear(weight.shape[1], weight.shape[0], device="meta")
    layer.weight = nn.Parameter(_tensor(weight) * (gain / math.sqrt(weight.shape[1])))
    layer.bias = nn.Parameter(_tensor(bias) * (gain if bias_gain is None else bias_gain))
    return layer
