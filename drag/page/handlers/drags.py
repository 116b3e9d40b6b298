"""A drag as the page runs it: asked for, waited for, watched, stopped."""

import contextlib
import logging
import time
from collections.abc import Generator, Iterator
from dataclasses import replace

import gradio as gr

from drag.edit import Settings
from drag.files.images import jpeg
from drag.generate import at_step, step_of
from drag.loop import Step, check_drag
from drag.page.controls import Controls
from drag.page.handlers.desk import Desk
from drag.page.panel import stopped
from drag.page.showing import at_work, frame_of, history_row, idle, past
from drag.page.trouble import PHOTO_RUNS, RUNNING, TROUBLE, WAITS, in_words, plain_errors
from drag.page.wording import how_far, how_it_ended, in_line, problem, status
from drag.server.drags import Drag
from drag.server.jobs import RUNS, Kind, Phase
from drag.server.language import language_of
from drag.server.line import Place
from drag.server.sessions import Session, Turn
from networks.errors import UserError

OBJECT_SECONDS = 3  # that an objection stays in the status line of a running drag
TELL_SECONDS = 0.1  # between two lines on how far a drag is: its steps may be quicker
COPY_SECONDS = 3  # between two copies of a running drag that the browser keeps
log = logging.getLogger("drag")


class Drags:
    """Drag and Stop, which ends an inversion, too."""

    def __init__(self, desk: Desk, page: Controls):
        self.desk, self.page = desk, page

    @plain_errors
    def arm(self, values: dict, request: gr.Request) -> dict:
        """Drag was pressed: check everything before the drag waits for the device.

        values: of the canvas, of the slider through the last drag, which may not have been heard of
        yet, and of the settings.
        """
        session = self.desk.session_with(values[self.page.canvas], request)
        if session.dragging:
            session.drag.objected = time.monotonic()
            raise UserError(RUNNING if session.running else WAITS)
        if session.inverting:
            raise UserError(PHOTO_RUNS)
        settings = Settings(
            **{field: values[component] for field, component in self.page.settings.items()}
        )
        edit = there = session.edit
        step = values[self.page.steps]
        if edit.trail is not None and isinstance(step, (int, float)):
            index = edit.trail.nearest(step)
            there = edit if index == step_of(edit) else at_step(edit, index)
        there = replace(there, settings=settings)
        with self.desk.models.use(edit.model):
            check_drag(there)
        self.desk.line.check()
        if not session.arm(Drag(session, self.desk.engine), there, edit):  # overtaken meanwhile
            return {}
        return {self.page.status: status(session.say("starting"), 0.0), **at_work(self.page)}

    def run(self, request: gr.Request) -> Iterator[dict]:
        """The drag, with a picture and a line of words whenever one is due."""
        yield {}  # a generator closed before this lives on
        try:
            session = self.desk.session(request)
        except UserError as error:
            yield {self.page.status: in_words(error, language_of(request)), **idle(self.page)}
            return
        drag = session.fetch(Kind.DRAG)
        if drag is None:
            if not session.dragging:  # refused, or stopped before this
                yield idle(self.page, session.edit)
            return
        with contextlib.closing(drag):
            try:
                last = yield from self._watched(session, drag)
                ended = self._ended(session, drag, last)
            except UserError as error:  # the line is full, the points went, memory is too little
                ended = self._broken_off(session, in_words(error, session.language))
            except Exception:  # an error in a step costs this visitor the rest of it, no more
                log.exception("a drag failed")
                ended = self._broken_off(session, problem(session.say("failed")))
        yield ended

    def _watched(self, session: Session, drag: Drag) -> Generator[dict, None, Step | None]:
        """What `run` yields of a drag until it has ended; its last step."""
        page, last, told, copied = self.page, None, 0.0, time.monotonic()
        for item in self.desk.line.run(drag):
            if isinstance(item, Place):
                yield {page.status: in_line(item, session.language)}
                continue
            (last, send), now = item, time.monotonic()
            send = send and self._wanted(drag)
            if send or now > told + TELL_SECONDS:
                told = now
                changed = {page.status: self._progress(session, drag, last)}
                if send:
                    changed[page.canvas] = self._step(session, drag, last)
                if now > copied + COPY_SECONDS:
                    copied, changed[page.history] = now, history_row(session)
                yield changed
        return last

    def _wanted(self, drag: Drag) -> bool:
        """Whether the picture of the step that was just fetched is still worth being sent."""
        return True

    def _ended(self, session: Session, drag: Drag, last: Step | None) -> dict:
        """What is shown of a drag that has ended."""
        page, turn = self.page, session.turn()
        if turn.epoch != drag.epoch:  # it never began, or what replaced the edit has its own to say
            return idle(page, session.edit)
        inside = drag.edit is not None and drag.edit.inside
        line = status(how_it_ended(last, drag.ways, session.language, inside))
        return {
            page.status: line,
            page.canvas: self._end(session, turn, last),
            **past(page, session),
            **idle(page, session.edit),
        }

    def _broken_off(self, session: Session, line: str) -> dict:
        """What is shown of a drag that could not go on: what it reached."""
        changed = {self.page.status: line}
        with contextlib.suppress(*TROUBLE):  # no memory for that either: the last picture stays
            changed[self.page.canvas] = self._end(session, session.turn())
        return changed | past(self.page, session) | idle(self.page, session.edit)

    def _progress(self, session: Session, drag: Drag, step: Step) -> str:
        objects = time.monotonic() < drag.objected + OBJECT_SECONDS and drag.phase is Phase.RUNNING
        way = max(drag.ways, default=0.0)
        return (
            in_words(UserError(RUNNING), session.language)
            if objects
            else how_far(step, way, session.language)
        )

    def _step(self, session: Session, drag: Drag, step: Step, **extra):
        """The canvas with a step's picture.   extra: more of its frame."""
        return gr.update(
            frame=frame_of(
                session.turn(),
                jpeg(step.picture, 88),
                run=session.token,
                settle=False,
                handles=session.shown.handles,
                **extra,
            )
        )

    def _end(self, session: Session, turn: Turn, step: Step | None = None):
        """The canvas with the edit's picture, which may be the last step's; points stay there."""
        edit = turn.edit
        if step and step.sharp and step.number:
            picture = self.desk.gallery.take(edit, step.picture)
        else:
            picture = self.desk.render(edit)
        return gr.update(
            frame=frame_of(
                turn, picture, run=session.token, settle=True, handles=session.shown.handles
            )
        )

    @plain_errors
    def halt(self, request: gr.Request) -> dict:
        """Stop was pressed: the drag, the inversion, or films, end after the step they are at."""
        session = self.desk.session(request)
        films = list(session.films)
        for film in films:
            film.stop()
        found = session.drag.stop() if session.drag else Phase.ENDED
        if found in RUNS or films:
            return {self.page.status: status(session.say("stopping"))}
        if found in (Phase.ASKED, Phase.WAITING):
            return {
                self.page.status: status(session.say("before_first")),
                **idle(self.page, session.edit),
            }
        return stopped(self.page, session) if session.awaited else idle(self.page, session.edit)

    @plain_errors
    def refused(self, request: gr.Request) -> dict:
        """The queue is full, or the drag could not begin for another reason."""
        session = self.desk.session(request)
        if session.armed:
            session.drag.stop()
        return {self.page.status: problem(session.say("refused")), **idle(self.page, session.edit)}
