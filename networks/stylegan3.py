"""StyleGAN3 (arXiv 2106.12423), configs T and R, in plain PyTorch."""

import math
from collections.abc import Sequence
from typing import cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.checkpoint import checkpoint

from networks import alias_free
from networks.alias_free import AliasFree
from networks.blocks import Maps, entries_of, feature_window, run
from networks.layers import linear, tensor_of
from networks.mapping import Mapped
from networks.resampling import Filters, joined
from networks.windows import WHOLE, Window, crop


class Input(nn.Module):
    """Waves over the plane (Fourier features), turned and shifted as entry 0 says (App. F.1)."""

    weight: torch.Tensor  # (C, C)
    transform: torch.Tensor  # (3, 3), the inverse of what is to be done to every picture
    freqs: torch.Tensor  # (C, 2), cycles over the picture's width to the right and down
    phases: torch.Tensor  # (C,), cycles

    def __init__(self, state: dict, architecture: AliasFree):
        super().__init__()
        a, name = architecture, "synthesis.input"
        self.side, self.rate, self.bandwidth = a.input_side, a.input_rate, a.recorded.bandwidth
        self.affine = linear(state, f"{name}.affine")
        for part in ("weight", "transform", "freqs", "phases"):
            self.register_buffer(part, tensor_of(state[f"{name}.{part}"]))
        self.weight.mul_(1 / math.sqrt(len(self.weight)))

    def forward(self, w: torch.Tensor, window: Window) -> torch.Tensor:
        """w: (N, w_dim), window: rows and columns of the map. Returns (N, C, h, w)."""
        t = self.affine(w)  # (N, 4): cosine and sine of the turn, shift to the right and down
        t = t / t[:, :2].norm(dim=1, keepdim=True)
        cosine, sine, shift = t[:, 0], t[:, 1], t[:, 2:]
        turn = torch.stack([cosine, -sine, sine, cosine], 1).view(-1, 2, 2)
        own = self.transform
        freqs = self.freqs @ (turn @ own[:2, :2])  # (N, C, 2)
        off = turn @ (own[:2, 2] - shift)[..., None]
        phases = self.phases + (self.freqs @ off)[..., 0]  # (N, C)
        room = self.rate / 2 - self.bandwidth
        damping = 1 - (freqs.norm(dim=2) - self.bandwidth) / room
        place = (torch.arange(self.side, device=w.device) + 0.5 - self.side / 2) / self.rate
        rows, columns = (place[part] for part in window)
        down = freqs[:, :, 1, None] * rows + phases[..., None]  # (N, C, h)
        right = freqs[:, :, 0, None] * columns
        waves = torch.sin(2 * math.pi * (down[..., None] + right[:, :, None]))
        waves = waves * damping.clamp(0, 1)[..., None, None]
        return (self.weight @ waves.flatten(2)).unflatten(2, waves.shape[2:])


class Layer(nn.Module):
    """Modulated and demodulated convolution, bias, and the activation between filters."""

    weight: torch.Tensor  # (out, in, K, K), of root mean square 1
    power: torch.Tensor  # (out, in), of its squares
    bias: torch.Tensor  # (out,)
    up_filter: torch.Tensor
    down_filter: torch.Tensor

    def __init__(self, state: dict, sizes: alias_free.Layer, clamp: float | None):
        super().__init__()
        name, self.sizes, self.clamp = f"synthesis.{sizes.name}", sizes, clamp
        self.affine = linear(state, f"{name}.affine")
        weight = tensor_of(state[f"{name}.weight"])
        weight = weight * weight.square().mean((1, 2, 3), keepdim=True).rsqrt()
        self.register_buffer("weight", weight)
        self.register_buffer("power", weight.square().sum((2, 3)))
        self.register_buffer("bias", tensor_of(state[f"{name}.bias"]))
        self.register_buffer("up_filter", tensor_of(state[f"{name}.up_filter"]).flip(0) * sizes.up)
        self.register_buffer("down_filter", tensor_of(state[f"{name}.down_filter"]))
        self.input_gain = 1 / math.sqrt(float(state[f"{name}.magnitude_ema"]))

    def forward(self, x: torch.Tensor, w: torch.Tensor, window: Window = WHOLE) -> torch.Tensor:
        """x: (N, in, h, w), what `needs` says of the map before, w: (N, w_dim), window: rows and
        columns of the map that is put out. Returns (N, out, ...)."""
        rows, columns = (self.sizes.span(slice(*part.indices(self.sizes.side))) for part in window)
        filters = Filters(
            self.sizes.up,
            self.sizes.down,
            self.up_filter,
            self.down_filter,
            math.sqrt(2),
            self.clamp,
        )
        style = self.affine(w)  # (N, in)
        demodulation = torch.rsqrt(style.square() @ self.power.T + 1e-8) * self.input_gain
        edge = columns.before, columns.after, rows.before, rows.after
        if x.requires_grad or style.requires_grad or self.weight.requires_grad or len(x) > 1:
            x = _convolved(x * style[:, :, None, None], self.weight, None, edge)
            x = x * demodulation[:, :, None, None] + self.bias[:, None, None]
            return filters.activated(x, rows, columns)
        # Of one picture some channels at a time: what the convolution gives is as large as a map.
        weight = self.weight * style[0, :, None, None] * demodulation[0, :, None, None, None]
        step = filters.channels_at_once(1, rows, columns)
        parts = (
            filters.activated(_convolved(x, kernel, bias, edge), rows, columns)
            for kernel, bias in zip(weight.split(step), self.bias.split(step), strict=True)
        )
        return joined(parts, len(weight))


