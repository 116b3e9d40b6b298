"""Coming and going: arriving at the page, the words it is spoken to in, and leaving."""

import contextlib
from dataclasses import replace

import gradio as gr

from drag.files.project import from_project
from drag.generate import check_model
from drag.page.components.canvas import read_value
from drag.page.handlers.files import of_model
from drag.page.handlers.pictures import PictureHandlers, examples_row
from drag.page.menus import formats_menu, models_menu, solvers_menu, tooltips
from drag.page.trouble import TROUBLE, in_words
from drag.page.wording import status
from drag.server.language import language_of, say
from drag.server.sessions import WELCOME, Session


class VisitHandlers(PictureHandlers):
    """What a browser kept is read as if a stranger had made it."""

    def arrive(self, token: str, kept: str, placed, request: gr.Request):
        """A page was loaded; a browser that was here before gets its edit back: from the session
        of its token or, from a server that does not know that, from what the browser kept.

        placed: what was on the canvas when that page went, which no server may have heard of.
        """
        known = self.sessions.find(token)
        welcome = known.finish() if known else WELCOME
        session = self.sessions.open(request.session_hash, token)
        session.language = language_of(request)
        key, values = self.greeting, {}
        if session.revision:
            key = welcome
        elif kept:
            key, values = self._restore(session, kept)
        put_back(session, placed, known.revision if known else -1)
        line, turn = status(session.say(key, **values)), session.turn()
        try:
            picture = self._render(turn.edit)
        except TROUBLE as error:  # the model of that edit cannot be had any more
            line = in_words(error, session.language)
            turn = session.turn_to(self._fresh(self.first))
            picture = self._render(turn.edit)
        shown = self._show(session, line, turn, picture)
        return *shown, *self._choices(session), session.token, "", None  # which hold it already

    def _restore(self, session: Session, kept: str) -> tuple[str, dict]:
        """Take what a browser kept, if its model is here; what to say about it."""
        try:
            edit = from_project(kept.encode())
            model = self.models.find(edit.model)
        except ValueError:  # of an older version, or not ours
            return self.greeting, {}
        edit = of_model(edit, model.name)
        if model.name != self.first and model.name not in self.models.loaded:
            session.put_aside(edit)  # to be checked when it is turned to
            return "kept_elsewhere", {"model": model.title}
        try:
            with self.models.use(model) as generator:
                check_model(generator, edit)
        except TROUBLE:
            return self.greeting, {}
        session.replace_edit(edit)
        return "welcome_kept", {}

    def speak(self, request: gr.Request) -> tuple:
        """The words that the browser cannot put into its own language: those of menus and HTML."""
        language = language_of(request)
        return (say("title", language), say("note", language),
                gr.update(choices=formats_menu(language)),
                gr.update(choices=solvers_menu(language)),
                gr.update(choices=models_menu(self.models, language)), examples_row(language),
                tooltips(language))

    def leave(self, request: gr.Request) -> None:
        """A page was closed."""
        self.sessions.leave(request.session_hash)


def put_back(session: Session, placed, known: int) -> None:
    """Have what was on a canvas, if it is newer than this revision and of the picture shown.

    Handles of pairs that the edit has are its own: a drag may have moved them, and the picture.
    """
    edit = session.edit
    if not isinstance(placed, dict) or placed.get("sample") != edit.sample:
        return
    with contextlib.suppress(ValueError):
        points, mask, revision = read_value(placed, edit.img_size)
        if revision > known:
            handles = {pair.key: pair.handle for pair in edit.points}
            points = [replace(pair, handle=handles.get(pair.key, pair.handle)) for pair in points]
            session.take_changes(points, mask, max(revision, session.revision + 1))
