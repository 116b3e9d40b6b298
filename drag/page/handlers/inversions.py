"""A photo inverted into the model, as the page runs it: asked for, waited for, watched, stopped."""

import contextlib
import logging
import time
from collections.abc import Iterator

import gradio as gr
import numpy as np

from drag.page.components.photo_frame import read_frame, wants_more
from drag.page.controls import Controls
from drag.page.handlers.desk import Desk
from drag.page.handlers.photos import Photos
from drag.page.panel import at_rest, on_canvas, plain, said, small, stopped
from drag.page.showing import at_work, idle, show
from drag.page.trouble import PHOTO_RUNS, RUNNING, TROUBLE, WAITS, in_words, plain_errors
from drag.page.wording import how_long, in_line, problem, remedies_for, status
from drag.photo import alignment
from drag.photo import inversion as inverting
from drag.server.engine import NoMemoryError
from drag.server.inversions import Inversion
from drag.server.jobs import Kind
from drag.server.language import language_of, name_in
from drag.server.line import Place
from drag.server.sessions import Session
from networks.errors import UserError

TELL_SECONDS, SHOW_SECONDS = 0.2, 0.7  # between two lines on how far it is; and two pictures
NOTHING_YET = "There is nothing to improve yet: press “Use this photo”."
log = logging.getLogger("drag")


