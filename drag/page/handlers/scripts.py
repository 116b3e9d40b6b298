"""What the page's scripts ask of the server beside its events."""

import io

from PIL import Image

from drag.files.project import to_project
from drag.page.components.base import to_url
from drag.page.handlers.desk import Desk
from drag.page.trouble import TROUBLE
from drag.server.gallery import shrink, thumbnail
from drag.server.holds import Hold, Pointer
from drag.server.shares import asking

FAR = 1e6  # pixels, that no pointer is from a picture
POINTERS = {each.value for each in Pointer}
KEEP_BYTES = 400_000  # that a browser keeps of an edit: it, and the last few changes


class Scripts:
    """Who asks shows the token of a session; what is asked wrongly is answered by nothing."""

    def __init__(self, desk: Desk):
        self.desk = desk

    def thumbnail(self, message) -> str | None:
        """A small picture of the history, for a browser that lacks it: [token, its key]."""
        match message:
            case [str(token), str(key)]:
                session = self.desk.sessions.find(token)
                for entry in session.edit.timeline if session else ():
                    if entry.picture_key.hex() == key:
                        with asking(self.desk.asker(session)):
                            small = self._thumbnail(entry)
                        return small and to_url("image/jpeg", small)
        return None

    def _thumbnail(self, entry) -> bytes | None:
        gallery = self.desk.gallery
        found = gallery.find(entry)
        if found:
            return shrink(Image.open(io.BytesIO(found)))
        try:
            with self.desk.models.use(entry.model) as generator:
                return gallery.make(lambda: thumbnail(generator, entry))
        except TROUBLE:
            return None

    def keep(self, message) -> str | None:
        """What the browser keeps, to be shown to a server that was started anew: [token]."""
        match message:
            case [str(token)]:
                session = self.desk.sessions.find(token)
                edit = session.edit if session else None
                if edit and (edit.history or edit.future):  # else the copy there may be better
                    return to_project(edit, KEEP_BYTES).decode()
        return None

    def move(self, message) -> bool:
        """Where the pointer is that a picture follows: [the visitor's token, the page's name for
        the hold, a count of what it says of it, x, y, a name of Pointer]. Returns whether it goes
        on."""
        match message:
            case [
                str(token),
                str(name),
                int(number),
                float() | int() as x,
                float() | int() as y,
                str(word),
            ] if abs(x) < FAR and abs(y) < FAR and word in POINTERS:  # nor is it no number
                session = self.desk.sessions.find(token)
                hold = session.drag if session else None
                if isinstance(hold, Hold) and hold.name == name:
                    return hold.move(number, (x, y), Pointer(word))
        return False

    def acknowledge(self, message) -> None:
        """The browser has drawn a frame: [the visitor's token, serial]."""
        match message:
            case [str(token), int(serial)]:
                self.desk.sessions.drawn(token, serial)
