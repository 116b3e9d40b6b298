"""What the controls of the page do: one handler an event, between Gradio and the engine.

A handler returns what it changes, by component (see `drag.page.controls`).
"""

from drag.page.controls import Controls
from drag.page.handlers.desk import Desk
from drag.page.handlers.drags import Drags
from drag.page.handlers.files import Files
from drag.page.handlers.history import History
from drag.page.handlers.inversions import Inversions
from drag.page.handlers.photos import Photos
from drag.page.handlers.pictures import Pictures
from drag.page.handlers.visits import Visits

__all__ = ["Desk", "Handlers"]


class Handlers:
    """All of them, over one desk and one page."""

    def __init__(self, desk: Desk, page: Controls):
        self.visits = Visits(desk, page)
        self.drags = Drags(desk, page)
        self.history = History(desk, page)
        self.pictures = Pictures(desk, page)
        self.files = Files(desk, page)
        self.photos = Photos(desk, page)
        self.inversions = Inversions(desk, page, self.photos)
