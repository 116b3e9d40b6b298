"""Files: saved, and opened."""

from collections.abc import Iterator
from dataclasses import replace

import gradio as gr
import numpy as np

from drag.edit import Edit
from drag.files.arrays import WITHOUT_REGIONS
from drag.files.export import FILMS, MEDIA_TYPES, file_name, making, suffix_of
from drag.files.opening import read_content
from drag.generate import check_model, from_latents
from drag.models.catalogue import Model
from drag.page.components.base import to_url
from drag.page.components.exchange import read_file
from drag.page.controls import Controls
from drag.page.handlers.changes import Changes
from drag.page.handlers.desk import Desk
from drag.page.trouble import TROUBLE, in_words
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

    def save(self, kind, seconds, points, mark, request: gr.Request) -> Iterator[dict]:
        """The edit as a file, for the visitor to keep; films take a while."""
        yield {}  # a generator closed before this lives on
        language = language_of(request)
        try:
            session = self.desk.session(request)
            if session.running:
                raise UserError("A drag is running: wait for its end, or press Stop, then save.")
            edit, suffix, made = session.edit, suffix_of(kind), None
            with self.desk.models.use(edit.model) as generator:
                file = making(suffix, generator, edit, _number(seconds), bool(points), bool(mark))
                if suffix in FILMS:
                    for made in self._filmed(session, file):
                        if isinstance(made, float):
                            words = session.say("filming", percent=f"{100 * made:.0f}")
                            yield {self.page.status: status(words, made, quiet=True)}
                else:
                    *_, made = self.desk.gallery.make(lambda: tuple(file))
            if not isinstance(made, bytes):  # the page went, or seemed to
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
            yield {
                self.page.status: status(line),
                self.page.exchange: gr.update(saved=saved),
            }
        except TROUBLE as error:
            yield {self.page.status: in_words(error, language)}

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
        """A file was opened: a project with all that is in it, or latents for the model shown."""
        for told in self.changes.guarded(lambda session: self._opened(session, value), request):
            yield told | {self.page.exchange: None}  # and the file's content goes from the page

    def _opened(self, session: Session, value) -> Iterator[dict]:
        name, content = read_file(value)
        found, models = read_content(name, content), self.desk.models
        if isinstance(found, Edit):
            key, model = "opened_project", models.find(found.model)
            if not self._offered(model):  # no file chooses what is fetched
                raise UserError(
                    "This project is of the model {model}, which is not in the menu: "
                    "type its name there first, then open it again.",
                    model=model.name[:80],
                )
        else:
            key, model = "opened", models.find(session.edit.model)

        def made(generator) -> Edit:
            edit = found
            if isinstance(found, np.ndarray):
                now = session.edit
                edit = from_latents(generator, model.name, found, now.truncation_psi, now.settings)
            check_model(generator, edit)
            return of_model(edit, model.name)

        text = session.say(key, name=_short(name))
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
