"""This process among others: its memory, and which of its work comes first on busy cores: what a
visitor waits for, then drags."""

import contextlib
import ctypes
import os
import sys
import threading
import time

NICENESS = 10  # of the server: what it draws for comes first on the same machine
M_ARENA_MAX, TRIM_SECONDS = -8, 10  # malloc.h; between two looks for memory to give back
PICTURES, DRAGS = 3, 9  # steps of niceness behind the rest of the server


def step_back(steps: int) -> None:
    """Have this thread, and those that PyTorch starts for it, come after the others of this process
    by so many steps of niceness. Elsewhere than on Linux, where threads have none of their own,
    nothing is done."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            thread = threading.get_native_id()
            now = os.getpriority(os.PRIO_PROCESS, thread)
            os.setpriority(os.PRIO_PROCESS, thread, min(19, now + steps))


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
