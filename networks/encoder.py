"""An encoder for the built-in generator: a picture to its w, and to how it is misaligned.

A small convolutional network of our own, trained on the generator's own pictures by
`python -m tests.benchmarks.encoder.train`.
"""

import torch
import torch.nn.functional as F
from torch import nn

W_DIM = 512
SIDE = 128  # px of the picture that it sees
WIDTHS = 32, 64, 128, 192, 320  # channels at 64, 32, ... 4 px
RESIDUALS = 0, 1, 1, 2, 0  # blocks there
NEGATIVE_SLOPE = 0.2  # of its activations, and of the one that ends StyleGAN's mapping network


class Convolution(nn.Module):
    """3x3 (or larger) convolution and leaky ReLU; batch normalisation while it is trained."""

    def __init__(self, in_channels: int, out_channels: int, stride: int, norm: bool, side: int = 3):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, side, stride, side // 2)
        self.norm = nn.BatchNorm2d(out_channels) if norm else nn.Identity()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x: (N, in, h, w). Returns (N, out, h / stride, w / stride)."""
        return F.leaky_relu(self.norm(self.conv(x)), NEGATIVE_SLOPE)


class Residual(nn.Module):
    """Two convolutions and a shortcut past both."""

    def __init__(self, channels: int, norm: bool):
        super().__init__()
        self.first = Convolution(channels, channels, 1, norm)
        self.second = Convolution(channels, channels, 1, norm)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x: (N, channels, h, w), and so is what it returns."""
        return x + self.second(self.first(x))


class Encoder(nn.Module):
    """A picture (N, 3, 128, 128) in [-1, 1] to the w that a generator made it of.

    That it is asked how the picture is misaligned, too, teaches it to see through that.
    """

    def __init__(self, norm: bool = False):
        """norm: with batch normalisation, as it is trained; `networks` has it folded in."""
        super().__init__()
        self.stages, before = nn.ModuleList(), 3
        for width, count in zip(WIDTHS, RESIDUALS, strict=True):
            first = Convolution(before, width, 2, norm, 5 if before == 3 else 3)
            self.stages.append(nn.Sequential(first, *(Residual(width, norm) for _ in range(count))))
            before = width
        self.narrow = nn.Conv2d(WIDTHS[-1], 72, 1)
        self.spread = nn.Linear(72 * (SIDE // 32) ** 2 + WIDTHS[-1], W_DIM)
        self.out = nn.Linear(W_DIM, W_DIM + 4)

    def features(self, x: torch.Tensor) -> list[torch.Tensor]:
        """What it sees in a picture, from 64 px (edges, colours) to 4 px (who it is)."""
        maps = []
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        return maps

    def head(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The last of its features (N, 320, 4, 4) to (N, 512), w before its leaky ReLU, and
        (N, 4), how the picture is misaligned."""
        x = torch.cat([self.narrow(x).flatten(1), x.mean((2, 3))], 1)
        x = self.out(F.leaky_relu(self.spread(x), NEGATIVE_SLOPE))
        return x[:, :W_DIM], x[:, W_DIM:]

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """As `head`, of a picture."""
        return self.head(self.features(x)[-1])
