"""How an edit is shown: each function returns what it changes, by component."""

import gradio as gr

from drag.course import outstanding
from drag.edit import Edit
from drag.generate import step_of
from drag.models.loaded import LoadedModels
from drag.page.components.canvas import to_frame
from drag.page.components.canvas import to_value as to_canvas
from drag.page.controls import Controls
from drag.page.past import strip
from drag.page.wording import about
from drag.server.sessions import Session, Turn


def show(
    page: Controls, session: Session, line: str, turn: Turn, picture: bytes | None = None
) -> dict:
    """Status line, canvas, seed, truncation and the past of an edit; nothing where another has
    taken its place. picture: a JPEG, or None for the one that is shown."""
    if session.epoch != turn.epoch:
        return {}
    edit = session.edit  # what was placed since belongs to it
    frame = {} if picture is None else {"frame": frame_of(turn, picture)}
    return {
        page.status: line,
        page.canvas: gr.update(value=to_canvas(edit, session.revision), **frame),
        page.seed: "" if edit.seed is None else str(edit.seed),
        page.psi: edit.truncation_psi,
        **past(page, session),
    }


def past(page: Controls, session: Session) -> dict:
    """The row of the history, the steps of the last drag, and what can be pressed: Drag where
    anything is outstanding, undo and redo where there is more."""
    edit, trail = session.edit, session.edit.trail
    if trail is None:
        steps = gr.update(maximum=1, value=1, interactive=False)
    else:
        number = trail.numbers[step_of(edit)]
        steps = gr.update(maximum=trail.numbers[-1], value=number, interactive=True)
    ready = {} if session.dragging or session.inverting else idle(page, edit)
    return {
        **ready,
        page.history: history_row(session),
        page.steps: steps,
        page.undo: gr.update(interactive=bool(edit.history)),
        page.redo: gr.update(interactive=bool(edit.future)),
    }


def history_row(session: Session) -> dict:
    """The row of the history; the token has the browser keep a copy of the edit."""
    row = strip(session.edit, session.language, session.running)
    return row | {"token": session.token}


def choices(page: Controls, session: Session, models: LoadedModels) -> dict:
    """The model, with what is to know of it, and the settings of a session's edit."""
    model, settings = models.find(session.edit.model), session.edit.settings
    info = about(model, session.language, models.custom)
    return {page.model: gr.update(value=model.name, info=info)} | {
        component: getattr(settings, field) for field, component in page.settings.items()
    }


def idle(page: Controls, edit: Edit | None = None) -> dict:
    """Drag and Stop when nothing runs; edit: that Drag would go on with, if it is known."""
    ready = edit is None or outstanding(edit)
    return {page.go: gr.update(interactive=ready), page.stop: gr.update(interactive=False)}


def at_work(page: Controls) -> dict:
    """Drag and Stop when something waits or runs."""
    return {page.go: gr.update(interactive=False), page.stop: gr.update(interactive=True)}


def frame_of(turn: Turn, picture: bytes, **extra) -> dict:
    """What the canvas shows of a turn; picture: a JPEG."""
    edit = turn.edit
    return to_frame(
        picture,
        edit.img_size,
        turn.serial,
        sample=edit.sample,
        original=edit.untouched,
        **extra,
    )
