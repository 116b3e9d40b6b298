"""A visitor's photo, for as long as the server has it: in memory only."""

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image

from drag.edit import Edit
from drag.photo.alignment import Frame, cut, shows
from drag.photo.inversion import Fit
from drag.photo.reading import Photo, read_photo

PREVIEW = 900  # longer side, pixels


@dataclass(frozen=True, eq=False)
class Portrait:
    """A photo: its file as it came where that has more pixels than are shown, else a JPEG with
    nothing but them.   whole: (H, W) of it.   model, size: that it is framed for, and (H, W) of its
    pictures.   faces: frames of those in it; None where nobody looked for any.   frame, fit: the
    one that was used last, and what was reached of it, to go on from."""

    content: bytes
    whole: tuple[int, int]
    model: str
    size: tuple[int, int]
    faces: tuple[Frame, ...] | None = None
    frame: Frame | None = None
    fit: Fit | None = None

    @classmethod
    def of(cls, photo: Photo, edit: Edit) -> "Portrait":
        """edit: of the model."""
        content = photo.content if photo.scale > 1 else photo_jpeg(photo.pixels, 95)
        return cls(content, photo.size, edit.model, edit.img_size)

    def framed_for(self, edit: Edit) -> "Portrait":
        """The same photo for this edit's model."""
        return Portrait(self.content, self.whole, edit.model, edit.img_size)

    def shows_face(self, frame: Frame) -> bool | None:
        """Whether the face in this frame was found; None where nobody looked for any."""
        return None if self.faces is None else any(shows(frame, face) for face in self.faces)

    @property
    def nbytes(self) -> int:
        """Bytes of the file, and of what was reached."""
        fit = self.fit
        reached = fit.ws.nbytes + (fit.tuning.nbytes if fit.tuning else 0) if fit else 0
        return len(self.content) + reached

    def read(self) -> Photo:
        """It as it is shown and searched; one at a time."""
        return read_photo(self.content)

    def cut(self, frame: Frame) -> np.ndarray:
        """What a frame shows of it, uint8 (H, W, 3) of `size`; one at a time. Raises ValueError, in
        words fit for a visitor, where the frame does not fit."""
        return cut(self.content, self.whole, frame, self.size)


def photo_jpeg(pixels: np.ndarray, quality: int = 85, most: int | None = None) -> bytes:
    """A JPEG of a photo, which says nothing of how it was made; most: pixels of its longer side."""
    picture = Image.fromarray(pixels)
    if most:
        picture.thumbnail((most, most), Image.Resampling.LANCZOS, reducing_gap=2.0)
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality, subsampling=0 if quality >= 95 else 2)
    return buffer.getvalue()
