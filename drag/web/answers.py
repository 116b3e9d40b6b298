"""The files that programs had made: bounded in number, in a folder of this server's own, which goes
with it. Gradio serves whatever lies in its folder, also what another server left there."""

import contextlib
import errno
import logging
import os
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock, Timeout

from drag.server.process import sweep_often
from drag.server.shares import Asker, asker, in_turn
from drag.web.internals import keep_file, upload_folder, use_folder

PREFIX, LOCK = "draggan-", "lock"
MOST_BYTES = 200_000_000  # of all files; one has a few million
KEEP_SECONDS, SWEEP_SECONDS = 3600, 60  # for which one is there; between two looks at that
log = logging.getLogger("drag")


@contextlib.contextmanager
def own_folder() -> Iterator[None]:
    """Have Gradio keep files in a new folder until the end, also by a signal; first clear those of
    servers that came to no such end. Where there is no room for one, Gradio's stays."""
    try:
        folder, alive = _make(Path(upload_folder()))
    except OSError as error:
        log.error("no folder for files of programs can be made: %s", error.strerror)
        yield
        return

    def clear() -> None:
        alive.release()
        shutil.rmtree(folder, ignore_errors=True)

    with use_folder(str(folder)), _at_a_signal(clear):
        try:
            yield
        finally:
            clear()


def _make(parent: Path) -> tuple[Path, FileLock]:
    """A new folder, and the lock in it that says that its server lives."""
    parent.mkdir(parents=True, exist_ok=True)
    with FileLock(parent / f"{PREFIX}{LOCK}"):  # one server begins at a time
        for old in parent.glob(f"{PREFIX}*/"):
            with contextlib.suppress(Timeout, OSError), FileLock(old / LOCK, timeout=0):
                shutil.rmtree(old, ignore_errors=True)
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
        alive = FileLock(folder / LOCK)
        alive.acquire()
    return folder, alive


@contextlib.contextmanager
def _at_a_signal(clear) -> Iterator[None]:
    """Call clear() before this process ends by a signal, which it does at once, as ever."""

    def end(number, _) -> None:
        clear()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    names = ("SIGTERM", "SIGHUP") if threading.current_thread() is threading.main_thread() else ()
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before = {number: signal.signal(number, end) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@dataclass(frozen=True)
class _Kept:
    path: str
    size: int
    asker: Asker
    since: float  # when, by the clock


@dataclass(eq=False)
class Answers:
    """Safe between threads. Where they are too large together, the oldest of whoever has most go;
    what is left goes when its time comes. Gradio could do that, too, but goes by the time of day,
    which may be set."""

    most: int = MOST_BYTES
    seconds: float = KEEP_SECONDS
    clock: Callable[[], float] = time.monotonic
    _kept: list[_Kept] = field(default_factory=list, init=False)  # the newest first
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def __post_init__(self) -> None:
        sweep_often(self, min(SWEEP_SECONDS, self.seconds))

    def keep(self, content: bytes, name: str) -> str:
        """Keep a file; returns its path. Raises OSError where there is no room."""
        with self._lock:
            os.makedirs(upload_folder(), exist_ok=True)  # somebody may have tidied up
            if shutil.disk_usage(upload_folder()).free < len(content):  # else a part of it stays
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            path, who = keep_file(content, name), asker()
            others = [each for each in self._kept if each.path != path and Path(each.path).exists()]
            kept = _Kept(path, len(content), Asker(address=who.address), self.clock())
            self._kept = [kept, *others]
            while sum(each.size for each in self._kept) > self.most and len(self._kept) > 1:
                self._drop(in_turn(self._kept)[-1])
        return path

    def sweep(self) -> None:
        """Have those go whose time has come."""
        with self._lock:
            for kept in tuple(self._kept):
                if self.clock() > kept.since + self.seconds:
                    self._drop(kept)

    def _drop(self, kept: _Kept) -> None:
        self._kept.remove(kept)
        with contextlib.suppress(OSError):
            Path(kept.path).unlink()
