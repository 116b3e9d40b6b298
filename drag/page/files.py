"""Coming and going: arriving at the page, saving to files, opening them, and leaving."""

import contextlib
from collections.abc import Iterator
from dataclasses import replace

import gradio as gr
import numpy as np

from drag.canvas import read_value
from drag.component import to_url
from drag.edit import Edit
from drag.exchange import read_file
from drag.files.export import MEDIA_TYPES, file_name, making, suffix_of
from drag.files.opening import read_content
from drag.files.project import from_project
from drag.generate import check_model, from_latents
from drag.models.catalogue import Model
from drag.page.layout import formats_menu, models_menu, solvers_menu, tooltips
from drag.page.pictures import PictureHandlers, examples_row
from drag.server.language import language_of, say
from drag.server.sessions import Session
from drag.trouble import TROUBLE, in_words
from drag.wording import status


class FileHandlers(PictureHandlers):
    """Files and copies are read as if a stranger had made them."""

    def arrive(self, token: str, kept: str, placed, request: gr.Request):
        """A page was loaded; a browser that was here before gets its edit back: from the session
        of its token or, from a server that does not know that, from what the browser kept.

        placed: what was on the canvas when that page went, which no server may have heard of.
        """
        known = self.sessions.find(token)
        session = self.sessions.open(request.session_hash, token)
        session.language = language_of(request)
        key, values = self.greeting, {}
        if session.revision:
            key = session.cut_off or "welcome_back"
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

    def _offered(self, model: Model) -> bool:
        """Whether a model is in the menu, or in memory."""
        return model in self.models.menu() or model.name in self.models.loaded

    def forget(self) -> dict:
        """Have Gradio let go of the file that was saved."""
        return gr.update(saved={"serial": 0})

    def leave(self, request: gr.Request) -> None:
        """A page was closed."""
        self.sessions.leave(request.session_hash)

    def preparing(self, request: gr.Request) -> str:
        """A file is about to be made, which may have to wait for another visitor's film."""
        return status(say("preparing", language_of(request)))

    def save(self, kind, seconds, points, mark, request: gr.Request) -> Iterator[tuple]:
        """The edit as a file, for the visitor to keep; films take a while."""
        yield gr.skip(), gr.skip()  # a generator closed before this lives on
        language = language_of(request)
        try:
            session = self._session(request)
            if session.running:
                raise ValueError(session.say("end_first"))
            edit, suffix, made = session.edit, suffix_of(kind), None
            with self.models.use(edit.model) as generator:
                file = making(suffix, generator, edit, _number(seconds), bool(points), bool(mark))
                for made in self.films.run(lambda: file, lambda: not session.left):
                    if isinstance(made, float):
                        percent = f"{100 * made:.0f}"
                        yield (status(session.say("filming", percent=percent), made, quiet=True),
                               gr.skip())
            if not isinstance(made, bytes):  # the page went, or seemed to
                raise ValueError("The file was not finished: save it again.")
            name = file_name(edit, suffix)
            yield status(session.say("saved", name=name)), gr.update(saved={
                "name": name, "serial": session.next_serial(),
                "src": to_url(MEDIA_TYPES[suffix], made)})  # until `forget`
        except TROUBLE as error:
            yield in_words(error, language), gr.skip()

    def open(self, value, request: gr.Request) -> Iterator[tuple]:
        """A file was opened: a project with all that is in it, or latents for the model shown."""
        for outputs in self._guarded(lambda session: self._opened(session, value), request):
            yield *outputs, None  # and the file's content goes from the page

    def _opened(self, session: Session, value) -> Iterator[tuple]:
        name, content = read_file(value)
        found = read_content(name, content)
        if isinstance(found, Edit):
            key, model = "opened_project", self.models.find(found.model)
            if not self._offered(model):  # no file chooses what is fetched
                raise ValueError(f"This project is of the model {model.name[:80]}, which is not in "
                                 "the menu: type its name there first, then open it again.")
        else:
            key, model = "opened", self.models.find(session.edit.model)

        def made(generator) -> Edit:
            edit = found
            if isinstance(found, np.ndarray):
                now = session.edit
                edit = from_latents(generator, model.name, found, now.truncation_psi, now.settings)
            check_model(generator, edit)
            return of_model(edit, model.name)

        yield from self._turn(session, model, made, session.say(key, name=_short(name)))


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


def of_model(edit: Edit, model: str) -> Edit:
    """The edit, with all of its history, under this name of its model."""
    history, future = (tuple(replace(entry, model=model) for entry in entries)
                       for entries in (edit.history, edit.future))
    return replace(edit, model=model, history=history, future=future)


def _number(value) -> float:
    if not isinstance(value, (int, float)):
        raise ValueError("The film's length must be a number of seconds.")
    return float(value)


def _short(name: str) -> str:
    """A file's name, fit for the status line (HTML)."""
    kept = "".join(letter for letter in name if letter.isprintable() and letter not in "<>&\"'")
    return kept if len(kept) <= 40 else f"{kept[:24]}…{kept[-12:]}"
