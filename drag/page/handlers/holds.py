"""Drags that follow the pointer: begun by a press on the picture, told where it goes, let go."""

import contextlib
import io
import logging
import time
from collections.abc import Iterator
from dataclasses import replace

import gradio as gr
import numpy as np
from PIL import Image

from drag.edit import Edit
from drag.history import alike
from drag.loop import Step, check_points
from drag.page.components.canvas import read_value
from drag.page.handlers.drags import Drags
from drag.page.showing import at_work, idle, past
from drag.page.trouble import PHOTO_RUNS, RUNNING, TROUBLE, in_words
from drag.page.wording import how_it_ended, problem, status
from drag.server.holds import Hold, Pointer
from drag.server.jobs import Kind
from drag.server.language import language_of
from drag.server.process import use_cores
from drag.server.sessions import Session
from drag.settings import PAPERS
from networks.errors import UserError

QUICK_SECONDS = 0.3  # that a step may take where the picture is to follow
AGAIN_SECONDS = 60.0  # after which a model that was too slow is tried once more
NOT_HERE = "The picture cannot follow the pointer here: place an arrow, and press Drag."
SLOW = "This model is too slow here to follow the pointer: place an arrow, and press Drag."
PAPER = "The paper's solver does not follow the pointer: place an arrow, and press Drag."
OVERTAKEN = "The picture has changed meanwhile: press again."
log = logging.getLogger("drag")


class Holds(Drags):
    """What a press begins is answered by the canvas's `live`: {id, run} where the picture follows,
    {id, refused} where it is to be an arrow; then by frames. The first press of one's own on an
    example drops what it brought along ({alone})."""

    def hold(self, value, event: gr.EventData, request: gr.Request) -> Iterator[dict]:
        """A press on the picture: event.id is the page's name for it, event.key the pair's."""
        yield {}  # a generator closed before this lives on
        page, name, session = self.page, "", None
        try:
            name, key = _asked(event)
            session = self.desk.session(request)
            hold = self._begun(session, value, name, key)
        except TROUBLE as error:
            told = {page.status: in_words(error, language_of(request))}
            if session and getattr(session.drag, "replaced", False) and not session.dragging:
                told = self._broken_off(session, told[page.status])  # nobody else shows its end
            told[page.canvas] = told.get(page.canvas, gr.update()) | {
                "live": {"id": name, "refused": True}
            }
            yield told
            return
        with contextlib.closing(hold):
            told = {page.status: status(session.say("following")), **at_work(page)}
            live = {"id": name, "run": session.token, "alone": hold.alone}
            yield told | {page.canvas: gr.update(live=live)}
            try:
                last = yield from self._watched(session, hold)
                ended = self._let_go(session, hold, last)
            except UserError as error:
                ended = self._broken_off(session, in_words(error, session.language))
            except Exception:
                log.exception("a drag failed")
                ended = self._broken_off(session, problem(session.say("failed")))
        yield past(page, session) if hold.replaced else ended

    def _begun(self, session: Session, value, name: str, key: int) -> Hold:
        """The hold of a press; what else the canvas has is taken first. Raises UserError, in words
        fit for a visitor, where the picture cannot follow."""
        if session.inverting:
            raise UserError(PHOTO_RUNS)
        points, mask, revision = read_value(value, session.edit.img_size)
        pair = next((each for each in points if each.key == key), None)
        if pair is None or revision <= session.revision:
            raise UserError(OVERTAKEN)
        edit, others = session.edit, [each for each in points if each is not pair]
        alone = edit.change == "sample" and bool(others) and alike(edit.points, tuple(others))
        placed = edit.place(points, mask)
        self._check(edit.place([pair]) if alone else placed, key)
        before = session.drag
        if isinstance(before, Hold) and before.alive:  # it settles: this press ends that
            before.replaced = True
            session.settle()
            before.close()
        was = [each for each in session.edit.points if each.key == key]
        others = [other for each in points for other in (was if each is pair else [each])]
        session.take_changes(others, mask, revision)
        picture = np.array(Image.open(io.BytesIO(self.desk.render(session.edit))))
        hold = Hold(session, self.desk.engine, self.desk.line, name, pair, picture, alone)
        self.desk.line.check(kind=Kind.HOLD)
        if not session.ask(hold) or not hold.enter():
            raise UserError(RUNNING)
        return hold

    def _check(self, edit: Edit, key: int) -> None:
        """Raises UserError, in words fit for a visitor, where the picture cannot follow."""
        desk = self.desk
        if not desk.engine.follows:
            raise UserError(NOT_HERE)
        if edit.settings.solver == PAPERS:
            raise UserError(PAPER)
        pace, when = desk.paces.get(edit.model, (0.0, 0.0))
        if pace > QUICK_SECONDS and time.monotonic() < when + AGAIN_SECONDS:
            raise UserError(SLOW)
        check_points(edit, [key])

    def _let_go(self, session: Session, hold: Hold, last: Step | None) -> dict:
        """What is shown of a hold that has ended."""
        self.desk.paces[hold.model] = hold.pace, time.monotonic()
        if hold.replaced:  # the next one shows the picture
            return past(self.page, session)
        page, turn = self.page, session.turn()
        if turn.epoch != hold.epoch or hold.edit is None:
            return idle(page, session.edit)
        line = session.say("pinned")
        if hold.pointer is Pointer.TAKEN_BACK:
            last, line = None, session.say("taken_back")
        elif hold.ways and last is not None and last.number:
            told = replace(last, distances=hold.left(last))  # the others had nowhere to go
            line = how_it_ended(told, hold.ways, session.language, turn.edit.mask_png is not None)
        return {
            page.status: status(line),
            page.canvas: self._end(session, turn, last),
            **past(page, session),
            **idle(page, session.edit),
        }

    def _step(self, session: Session, hold: Hold, step: Step):
        """The canvas with a step's picture, or what of it changed."""
        use_cores(1)
        step, extra = step.painted(), {"move": hold.words.get(step.number, 0)}
        if step.corner is not None:
            height, width = step.picture.shape[:2]
            extra["part"] = [*step.corner, width, height]
        return super()._step(session, hold, step, **extra)

    def _wanted(self, hold: Hold) -> bool:
        return not hold.newer

    def _progress(self, session: Session, hold: Hold, step: Step) -> str:
        return status(session.say("following"), quiet=True)


def _asked(event: gr.EventData) -> tuple[str, int]:
    """The name of a hold, and the key of the pair that is held, as a page sends them."""
    try:
        name, key = event.id, event.key
    except (AttributeError, TypeError):  # it looks into whatever was sent
        name, key = "", 0
    if not isinstance(name, str) or not isinstance(key, int) or not 0 < len(name) <= 40:
        raise UserError("What the canvas sent cannot be read: reload the page.")
    return name, key
