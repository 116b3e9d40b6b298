"""The pictures of edits, as JPEG: made once, shared by all who look at the same latents."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np

from drag.engine import with_room
from drag.export import jpeg
from drag.loaded import LoadedModels
from drag.priority import PICTURES, step_back
from drag.render import render

KEPT_BYTES = 32_000_000  # of pictures made last; one of 1024 px has 0.2 million
AT_ONCE = 2  # pictures that are made: each needs memory, and more than that take turns anyway
QUALITY = 95
T = TypeVar("T")


class Gallery:
    """Safe between threads. Undo, redo and jumps go to pictures that were seen before, so most of
    them are here; who has the latents of a picture may see it."""

    def __init__(self, models: LoadedModels):
        self.models = models
        self._kept: OrderedDict[tuple, bytes] = OrderedDict()
        self._lock, self.nbytes = threading.Lock(), 0  # of what is kept
        self._pool = ThreadPoolExecutor(AT_ONCE, "pictures", step_back, (PICTURES,))

    def picture(self, model: str, ws: np.ndarray) -> bytes:
        """The picture of latents (num_ws, w_dim) as a JPEG. Raises ValueError, in words fit for a
        visitor, where it cannot be made."""
        key = _key(model, ws)
        found = self._find(key)
        return found or self.make(lambda: self._make(key, model, ws))

    def make(self, work: Callable[[], T]) -> T:
        """What work() returns, when one of the few threads in which pictures are made is free: for
        every thread that uses PyTorch it keeps others, and memory."""
        return self._pool.submit(work).result()

    def _make(self, key: tuple, model: str, ws: np.ndarray) -> bytes:
        found = self._find(key)  # someone else may have had it made meanwhile
        if found is None:
            found = jpeg(with_room(self.models, lambda: self._render(model, ws)), QUALITY)
            self._keep(key, found)
        return found

    def take(self, model: str, ws: np.ndarray, picture: np.ndarray) -> bytes:
        """Keep a picture that was made elsewhere, uint8 (H, W, 3), and get it as a JPEG."""
        key = _key(model, ws)
        found = self._find(key)
        if found is None:
            found = jpeg(picture, QUALITY)
            self._keep(key, found)
        return found

    def find(self, model: str, ws: np.ndarray) -> bytes | None:
        """The picture, if it is here already."""
        return self._find(_key(model, ws))

    def _render(self, model: str, ws: np.ndarray) -> np.ndarray:
        with self.models.use(model) as generator:
            return render(generator, ws)

    def _find(self, key: tuple) -> bytes | None:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def _keep(self, key: tuple, picture: bytes) -> None:
        with self._lock:
            self.nbytes += len(picture) - len(self._kept.pop(key, b""))
            self._kept[key] = picture
            while self.nbytes > KEPT_BYTES:
                _, oldest = self._kept.popitem(last=False)
                self.nbytes -= len(oldest)


def _key(model: str, ws: np.ndarray) -> tuple:
    return model, hashlib.blake2b(ws.tobytes(), digest_size=16).digest()
