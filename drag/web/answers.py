"""The files that programs had made: on the disk until their time has come, and bounded there."""

import contextlib
import threading
from dataclasses import dataclass, field
from pathlib import Path

from drag.server.shares import Asker, asker, in_turn
from drag.web.internals import keep_file

MOST_BYTES = 200_000_000  # of all files; one has a few million


@dataclass(frozen=True)
class _Kept:
    path: str
    size: int
    asker: Asker


@dataclass(eq=False)
class Answers:
    """Safe between threads. Where they are too large together, the oldest of whoever has most go;
    what is left goes when its time comes (see FORGET in app.py)."""

    most: int = MOST_BYTES
    _kept: list[_Kept] = field(default_factory=list, init=False)  # the newest first
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def keep(self, content: bytes, name: str) -> str:
        """Keep a file; returns its path. Raises OSError where there is no room."""
        with self._lock:
            path, who = keep_file(content, name), asker()
            others = [each for each in self._kept if each.path != path and Path(each.path).exists()]
            self._kept = [_Kept(path, len(content), Asker(address=who.address)), *others]
            while sum(each.size for each in self._kept) > self.most and len(self._kept) > 1:
                last = in_turn(self._kept)[-1]
                self._kept.remove(last)
                with contextlib.suppress(OSError):
                    Path(last.path).unlink()
        return path
