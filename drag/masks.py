"""Regions as black and white PNGs."""

import io

import numpy as np
from PIL import Image, UnidentifiedImageError


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
    except (OSError, SyntaxError, UnidentifiedImageError,
            Image.DecompressionBombError) as error:
        raise ValueError("not a PNG") from error
