"""Files: saved, and opened."""

from collections.abc import Iterator
from dataclasses import replace

import gradio as gr
import numpy as np

from drag.edit import Edit
from drag.files.arrays import WITHOUT_REGIONS
from drag.files.export import FILMS, MEDIA_TYPES, file_name, making, suffix_of
from drag.files.link import Link, from_link, to_link
from drag.files.opening import read_content
from drag.generate import check_model, from_latents
from drag.models.catalogue import Model
from drag.page.components.base import to_url
from drag.page.components.exchange import LINK, read_file
from drag.page.controls import Controls
from drag.page.examples import USUAL
from drag.page.handlers.changes import Changes
from drag.page.handlers.desk import Desk
from drag.page.trouble import TROUBLE, in_words, plain_errors
from drag.page.wording import status
from drag.server.language import language_of, say, translated
from drag.server.sessions import Session
from drag.server.shares import asker
from networks.errors import Message, UserError


class Files:
    """Files and copies are read as if a stranger had made them."""

    def __init__(self, desk: Desk, page: Controls):
        self.desk, self.page, self.changes = desk, page, Changes(desk, page)

    def preparing(self, request: gr.Request) -> dict:
        """A file is about to be made, which may have to wait for another visitor's film."""
        return {self.page.status: status(say("preparing", language_of(request)))}

    def save(self, kind, seconds, size, points, mark, request: gr.Request) -> Iterator[dict]:
        """The edit as a file, for the visitor to keep; films take a while."""
        yield {}  # a generator closed before this lives on
        language, session = language_of(request), None
        try:
            session = self.desk.session(request)
            if session.running:
                raise UserError("A drag is running: wait for its end, or press Stop, then save.")
            edit, suffix, made = session.edit, suffix_of(kind), None
            with self.desk.models.use(edit.model) as generator:
                drawn = bool(points), bool(mark)
                file = making(suffix, generator, edit, _number(seconds), *drawn, size)
                if suffix in FILMS:
                    for made in self._filmed(session, file):
                        if isinstance(made, float):
                            words = session.say("filming", percent=f"{100 * made:.0f}")
                            line = {self.page.status: status(words, made, quiet=True)}
                            yield line | {self.page.stop: gr.update(interactive=True)}
                else:
                    *_, made = self.desk.gallery.make(lambda: tuple(file))
            if not isinstance(made, bytes):  # Stop was pressed; the page went, or seemed to
                raise UserError("The file was not finished: save it again.")
            name = file_name(edit, suffix)
            saved = {
                "name": name,
                "serial": session.next_serial(),
                "src": to_url(MEDIA_TYPES[suffix], made),
            }  # until `forget`
            line = session.say("saved", name=name)
            if suffix == ".npz" and edit.regions:
                line += " " + translated(Message(WITHOUT_REGIONS), language)
            told = {self.page.status: status(line), self.page.exchange: gr.update(saved=saved)}
        except TROUBLE as error:
            told = {self.page.status: in_words(error, language)}
        if session and not (session.dragging or session.inverting):
            told[self.page.stop] = gr.update(interactive=False)  # nothing is left for it to stop
        yield told

    def choose_kind(self, kind) -> dict:
        """A kind of file was chosen: only what it can have is asked for."""
        film, drawn = f".{kind}" in FILMS, kind not in ("drag", "npz")
        return {
            self.page.seconds: gr.update(visible=film),
            self.page.size: gr.update(visible=film),
            self.page.points: gr.update(visible=drawn),
            self.page.mark: gr.update(visible=drawn),
        }

    @plain_errors
    def share(self, request: gr.Request) -> dict:
        """The address that opens this face with what is placed on it; the page copies it."""
        session = self.desk.session(request)
        link = {"href": f"#{to_link(session.edit)}", "serial": session.next_serial()}
        return {
            self.page.status: status(session.say("shared")),
            self.page.exchange: gr.update(link=link),
        }

    def _filmed(self, session: Session, file: Iterator) -> Iterator:
        """What the making of a film says, for as long as its visitor hears of it."""
        with session.filming(lambda: file) as job:
            for made in self.desk.shares.films.run(job):
                asker().check()
                yield made

    def forget(self) -> dict:
        """Have Gradio let go of the file that was saved."""
        return {self.page.exchange: gr.update(saved={"serial": 0})}

    def open(self, value, request: gr.Request) -> Iterator[dict]:
        """A file was opened: a project with all that is in it, or latents for the model shown. Or a
        link was followed."""
        for told in self.changes.guarded(lambda session: self._opened(session, value), request):
            yield told | {self.page.exchange: None}  # and the file's content goes from the page

    def _opened(self, session: Session, value) -> Iterator[dict]:
        name, content = read_file(value)
        link, models, now = name == LINK, self.desk.models, session.edit
        lost: list[int] = []
        found = (
            from_link(content.decode("ascii", "replace"))
            if link
            else read_content(name, content, lost)
        )
        key, model = "opened", models.find(now.model)
        if not isinstance(found, np.ndarray):
            key, model = "opened_project", models.find(found.model)
            if not self._offered(model):  # neither file nor link chooses what is fetched
                raise UserError(
                    "This is of the model {model}, which is not in the menu: "
                    "type its name there first, then open it again.",
                    model=model.name[:80],
                )
        if isinstance(found, Link):
            key = "opened_link" if found.points else "ready"

        def made(generator) -> Edit:
            edit = found
            if isinstance(found, Link):
                usual = replace(USUAL, learning_rate=model.learning_rate)
                edit = found.load(generator, model.truncation_psi, usual)
            elif isinstance(found, np.ndarray):
                edit = from_latents(generator, model.name, found, now.truncation_psi, now.settings)
            check_model(generator, edit)
            return of_model(edit, model.name)

        text = session.say(key, name=_short(name))
        if lost:
            text += " " + session.say("entries_lost", number=len(lost))
        yield from self.changes.turn_to(session, model, made, text)

    def _offered(self, model: Model) -> bool:
        """Whether a model is in the menu, or in memory."""
        models = self.desk.models
        return model in models.menu() or model.name in models.loaded


def of_model(edit: Edit, model: str) -> Edit:
    """The edit, with all of its history, under this name of its model."""
    history, future = (
        tuple(replace(entry, model=model) for entry in entries)
        for entries in (edit.history, edit.future)
    )
    return replace(edit, model=model, history=history, future=future)


def _number(value) -> float:
    if not isinstance(value, (int, float)):
        raise UserError("The film's length must be a number of seconds.")
    return float(value)


def _short(name: str) -> str:
    """A file's name, fit for the status line (HTML)."""
    kept = "".join(letter for letter in name if letter.isprintable() and letter not in "<>&\"'")
    return kept if len(kept) <= 40 else f"{kept[:24]}…{kept[-12:]}"
