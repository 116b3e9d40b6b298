"""What all handlers of the page share: the models, the visitors, and how an edit is shown."""

import gradio as gr
import numpy as np

from drag.edit import Edit, Settings
from drag.files.export import AT_ONCE
from drag.generate import new_edit
from drag.models.loaded import LoadedModels
from drag.page.components.canvas import read_value, to_frame
from drag.page.components.canvas import to_value as to_canvas
from drag.page.examples import smile
from drag.page.past import past
from drag.page.wording import about, status
from drag.server.engine import Engine
from drag.server.gallery import Gallery
from drag.server.language import language_of
from drag.server.line import Line, slots_for
from drag.server.sessions import Session, Turn
from drag.server.visitors import Sessions

PAST = 4  # outputs of `past`: the history, the steps of the last drag, undo, redo
SHOWN = 4 + PAST  # outputs that show an edit: status line, canvas, seed, truncation, and those


class Desk:
    """Models, pictures and the line for the device are shared by all visitors; each owns a
    Session."""

    def __init__(
        self, models: LoadedModels, first: str = "builtin", line: Line | None = None,
        engine: Engine | None = None,
    ):
        """first: name of the model that a new visitor finds; loaded now.   line: drags wait there
        for the device.   engine: works them out; this process unless given."""
        self.models, self.first, self.gallery = models, first, Gallery(models)
        self.line = line or Line(slots_for(models.device.type))
        self.engine, self.films = engine or Engine(models), Line(AT_ONCE)
        self.sessions = Sessions(self._fresh(first))
        self.greeting = "first" if first == "builtin" else "ready"

    def _fresh(self, name: str) -> Edit:
        """What a visitor finds who comes to a model for the first time."""
        model = self.models.find(name)
        with self.models.use(name) as generator:
            if name == "builtin":
                return smile(generator)
            settings = Settings(learning_rate=model.learning_rate)
            return new_edit(generator, model.name, 0, model.truncation_psi, settings)

    def _session(self, request: gr.Request) -> Session:
        session = self.sessions.get(request.session_hash)
        session.language = language_of(request)
        return session

    def _taken(self, value, request: gr.Request) -> Session:
        """The visitor's session, with what the canvas has, which may be newer."""
        session = self._session(request)
        revision = value.get("revision") if isinstance(value, dict) else None
        late = isinstance(revision, (int, float)) and revision <= session.revision
        if not late:  # else it may be of another model's picture, too
            session.take_changes(*read_value(value, session.edit.img_size))
        return session

    def _render(self, edit: Edit) -> bytes:
        """The picture of an edit, as a JPEG."""
        return self.gallery.picture(edit)

    def _picture(self, session: Session, turn: Turn) -> bytes | None:
        """The picture of a turn; None where another edit has taken its place meanwhile. One at a
        time, so that a visitor in a hurry does not have all of them made at once."""
        with session.shown.drawing:
            return self._render(turn.edit) if session.epoch == turn.epoch else None

    def _show(self, session: Session, line, turn: Turn, picture: bytes | None = None) -> tuple:
        """Status line, canvas, seed, truncation and the past of an edit, unless another has taken
        its place; picture: a JPEG, or None for the one that is shown."""
        if session.epoch != turn.epoch:
            return (gr.skip(),) * SHOWN
        edit = session.edit  # what was placed since belongs to it
        frame = {} if picture is None else {"frame": frame_of(turn, picture)}
        canvas = gr.update(value=to_canvas(edit, session.revision), **frame)
        seed = "" if edit.seed is None else str(edit.seed)
        return line, canvas, seed, edit.truncation_psi, *past(session)

    def _choices(self, session: Session) -> tuple:
        """The model, with what is to know of it, and the settings of a session's edit."""
        model, settings = self.models.find(session.edit.model), session.edit.settings
        info = about(model, session.language, self.models.custom)
        return gr.update(value=model.name, info=info), *(
            settings.solver, settings.learning_rate, settings.r1, settings.r2,
            settings.lambda_mask, settings.max_steps, settings.latent_space.upper(),
            settings.num_entries)

    def _replace(self, session: Session, change, key: str, **values) -> tuple:
        """End this visitor's drag, if one runs, and put another edit in place of theirs.

        change: the edit that follows from (generator, edit), or that same one for no change.
        key, values: what the status line says.
        """
        runs = session.running
        if runs:
            session.settle()
        model, turn = session.edit.model, None
        line = status(session.say(key, **values))
        with self.models.use(model) as generator:
            while not turn:
                edit = session.edit
                if edit.model != model:  # another was chosen while this one was loaded again
                    return (gr.skip(),) * SHOWN
                after = change(generator, edit)
                if after is edit and not runs:
                    return line, *(gr.skip(),) * (SHOWN - 1)
                session.settle()  # one that waits, too
                turn = session.replace_edit(after, edit)
        picture = None
        if runs or not edit.same_picture(after):
            picture = self._picture(session, turn)
        return self._show(session, line, turn, picture)


def frame_of(turn: Turn, picture: bytes, **extra) -> dict:
    """What the canvas shows of a turn; picture: a JPEG."""
    edit = turn.edit
    return to_frame(picture, edit.img_size, turn.serial, sample=edit.sample,
                    original=np.array_equal(edit.ws, edit.origin), **extra)


def item_of(event: gr.EventData) -> str:
    """The id of the item of a row that was pressed; empty where a program sent none."""
    data = event._data
    return str(data.get("id", "")) if isinstance(data, dict) else ""
