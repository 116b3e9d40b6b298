"""What the controls of the page do: one handler an event, between Gradio and the engine.

A handler's first output is the status line. Which event runs which, `drag.page.wiring` says.

    desk        what all handlers share
    visits      arriving, and leaving: what ends then, `drag.server.visitors` says
    drags       Drag and Stop
    history     undo, redo, the history, the steps of the last drag
    pictures    other pictures, looks, examples, models
    photos      photos: looked at, and framed
    inversions  photos: inverted
    files       saving, opening
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
