"""This process among others: its memory, and which of its work comes first on busy cores: what a
visitor waits for, then drags."""

import contextlib
import ctypes
import functools
import logging
import os
import sys
import threading
import time
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import torch

NICENESS = 10  # of the server: what it draws for comes first on the same machine
M_ARENA_MAX, TRIM_SECONDS = -8, 10  # malloc.h; between two looks for memory to give back
PICTURES, DRAGS = 3, 9  # steps of niceness behind the rest of the server
log = logging.getLogger("drag")
T = TypeVar("T")


def step_back(steps: int) -> None:
    """Have this thread, and those that PyTorch starts for it, come after the others of this process
    by so many steps of niceness. Elsewhere than on Linux, where threads have none of their own,
    nothing is done."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            thread = threading.get_native_id()
            now = os.getpriority(os.PRIO_PROCESS, thread)
            os.setpriority(os.PRIO_PROCESS, thread, min(19, now + steps))


def apart(work: Callable[[], T], name: str = "apart") -> T:
    """What work() returns or raises, done by a thread that ends with it.

    PyTorch keeps threads for each thread that has used it. While those of more than one are there,
    they are put to sleep after each operation (so does libgomp), which takes half as long again
    from a drag that runs alone.
    """
    with ThreadPoolExecutor(1, name) as once:
        return once.submit(work).result()


@functools.cache
def _cores() -> int:
    """Threads that PyTorch works with where nobody says otherwise."""
    return torch.get_num_threads()


def use_cores(count: int | None = None) -> None:
    """Have PyTorch work with so many threads in this one, all that it may have unless given. Where
    a core is busy with something else, those that share an operation wait for each other, and
    several that do not are quicker. (What MKL does goes by the last call of any thread.)"""
    torch.set_num_threads(min(count or _cores(), _cores()))


def in_background(work: Callable[[], object]) -> None:
    """Have work() done by a thread of its own, after all that visitors wait for."""

    def later() -> None:
        step_back(DRAGS)
        try:
            work()
        except Exception:  # nobody waits for it
            log.exception("what was done in the background failed")

    threading.Thread(target=later, daemon=True, name="background").start()


def give_way() -> None:
    """Have this process come after others: else a browser on the same cores may stand still while a
    drag runs. Elsewhere than on Unix nothing is done."""
    if hasattr(os, "nice"):
        os.nice(NICENESS)


def keep_memory_low() -> None:
    """Have glibc keep one pool of freed memory, not one for each of the threads that pictures are
    made in, and give back what lies free in it: it grew by 60 MB a minute where many visitors came.
    Elsewhere nothing is done."""
    with contextlib.suppress(OSError, TypeError, AttributeError):
        libc = ctypes.CDLL(None)
        libc.mallopt(M_ARENA_MAX, 1)

        def give_back(trim=libc.malloc_trim):
            while True:
                time.sleep(TRIM_SECONDS)
                trim(0)

        threading.Thread(target=give_back, daemon=True, name="trim").start()


def sweep_often(kept: Any, seconds: float) -> None:
    """Have kept.sweep() called every so many seconds for as long as somebody else needs it."""
    reference = weakref.ref(kept)

    def sweep() -> None:
        while (there := reference()) is not None:
            there.sweep()
            del there
            time.sleep(seconds)

    threading.Thread(target=sweep, daemon=True, name="sweep").start()
