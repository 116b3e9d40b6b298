"""Two servers of the same page behind one address."""

import contextlib
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.browser.proxy import Proxy
from tests.running_app import RunningApp, running_app

FLAGS = "--drags", "1", "--drag-seconds", "600"  # on a busy machine 120 may be too short


class Replicas:
    """As a context manager. apps: the RunningApps.   proxy: before them."""

    def __init__(self, folder: Path):
        """folder: theirs."""
        self.folder, self.apps, self.proxy = folder, [], None
        self._started, self._stack = 0, contextlib.ExitStack()

    def __enter__(self):
        with self._stack, ThreadPoolExecutor(2) as pool:
            self.apps = list(pool.map(lambda _: self._start(), range(2)))
            self.proxy = self._stack.enter_context(Proxy([_port(app) for app in self.apps]))
            self._stack = self._stack.pop_all()
        return self

    def __exit__(self, *_):
        self._stack.close()

    def _start(self) -> RunningApp:
        self._started += 1
        folder = self.folder / f"{self._started}"
        folder.mkdir()
        return self._stack.enter_context(running_app(folder, *FLAGS))

    def kill(self, number: int) -> None:
        """End this server at once, as a machine that goes does."""
        os.kill(self.apps[number].pid, signal.SIGKILL)

    def start_again(self, number: int) -> None:
        """Have another in its place, which knows nobody."""
        self.apps[number] = self._start()
        self.proxy.servers[number] = _port(self.apps[number])


def _port(app: RunningApp) -> int:
    return int(app.address.rpartition(":")[2])
