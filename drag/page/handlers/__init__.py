"""What the controls of the page do: one handler an event, between Gradio and the engine.

A handler returns what it changes, by component (see `drag.page.controls`). Which event runs which,
`drag.page.wiring` says.

    desk        what all handlers share: the models, the visitors
    changes     how another edit takes the place of a visitor's
    scripts     what the page's scripts ask of the server beside events
    visits      arriving, and leaving: what ends then, `drag.server.visitors` says
    drags       Drag and Stop
    holds       drags that follow the pointer
    regions     parts of the face as regions
    history     undo, redo, the history, the steps of the last drag
    pictures    other pictures, looks, examples, models
    photos      photos: looked at, and framed
    inversions  photos: inverted
    files       saving, opening
"""

from drag.page.controls import Controls
from drag.page.handlers.desk import Desk
from drag.page.handlers.drags import Drags
from drag.page.handlers.files import Files
from drag.page.handlers.history import History
from drag.page.handlers.holds import Holds
from drag.page.handlers.inversions import Inversions
from drag.page.handlers.photos import Photos
from drag.page.handlers.pictures import Pictures
from drag.page.handlers.regions import Regions
from drag.page.handlers.visits import Visits

__all__ = ["Desk", "Handlers"]


class Handlers:
    """All of them, over one desk and one page."""

    def __init__(self, desk: Desk, page: Controls):
        self.visits = Visits(desk, page)
        self.drags = Drags(desk, page)
        self.holds = Holds(desk, page)
        self.regions = Regions(desk, page)
        self.history = History(desk, page)
        self.pictures = Pictures(desk, page)
        self.files = Files(desk, page)
        self.photos = Photos(desk, page)
        self.inversions = Inversions(desk, page, self.photos)
