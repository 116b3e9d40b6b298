"""Memory of a server, as it goes."""

import contextlib
import os
import socket
import statistics
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

EVERY_SECONDS = 0.5
FIRST_SECONDS, FIRST_SHARE = 60, 0.25  # what it is compared with: after a minute, or this share
WINDOW_SECONDS, WINDOW_SHARE = 60, 0.25  # over which the median is taken: drags come and go
LISTENS = "0A"  # in /proc/net/tcp


class Memory:
    """A context manager within which the memory of a process, with its children, is noted."""

    def __init__(self, pid: int | None):
        self.pid, self.seen = pid, []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while self.pid and not self._over.wait(EVERY_SECONDS):
            self.seen.append((time.monotonic(), resident(self.pid)))

    def compared(self, began: float, seconds: float, filled: float = 0.0) -> dict | None:
        """Bytes after the first minute, at the end and at most; None where they are not known.

        began, seconds: when the visitors came (time.monotonic), and how long they did something.
        filled: seconds until each had something of theirs kept, if that is more than a minute.
        """
        first, window = (
            min(most, share * seconds)
            for most, share in ((FIRST_SECONDS, FIRST_SHARE), (WINDOW_SECONDS, WINDOW_SHARE))
        )

        def median(since: float) -> float | None:
            seen = [nbytes for at, nbytes in self.seen if since <= at - began <= since + window]
            return statistics.median(seen) if seen else None

        first = min(max(first, filled), max(first, seconds - 2 * window))
        first, last = median(first), median(seconds - window)
        if first is None or last is None:
            return None
        return {
            "first": first,
            "last": last,
            "most": max(nbytes for _, nbytes in self.seen),
            "course": [(round(at - began), nbytes) for at, nbytes in self.seen[::20]],
        }


def resident(pid: int) -> int:
    """Bytes of memory that a process and its children have; 0 where it has ended."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        children = [
            int(child)
            for task in Path(f"/proc/{pid}/task").iterdir()
            for child in (task / "children").read_text().split()
        ]
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE") + sum(map(resident, children))


def pid_at(address: str) -> int | None:
    """The process that listens there, if it is on this machine and ours to see."""
    parts = urlsplit(address)
    with contextlib.suppress(OSError):
        if socket.gethostbyname(parts.hostname).startswith("127."):
            sockets = {f"socket:[{inode}]" for inode in _listening(parts.port or 80)}
            for link in Path("/proc").glob("[0-9]*/fd/*"):
                with contextlib.suppress(OSError):
                    if os.readlink(link) in sockets:
                        return int(link.parts[2])
    return None


def _listening(port: int):
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            _, local, _, state, *rest = line.split()
            if state == LISTENS and int(local.split(":")[1], 16) == port:
                yield rest[5]
