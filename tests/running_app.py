"""`python app.py` in a process of its own, with what it prints in a file."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import httpx

ROOT = Path(__file__).parent.parent
WAIT_SECONDS = 300  # for it to answer, on a machine however busy


@dataclass(frozen=True)
class RunningApp:
    """address: without a slash at its end.   pid: of its process.   printed: file that has all that
    it printed.   seconds: until it answered, without those in which other processes had the cores
    (where the system tells them)."""

    address: str
    pid: int
    printed: Path
    seconds: float

    @property
    def text(self) -> str:
        """What it has printed."""
        return self.printed.read_text("utf-8")


def free_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextlib.contextmanager
def running_app(folder: Path, *flags: str, **environment: str):
    """A RunningApp with these flags and environment variables, which works, and leaves its files,
    in this folder."""
    port, printed, began = free_port(), folder / "printed", time.monotonic()
    (folder / "work").mkdir()
    address = f"http://127.0.0.1:{port}"
    with (
        open(printed, "wb") as file,
        subprocess.Popen(
            [sys.executable, ROOT / "app.py", "--port", str(port), "--device", "cpu", *flags],
            cwd=folder / "work",
            stdout=file,
            stderr=subprocess.STDOUT,
            env={**os.environ, "GRADIO_TEMP_DIR": str(folder / "gradio"), **environment},
        ) as process,
    ):
        try:
            _wait(address, process, printed)
            seconds = time.monotonic() - began - _seconds_without_a_core(process.pid)
            yield RunningApp(address, process.pid, printed, seconds)
        finally:
            process.kill()


def _seconds_without_a_core(pid: int) -> float:
    """How long the main thread of a process has waited for one; 0 where the system does not say."""
    with contextlib.suppress(OSError):
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9
    return 0.0


def _wait(address: str, process: subprocess.Popen, printed: Path) -> None:
    until = time.monotonic() + WAIT_SECONDS
    while True:
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"{address}/healthz", timeout=5).status_code == 200:
                return
        assert process.poll() is None, printed.read_text()
        assert time.monotonic() < until, "the app did not answer"
        time.sleep(0.1)
