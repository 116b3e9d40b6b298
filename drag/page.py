"""What the controls of the page do: one handler an event, between Gradio and the engine."""

import functools
import logging
import math
import secrets
import time
from collections.abc import Iterator
from dataclasses import replace

import gradio as gr
import numpy as np

from drag import wording
from drag.canvas import read_value, to_frame, to_url, to_value
from drag.edit import (
    Edit,
    Settings,
    new_edit,
    parse_seed,
    parse_truncation,
    resample,
    reset_picture,
)
from drag.examples import smile
from drag.export import png
from drag.loaded import LoadedModels
from drag.loop import Step, drag
from drag.models import Model
from drag.render import render
from drag.sessions import Session, Sessions
from drag.trouble import TROUBLE, in_words, plain_errors
from drag.wording import how_far, how_it_ended, problem, status

IDLE = gr.update(interactive=True), gr.update(interactive=False)  # Drag and Stop when nothing runs
OBJECT_SECONDS = 3  # that an objection stays in the status line of a running drag
TELL_SECONDS = 0.1  # between two lines on how far a drag is: its steps may be quicker
log = logging.getLogger("drag")


class Handlers:
    """What the page's controls do. The models are shared by all visitors; each owns a Session."""

    def __init__(self, models: LoadedModels, first: str = "builtin"):
        """first: name of the model that a new visitor finds; loaded now."""
        self.models, self.first = models, first
        self.sessions = Sessions(self._fresh(first))
        self.greeting = wording.FIRST if first == "builtin" else wording.READY

    def _fresh(self, name: str) -> Edit:
        """What a visitor finds who comes to a model for the first time."""
        model = self.models.find(name)
        with self.models.use(name) as generator:
            if name == "builtin":
                return smile(generator)
            settings = Settings(learning_rate=model.learning_rate)
            return new_edit(generator, model.name, 0, model.truncation_psi, settings)

    def acknowledge(self, message) -> None:
        """The browser has drawn a frame: [the visitor's token, serial]."""
        match message:
            case [str(token), int(serial)]:
                self.sessions.drawn(token, serial)

    def _session(self, request: gr.Request) -> Session:
        return self.sessions.get(request.session_hash)

    def arrive(self, token: str, request: gr.Request):
        """A page was loaded; a browser that was here before gets its edit back."""
        session = self.sessions.open(request.session_hash, token)
        line = status(wording.WELCOME_BACK if session.revision else self.greeting)
        try:
            shown = self._show(session, line, self._render(session.edit))
        except TROUBLE as error:  # the model of that edit cannot be had any more
            session.turn_to(self._fresh(self.first))
            shown = self._show(session, in_words(error), self._render(session.edit))
        return *shown, *self._choices(session), session.token

    def leave(self, request: gr.Request) -> None:
        """A page was closed."""
        self.sessions.leave(request.session_hash)

    @plain_errors(outputs=1, line=0)
    def change(self, value, request: gr.Request):
        """Points or region were changed on the canvas."""
        session = self._session(request)
        session.take_changes(*read_value(value, session.edit.img_size))
        return gr.skip()

    @plain_errors(outputs=4, line=3)
    def resample(self, seed, psi, request: gr.Request):
        """Another picture: the present one stays in the history."""
        session = self._session(request)
        session.refused = seed
        seed, psi = parse_seed(seed), parse_truncation(psi)
        session.refused = ""
        if (seed, psi) == (session.edit.seed, session.edit.truncation_psi):
            return gr.skip(), gr.skip(), gr.skip(), gr.skip()
        change = functools.partial(resample, seed=seed, truncation_psi=psi)
        return self._replace(session, change, wording.READY)

    @plain_errors(outputs=4, line=3)
    def leave_seed(self, seed, psi, request: gr.Request):
        """The seed's box was left: as Enter there, but what Enter refused is not refused again,
        over what the button pressed next has to say."""
        if seed == self._session(request).refused:
            return gr.skip(), gr.skip(), gr.skip(), gr.skip()
        return self.resample(seed, psi, request)

    def roll(self, psi, request: gr.Request):
        """A picture nobody asked for by number."""
        return self.resample(secrets.randbelow(1_000_000), psi, request)

    @plain_errors(outputs=4, line=3)
    def undo(self, request: gr.Request):
        """Back to before the last drag, or the last other picture."""
        session = self._session(request)
        if not session.edit.history and not session.running:
            raise ValueError("There is nothing to undo.")
        return self._replace(session, lambda _, edit: edit.undo(), "Went back one change.")

    @plain_errors(outputs=4, line=3)
    def reset_points(self, request: gr.Request):
        """No points; picture and region stay."""
        session = self._session(request)
        runs = session.running
        return self._replace(session, lambda _, edit: replace(edit, points=()), wording.READY, runs)

    @plain_errors(outputs=4, line=3)
    def reset_picture(self, request: gr.Request):
        """The picture as sampled, with the points where they were on it; undo brings it back."""
        return self._replace(self._session(request), reset_picture, wording.AS_SAMPLED)

    def _replace(self, session: Session, change, text: str, picture: bool = True):
        """End this visitor's drag, if one runs, and put another edit in place of theirs.

        change: the edit that follows from (generator, edit).   picture: show its picture, too.
        """
        session.settle()
        model, taken = session.edit.model, False
        with self.models.use(model) as generator:
            while not taken:
                edit, epoch = session.present()
                if edit.model != model:  # another was chosen while this one was loaded again
                    return gr.skip(), gr.skip(), gr.skip(), gr.skip()
                taken = session.replace_edit(change(generator, edit), epoch)
        return self._show(session, status(text), self._render(session.edit) if picture else None)

    def choose(self, name, request: gr.Request) -> Iterator[tuple]:
        """Another model was chosen or typed: it is fetched while the page goes on with what it
        has, then shown with the visitor's own edit of it."""
        skip, session = gr.skip(), None
        yield (skip,) * 6  # a generator closed before this lives on
        try:
            session = self._session(request)
            yield from self._turn(session, self.models.find(name))
        except TROUBLE as error:
            back = gr.update(value=session.edit.model) if session else skip
            yield skip, skip, skip, in_words(error), back, skip

    def _turn(self, session: Session, model: Model) -> Iterator[tuple]:
        """Fetch a model and show the visitor's edit of it, unless they choose another meanwhile."""
        skip, mine = gr.skip(), object()
        session.wanted = mine
        try:
            for told in self.models.fetch(model):
                if session.wanted is not mine:
                    return
                if told:
                    yield skip, skip, skip, status(*told), skip, skip
            if session.edit.model == model.name:
                line = skip if session.running else status(wording.READY)
                yield skip, skip, skip, line, *self._choices(session)
                return
            with self.models.use(model):
                edit = session.shelf.get(model.name) or self._fresh(model.name)
                picture = self._render(edit)  # fails, if it does, before anything is changed
        except TROUBLE:
            if session.wanted is not mine:
                return
            raise
        session.settle()
        if session.turn_to(edit, mine):
            yield *self._show(session, status(wording.READY), picture), *self._choices(session)

    @plain_errors(outputs=2, line=1)
    def save(self, request: gr.Request):
        """The picture at full size, for the visitor to keep."""
        session = self._session(request)
        edit = session.edit
        picture = png(self._render(edit), edit.facts)
        return gr.update(saved={
            "name": f"draggan-seed{edit.seed}.png", "serial": session.next_serial(),
            "src": to_url("image/png", picture),
        }), gr.skip()

    @plain_errors(outputs=3, line=0)
    def arm(self, value, solver, rate, r1, r2, weight, cap, space, entries, request: gr.Request):
        """Drag was pressed: check everything before the drag waits for the device."""
        session = self._session(request)
        if session.running:
            session.objected = time.monotonic()
            raise ValueError(wording.RUNNING)
        session.take_changes(*read_value(value, session.edit.img_size))
        settings = Settings(solver, rate, r1, r2, weight, cap, space.lower(), entries)
        edit, epoch = session.present()
        with self.models.use(edit.model) as generator:
            drag(generator, replace(edit, settings=settings))
        if not session.arm(settings, epoch):  # another model was shown meanwhile
            return gr.skip(), gr.skip(), gr.skip()
        text = "Waiting for another visitor's drag to end …" if self.sessions.busy else "Starting …"
        return status(text, 0.0), gr.update(interactive=False), gr.update(interactive=True)

    def run(self, request: gr.Request):
        """The drag, with a picture and a line of words whenever one is due."""
        yield gr.skip(), gr.skip(), gr.skip(), gr.skip()  # a generator closed before this lives on
        try:
            session = self._session(request)
        except ValueError as error:
            yield gr.skip(), problem(str(error)), *IDLE
            return
        if session.running:
            return
        if not session.armed:  # refused, or stopped while it waited
            yield gr.skip(), gr.skip(), *IDLE
            return
        session.armed, session.running, session.handles = False, True, {}
        session.objected = -math.inf
        last, told = None, 0.0
        try:
            edit, epoch = session.present()
            ways = [pair.distance for pair in edit.points]
            with self.models.use(edit.model) as generator:
                for step, send in session.drag(generator, edit, epoch):
                    last = step
                    if send or time.monotonic() > told + TELL_SECONDS:
                        canvas = self._frame(session, step, settle=False) if send else gr.skip()
                        told = time.monotonic()
                        objects = told < session.objected + OBJECT_SECONDS and not session.stop
                        line = problem(wording.RUNNING) if objects else how_far(step, max(ways))
                        yield canvas, line, gr.skip(), gr.skip()
            if session.present()[1] == epoch:
                yield self._frame(session, last), status(how_it_ended(last, ways)), *IDLE
            else:  # what replaced the edit has its own to say
                yield gr.skip(), gr.skip(), *IDLE
        except ValueError as error:  # the points went while it waited
            yield gr.skip(), problem(str(error)), *IDLE
        except (RuntimeError, MemoryError):
            log.exception("a drag failed")
            yield self._frame(session), problem(wording.FAILED), *IDLE
        finally:
            session.running = False

    def _frame(self, session: Session, step: Step | None = None, settle: bool = True):
        """The canvas with a step's picture; settle: the drag has ended, points stay there."""
        if settle and not (step and step.sharp and step.ws is session.edit.ws):
            picture = self._render(session.edit)
        else:
            picture = step.picture
        return gr.update(frame=to_frame(
            picture, session.next_serial(), quality=95 if settle else 88, run=session.token,
            settle=settle, handles=session.handles))

    @plain_errors(outputs=3, line=0)
    def halt(self, request: gr.Request):
        """Stop was pressed: the drag ends after the step it is at."""
        session = self._session(request)
        waiting, session.stop, session.armed = session.armed, True, False
        if session.running:
            return status("Stopping …"), gr.skip(), gr.skip()
        return (status(how_it_ended(None)) if waiting else gr.skip()), *IDLE

    @plain_errors(outputs=3, line=0)
    def refused(self, request: gr.Request):
        """The queue is full, or the drag could not begin for another reason."""
        self._session(request).armed = False
        return problem(wording.REFUSED), *IDLE

    def _render(self, edit: Edit):
        with self.models.use(edit.model) as generator:
            return render(generator, edit.ws)

    def _show(self, session: Session, line: str, picture: np.ndarray | None):
        """Canvas, seed, truncation and status line for an edit; picture: uint8 (H, W, 3), or None
        for the one that is shown."""
        edit, frame = session.edit, {}
        if picture is not None:
            frame = {"frame": to_frame(picture, session.next_serial(), quality=95)}
        canvas = gr.update(value=to_value(edit, session.revision), **frame)
        return canvas, str(edit.seed), edit.truncation_psi, line

    def _choices(self, session: Session) -> tuple:
        """The model, with what is to know of it, and the learning rate of a session's edit."""
        model = self.models.find(session.edit.model)
        update = gr.update(value=model.name, info=wording.about(model))
        return update, session.edit.settings.learning_rate
