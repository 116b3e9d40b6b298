"""Going back and forth: undo, redo, the history, the steps of the last drag, the original."""

import io
from dataclasses import replace

import gradio as gr
from PIL import Image

from drag.files.project import to_project
from drag.generate import at_step, reset_picture
from drag.page.components.base import to_url
from drag.page.handlers.desk import PAST, SHOWN, Desk, item_of
from drag.page.past import entry_of, past
from drag.page.trouble import TROUBLE, plain_errors
from drag.page.wording import status
from drag.server.gallery import shrink, thumbnail
from networks.errors import UserError

KEEP_BYTES = 400_000  # that a browser keeps of an edit: it, and the last few changes


class HistoryHandlers(Desk):
    """What can be undone is entries of the edit's timeline: values, not pictures."""

    @plain_errors(outputs=SHOWN)
    def undo(self, value, request: gr.Request):
        """Back to before the last change."""
        session = self._taken(value, request)
        if not session.edit.history and not session.running:
            raise UserError("There is nothing to undo.")
        return self._replace(session, lambda _, edit: edit.undo(), "went_back")

    @plain_errors(outputs=SHOWN)
    def redo(self, value, request: gr.Request):
        """The change that was undone last."""
        session = self._taken(value, request)
        if not session.edit.future:
            raise UserError("There is nothing to redo.")
        return self._replace(session, lambda _, edit: edit.redo(), "went_forth")

    @plain_errors(outputs=SHOWN)
    def jump(self, event: gr.EventData, request: gr.Request):
        """A picture of the history was pressed."""
        session, item = self._session(request), item_of(event)
        return self._replace(session, lambda _, edit: edit.jump(entry_of(edit, item)), "jumped")

    @plain_errors(outputs=SHOWN)
    def scrub(self, index, request: gr.Request):
        """The slider through the steps of the last drag was moved."""
        session = self._session(request)
        trail = session.edit.trail
        if (session.running or session.armed  # Drag was pressed meanwhile, and knows the step
                or trail is None or not isinstance(index, (int, float))):
            return (gr.skip(),) * SHOWN
        index = int(index)
        edit = at_step(session.edit, index)
        left = max(pair.distance for pair in edit.points) if edit.points else 0
        key = "scrubbed" if trail.numbers[index] else "scrubbed_start"
        outputs = list(self._replace(session, lambda _, edit: at_step(edit, index), key,
                                     number=trail.numbers[index], left=f"{left:.0f}"))
        outputs[SHOWN - PAST + 1] = gr.skip()  # the slider is in a hand
        return tuple(outputs)

    @plain_errors(outputs=SHOWN)
    def reset_points(self, request: gr.Request):
        """No points; picture and region stay."""
        session = self._session(request)
        if not session.edit.points:
            return status(session.say("ready")), *(gr.skip(),) * (SHOWN - 1)
        return self._replace(
            session, lambda _, edit: replace(edit.remember("points"), points=()), "ready")

    @plain_errors(outputs=SHOWN)
    def reset_picture(self, request: gr.Request):
        """The picture as sampled, with the points where they were on it."""
        return self._replace(self._session(request), lambda _, edit: reset_picture(edit),
                             "as_sampled")

    @plain_errors(outputs=2)
    def compare(self, request: gr.Request):
        """The canvas asks for the picture as it was sampled."""
        edit = self._session(request).edit
        picture = self.gallery.picture(replace(edit, ws=edit.origin))
        return gr.skip(), gr.update(before={
            "src": to_url("image/jpeg", picture), "sample": edit.sample})

    @plain_errors(outputs=SHOWN - 3)
    def change(self, value, request: gr.Request):
        """Points or region were changed on the canvas."""
        session = self._taken(value, request)
        return gr.skip(), *past(session)

    def thumbnail(self, message) -> str | None:
        """A small picture of the history, for a browser that lacks it: [token, its looks]."""
        match message:
            case [str(token), str(looks)]:
                session = self.sessions.find(token)
                for entry in session.edit.timeline if session else ():
                    if entry.looks == looks:
                        small = self._thumbnail(entry)
                        return small and to_url("image/jpeg", small)
        return None

    def _thumbnail(self, entry) -> bytes | None:
        found = self.gallery.find(entry)
        if found:
            return shrink(Image.open(io.BytesIO(found)), entry.mask)
        try:
            with self.models.use(entry.model) as generator:
                return self.gallery.make(lambda: thumbnail(generator, entry, entry.mask))
        except TROUBLE:
            return None

    def keep(self, message) -> str | None:
        """What the browser keeps, to be shown to a server that was started anew: [token]."""
        match message:
            case [str(token)]:
                session = self.sessions.find(token)
                edit = session.edit if session else None
                if edit and (edit.history or edit.future):  # else the copy there may be better
                    return to_project(edit, KEEP_BYTES).decode()
        return None

    def acknowledge(self, message) -> None:
        """The browser has drawn a frame: [the visitor's token, serial]."""
        match message:
            case [str(token), int(serial)]:
                self.sessions.drawn(token, serial)