class Inversions:
    """From the button to the edit that a photo becomes."""

    def __init__(self, desk: Desk, page: Controls, photos: Photos):
        self.desk, self.page, self.photos = desk, page, photos

    def use_photo(self, value, request: gr.Request) -> dict:
        """The photo is to be inverted as it is framed, when the device is free."""
        try:
            session, further = self.desk.session(request), wants_more(value)
            return self._asked(session, *((None, True) if further else read_frame(value)))
        except TROUBLE as error:
            return said(self.page, error, language_of(request))

    def _asked(self, session: Session, frame: alignment.Frame | None, anyway: bool) -> dict:
        """The inversion is asked for; frame: None to go on from what was reached of the photo."""
        portrait, edit = session.photo, session.edit
        if portrait is None:
            return at_rest(self.page, session, session.say("photo_lost"))
        if portrait.model != edit.model:  # the frame is one of another model's pictures
            shown = self.photos.reframed(session)
            return shown or at_rest(self.page, session, session.say("photo_lost"))
        begun = portrait.fit if frame is None else None
        frame = frame or portrait.frame
        if frame is None:
            raise UserError(NOTHING_YET)
        frame = alignment.checked(frame, portrait.whole)
        with self.desk.shares.photos.place(self.desk.asker(session)):
            picture = portrait.cut(frame)
        self.desk.line.check(kind=Kind.PHOTO)
        face = portrait.shows_face(frame)
        inversion = Inversion(
            session, self.desk.engine, picture, face, anyway, frame=frame, begun=begun
        )
        with session.lock:
            if session.inverting or session.armed or session.dragging:
                raise UserError(
                    PHOTO_RUNS if session.inverting else (RUNNING if session.running else WAITS)
                )
            if session.photo is not portrait:  # which came with a frame of its own
                raise UserError(
                    "The photo is another one now: look at its frame, then press “Use this photo”."
                )
            session.ask(inversion)
        words = session.say("starting")
        fit = {"phase": "running", "words": words, "share": 0.0, "crop": small(picture)}
        if begun is None:  # else what is on the canvas goes on
            fit["shown"] = on_canvas(picture)
        return {
            self.page.status: status(words, 0.0),
            **at_work(self.page),
            self.page.photo: gr.update(fit=fit),
        }

    @plain_errors
    def halt_photo(self, request: gr.Request) -> dict:
        """Stop was pressed beside the photo."""
        return stopped(self.page, self.desk.session(request))

    @plain_errors
    def refuse_photo(self, request: gr.Request) -> dict:
        """The queue is full, or the inversion could not begin for another reason."""
        session = self.desk.session(request)
        stopped(self.page, session)
        return at_rest(self.page, session, session.say("photo_refused"), bad=True)

    def invert(self, request: gr.Request) -> Iterator[dict]:
        """The inversion that was asked for, with a line of words and a picture whenever one is due;
        at its end what it came to is the visitor's edit."""
        yield {}  # a generator closed before this lives on
        try:
            session = self.desk.session(request)
        except UserError as error:
            yield {self.page.status: in_words(error, language_of(request)), **idle(self.page)}
            return
        inversion = session.fetch(Kind.PHOTO)
        if inversion is None:
            if session.awaited and not session.inverting:  # stopped before this, or it has lapsed
                session.inversion.told = True
                yield at_rest(self.page, session, session.say("photo_not_begun"))
            return
        with contextlib.closing(inversion):
            try:
                yield from self._watched(session, inversion)
                line = None
            except NoMemoryError:
                line = _broken_off(session, inversion, "photo_no_memory")
            except UserError as error:  # the line is full, say
                line = in_words(error, session.language)
            except Exception:  # costs this visitor the rest of it, no more
                log.exception("an inversion failed")
                line = _broken_off(session, inversion, "photo_failed")
            ended = self._ended(session, inversion, line)
            inversion.told = True
        yield ended

    def _watched(self, session: Session, inversion: Inversion) -> Iterator[dict]:
        """What `invert` yields of one that waits and runs; its thread is the line's."""
        page, told, shown = self.page, -np.inf, -np.inf
        for item in self.desk.line.run(inversion):
            if isinstance(item, Place):
                line = in_line(item, session.language, "photo_in_line")
                yield {page.status: line, page.photo: gr.update(fit={"words": plain(line)})}
                continue
            session.seen = now = time.monotonic()
            due = item.picture is not None and now > shown + SHOW_SECONDS
            if not (due or now > told + TELL_SECONDS) or inversion.far:
                continue
            told, words = now, how_near(session, item)
            fit = {"words": words, "share": item.share}
            if due:
                shown, fit["shown"] = now, on_canvas(item.picture)
            yield {
                page.status: status(words, item.share, quiet=True),
                page.photo: gr.update(fit=fit),
            }

    def _ended(self, session: Session, inversion: Inversion, line: str | None) -> dict:
        """What is shown of an inversion that has ended; line: what is to be said of its end, if it
        was not a good one."""
        fit, best = {"phase": "done", "problem": line is not None}, inversion.fit
        if best is None:
            fit["phase"] = "placing"
        elif inversion.far:
            fit |= {"phase": "far", "picture": small(best.picture)}
        words = plain(line) if line else self._verdict(session, inversion)
        offers = ("anyway",) if inversion.far else ("improve",) if inversion.turn else ()
        line = line or status(words + remedies_for(offers, session.language))
        shown, turn = {}, inversion.turn
        if turn:
            picture, fit["further"] = None, bool(session.photo and session.photo.fit)
            try:
                picture = self.desk.picture(session, turn)
                fit["picture"] = small(picture)
            except TROUBLE:  # no memory for that either: what was shown stays
                pass
            shown = show(self.page, session, line, turn, picture)
        return {
            **shown,
            self.page.status: line,
            **idle(self.page, session.edit),
            self.page.photo: gr.update(fit=fit | {"words": words}),
        }

    def _verdict(self, session: Session, inversion: Inversion) -> str:
        """How an inversion ended, and how close its picture is."""
        fit = inversion.fit
        model = name_in(self.desk.models.find(inversion.model).title, session.language)
        if fit is None:
            return session.say("photo_not_begun")
        number = f"{fit.distance:.2f}"
        if inversion.far:
            return session.say("photo_too_far", model=model, number=f"{fit.strangeness:.2f}")
        if inversion.turn is None:
            return session.say("photo_elsewhere", model=model)
        how = inverting.verdict(fit.distance) if fit.done else "stopped"
        return session.say(f"photo_{how}", number=number)


def _broken_off(session: Session, inversion: Inversion, key: str) -> str:
    """The status line of an inversion that could not go on; key: of the words why."""
    kept = [session.say("photo_kept")] if inversion.kept else []
    return problem(" ".join([session.say(key), *kept]))


def how_near(session: Session, fit) -> str:
    """What is said of an inversion that runs (plain text)."""
    return session.say(
        "photo_progress",
        stage=session.say(f"photo_{fit.stage}"),
        percent=f"{100 * fit.share:.0f}",
        about=how_long(fit.seconds, session.language),
    )
