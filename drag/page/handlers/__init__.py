"""What the controls of the page do: one handler an event, between Gradio and the engine.

A handler's first output is the status line.
"""

from drag.page.handlers.desk import PAST, SHOWN
from drag.page.handlers.drags import RunHandlers
from drag.page.handlers.files import FileHandlers
from drag.page.handlers.history import HistoryHandlers
from drag.page.handlers.inversions import InversionHandlers
from drag.page.handlers.pictures import CHOSEN
from drag.page.handlers.visits import VisitHandlers

__all__ = ["CHOSEN", "PAST", "SHOWN", "Handlers"]


class Handlers(VisitHandlers, RunHandlers, HistoryHandlers, FileHandlers, InversionHandlers):
    """All of them, over the same models and visitors."""
