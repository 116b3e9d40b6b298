"""Read a feature map at pixels of the picture: the one home of coordinate frames.

Points are (x, y) in pixels of the picture, origin at the centre of the top left pixel. A map of
(h, w) cells covers the same picture, so pixel x lies at cell (x + 0.5) / W * w - 0.5. Reading the
map there bilinearly gives what bilinear upsampling of the whole map to the picture would give.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
import torch.nn.functional as F

from networks.windows import Window

# A part of a map: its rows and columns of cells, None for all; (x, y) of its first cell, (2,), and
# (height, width) of what it covers, both in pixels, as a FeaturePart has them.
Part = tuple[Window | None, torch.Tensor, tuple[float, float]]


@dataclass(frozen=True, eq=False)
class FeaturePart:
    """A window of a feature map, or all of one, read at pixels of the whole picture."""

    features: torch.Tensor  # (1, C, h, w)
    corner: torch.Tensor  # (2,), (x, y) of its first cell, pixels
    extent: tuple[float, float]  # (height, width) of what it covers, pixels
    scale: torch.Tensor | None = None  # (C,), what features are divided by

    def sample(self, points: torch.Tensor) -> torch.Tensor:
        """Scaled features at points (..., 2), pixels: (..., C)."""
        return self.sample_within(points - self.corner)

    def sample_within(self, points: torch.Tensor) -> torch.Tensor:
        """As `sample`, of points (..., 2) that are counted from the corner."""
        return self.scaled(sample(self.features, points, self.extent))

    def scaled(self, values: torch.Tensor) -> torch.Tensor:
        """Features (..., C), as `sample` gives them."""
        return values if self.scale is None else values / self.scale

    def slopes(self, points: torch.Tensor) -> torch.Tensor:
        """Change of the scaled features for each pixel to the right and down: (..., C, 2), by
        central differences over a cell."""
        half = self.extent[0] / self.features.shape[2] / 2
        steps = constant(((half, 0.0), (-half, 0.0), (0.0, half), (0.0, -half)), points.device)
        right, left, down, up = self.sample(points[..., None, :] + steps).unbind(-2)
        return torch.stack([(right - left) / (2 * half), (down - up) / (2 * half)], -1)

    def detach(self) -> "FeaturePart":
        """The same without gradients."""
        return FeaturePart(self.features.detach(), self.corner, self.extent, self.scale)


def sample(
    features: torch.Tensor, points: torch.Tensor, img_size: tuple[float, float]
) -> torch.Tensor:
    """Features at points, bilinear; beyond the outermost cells the border's value.

    features: (1, C, h, w).   points: (..., 2) float (x, y), pixels.   img_size: (H, W) of the
    picture. Returns (..., C).
    """
    _, channels, height, width = features.shape
    scale = constant((width / img_size[1], height / img_size[0]), points.device)
    last = constant((width - 1, height - 1), points.device)
    cells = ((points.reshape(-1, 2) + 0.5) * scale - 0.5).clamp(min=0).minimum(last)  # (P, 2)
    near = cells.floor()
    (x1, y1), (x0, y0) = (cells - near).T, (1 - cells + near).T  # shares of far and near cells
    (i, j), (far_i, far_j) = near.long().T, (near + 1).minimum(last).long().T
    corners = torch.stack([j, j, far_j, far_j], 1) * width + torch.stack([i, far_i, i, far_i], 1)
    shares = torch.stack([y0 * x0, y0 * x1, y1 * x0, y1 * x1], 1)  # (P, 4), as corners
    rows = features.permute(0, 2, 3, 1).reshape(-1, channels)  # (h w, C): a view if channels last
    # A weighted bag of rows touches four cells a point; grid_sample would copy the whole map.
    values = F.embedding_bag(corners, rows, per_sample_weights=shares, mode="sum")  # (P, C)
    return values.view(*points.shape[:-1], channels)


def whole_part(img_size: tuple[int, int], device: torch.device) -> Part:
    """All of a map."""
    return None, constant((0, 0), device), img_size


def cells_around(
    points: torch.Tensor, reach: float, cells: Sequence[int], img_size: tuple[int, int]
) -> Part:
    """The least part of a map from which the pixels within reach of points can be sampled. On a GPU
    all of it: that costs no more there, no step waits for it, and shapes stay, so that steps can be
    recorded.

    points: (N, 2) (x, y), pixels.   reach: in both directions, pixels.   cells: (h, w) of the map.
    """
    if points.device.type != "cpu":
        return whole_part(img_size, points.device)
    (height, width), size = cells, torch.tensor([img_size[1], img_size[0]])
    scale = size / torch.tensor([width, height])  # pixels a cell
    low, high = points.min(0).values - reach, points.max(0).values + reach
    left, top = ((low + 0.5) / scale - 0.5).floor().long().clamp(min=0).tolist()
    right, bottom = (((high + 0.5) / scale - 0.5).floor().long() + 2).tolist()
    right, bottom = min(right, width), min(bottom, height)
    corner = torch.tensor([left, top]) * scale
    extent = (bottom - top) * scale[1].item(), (right - left) * scale[0].item()
    return (slice(top, bottom), slice(left, right)), corner, extent


@lru_cache(maxsize=1024)
def constant(values: float | tuple[Any, ...], device: torch.device) -> torch.Tensor:
    """A small tensor of numbers that is made once for a device, for which each upload is a wait.
    It is shared: not to be changed in place."""
    return torch.tensor(values, dtype=torch.float32, device=device)


def scale_to(size_at_512: float, img_size: tuple[int, int]) -> int:
    """A length given for pictures of 512 px (paper, Sec. 3.4), in whole pixels of this picture."""
    return max(1, round(size_at_512 * max(img_size) / 512))


@lru_cache(maxsize=64)
def disc(radius: float, device: torch.device | None = None) -> torch.Tensor:
    """Offsets (K, 2) of the pixels closer than radius to a point: Omega_1 of the paper."""
    square = window(radius, device)
    return square[square.norm(dim=1) < radius]


@lru_cache(maxsize=64)
def window(radius: float, device: torch.device | None = None) -> torch.Tensor:
    """Offsets (K, 2) with both |dx| and |dy| below radius: Omega_2 of the paper."""
    reach = int(-(-radius // 1)) - 1  # the largest whole number below radius
    side = torch.arange(-reach, reach + 1, dtype=torch.float32, device=device)
    return torch.cartesian_prod(side, side).flip(1)  # row by row


def mask_to_cells(mask: torch.Tensor, cells: Sequence[int]) -> torch.Tensor:
    """Share of each feature cell that a picture mask covers: bool (H, W) -> float (1, 1, h, w)."""
    return F.interpolate(mask[None, None].float(), list(cells), mode="area")
