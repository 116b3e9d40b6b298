"""A visitor's photo and its inversion, for as long as the server has them: in memory only."""

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image

from drag.alignment import Frame
from drag.edit import Settings
from drag.inversion import Fit

PREVIEW = 900  # longer side, pixels


@dataclass(frozen=True, eq=False)
class Portrait:
    """A photo as a JPEG, with nothing but its pixels.   frame: where it is framed, at first."""

    content: bytes
    frame: Frame

    @classmethod
    def of(cls, pixels: np.ndarray, frame: Frame) -> "Portrait":
        """pixels: uint8 (H, W, 3)."""
        return cls(photo_jpeg(pixels, 95), frame)

    @property
    def pixels(self) -> np.ndarray:
        """uint8 (H, W, 3)."""
        return np.asarray(Image.open(io.BytesIO(self.content)))


@dataclass(eq=False)
class Inversion:
    """One that was asked for, until it has ended.

    picture: what is in the frame, uint8 (H, W, 3).   anyway: however unlike the model's pictures it
    is.   watched: its page waits for it.   running, stop: it runs; it shall end.   fit: its best so
    far.   far: it ended because the photo is unlike what the model makes.   turn: which shows what
    it came to; None where that was put aside, for the visitor is at another model.
    """

    model: str
    settings: Settings
    picture: np.ndarray
    anyway: bool = False
    watched: bool = False
    running: bool = False
    stop: bool = False
    fit: Fit | None = None
    far: bool = False
    turn: object = None

    @property
    def alive(self) -> bool:
        """Whether it waits or runs; one that was stopped before it did is over."""
        return self.watched or self.running or not self.stop


def photo_jpeg(pixels: np.ndarray, quality: int = 85, most: int | None = None) -> bytes:
    """A JPEG of a photo, which says nothing of how it was made; most: pixels of its longer side."""
    picture = Image.fromarray(pixels)
    if most:
        picture.thumbnail((most, most), Image.Resampling.LANCZOS, reducing_gap=2.0)
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality, subsampling=0 if quality >= 95 else 2)
    return buffer.getvalue()
