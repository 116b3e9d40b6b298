"""Regions as black and white PNGs."""

import io

import numpy as np
from PIL import Image, UnidentifiedImageError

from networks.errors import UserError

OTHER_SIZE = (
    "The mask is {mask_width} x {mask_height} pixels, the picture {width} x {height}; "
    "make them the same size."
)


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
    buffer = io.BytesIO()
    Image.fromarray(mask).save(buffer, "PNG")  # one bit a pixel
    return buffer.getvalue()
