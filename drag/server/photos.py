"""A visitor's photo, for as long as the server has it: in memory only."""

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image

from drag.edit import Edit
from drag.photo.alignment import Frame, shows
from drag.photo.inversion import Fit

PREVIEW = 900  # longer side, pixels


@dataclass(frozen=True, eq=False)
class Portrait:
    """A photo as a JPEG, with nothing but its pixels.   model, size: that it is framed for, and
    (H, W) of its pictures.   faces: frames of those in it; None where nobody looked for any.
    frame, fit: the one that was used last, and what was reached of it, to go on from."""

    content: bytes
    model: str
    size: tuple[int, int]
    faces: tuple[Frame, ...] | None = None
    frame: Frame | None = None
    fit: Fit | None = None

    @classmethod
    def of(cls, pixels: np.ndarray, edit: Edit) -> "Portrait":
        """pixels: uint8 (H, W, 3).   edit: of the model."""
        return cls(photo_jpeg(pixels, 95), edit.model, edit.img_size)

    def framed_for(self, edit: Edit) -> "Portrait":
        """The same photo for this edit's model."""
        return Portrait(self.content, edit.model, edit.img_size)

    def shows_face(self, frame: Frame) -> bool | None:
        """Whether the face in this frame was found; None where nobody looked for any."""
        return None if self.faces is None else any(shows(frame, face) for face in self.faces)

    @property
    def nbytes(self) -> int:
        """Bytes of the JPEG, and of what was reached."""
        fit = self.fit
        reached = fit.ws.nbytes + (fit.tuning.nbytes if fit.tuning else 0) if fit else 0
        return len(self.content) + reached

    @property
    def pixels(self) -> np.ndarray:
        """uint8 (H, W, 3)."""
        return np.asarray(Image.open(io.BytesIO(self.content)))


def photo_jpeg(pixels: np.ndarray, quality: int = 85, most: int | None = None) -> bytes:
    """A JPEG of a photo, which says nothing of how it was made; most: pixels of its longer side."""
    picture = Image.fromarray(pixels)
    if most:
        picture.thumbnail((most, most), Image.Resampling.LANCZOS, reducing_gap=2.0)
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality, subsampling=0 if quality >= 95 else 2)
    return buffer.getvalue()
