"""A drag as the page runs it: asked for, waited for, watched, stopped."""

import contextlib
import logging
import time
from collections.abc import Generator
from dataclasses import replace

import gradio as gr

from drag import loop
from drag.edit import Settings
from drag.files.images import jpeg
from drag.generate import at_step
from drag.loop import Step
from drag.page.handlers.desk import PAST, Desk, frame_of
from drag.page.panel import IDLE, stopped
from drag.page.past import past
from drag.page.trouble import TROUBLE, in_words, plain_errors
from drag.page.wording import how_far, how_it_ended, in_line, problem, status
from drag.server.drags import Drag
from drag.server.jobs import RUNS, Kind, Phase
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
        if session.dragging:
            session.drag.objected = time.monotonic()
            raise ValueError(session.say("running" if session.running else "waits"))
        if session.inverting:
            raise ValueError(session.say("photo_runs"))
        settings = Settings(solver, rate, r1, r2, weight, cap, str(space).lower(), entries)
        edit = there = session.edit
        if (edit.trail is not None and isinstance(step, (int, float))
                and step != edit.trail.index_of(edit.ws)):
            there = at_step(edit, int(step))
        there = replace(there, settings=settings)
        with self.models.use(edit.model) as generator:
            loop.drag(generator, there)
        self.line.check()
        if not session.arm(Drag(session, self.engine), there, edit):  # overtaken meanwhile
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
        drag = session.fetch(Kind.DRAG)
        if drag is None:
            if not session.dragging:  # refused, or stopped before this
                yield gr.skip(), gr.skip(), *IDLE, *NOTHING
            return
        with contextlib.closing(drag):
            try:
                last = yield from self._run(session, drag)
                ended = self._finish(session, drag, last)
            except ValueError as error:  # the line is full, the points went, memory is too little
                ended = self._broken_off(session, in_words(error, session.language))
            except Exception:  # an error in a step costs this visitor the rest of it, no more
                log.exception("a drag failed")
                ended = self._broken_off(session, problem(session.say("failed")))
        yield ended

    def _run(self, session: Session, drag: Drag) -> Generator[tuple, None, Step | None]:
        """What `run` yields of a drag until it has ended; its last step."""
        last, told, copied = None, 0.0, time.monotonic()
        for item in self.line.run(drag):
            if isinstance(item, Place):
                yield in_line(item, session.language), *(gr.skip(),) * (3 + PAST)
                continue
            (last, send), now, row = item, time.monotonic(), gr.skip()
            if send or now > told + TELL_SECONDS:
                told = now
                if now > copied + COPY_SECONDS:
                    copied, (row, *_) = now, past(session)
                canvas = self._step(session, last) if send else gr.skip()
                line = self._progress(session, drag, last)
                yield line, canvas, gr.skip(), gr.skip(), row, *NOTHING[1:]
        return last

    def _finish(self, session: Session, drag: Drag, last: Step | None) -> tuple:
        """What is shown of a drag that has ended."""
        turn = session.turn()
        if turn.epoch != drag.epoch:  # it never began, or what replaced the edit has its own to say
            return gr.skip(), gr.skip(), *IDLE, *NOTHING
        line = status(how_it_ended(last, drag.ways, session.language))
        return line, self._end(session, turn, last), *IDLE, *past(session)

    def _broken_off(self, session: Session, line: str) -> tuple:
        """What is shown of a drag that could not go on: what it reached."""
        try:
            canvas = self._end(session, session.turn())
        except TROUBLE:  # no memory for that either: the last step's picture stays
            canvas = gr.skip()
        return line, canvas, *IDLE, *past(session)

    def _progress(self, session: Session, drag: Drag, step: Step) -> str:
        objects = (time.monotonic() < drag.objected + OBJECT_SECONDS
                   and drag.phase is Phase.RUNNING)
        way = max(drag.ways, default=0.0)
        return problem(session.say("running")) if objects else how_far(step, way, session.language)

    def _step(self, session: Session, step: Step):
        """The canvas with a step's picture."""
        return gr.update(frame=frame_of(session.turn(), jpeg(step.picture, 88), run=session.token,
                                        settle=False, handles=session.shown.handles))

    def _end(self, session: Session, turn: Turn, step: Step | None = None):
        """The canvas with the edit's picture, which may be the last step's; points stay there."""
        edit = turn.edit
        if step and step.sharp and step.ws is edit.ws:
            picture = self.gallery.take(edit, step.picture)
        else:
            picture = self._render(edit)
        return gr.update(frame=frame_of(turn, picture, run=session.token, settle=True,
                                        handles=session.shown.handles))

    @plain_errors(outputs=4)
    def halt(self, request: gr.Request):
        """Stop was pressed: the drag, or the inversion, ends after the step it is at."""
        session = self._session(request)
        found = session.drag.stop() if session.drag else Phase.ENDED
        if found in RUNS:
            return status(session.say("stopping")), *(gr.skip(),) * 3
        if found in (Phase.ASKED, Phase.WAITING):
            return status(session.say("before_first")), *IDLE, gr.skip()
        return stopped(session) if session.awaited else (gr.skip(), *IDLE, gr.skip())

    @plain_errors(outputs=3)
    def refused(self, request: gr.Request):
        """The queue is full, or the drag could not begin for another reason."""
        session = self._session(request)
        if session.armed:
            session.drag.stop()
        return problem(session.say("refused")), *IDLE
