"""Files of photos, sound and odd."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


def scene(width=200, height=120):
    """A smooth coloured picture, lightest at the upper left, whose way up can be seen."""
    y, x = np.mgrid[:height, :width]
    red, green = 255 - 200 * x / width, 255 - 200 * y / height
    return np.stack([red, green, 0 * x + 80.0], 2).astype(np.uint8)


def file(picture, kind="PNG", **options):
    if not isinstance(picture, Image.Image):
        picture = Image.fromarray(picture)
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def near(pixels, wanted, levels=6):
    assert pixels.shape == wanted.shape
    return np.abs(pixels.astype(int) - wanted).mean() < levels


def png_header(width, height):
    """A PNG that says it is of this size, and has nothing else."""
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + struct.pack(">I", 13)
        + body
        + struct.pack(">I", zlib.crc32(body))
        + struct.pack(">I", 0)
        + b"IDAT"
    )


def webp_header(width, height):
    """A WebP that says it is of this size, and has a smaller picture."""
    small = file(scene(), "WEBP", lossless=True)
    at = small.index(b"VP8L") + 9
    sides = struct.pack("<I", (width - 1) | (height - 1) << 14)
    return small[:at] + sides + small[at + 4 :]


def shared_case(name):
    """A file that somebody really had, from beside the repository; it needs not be there."""
    path = Path(__file__).parents[2] / "shared" / "cases" / name
    if not path.is_file():
        pytest.skip(f"there is no {path}")
    return path.read_bytes()
