"""What all handlers of the page share: the models, the visitors, and their pictures."""

from dataclasses import replace

import gradio as gr

from drag.edit import Edit
from drag.files.export import AT_ONCE
from drag.generate import new_edit
from drag.models.loaded import LoadedModels
from drag.page.components.canvas import read_value
from drag.page.examples import USUAL, smile
from drag.server.engine import Engine
from drag.server.gallery import Gallery
from drag.server.language import language_of
from drag.server.line import FILMS, Line, slots_for
from drag.server.sessions import Session, Turn
from drag.server.shares import Asker, GoneError, Shares, asker, asking
from drag.server.visitors import Sessions


class Desk:
    """Models, pictures and the line for the device are shared by all visitors; each owns a
    Session. What takes longer than a moment has a share, or a line, of its own."""

    def __init__(
        self,
        models: LoadedModels,
        first: str = "builtin",
        line: Line | None = None,
        engine: Engine | None = None,
    ):
        """first: name of the model that a new visitor finds; loaded now.   line: drags wait there
        for the device.   engine: works them out; this process unless given."""
        self.models, self.first, self.engine = models, first, engine or Engine(models)
        self.line = line or Line(slots_for(models.device.type))
        self.shares = Shares(self.line, Line(AT_ONCE, FILMS))
        self.gallery = Gallery(models, self.shares.pictures)
        self.first_edit = self.fresh(first)  # that a new visitor finds
        self.sessions, self.gallery.lasting = (
            Sessions(self.first_edit),
            self.first_edit.picture_key,
        )
        # Of the last drag that followed a pointer, by model: seconds a step, and when that was.
        self.paces: dict[str, tuple[float, float]] = {}
        self.greeting = "first" if first == "builtin" else "ready"  # a key of assets/words.json

    def prepare(self) -> None:
        """Make what the first visitor would wait for: the picture that all find, and a drag."""
        self.gallery.picture(self.first_edit, self.shares.arrivals)
        if self.engine.follows:
            self.engine.warm(self.first)

    def fresh(self, name: str) -> Edit:
        """What a visitor finds who comes to a model for the first time."""
        model = self.models.find(name)
        with self.models.use(name) as generator:
            if name == "builtin":
                return smile(generator)
            settings = replace(USUAL, learning_rate=model.learning_rate)
            return new_edit(generator, model.name, 0, model.truncation_psi, settings)

    def session(self, request: gr.Request) -> Session:
        """The visitor's session. Raises ForgottenError, in words fit for a visitor."""
        session = self.sessions.get(request.session_hash)
        session.shown.language = language_of(request)
        return session

    def session_with(self, value, request: gr.Request) -> Session:
        """The visitor's session, with what the canvas has, which may be newer. Raises ValueError
        in words fit for a visitor."""
        session = self.session(request)
        revision = value.get("revision") if isinstance(value, dict) else None
        late = isinstance(revision, (int, float)) and revision <= session.revision
        if not late:  # else it may be of another model's picture, too
            session.take_changes(*read_value(value, session.edit.img_size))
        return session

    def asker(self, session: Session) -> Asker:
        """Who asks for what this thread does, where it is this visitor."""
        return replace(session.asker, gone=asker().gone)

    def render(self, edit: Edit) -> bytes:
        """The picture of an edit, as a JPEG."""
        return self.gallery.picture(edit)

    def first_picture(self, session: Session, edit: Edit) -> bytes:
        """The picture of an edit for a visitor who has just come, and waits for no other's."""
        with asking(self.asker(session)):
            return self.gallery.picture(edit, self.shares.arrivals)

    def picture(self, session: Session, turn: Turn) -> bytes | None:
        """The picture of a turn; None where another edit has taken its place meanwhile, so that of
        a visitor in a hurry only those are made that are still wanted."""
        who = self.asker(session).unless(lambda: session.epoch != turn.epoch)
        try:
            with asking(who):
                return self.render(turn.edit)
        except GoneError:
            if session.epoch != turn.epoch:
                return None
            raise
