"""Which work comes first where the cores are busy: what a visitor waits for, then drags."""

import contextlib
import os
import sys
import threading

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
