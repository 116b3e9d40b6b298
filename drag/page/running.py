"""A drag as the page runs it: asked for, waited for, watched, stopped."""

import logging
import math
import time
from dataclasses import replace

import gradio as gr

from drag.edit import Settings
from drag.language import language_of
from drag.loop import Step, drag
from drag.page.desk import PAST, Desk, frame_of
from drag.page.past import past
from drag.pictures import at_step
from drag.sessions import Session, Turn
from drag.trouble import plain_errors
from drag.wording import how_far, how_it_ended, problem, status

IDLE = gr.update(interactive=True), gr.update(interactive=False)  # Drag and Stop when nothing runs
NOTHING = (gr.skip(),) * PAST
OBJECT_SECONDS = 3  # that an objection stays in the status line of a running drag
TELL_SECONDS = 0.1  # between two lines on how far a drag is: its steps may be quicker
log = logging.getLogger("drag")


class RunHandlers(Desk):
    """Drag and Stop."""

    @plain_errors(outputs=3)
    def arm(self, value, step, solver, rate, r1, r2, weight, cap, space, entries,
            request: gr.Request):
        """Drag was pressed: check everything before the drag waits for the device.

        step: where the slider through the last drag stands, which may not have been heard of yet.
        """
        session = self._taken(value, request)
        if session.running:
            session.objected = time.monotonic()
            raise ValueError(session.say("running"))
        settings = Settings(solver, rate, r1, r2, weight, cap, str(space).lower(), entries)
        edit = there = session.edit
        if (edit.trail is not None and isinstance(step, (int, float))
                and step != edit.trail.index_of(edit.ws)):
            there = at_step(edit, int(step))
        there = replace(there, settings=settings)
        with self.models.use(edit.model) as generator:
            drag(generator, there)
        if not session.arm(there, edit):  # another picture is shown meanwhile
            return gr.skip(), gr.skip(), gr.skip()
        text = session.say("waiting" if self.models.dragging else "starting")
        return status(text, 0.0), gr.update(interactive=False), gr.update(interactive=True)

    def run(self, request: gr.Request):
        """The drag, with a picture and a line of words whenever one is due."""
        yield (gr.skip(),) * (4 + PAST)  # a generator closed before this lives on
        try:
            session = self._session(request)
        except ValueError as error:
            yield problem(str(error), language_of(request)), gr.skip(), *IDLE, *NOTHING
            return
        if session.running:
            return
        if not session.armed:  # refused, or stopped while it waited
            yield gr.skip(), gr.skip(), *IDLE, *NOTHING
            return
        session.armed, session.running, session.handles = False, True, {}
        session.objected = -math.inf
        last, told = None, 0.0
        try:
            edit, epoch = session.present()
            ways = [pair.distance for pair in edit.points]
            with self.models.use(edit.model) as generator, self.models.drag():
                for step, send in session.drag(generator, edit, epoch):
                    last = step
                    if send or time.monotonic() > told + TELL_SECONDS:
                        told = time.monotonic()
                        canvas = self._step(session, step) if send else gr.skip()
                        yield (self._progress(session, step, max(ways)), canvas, gr.skip(),
                               gr.skip(), *NOTHING)
            turn = session.turn()
            if turn.epoch == epoch:
                line = status(how_it_ended(last, ways, session.language))
                yield line, self._end(session, turn, last), *IDLE, *past(session)
            else:  # what replaced the edit has its own to say
                yield gr.skip(), gr.skip(), *IDLE, *NOTHING
        except ValueError as error:  # the points went while it waited
            yield problem(str(error), session.language), gr.skip(), *IDLE, *NOTHING
        except (RuntimeError, MemoryError):
            log.exception("a drag failed")
            yield (problem(session.say("failed")), self._end(session, session.turn()), *IDLE,
                   *past(session))
        finally:
            session.running = False

    def _progress(self, session: Session, step: Step, way: float) -> str:
        objects = time.monotonic() < session.objected + OBJECT_SECONDS and not session.stop
        return problem(session.say("running")) if objects else how_far(step, way, session.language)

    def _step(self, session: Session, step: Step):
        """The canvas with a step's picture."""
        return gr.update(frame=frame_of(session.turn(), step.picture, 88, run=session.token,
                                        settle=False, handles=session.handles))

    def _end(self, session: Session, turn: Turn, step: Step | None = None):
        """The canvas with the edit's picture, which may be the last step's; points stay there."""
        full = step and step.sharp and step.ws is turn.edit.ws
        picture = step.picture if full else self._render(turn.edit)
        return gr.update(frame=frame_of(turn, picture, run=session.token, settle=True,
                                        handles=session.handles))

    @plain_errors(outputs=3)
    def halt(self, request: gr.Request):
        """Stop was pressed: the drag ends after the step it is at."""
        session = self._session(request)
        waiting, session.stop, session.armed = session.armed, True, False
        if session.running:
            return status(session.say("stopping")), gr.skip(), gr.skip()
        return (status(session.say("before_first")) if waiting else gr.skip()), *IDLE

    @plain_errors(outputs=3)
    def refused(self, request: gr.Request):
        """The queue is full, or the drag could not begin for another reason."""
        session = self._session(request)
        session.armed = False
        return problem(session.say("refused")), *IDLE
