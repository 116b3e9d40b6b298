"""The pictures of edits, as JPEG: made once, shared by all who look at the same latents."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import TypeVar

import numpy as np
import torch
from PIL import Image

from drag.edit import Edit
from drag.files.images import jpeg
from drag.models.loaded import LoadedModels
from drag.render import render, render_edit, seen, to_picture
from drag.server.engine import with_room
from drag.server.process import PICTURES as BEHIND
from drag.server.process import apart, step_back, use_cores
from drag.server.shares import PICTURES, Share
from networks.generator import Previewing

KEPT_BYTES = 32_000_000  # of pictures made last; one of 1024 px has 0.2 million
QUALITY = 95
THUMBNAIL_SIDE = 128  # px
T = TypeVar("T")


class Gallery:
    """Safe between threads. Undo, redo and jumps go to pictures that were seen before, so most of
    them are here; who has the latents of a picture, and its tuning, may see it."""

    def __init__(self, models: LoadedModels, share: Share | None = None):
        """share: of those who make pictures."""
        self.models, self.share = models, share or Share(PICTURES)
        self._kept: OrderedDict[bytes, bytes] = OrderedDict()
        self._lock, self.nbytes = threading.Lock(), 0  # of what is kept
        self.lasting: bytes | None = None  # key of a picture that is not forgotten for others

    def picture(self, edit: Edit, share: Share | None = None) -> bytes:
        """The picture of an edit as a JPEG; share: of which it is made, if not of the usual one.
        Raises ValueError, in words fit for a visitor, where it cannot be made."""
        return self.find(edit) or self.make(lambda: self._make(edit), share)

    def make(self, work: Callable[[], T], share: Share | None = None) -> T:
        """What work() returns, made in a thread of its own, of which there are few at once."""

        def made() -> T:
            step_back(BEHIND)
            use_cores()
            return work()

        with (share or self.share).place():
            return apart(made, "pictures")

    def _make(self, edit: Edit) -> bytes:
        found = self.find(edit)  # someone else may have had it made meanwhile
        return found or self.take(edit, with_room(self.models, lambda: self._render(edit)))

    def take(self, edit: Edit, picture: np.ndarray) -> bytes:
        """Keep the picture of an edit that was made elsewhere, uint8 (H, W, 3), and get it as a
        JPEG."""
        found = self.find(edit)
        if found is None:
            found = jpeg(picture, QUALITY)
            self._keep(edit.picture_key, found)
        return found

    def _render(self, edit: Edit) -> np.ndarray:
        with self.models.use(edit.model) as generator:
            return render_edit(generator, edit)

    def find(self, edit: Edit) -> bytes | None:
        """The picture, if it is here already."""
        key = edit.picture_key
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def _keep(self, key: bytes, picture: bytes) -> None:
        with self._lock:
            self.nbytes += len(picture) - len(self._kept.pop(key, b""))
            self._kept[key] = picture
            if self.lasting in self._kept:
                self._kept.move_to_end(self.lasting)
            while self.nbytes > KEPT_BYTES:
                _, oldest = self._kept.popitem(last=False)
                self.nbytes -= len(oldest)


@torch.no_grad()
def thumbnail(generator, edit: Edit, side: int = THUMBNAIL_SIDE) -> bytes:
    """A small picture of an edit as a JPEG, by the generator as the edit tunes it; soft where a
    generator can do that quickly: who looks at something so small sees no difference."""
    view, ws = seen(generator, edit)
    if isinstance(view, Previewing):
        on_device = torch.from_numpy(ws).to(view.w_avg.device)[None]
        picture = to_picture(view.preview(on_device))
    else:
        picture = render(view, ws)
    return shrink(Image.fromarray(picture), side)


def shrink(picture: Image.Image, side: int = THUMBNAIL_SIDE) -> bytes:
    """A small copy of a picture as a JPEG, of at most so many pixels a side."""
    picture.draft("RGB", (2 * side, 2 * side))  # a JPEG is not decoded larger than that
    small = picture.copy()
    small.thumbnail((side, side), Image.Resampling.LANCZOS)
    return jpeg(np.asarray(small), 80)
