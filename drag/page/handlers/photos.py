"""A photo of the visitor's own: looked at, and framed for the model that is shown.

It is in the session's memory only; neither it nor anything of it is written or logged.
"""

import logging
from collections.abc import Iterator
from dataclasses import replace

import gradio as gr

from drag.models.catalogue import Model, is_of_faces
from drag.models.progress import ModelUnavailableError
from drag.page.components.base import to_url
from drag.page.components.photo_frame import read_content
from drag.page.controls import Controls
from drag.page.handlers.desk import Desk
from drag.page.panel import said
from drag.page.trouble import PHOTO_RUNS, TROUBLE, plain_errors
from drag.page.wording import status
from drag.photo import alignment, faces
from drag.photo.reading import Photo, read_photo
from drag.server.language import language_of, name_in, say
from drag.server.photos import PREVIEW, Portrait, photo_jpeg
from drag.server.sessions import Session
from networks.errors import UserError

log = logging.getLogger("drag")


class Photos:
    """Whatever goes wrong is said in the status line and beside the photo: on a phone the one is
    far from the other."""

    def __init__(self, desk: Desk, page: Controls):
        self.desk, self.page = desk, page

    def take_photo(self, value, request: gr.Request) -> Iterator[dict]:
        """A photo was chosen: look at it, find the face, and show it with a frame."""
        language = language_of(request)
        words = say("photo_looking", language)
        yield {
            self.page.status: status(words),
            self.page.photo: gr.update(value=None, fit={"words": words}),
        }  # the file goes
        try:
            session = self.desk.session(request)
            yield self._taken_photo(session, read_content(value))
        except TROUBLE as error:
            yield said(self.page, error, language)

    def _taken_photo(self, session: Session, content: bytes) -> dict:
        if session.inverting:
            raise UserError(PHOTO_RUNS)
        with self.desk.shares.photos.place(self.desk.asker(session)):
            photo = read_photo(content)
        portrait, shown = self._framed(session, Portrait.of(photo, session.edit), photo)
        with session.lock:
            if session.inverting:  # the former photo is used meanwhile
                raise UserError(PHOTO_RUNS)
            session.photo = None if session.left else portrait  # the page went meanwhile
        return shown

    @plain_errors
    def reframe(self, request: gr.Request) -> dict:
        """Another model may be shown now: its pictures may have another size, and no faces."""
        shown = self.reframed(self.desk.session(request))
        shown.pop(self.page.status, None)  # what the choice of the model has to say stays
        return shown

    def reframed(self, session: Session) -> dict:
        """The status line and the panel with the photo framed for the model that is shown, unless
        it is already."""
        former, edit = session.photo, session.edit
        if former is None or session.inverting or former.model == edit.model:
            return {}
        with self.desk.shares.photos.place(self.desk.asker(session)):
            photo = replace(former.read(), remarks=())  # which were made when it came
        portrait, shown = self._framed(session, former.framed_for(edit), photo)
        with session.lock:
            if session.inverting or session.left or session.photo is not former:
                return {}
            session.photo = portrait
        return shown

    def _framed(self, session: Session, portrait: Portrait, photo: Photo) -> tuple[Portrait, dict]:
        """A photo with the faces in it, and the status line and the panel that show it."""
        frames, words = self._frames(session, self.desk.models.find(portrait.model), photo)
        portrait, frames = replace(portrait, faces=frames), frames or ()
        frame = frames[0] if frames else alignment.middle(photo.size)
        words = " ".join([words, *map(session.say, photo.remarks)])
        height, width = photo.size
        shown = {
            "src": to_url("image/jpeg", photo_jpeg(photo.pixels, most=PREVIEW)),
            "width": width,
            "height": height,
            "size": list(portrait.size),
            "frame": vars(frame),
            "faces": list(map(vars, frames)),
        }
        return portrait, {
            self.page.status: status(words),
            self.page.photo: gr.update(photo=shown, fit={"words": words}),
        }

    def _frames(self, session: Session, model: Model, photo: Photo) -> tuple:
        """The frames of the faces in a photo, None where nobody looks, and what to say of them."""
        if not is_of_faces(model):
            return None, session.say("photo_by_hand", model=name_in(model.title, session.language))
        try:
            finder = faces.load_finder()
        except ModelUnavailableError as error:
            log.warning("faces cannot be found: %s", error)
            return None, session.say("photo_no_finder")
        found = self.desk.gallery.make(lambda: finder.find(photo.pixels))
        frames = tuple(alignment.scaled(alignment.frame_of(each), photo.scale) for each in found)
        if len(frames) > 1:
            return frames, session.say("photo_found_many", number=len(frames))
        return frames, session.say("photo_found" if frames else "photo_no_face")