def _convolved(
    x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, edge: Sequence[int]
) -> torch.Tensor:
    """A convolution with so many zeros to the left and right, above and below."""
    if len(set(edge)) == 1:  # without a copy of the map
        return F.conv2d(x, weight, bias, padding=edge[0])
    return F.conv2d(F.pad(x, edge), weight, bias)


class ToRGB(nn.Module):
    """Modulated 1x1 convolution to a picture."""

    weight: torch.Tensor  # (3, in, 1, 1)
    bias: torch.Tensor  # (3,)

    def __init__(self, state: dict, sizes: alias_free.Layer, clamp: float | None, scale: float):
        super().__init__()
        name, self.clamp, self.scale = f"synthesis.{sizes.name}", clamp, scale
        gain = 1 / math.sqrt(sizes.channels_before * float(state[f"{name}.magnitude_ema"]))
        self.affine = linear(state, f"{name}.affine", gain)
        self.register_buffer("weight", tensor_of(state[f"{name}.weight"]))
        self.register_buffer("bias", tensor_of(state[f"{name}.bias"]))

    def forward(self, x: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
        """x: (N, in, h, w), w: (N, w_dim). Returns (N, 3, h, w) in about [-1, 1]."""
        style = self.affine(w)
        image = torch.cat(
            [
                F.conv2d(one[None], self.weight * scale[:, None, None], self.bias)
                for one, scale in zip(x, style, strict=True)
            ]
        )
        image = image if self.clamp is None else image.clamp(-self.clamp, self.clamp)
        return image * self.scale


class StyleGAN3(Mapped):
    """A frozen generator, as `networks.generator` describes them.

    ws are (N, num_ws, w_dim): entry 0 turns and shifts the input, and with it the whole picture,
    entry i + 1 styles layer i, the last one the conversion to RGB. A block is a layer; its map goes
    on beyond the picture, and of it dragging reads what lies in the picture.
    """

    window_block = 0
    features_suffice = False  # later layers take their margin, too
    has_encoder, placing_entries = False, 1

    def __init__(self, architecture: AliasFree, state: dict[str, np.ndarray]):
        """state: arrays by NVIDIA's names."""
        a = architecture
        super().__init__(a, state, a.num_ws, a.recorded.lr_multiplier)
        self.img_size, self.img_resolution = a.img_size, max(a.img_size)
        self.sizes, self.feature_block = a.layers, a.feature_layer
        self.sides = [(layer.rate, layer.rate) for layer in a.layers]
        self.margins = [layer.margin for layer in a.layers]
        clamp = a.recorded.conv_clamp
        self.input = Input(state, a)
        self.blocks = nn.ModuleList(Layer(state, layer, clamp) for layer in a.layers)
        self.to_rgb = ToRGB(state, a.rgb, clamp, a.recorded.output_scale)
        self.eval().requires_grad_(False)

    def features(
        self, ws: torch.Tensor, window: Window | None = None, moving: int | None = None
    ) -> torch.Tensor:
        """The feature map that dragging reads (DragGAN, Sec. 3.2): ws (N, num_ws, w_dim) ->
        (N, C, h, w), what lies in the picture of the map of the first layer with 128 cells over it.

        window: rows and columns, slices with a start and a stop: only these are worked out, at a
        cost that grows with them, and returned.   moving: only so many first entries of ws can get
        a gradient, which saves time.
        """
        entries, window = entries_of(ws, moving), feature_window(self, window)
        x = run(self, entries, self.feature_block + 1, window).features
        return x.contiguous(memory_format=torch.channels_last)  # where points are read from rows

    def image(self, ws: torch.Tensor, features: torch.Tensor | None = None) -> torch.Tensor:
        """The picture: ws (N, num_ws, w_dim) -> (N, 3, H, W), RGB in about [-1, 1]; features are of
        no use, for they lack the margin."""
        entries = ws.unbind(1)
        return self.painted(run(self, entries, len(self.blocks), paint=True), entries)

    def needs(self, i: int, window: Window) -> tuple[Window, Window]:
        """As `networks.blocks` describes it."""
        return self.sizes[i].needs(window), window

    def reached(self, entries: int) -> int:
        """The last block that so many first entries of ws reach."""
        return max(0, min(entries - 2, len(self.blocks) - 1))

    def block(
        self,
        i: int,
        before: Maps | None,
        ws: Sequence[torch.Tensor],
        window: Window = WHOLE,
        paint: bool = False,
    ) -> Maps:
        """The maps of block i, as `networks.blocks` describes it; it has no picture before the
        end."""
        if before is None:
            side = self.sizes[0].side
            rows, columns = (slice(*part.indices(side)) for part in window)
            x = self.input(ws[0], self.sizes[0].needs((rows, columns)))
        else:
            x = before.features
            if window == WHOLE:  # of which some cells of the margin are of no use
                side = self.sizes[i].side
                x = crop(x, WHOLE, self.sizes[i].needs((slice(0, side), slice(0, side))))
        layer = cast(Layer, self.blocks[i])
        if paint and i > self.feature_block and torch.is_grad_enabled():
            # For gradients of a picture maps are kept, and what is made of them on the way to the
            # next, several times as much, is made again.
            return Maps(
                checkpoint(
                    layer, x, ws[i + 1], window, use_reentrant=False, preserve_rng_state=False
                )
            )
        return Maps(layer(x, ws[i + 1], window))

    def painted(self, last: Maps, ws: Sequence[torch.Tensor]) -> torch.Tensor:
        """The picture from the map of the last block, or a window of it."""
        return self.to_rgb(last.features, ws[-1])
