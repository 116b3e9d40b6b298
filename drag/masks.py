"""Regions: what may move, as black and white PNGs, and what a drag made of the inside."""

import functools
import hashlib
import io
import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, UnidentifiedImageError

from networks.errors import UserError

MAX_REGIONS = 6  # that an edit has: each takes time whenever its picture is made
OTHER_SIZE = (
    "The mask is {mask_width} x {mask_height} pixels, the picture {width} x {height}; "
    "make them the same size."
)


Arrow = tuple[tuple[float, float], tuple[float, float]]  # from (x, y) to (x, y), pixels


@dataclass(frozen=True, eq=False)
class Region:
    """A part of a picture that has latents of its own (`networks.regions`)."""

    mask_png: bytes  # that was painted, white may move
    change: np.ndarray  # float32 (k, w_dim), what its first k entries have more than the picture's

    @functools.cached_property
    def key(self) -> bytes:
        """Stands for all of it."""
        return hashlib.blake2b(self.mask_png + self.change.tobytes(), digest_size=16).digest()

    def latents(self, ws: np.ndarray) -> np.ndarray:
        """Those of its inside, (num_ws, w_dim).   ws: those of the picture."""
        inside = ws.copy()
        inside[: len(self.change)] += self.change
        return inside

    @classmethod
    def of(cls, mask_png: bytes, ws: np.ndarray, inside: np.ndarray) -> "Region":
        """That of a mask, with these latents (num_ws, w_dim) inside of a picture of those ws."""
        change = (inside - ws).astype(np.float32)
        changed = change.any(1).nonzero()[0]
        return cls(mask_png, change[: changed[-1] + 1 if len(changed) else 1])


def around(
    arrows: Sequence[Arrow],
    reach: float,
    img_size: tuple[int, int],
) -> np.ndarray:
    """The region within reach of arrows, bool (H, W).   reach: pixels."""
    region = Image.new("1", (img_size[1], img_size[0]))
    pen = ImageDraw.Draw(region)
    for ends in arrows:
        pen.line([*ends[0], *ends[1]], fill=1, width=round(2 * reach))
        for x, y in ends:
            pen.ellipse((x - reach, y - reach, x + reach, y + reach), fill=1)
    return np.array(region)


def folded(regions: Sequence[Region]) -> tuple[Region, ...]:
    """The regions, lowest first, with room for one more: where they are too many, those two in a
    row whose changes are most alike become one."""
    regions = list(regions)
    while len(regions) >= MAX_REGIONS:
        apart = [np.linalg.norm(_difference(*two)) for two in itertools.pairwise(regions)]
        i = int(np.argmin(apart))
        regions[i : i + 2] = [_united(*regions[i : i + 2])]
    return tuple(regions)


def _united(one: Region, other: Region) -> Region:
    """One region for two: both areas, and the mean of both changes by these."""
    masks = [np.asarray(Image.open(io.BytesIO(each.mask_png))) > 0 for each in (one, other)]
    areas = [int(mask.sum()) for mask in masks]
    share = np.float32(areas[1] / max(1, sum(areas)))
    change = _padded(one, other) + share * _difference(one, other)
    return Region(_png(masks[0] | masks[1]), change)


def _difference(one: Region, other: Region) -> np.ndarray:
    return _padded(other, one) - _padded(one, other)


def _padded(region: Region, other: Region) -> np.ndarray:
    """Its change, with as many entries as the longer of both."""
    more = max(0, len(other.change) - len(region.change))
    return np.pad(region.change, ((0, more), (0, 0)))


def decode_mask(content: bytes, img_size: tuple[int, int]) -> np.ndarray:
    """The mask in a PNG file, bool (H, W), True where it is white (may move).

    img_size: (H, W) that it must have; a file that says it has another is not unpacked. Raises
    ValueError where it is no such picture.
    """
    try:
        with Image.open(io.BytesIO(content), formats=["PNG"]) as picture:
            if picture.size[::-1] != tuple(img_size):
                raise ValueError(f"not a mask of {img_size}")
            return np.asarray(picture.convert("L")) > 127
    except (OSError, SyntaxError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise ValueError("not a PNG") from error


def encode_mask(mask: np.ndarray | None, img_size: tuple[int, int]) -> bytes | None:
    """The PNG of a mask, bool (H, W); None where all of the picture may move.

    Raises ValueError, in words fit for a visitor, where it has another size or nothing may move.
    """
    if mask is None:
        return None
    if mask.shape != tuple(img_size):
        raise UserError(
            OTHER_SIZE,
            mask_width=mask.shape[1],
            mask_height=mask.shape[0],
            width=img_size[1],
            height=img_size[0],
        )
    if not mask.any():
        raise UserError("The mask is empty, so nothing may move; paint what may move in white.")
    if mask.all():
        return None
    return _png(mask)


def _png(mask: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(mask).save(buffer, "PNG")  # one bit a pixel
    return buffer.getvalue()
