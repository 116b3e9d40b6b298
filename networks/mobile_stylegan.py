"""MobileStyleGAN (arXiv 2104.04767), the built-in face generator, in plain PyTorch.

StyleGAN2's mapping, and a synthesis network that works on wavelets: blocks of depthwise-separable
modulated convolutions, joined by inverse Haar transforms that double the side without weights.
Weight demodulation is folded into the weights, and the noise is fixed, so ws alone decide.
"""

import math
from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from networks.blocks import Maps, entries_of, run
from networks.windows import WHOLE, Window, doubled

W_DIM = 512
BLOCK_CHANNELS = (512, 512, 512, 512, 256, 128, 64)  # of the blocks at 8, 16, ... 512 px
FEATURE_BLOCK = 5  # 256 channels at 128 px: the sixth resolution, as in DragGAN (Sec. 3.2)
PREVIEW_BLOCK = 6  # 128 channels at 256 px
REACH = 2  # outermost cells of a block's window that its input's edge has spoilt
WINDOW_BLOCK = 4  # from 64 px on, five sixths of the cost, features may be worked out in a window


def inverse_haar(x: torch.Tensor) -> torch.Tensor:
    """Inverse Haar transform, up to its factor 1/2, which callers fold into smaller tensors.

    x: (N, 4C, h, w), the bands one after the other: averages, differences of rows, of columns,
    of both. Returns (N, C, 2h, 2w). Works on channels-last memory, where it is cheapest.
    """
    n, c, h, w = x.shape
    low, rows, cols, both = x.permute(0, 2, 3, 1).chunk(4, dim=3)  # each (N, h, w, C)
    up, down, left, right = low + rows, low - rows, cols + both, cols - both
    top = torch.cat([up + left, up - left], 3).view(n, h, 1, 2 * w, c // 4)
    bottom = torch.cat([down + right, down - right], 3).view(n, h, 1, 2 * w, c // 4)
    return torch.cat([top, bottom], 2).view(n, 2 * h, 2 * w, c // 4).permute(0, 3, 1, 2)


class Convolution(nn.Module):
    """Modulated convolution, fixed noise, bias, leaky ReLU; 3x3, or depthwise 3x3 then 1x1."""

    noise: torch.Tensor  # (1, 1, side, side)

    def __init__(self, in_channels: int, out_channels: int, side: int, separable: bool = True):
        super().__init__()
        self.separable = separable
        self.modulation = nn.Linear(W_DIM, in_channels)
        if separable:
            self.depthwise = nn.Parameter(torch.empty(in_channels, 1, 3, 3))
            self.pointwise = nn.Parameter(torch.empty(out_channels, in_channels, 1, 1))
        else:
            self.weight = nn.Parameter(torch.empty(out_channels, in_channels, 3, 3))
        self.bias = nn.Parameter(torch.empty(out_channels))
        self.register_buffer("noise", torch.empty(1, 1, side, side))

    def forward(self, x: torch.Tensor, w: torch.Tensor, window: Window = WHOLE) -> torch.Tensor:
        """x: (N, in, h, w), a window of its map, w: (N, 512). Returns (N, out, h, w)."""
        channels = x.shape[1]
        style = self.modulation(w) / math.sqrt(9 * channels)  # (N, in)
        if not self.separable:
            x = F.conv2d(x * style[:, :, None, None], self.weight, self.bias, padding=1)
        else:
            depthwise = self.depthwise
            if len(x) == 1:  # scaling nine weights a channel is cheaper than scaling a map
                depthwise = depthwise * style.view(channels, 1, 1, 1)
            else:
                x = x * style[:, :, None, None]
            x = F.conv2d(x, depthwise, padding=1, groups=channels)
            x = F.conv2d(x, self.pointwise, self.bias)
        return F.leaky_relu_(x.add_(self.noise[..., window[0], window[1]]), 0.2)


class Block(nn.Module):
    """Modulate, inverse Haar to twice the side and a quarter of the channels, two convolutions."""

    def __init__(self, in_channels: int, out_channels: int, side: int):
        super().__init__()
        self.up = nn.Linear(W_DIM, in_channels)
        self.conv1 = Convolution(in_channels // 4, out_channels, side)
        self.conv2 = Convolution(out_channels, out_channels, side)

    def forward(
        self, x: torch.Tensor, w1: torch.Tensor, w2: torch.Tensor, window: Window = WHOLE
    ) -> torch.Tensor:
        """x: (N, in, h, w), w1 and w2: (N, 512). Returns (N, out, 2h, 2w), this window of the map;
        the two outermost cells are right only where they are at the border of the map."""
        x = inverse_haar(x * (0.5 * self.up(w1))[:, :, None, None])
        return self.conv2(self.conv1(x, w1, window), w2, window)


class ToRGB(nn.Module):
    """Modulated 1x1 convolution to the Haar bands of an RGB picture of twice the side."""

    def __init__(self, in_channels: int):
        super().__init__()
        self.modulation = nn.Linear(W_DIM, in_channels)
        self.weight = nn.Parameter(torch.empty(12, in_channels, 1, 1))
        self.bias = nn.Parameter(torch.empty(12))

    def forward(self, x: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
        """x: (N, in, h, w), w: (N, 512). Returns (N, 3, 2h, 2w) in [-1, 1], and a little beyond."""
        style = self.modulation(w) / math.sqrt(x.shape[1])
        x = F.conv2d(x * style[:, :, None, None], self.weight, self.bias)
        return 0.5 * inverse_haar(x)


class MobileStyleGAN(nn.Module):
    """A frozen generator of 1024 px faces, as `networks.generator` describes them.

    ws are (N, num_ws, 512): entry 0 styles the 4 px convolution, which is block 0 here, 2i - 1 and
    2i the two halves of block i, the last one the conversion to RGB. The first six reach 32 px, as
    in StyleGAN2.
    """

    z_dim = w_dim = W_DIM
    num_ws = 2 * len(BLOCK_CHANNELS) + 2
    img_resolution, img_size = 1024, (1024, 1024)
    sides = tuple((4 << i, 4 << i) for i in range(len(BLOCK_CHANNELS) + 1))
    margins = (0,) * len(sides)
    feature_block, window_block, preview_block = FEATURE_BLOCK, WINDOW_BLOCK, PREVIEW_BLOCK
    features_suffice, placing_entries = True, 0
    has_encoder = True  # assets/encoder.safetensors was trained on its pictures
    w_avg: torch.Tensor  # (512,)
    preview_weight: torch.Tensor  # (3, C, 1, 1), of a 1x1 convolution from the preview's block
    preview_bias: torch.Tensor  # (3,)

    def __init__(self) -> None:
        super().__init__()
        self.mapping_layers = nn.ModuleList(nn.Linear(W_DIM, W_DIM) for _ in range(8))
        self.input = nn.Parameter(torch.empty(1, 512, 4, 4))
        self.conv1 = Convolution(512, 512, side=4, separable=False)
        widths = (512, *BLOCK_CHANNELS)
        self.blocks = nn.ModuleList(
            Block(widths[i], widths[i + 1], side=8 << i) for i in range(len(BLOCK_CHANNELS))
        )
        self.to_rgb = ToRGB(BLOCK_CHANNELS[-1])
        self.register_buffer("w_avg", torch.zeros(W_DIM))
        self.register_buffer(
            "preview_weight", torch.zeros(3, BLOCK_CHANNELS[PREVIEW_BLOCK - 1], 1, 1)
        )
        self.register_buffer("preview_bias", torch.zeros(3))

    @classmethod
    def from_weights(cls, state: dict[str, torch.Tensor]) -> "MobileStyleGAN":
        """The generator with these weights, ready to run and frozen.

        state: as `read_mobile_stylegan` reads it or `state_dict` gives it. Where it lacks the
        average w and the preview they are worked out, from fixed seeds (some seconds). Raises
        ValueError where a weight is missing, unknown or of another shape.
        """
        with torch.device("meta"):  # nothing is initialised only to be overwritten
            generator = cls()
        derived = {"w_avg", "preview_weight", "preview_bias"}
        try:
            missing, unknown = generator.load_state_dict(state, strict=False, assign=True)
        except RuntimeError as error:
            raise ValueError(f"these are not the weights of MobileStyleGAN: {error}") from error
        if unknown or set(missing) - derived:
            odd = sorted(set(unknown) | set(missing) - derived)
            raise ValueError(f"these are not the weights of MobileStyleGAN: {', '.join(odd[:3])}")
        generator.eval().requires_grad_(False)
        generator.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's lack
        if missing:
            generator._derive()
        return generator

    @torch.no_grad()
    def _derive(self) -> None:
        """Average w over 10,000 samples; least-squares map of mid features to RGB for previews."""
        z = np.random.RandomState(0).randn(10_000, self.z_dim)
        self.w_avg = self._style(torch.from_numpy(z).float()).mean(0)
        channels = BLOCK_CHANNELS[PREVIEW_BLOCK - 1] + 1  # and a constant one
        gram = torch.zeros(channels, channels, dtype=torch.float64)
        moment = torch.zeros(channels, 3, dtype=torch.float64)
        for sample in torch.from_numpy(z[:8]).float():
            ws = self.mapping(sample[None], 0.7)
            features = self.features(ws)
            middle = self._after(ws, features, PREVIEW_BLOCK)
            colours = F.interpolate(self.image(ws, features), middle.shape[2:], mode="area")
            a = F.pad(middle[0].flatten(1), (0, 0, 0, 1), value=1.0).double()  # (129, 256 * 256)
            gram, moment = gram + a @ a.T, moment + a @ colours[0].flatten(1).T.double()
        solution = torch.linalg.solve(gram, moment).T.float()  # (3, 129)
        self.preview_weight = solution[:, :-1, None, None].contiguous()
        self.preview_bias = solution[:, -1].contiguous()

    def _style(self, z: torch.Tensor) -> torch.Tensor:
        w = z * torch.rsqrt(z.square().mean(1, keepdim=True) + 1e-8)
        for layer in self.mapping_layers:
            w = F.leaky_relu(layer(w), 0.2) * math.sqrt(2)
        return w

    def mapping(self, z: torch.Tensor, truncation_psi: float = 1.0) -> torch.Tensor:
        """z: (N, 512), standard normal. Returns ws (N, num_ws, 512), drawn towards w_avg by psi."""
        w = torch.lerp(self.w_avg, self._style(z), truncation_psi)
        return w[:, None].repeat(1, self.num_ws, 1)

    def features(
        self, ws: torch.Tensor, window: Window | None = None, moving: int | None = None
    ) -> torch.Tensor:
        """The feature map that dragging reads: ws (N, num_ws, 512) -> (N, 256, 128, 128).

        window: rows and columns, slices with a start and a stop: only these are worked out, at a
        cost that grows with them, and returned.   moving: only so many first entries of ws can get
        a gradient, which saves a tenth of the time.
        """
        return run(self, entries_of(ws, moving), FEATURE_BLOCK + 1, window).features

    def image(self, ws: torch.Tensor, features: torch.Tensor | None = None) -> torch.Tensor:
        """The picture: ws (N, num_ws, 512) -> (N, 3, 1024, 1024), RGB in about [-1, 1].

        features: those of the same ws, where they are at hand; saves a fifth of the time.
        """
        return self.to_rgb(self._after(ws, features, len(self.blocks)), ws[:, -1])

    def preview(
        self, ws: torch.Tensor, features: torch.Tensor | None = None, window: Window | None = None
    ) -> torch.Tensor:
        """A soft picture at a quarter of the time: as `image`, but (N, 3, 256, 256), or a window
        of that."""
        return self.softly(self._after(ws, features, PREVIEW_BLOCK, window))

    def softly(self, middle: torch.Tensor) -> torch.Tensor:
        """The soft picture (N, 3, 256, 256) from the map of that block."""
        return F.conv2d(middle, self.preview_weight, self.preview_bias)

    def _after(
        self,
        ws: torch.Tensor,
        features: torch.Tensor | None,
        i: int,
        window: Window | None = None,
    ) -> torch.Tensor:
        """The map of block i, or a window of it, of ws whose features may be at hand."""
        begin = None if features is None else (FEATURE_BLOCK, Maps(features))
        return run(self, ws.unbind(1), i + 1, window, begin).features

    def needs(self, i: int, window: Window) -> tuple[Window, Window]:
        """As `networks.blocks` describes it."""
        return doubled(window, self.sides[i], REACH)

    def reached(self, entries: int) -> int:
        """The last block that so many first entries of ws reach."""
        return min(entries // 2, len(self.blocks))

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
            return Maps(self.conv1(self.input.expand(len(ws[0]), -1, -1, -1), ws[0]))
        w1, w2 = ws[2 * i - 1 : 2 * i + 1]
        return Maps(self.blocks[i - 1](before.features, w1, w2, window))

    def painted(self, last: Maps, ws: Sequence[torch.Tensor]) -> torch.Tensor:
        """The picture, twice as large as the last block's map."""
        return self.to_rgb(last.features, ws[-1])
