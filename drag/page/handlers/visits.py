"""Coming and going: arriving at the page, the words it is spoken to in, and leaving."""

import contextlib
from dataclasses import replace

import gradio as gr

from drag.files.project import from_project
from drag.generate import check_model
from drag.page.components.canvas import read_value
from drag.page.controls import Controls
from drag.page.handlers.desk import Desk
from drag.page.handlers.files import of_model
from drag.page.handlers.pictures import examples_row
from drag.page.menus import formats_menu, models_menu, solvers_menu, tooltips
from drag.page.showing import choices, show
from drag.page.trouble import TROUBLE, in_words
from drag.page.wording import status, title
from drag.server.language import language_of, say
from drag.server.sessions import WELCOME, Session
from drag.server.shares import BusyError


class Visits:
    """What a browser kept is read as if a stranger had made it."""

    def __init__(self, desk: Desk, page: Controls):
        self.desk, self.page = desk, page

    def arrive(self, token: str, kept: str, placed, request: gr.Request) -> dict:
        """A page was loaded; a browser that was here before gets its edit back: from the session
        of its token or, from a server that does not know that, from what the browser kept.

        placed: what was on the canvas when that page went, which no server may have heard of.
        """
        desk, page = self.desk, self.page
        known = desk.sessions.find(token)
        welcome = known.finish() if known else WELCOME
        session = desk.sessions.open(request.session_hash, token)
        session.shown.language = language_of(request)
        words = session.say(welcome if session.revision else desk.greeting)
        if kept and not session.revision:
            words = self._restore(session, kept)
        put_back(session, placed, known.revision if known else -1)
        line, turn = status(words), session.turn()
        try:
            picture = desk.first_picture(session, turn.edit)
        except BusyError as error:  # the page is there, and so is the edit
            line, picture = in_words(error, session.language), None
        except TROUBLE as error:  # the model of that edit cannot be had any more
            line = in_words(error, session.language)
            turn = session.turn_to(desk.fresh(desk.first))
            picture = desk.first_picture(session, turn.edit)
        return {
            **show(page, session, line, turn, picture),
            **choices(page, session, desk.models),
            page.token: session.token,
            page.kept: "",
            page.placed: None,
        }  # it is here now

    def _restore(self, session: Session, kept: str) -> str:
        """Take what a browser kept, if its model is here; what to say about it."""
        desk, lost = self.desk, []
        greeting = session.say(desk.greeting)
        try:
            edit = from_project(kept.encode(), lost)
            model = desk.models.find(edit.model)
        except ValueError:  # of an older version, or not ours
            return greeting
        edit = of_model(edit, model.name)
        if model.name != desk.first and model.name not in desk.models.loaded:
            session.put_aside(edit)  # to be checked when it is turned to
            return session.say("kept_elsewhere", model=model.title)
        try:
            with desk.models.use(model) as generator:
                check_model(generator, edit)
        except TROUBLE:
            return greeting
        session.replace_edit(edit)
        words = session.say("welcome_kept")
        return f"{words} {session.say('entries_lost', number=len(lost))}" if lost else words

    def speak(self, request: gr.Request) -> dict:
        """The words that the browser cannot put into its own language: those of menus and HTML."""
        language, page = language_of(request), self.page
        return {
            page.title: title(language),
            page.note: say("note", language),
            page.format: gr.update(choices=formats_menu(language)),
            page.settings["solver"]: gr.update(choices=solvers_menu(language)),
            page.model: gr.update(choices=models_menu(self.desk.models, language)),
            page.examples: examples_row(language),
            page.tips: tooltips(language),
        }

    def leave(self, request: gr.Request) -> None:
        """A page was closed."""
        self.desk.sessions.leave(request.session_hash)


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
