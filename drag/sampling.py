"""Read a feature map at pixels of the picture: the one home of coordinate frames.

Points are (x, y) in pixels of the picture, origin at the centre of the top left pixel. A map of
(h, w) cells covers the same picture, so pixel x lies at cell (x + 0.5) / W * w - 0.5. Reading the
map there bilinearly gives what bilinear upsampling of the whole map to the picture would give.
"""

import torch
import torch.nn.functional as F


def sample(features: torch.Tensor, points: torch.Tensor, img_size: tuple[int, int]) -> torch.Tensor:
    """Features at points, bilinear; beyond the outermost cells the border's value.

    features: (1, C, h, w).   points: (..., 2) float (x, y), pixels.   img_size: (H, W) of the
    picture. Returns (..., C).
    """
    height, width = img_size
    span = torch.tensor([width, height], dtype=points.dtype, device=points.device)
    grid = ((2 * points + 1) / span - 1).view(1, 1, -1, 2)  # [-1, 1] over the outer pixel edges
    values = F.grid_sample(features, grid, padding_mode="border", align_corners=False)
    return values[0, :, 0].T.reshape(*points.shape[:-1], features.shape[1])


def scale_to(size_at_512: float, img_size: tuple[int, int]) -> int:
    """A length given for pictures of 512 px (paper, Sec. 4), in whole pixels of this picture."""
    return max(1, round(size_at_512 * max(img_size) / 512))


def disc(radius: float, device=None) -> torch.Tensor:
    """Offsets (K, 2) of the pixels closer than radius to a point: Omega_1 of the paper."""
    square = window(radius, device)
    return square[square.norm(dim=1) < radius]


def window(radius: float, device=None) -> torch.Tensor:
    """Offsets (K, 2) with both |dx| and |dy| below radius: Omega_2 of the paper."""
    reach = int(-(-radius // 1)) - 1  # the largest whole number below radius
    side = torch.arange(-reach, reach + 1, dtype=torch.float32, device=device)
    return torch.cartesian_prod(side, side).flip(1)  # row by row


def mask_to_cells(mask: torch.Tensor, cells: tuple[int, int]) -> torch.Tensor:
    """Share of each feature cell that a picture mask covers: bool (H, W) -> float (1, 1, h, w)."""
    return F.interpolate(mask[None, None].float(), cells, mode="area")
