"""The lines of the log: one for each drag that has ended, no pictures, nobody's name."""

import logging
import time

from drag.edit import Edit
from drag.loop import Step

log = logging.getLogger("drag")


def log_drag(edit: Edit, step: Step | None, began: float, why: str) -> None:
    """The one line in the log of a drag that has ended: no pictures, nobody's name.

    step: its last.   began: time.monotonic().   why: it ended.
    """
    log.info("%s: %d points, %d steps, %.1f s, %s", edit.model, len(edit.points),
             step.number if step else 0, time.monotonic() - began, why)
