"""How unlike two pictures look, by the features of our own encoder.

It was trained to tell the pictures of a face generator apart (networks/encoder.py), so its features
keep what matters of a face and let go of noise; they are the perceptual term of inversion, where
others take those of VGG, whose weights would have to be downloaded.
"""

import functools
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F

from networks.encoder import SIDE, Encoder
from networks.shipped import read_shipped

WEIGHTS = Path(__file__).parents[2] / "assets" / "encoder.safetensors"
SHA256 = "31e3f3758b6413794e151ec337c4e93f063754ded5ddc75cefc031e1ed42c8e9"


@dataclass(frozen=True, eq=False)
class Eye:
    """The encoder with what belongs to it."""

    encoder: Encoder
    # Of each of its five maps, the mean square by which two of the generator's pictures differ
    # there, so that the distance of two such is 1.
    scales: tuple[float, ...]
    # Weight (3, C, 1, 1) and bias (3,), the affine map from the built-in generator's features to a
    # soft picture.
    colours: tuple[torch.Tensor, torch.Tensor]

    def see(self, image: torch.Tensor) -> list[torch.Tensor]:
        """What it sees in a picture (N, 3, H, W) in [-1, 1], at 128 px."""
        return self.encoder.features(shrink(image, SIDE))

    def difference(self, seen: list[torch.Tensor], other: list[torch.Tensor]) -> torch.Tensor:
        """How much two that were seen differ: (N,), 0 for the same, 1 for any two of a generator's
        pictures on average; the square of their distance."""
        each = [
            (a - b).square().mean((1, 2, 3)) / scale
            for a, b, scale in zip(seen, other, self.scales, strict=True)
        ]
        return torch.stack(each).mean(0)

    def strangeness(self, seen: list[torch.Tensor], other: list[torch.Tensor]) -> float:
        """How unlike two that were seen are in what they are of, by the last map alone: as
        `distance`, but colours and textures hardly count."""
        return ((seen[-1] - other[-1]).square().mean() / self.scales[-1]).sqrt().item()

    @torch.no_grad()
    def distance(self, image: torch.Tensor, other: torch.Tensor) -> float:
        """How unlike two pictures look, 0 for the same and about 1 for two of a generator's."""
        return self.difference(self.see(image), self.see(other)).mean().sqrt().item()


def shrink(image: torch.Tensor, side: int) -> torch.Tensor:
    """A picture (N, 3, H, W) with sides of so many pixels, each the mean of what it covers."""
    if image.shape[2:] == (side, side):
        return image
    larger = min(image.shape[2:]) < side
    return F.interpolate(image, (side, side), mode="bilinear" if larger else "area")


@functools.lru_cache
def eye(device: torch.device) -> Eye:
    """The encoder on this device, read once a process. Raises UserError where its file is
    damaged."""
    state = read_shipped(WEIGHTS, SHA256, device)
    scales, colours = state.pop("scales"), (state.pop("colours.weight"), state.pop("colours.bias"))
    with torch.device("meta"):
        encoder = Encoder()
    encoder.load_state_dict(state, assign=True)
    encoder.eval().requires_grad_(False)
    encoder.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's lack
    return Eye(encoder, tuple(scales.tolist()), colours)
