"""Regions that nobody has to paint: parts of the face in the picture that is shown."""

import io
import logging
from collections.abc import Iterator

import gradio as gr
import numpy as np
from PIL import Image

from drag.masks import encode_mask
from drag.models.progress import ModelUnavailableError
from drag.page.components.base import item_of
from drag.page.components.canvas import to_region
from drag.page.controls import Controls
from drag.page.handlers.desk import Desk
from drag.page.trouble import RUNNING, TROUBLE, in_words
from drag.page.wording import status
from drag.photo import faces
from drag.photo.face_parts import PARTS, face_part
from drag.server.language import language_of, say
from drag.server.sessions import Session
from networks.errors import UserError

CHANGED = "The picture has changed meanwhile: choose the part of the face again."
log = logging.getLogger("drag")


class Regions:
    """The canvas takes what is found for painted: the edit changes when it says so, not before."""

    def __init__(self, desk: Desk, page: Controls):
        self.desk, self.page = desk, page

    def face(self, event: gr.EventData, request: gr.Request) -> Iterator[dict]:
        """A part of the face was chosen: find it, and have the canvas make it the region."""
        yield {}  # a generator closed before this lives on
        language, part = language_of(request), item_of(event)
        try:
            session = self.desk.session(request)
            if session.running:
                raise UserError(RUNNING)
            if part in PARTS:
                yield {self.page.status: status(say("photo_looking", language))}
                yield self._found(session, part)
        except TROUBLE as error:
            yield {self.page.status: in_words(error, language)}

    def _found(self, session: Session, part: str) -> dict:
        turn = session.turn()
        picture = self.desk.picture(session, turn)
        if picture is None:  # another has taken its place already
            raise UserError(CHANGED)
        many, mask = self._look(part, picture)
        with session.lock:
            if session.running:
                raise UserError(RUNNING)
            if not session.edit.same_picture(turn.edit):
                raise UserError(CHANGED)
            session.shown.offered = mask
            serial = session.next_serial()  # frames that change the picture have higher ones
        if mask is None:
            raise UserError("No face was found in this picture: paint the region by hand.")
        key, name = "region_of" if many == 1 else "region_of_many", session.say(f"part_{part}")
        return {
            self.page.status: status(session.say(key, part=name, number=many)),
            self.page.canvas: gr.update(region=to_region(mask, serial)),
        }

    def _look(self, part: str, picture: bytes) -> tuple[int, bytes | None]:
        """How many faces there are in a picture, a JPEG, and this part of the largest one, a PNG;
        None where there is none that could be a region."""
        try:
            finder = faces.load_finder()
        except ModelUnavailableError as error:
            log.warning("faces cannot be found: %s", error)
            raise UserError(
                "Faces cannot be looked for on this server now: paint the region by hand."
            ) from None

        def look() -> tuple[int, bytes | None]:
            pixels = np.asarray(Image.open(io.BytesIO(picture)).convert("RGB"))
            found = finder.find(pixels)
            mask = face_part(part, found[0], pixels.shape[:2]) if found else None
            some = mask is not None and mask.any()
            return len(found), encode_mask(mask, pixels.shape[:2]) if some else None

        return self.desk.gallery.make(look)
