"""What the controls of the page do: one handler an event, between Gradio and the engine.

A handler's first output is the status line.
"""

from drag.page.desk import PAST, SHOWN
from drag.page.files import FileHandlers
from drag.page.history import HistoryHandlers
from drag.page.inversions import InversionHandlers
from drag.page.pictures import CHOSEN
from drag.page.running import RunHandlers

__all__ = ["CHOSEN", "PAST", "SHOWN", "Handlers"]


class Handlers(RunHandlers, HistoryHandlers, FileHandlers, InversionHandlers):
    """All of them, over the same models and visitors."""
