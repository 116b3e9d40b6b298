"""A visitor's photo and its inversion, for as long as the server has them: in memory only."""

import io
import time
from dataclasses import dataclass, field, replace

import numpy as np
from PIL import Image

from drag.edit import Edit, Settings
from drag.photo.alignment import Frame, shows
from drag.photo.inversion import Fit

PREVIEW = 900  # longer side, pixels
FETCH_SECONDS = 30.0  # from asking for an inversion to fetching it; then it lapses
FINISH_SECONDS = 5.0  # that the visitor's next page waits for one that was stopped


@dataclass(frozen=True, eq=False)
class Portrait:
    """A photo as a JPEG, with nothing but its pixels.   model, size: that it is framed for, and
    (H, W) of its pictures.   faces: frames of those in it; None where nobody looked for any."""

    content: bytes
    model: str
    size: tuple[int, int]
    faces: tuple[Frame, ...] | None = None

    @classmethod
    def of(cls, pixels: np.ndarray, edit: Edit) -> "Portrait":
        """pixels: uint8 (H, W, 3).   edit: of the model."""
        return cls(photo_jpeg(pixels, 95), edit.model, edit.img_size)

    def framed_for(self, edit: Edit) -> "Portrait":
        """The same photo for this edit's model."""
        return replace(self, model=edit.model, size=edit.img_size, faces=None)

    def shows_face(self, frame: Frame) -> bool | None:
        """Whether the face in this frame was found; None where nobody looked for any."""
        return None if self.faces is None else any(shows(frame, face) for face in self.faces)

    @property
    def nbytes(self) -> int:
        """Bytes of the JPEG."""
        return len(self.content)

    @property
    def pixels(self) -> np.ndarray:
        """uint8 (H, W, 3)."""
        return np.asarray(Image.open(io.BytesIO(self.content)))


@dataclass(eq=False)
class Inversion:
    """One that was asked for, until it has ended.

    picture: what is in the frame, uint8 (H, W, 3).   face: whether one was found there; None where
    nobody looked.   anyway: however unlike the model's pictures it is.   asked: when, seconds of
    time.monotonic.   watched: its page waits for it.   running, stop: it runs; it shall end.
    fit: its best so far.   former: from before it began anew, if it did.   far: it ended because
    the photo is unlike what the model makes.   kept: the visitor has what it came to.   turn: which
    shows that; None where it was put aside, for the visitor is at another model.
    """

    model: str
    settings: Settings
    picture: np.ndarray
    face: bool | None = None
    anyway: bool = False
    asked: float = field(default_factory=lambda: time.monotonic())
    watched: bool = False
    running: bool = False
    stop: bool = False
    fit: Fit | None = None
    former: Fit | None = None
    far: bool = False
    kept: bool = False
    turn: object = None

    @property
    def nbytes(self) -> int:
        """Bytes of the picture."""
        return self.picture.nbytes

    @property
    def busy(self) -> bool:
        """Whether it waits in the line, or runs."""
        return self.watched or self.running

    @property
    def alive(self) -> bool:
        """Whether it is busy or may still be fetched: not where it was stopped before that, nor
        where its page never comes."""
        return self.busy or not (self.stop or time.monotonic() > self.asked + FETCH_SECONDS)

    def take(self, fit: Fit) -> None:
        """Have a fit as the best so far. Where memory ran out and it began anew, what it had
        reached by then stays until it is nearer; its end counts in any case."""
        if fit.stage == "encoder":  # with which it begins
            self.former = self.fit
        nearer = self.former and self.former.distance < fit.distance
        self.fit = replace(self.former, done=fit.done) if nearer else fit

    def finish(self) -> None:
        """Wait until one that was stopped has given the visitor what it has, if it has anything;
        not for long."""
        until = time.monotonic() + FINISH_SECONDS
        while self.running and self.fit and time.monotonic() < until:
            time.sleep(0.02)


def photo_jpeg(pixels: np.ndarray, quality: int = 85, most: int | None = None) -> bytes:
    """A JPEG of a photo, which says nothing of how it was made; most: pixels of its longer side."""
    picture = Image.fromarray(pixels)
    if most:
        picture.thumbnail((most, most), Image.Resampling.LANCZOS, reducing_gap=2.0)
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality, subsampling=0 if quality >= 95 else 2)
    return buffer.getvalue()
