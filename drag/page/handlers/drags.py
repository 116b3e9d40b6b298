"""A drag as the page runs it: asked for, waited for, watched, stopped."""

import logging
import time
from collections.abc import Iterator
from dataclasses import replace

import gradio as gr

from drag.edit import Settings
from drag.files.images import jpeg
from drag.generate import at_step
from drag.loop import Step, check_drag
from drag.page.handlers.desk import PAST, Desk, frame_of
from drag.page.panel import IDLE, stopped
from drag.page.past import past
from drag.page.trouble import TROUBLE, in_words, plain_errors
from drag.page.wording import how_far, how_it_ended, in_line, problem, status
from drag.server.language import language_of
from drag.server.line import Place
from drag.server.sessions import Session, Turn

NOTHING = (gr.skip(),) * PAST
OBJECT_SECONDS = 3  # that an objection stays in the status line of a running drag
TELL_SECONDS = 0.1  # between two lines on how far a drag is: its steps may be quicker
COPY_SECONDS = 3  # between two copies of a running drag that the browser keeps
log = logging.getLogger("drag")


class RunHandlers(Desk):
    """Drag and Stop, which ends an inversion, too."""

    @plain_errors(outputs=3)
    def arm(self, value, step, solver, rate, r1, r2, weight, cap, space, entries,
            request: gr.Request):
        """Drag was pressed: check everything before the drag waits for the device.

        step: where the slider through the last drag stands, which may not have been heard of yet.
        """
        session = self._taken(value, request)
        if session.running or session.in_line:
            session.objected = time.monotonic()
            raise ValueError(session.say("running" if session.running else "waits"))
        if session.inverting:
            raise ValueError(session.say("photo_runs"))
        settings = Settings(solver, rate, r1, r2, weight, cap, str(space).lower(), entries)
        edit = there = session.edit
        if (edit.trail is not None and isinstance(step, (int, float))
                and step != edit.trail.index_of(edit.ws)):
            there = at_step(edit, int(step))
        there = replace(there, settings=settings)
        with self.models.use(edit.model):
            check_drag(there)
        self.line.check()
        if not session.arm(there, edit):  # another picture is shown meanwhile
            return gr.skip(), gr.skip(), gr.skip()
        return (status(session.say("starting"), 0.0), gr.update(interactive=False),
                gr.update(interactive=True))

    def run(self, request: gr.Request):
        """The drag, with a picture and a line of words whenever one is due."""
        yield (gr.skip(),) * (4 + PAST)  # a generator closed before this lives on
        try:
            session = self._session(request)
        except ValueError as error:
            yield in_words(error, language_of(request)), gr.skip(), *IDLE, *NOTHING
            return
        if not session.enter_line():
            if not session.dragging:  # refused, or stopped before this
                yield gr.skip(), gr.skip(), *IDLE, *NOTHING
            return
        try:
            yield from self._run(session)
        except ValueError as error:  # the line is full, the points went, memory is too little
            yield self._broken_off(session, in_words(error, session.language))
        except Exception:  # an error in a step costs this visitor the rest of the drag, no more
            log.exception("a drag failed")
            yield self._broken_off(session, problem(session.say("failed")))
        finally:
            session.leave_line()

    def _run(self, session: Session) -> Iterator[tuple]:
        """What `run` yields of a drag that is to be; its thread is the line's."""
        begun, last, told, copied = [], None, 0.0, time.monotonic()

        def steps():
            present = session.begin()
            if present:
                begun.append(present)
                yield from session.drag(self._steps, *present)

        for item in self.line.run(steps, session.wants_drag):
            if isinstance(item, Place):
                yield in_line(item, session.language), *(gr.skip(),) * (3 + PAST)
                continue
            (last, send), now, row = item, time.monotonic(), gr.skip()
            if send or now > told + TELL_SECONDS:
                told = now
                if now > copied + COPY_SECONDS:
                    copied, (row, *_) = now, past(session)
                canvas = self._step(session, last) if send else gr.skip()
                line = self._progress(session, last, _way(begun[0][0]))
                yield line, canvas, gr.skip(), gr.skip(), row, *NOTHING[1:]
        turn = session.turn()
        if not begun or turn.epoch != begun[0][1]:  # what replaced the edit has its own to say
            yield gr.skip(), gr.skip(), *IDLE, *NOTHING
            return
        ways = [pair.distance for pair in begun[0][0].points]
        line = status(how_it_ended(last, ways, session.language))
        yield line, self._end(session, turn, last), *IDLE, *past(session)

    def _broken_off(self, session: Session, line: str) -> tuple:
        """What is shown of a drag that could not go on: what it reached."""
        try:
            canvas = self._end(session, session.turn())
        except TROUBLE:  # no memory for that either: the last step's picture stays
            canvas = gr.skip()
        return line, canvas, *IDLE, *past(session)

    def _steps(self, edit) -> Iterator[Step]:
        return self.engine.steps(edit, self.line.seconds)

    def _progress(self, session: Session, step: Step, way: float) -> str:
        objects = time.monotonic() < session.objected + OBJECT_SECONDS and not session.stop
        return problem(session.say("running")) if objects else how_far(step, way, session.language)

    def _step(self, session: Session, step: Step):
        """The canvas with a step's picture."""
        return gr.update(frame=frame_of(session.turn(), jpeg(step.picture, 88), run=session.token,
                                        settle=False, handles=session.handles))

    def _end(self, session: Session, turn: Turn, step: Step | None = None):
        """The canvas with the edit's picture, which may be the last step's; points stay there."""
        edit = turn.edit
        if step and step.sharp and step.ws is edit.ws:
            picture = self.gallery.take(edit, step.picture)
        else:
            picture = self._render(edit)
        return gr.update(frame=frame_of(turn, picture, run=session.token, settle=True,
                                        handles=session.handles))

    @plain_errors(outputs=4)
    def halt(self, request: gr.Request):
        """Stop was pressed: the drag, or the inversion, ends after the step it is at."""
        session = self._session(request)
        waiting, session.stop, session.armed = session.armed, True, False
        if session.inversion and not (waiting or session.dragging):
            return stopped(session)
        if session.running:
            return status(session.say("stopping")), *(gr.skip(),) * 3
        return (status(session.say("before_first")) if waiting else gr.skip()), *IDLE, gr.skip()

    @plain_errors(outputs=3)
    def refused(self, request: gr.Request):
        """The queue is full, or the drag could not begin for another reason."""
        session = self._session(request)
        session.armed = False
        return problem(session.say("refused")), *IDLE


def _way(edit) -> float:
    """Pixels that the drag of this edit has to go."""
    return max((pair.distance for pair in edit.points), default=0.0)
