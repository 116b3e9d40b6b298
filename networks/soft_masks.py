"""How much of a region's inside is seen where: masks with soft edges, block by block."""

import math
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

from networks.blocks import Network
from networks.windows import Window

FIRST = 8  # px: side of the first block that is blended; from 4 px on it is smoother and stiffer
SHRINK = 16  # pixels of 1024 by which the mask of features is smaller than what was painted
PASTE = 32  # by which that of the picture is larger: far enough out for nothing to show at its end
SOFT = 16  # deviation of the blur of both
CELL = 0.5  # cells of a block by which its mask is blurred besides
THICK = 175  # pixels of 1024: a region that is thinner has all of these smaller in proportion
HARDLY = 0.05  # of the inside that is seen in a cell of the last block: to the eye, nothing
MASK_SIDE = 256  # px at which masks are worked out


@dataclass(frozen=True, eq=False)
class SoftMask:
    """How much of the inside is to be seen where: 0 to 1."""

    # Of each block (1, 1, h, w), margins and all; None: all the inside's.
    blocks: tuple[torch.Tensor | None, ...]
    picture: torch.Tensor  # (1, 1, H, W)
    support: Window  # rows and columns of the picture, even ones, beyond which all of it is 0
    core: Window  # those beyond which hardly anything of the inside is seen

    @classmethod
    def of(cls, network: Network, mask: np.ndarray, last: int) -> "SoftMask":
        """That of a region.   mask: bool (H, W), True = may move.   last: the last block that is
        blended."""
        size, device = network.img_size, network.w_avg.device
        painted = torch.from_numpy(np.ascontiguousarray(mask))[None, None].float()
        small = [max(1, round(side * min(1, MASK_SIDE / max(size)))) for side in size]
        painted = F.interpolate(painted, small, mode="area")
        unit = max(small) / 1024 * min(1, _thickness(painted) * 1024 / max(small) / THICK)
        inside = _blurred(_grown(painted, -SHRINK * unit), SOFT * unit)
        wide = _blurred(_grown(painted, PASTE * unit), SOFT * unit)
        blocks: list[torch.Tensor | None] = []
        for side, margin in zip(network.sides[: last + 1], network.margins, strict=False):
            cells = _blurred(F.interpolate(inside, side, mode="area"), CELL)
            around = F.pad(cells, [margin] * 4, mode="replicate")  # as at the picture's border
            blocks.append(around.to(device) if max(side) >= FIRST else None)
        wide = F.interpolate(wide, size, mode="bilinear")
        seen = F.interpolate((cells > HARDLY).float(), size, mode="nearest")
        return cls(tuple(blocks), wide.to(device), _support(wide), _support(seen * wide))


def _thickness(painted: torch.Tensor) -> float:
    """Of a region (1, 1, h, w), in its cells: half the side of a square, the width of a strip."""
    inside = (painted > 0.5).float()
    edge = (inside - _grown(inside, -1)).sum().item()
    return 2 * inside.sum().item() / max(1.0, edge)


def _grown(mask: torch.Tensor, by: float) -> torch.Tensor:
    """The mask (1, 1, h, w), larger by so many cells all round, smaller where negative; by
    squares. The border of the picture is no edge."""
    reach = round(abs(by))
    if not reach:
        return mask
    if by < 0:
        return 1 - _grown(1 - mask, -by)
    mask = F.max_pool2d(mask, (2 * reach + 1, 1), 1, (reach, 0))
    return F.max_pool2d(mask, (1, 2 * reach + 1), 1, (0, reach))


def _blurred(mask: torch.Tensor, sigma: float) -> torch.Tensor:
    """The mask (1, 1, h, w) after a Gaussian of three deviations, cells, on either side; beyond
    the border it goes on as at the border."""
    reach = math.ceil(3 * sigma)
    if sigma < 0.1:
        return mask
    x = torch.arange(-reach, reach + 1, dtype=torch.float32)
    kernel = (-(x / sigma).square() / 2).exp()
    kernel = kernel / kernel.sum()
    mask = F.conv2d(F.pad(mask, (reach, reach, 0, 0), mode="replicate"), kernel.view(1, 1, 1, -1))
    return F.conv2d(F.pad(mask, (0, 0, reach, reach), mode="replicate"), kernel.view(1, 1, -1, 1))


def _support(mask: torch.Tensor) -> Window:
    """The rows and columns, even at both ends, beyond which a mask (1, 1, H, W) is 0."""
    parts = []
    for dim in (1, 0):
        where = mask[0, 0].amax(dim).nonzero().flatten().tolist() or [0]
        parts.append(slice(where[0] // 2 * 2, (where[-1] + 2) // 2 * 2))
    return parts[0], parts[1]
