"""What all handlers of the page share: the models, the visitors, and how an edit is shown."""

import logging

import gradio as gr
import numpy as np

from drag.canvas import to_frame
from drag.canvas import to_value as to_canvas
from drag.edit import Edit, Settings
from drag.examples import smile
from drag.language import language_of
from drag.loaded import LoadedModels
from drag.page.past import past
from drag.pictures import new_edit
from drag.render import render
from drag.sessions import Session, Sessions
from drag.wording import about, status

PAST = 4  # outputs of `past`: the history, the steps of the last drag, undo, redo
SHOWN = 4 + PAST  # outputs that show an edit: status line, canvas, seed, truncation, and those
log = logging.getLogger("drag")


class Desk:
    """The models are shared by all visitors; each owns a Session."""

    def __init__(self, models: LoadedModels, first: str = "builtin"):
        """first: name of the model that a new visitor finds; loaded now."""
        self.models, self.first = models, first
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

    def _render(self, edit: Edit) -> np.ndarray:
        with self.models.use(edit.model) as generator:
            return render(generator, edit.ws)

    def _frame(self, session: Session, picture: np.ndarray, quality: int = 95, **extra) -> dict:
        """What the canvas shows: a picture of the session's edit."""
        edit = session.edit
        return to_frame(picture, session.next_serial(), quality=quality, sample=edit.sample,
                        original=np.array_equal(edit.ws, edit.origin), **extra)

    def _show(self, session: Session, line, picture: np.ndarray | None) -> tuple:
        """Status line, canvas, seed, truncation and the past of an edit; picture: uint8 (H, W, 3),
        or None for the one that is shown."""
        edit = session.edit
        frame = {} if picture is None else {"frame": self._frame(session, picture)}
        canvas = gr.update(value=to_canvas(edit, session.revision), **frame)
        seed = "" if edit.seed is None else str(edit.seed)
        return line, canvas, seed, edit.truncation_psi, *past(session)

    def _choices(self, session: Session) -> tuple:
        """The model, with what is to know of it, and the settings of a session's edit."""
        model, settings = self.models.find(session.edit.model), session.edit.settings
        return gr.update(value=model.name, info=about(model, session.language)), *(
            settings.solver, settings.learning_rate, settings.r1, settings.r2,
            settings.lambda_mask, settings.max_steps, settings.latent_space.upper(),
            settings.num_entries)

    def _replace(self, session: Session, change, key: str, runs: bool = False, **values) -> tuple:
        """End this visitor's drag, if one runs, and put another edit in place of theirs.

        change: the edit that follows from (generator, edit).   key, values: what the status line
        says.   runs: whether a drag ran until just now.
        """
        runs = runs or session.running
        session.settle()
        model, taken = session.edit.model, False
        with self.models.use(model) as generator:
            while not taken:
                edit, epoch = session.present()
                if edit.model != model:  # another was chosen while this one was loaded again
                    return (gr.skip(),) * SHOWN
                after = change(generator, edit)
                taken = session.replace_edit(after, epoch)
        same = not runs and np.array_equal(edit.ws, after.ws)
        picture = None if same else self._render(session.edit)
        return self._show(session, status(session.say(key, **values)), picture)
