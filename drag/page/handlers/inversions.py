"""A photo inverted into the model, as the page runs it: asked for, waited for, watched, stopped."""

import logging
import time
from collections.abc import Iterator

import gradio as gr
import numpy as np

from drag.generate import follow
from drag.page.components.photo_frame import read_frame
from drag.page.controls import Controls
from drag.page.handlers.desk import Desk
from drag.page.handlers.photos import Photos
from drag.page.panel import at_rest, plain, said, small, stopped
from drag.page.showing import at_work, idle, show
from drag.page.trouble import PHOTO_RUNS, RUNNING, TROUBLE, WAITS, in_words, plain_errors
from drag.page.wording import how_long, in_line, problem, status
from drag.photo import alignment
from drag.photo import inversion as inverting
from drag.server.engine import NoMemoryError
from drag.server.language import language_of, name_in
from drag.server.line import PHOTO, Place
from drag.server.photos import Inversion
from drag.server.sessions import Session
from networks.errors import UserError

MAX_SECONDS, OF_DRAGS = 170.0, 1.5  # of an inversion; as many times as long as a drag may take
TELL_SECONDS, SHOW_SECONDS = 0.2, 0.7  # between two lines on how far it is; and two pictures
log = logging.getLogger("drag")


class Inversions:
    """From the button to the edit that a photo becomes."""

    def __init__(self, desk: Desk, page: Controls, photos: Photos):
        self.desk, self.page, self.photos = desk, page, photos

    def use_photo(self, value, request: gr.Request) -> dict:
        """The photo is to be inverted as it is framed, when the device is free."""
        try:
            session = self.desk.session(request)
            return self._asked(session, *read_frame(value))
        except TROUBLE as error:
            return said(self.page, error, language_of(request))

    def _asked(self, session: Session, frame: alignment.Frame, anyway: bool) -> dict:
        portrait, edit = session.photo, session.edit
        if portrait is None:
            return at_rest(self.page, session, session.say("photo_lost"))
        if portrait.model != edit.model:  # the frame is one of another model's pictures
            return self.photos.reframed(session)
        pixels = portrait.pixels
        frame = alignment.checked(frame, pixels)
        picture = alignment.crop(pixels, frame, edit.img_size)
        self.desk.line.check(kind=PHOTO)
        inversion = Inversion(
            edit.model, edit.settings, picture, portrait.shows_face(frame), anyway)
        with session.lock:
            if session.inverting or session.armed or session.dragging:
                raise UserError(PHOTO_RUNS if session.inverting else (
                    RUNNING if session.running else WAITS))
            if session.photo is not portrait:  # which came with a frame of its own
                raise UserError("The photo is another one now: look at its frame, then press “Use "
                                "this photo”.")
            session.inversion, session.awaited = inversion, True
        words = session.say("starting")
        fit = {"phase": "running", "words": words, "share": 0.0, "crop": small(picture)}
        return {self.page.status: status(words, 0.0), **at_work(self.page),
                self.page.photo: gr.update(fit=fit)}

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
        inversion = _fetched(session)
        if inversion is None:
            if session.awaited and not session.inverting:  # stopped before this, or it has lapsed
                session.let_go()
                session.awaited = False
                yield at_rest(self.page, session, session.say("photo_not_begun"))
            return
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
        finally:
            inversion.stop, inversion.watched = True, False
            session.let_go()
        ended = self._ended(session, inversion, line)
        session.awaited = False
        yield ended

    def _watched(self, session: Session, inversion: Inversion) -> Iterator[dict]:
        """What `invert` yields of one that waits and runs; its thread is the line's."""
        def wanted():
            return not session.left and (inversion.running or not inversion.stop)

        page, told, shown = self.page, -np.inf, -np.inf
        for item in self.desk.line.run(
                lambda: self._fits(session, inversion), wanted, kind=PHOTO):
            if isinstance(item, Place):
                line = in_line(item, session.language)
                yield {page.status: line, page.photo: gr.update(fit={"words": plain(line)})}
                continue
            session.seen = now = time.monotonic()
            due = item.picture is not None and now > shown + SHOW_SECONDS
            if not (due or now > told + TELL_SECONDS) or inversion.far:
                continue
            told, words = now, how_near(session, item)
            fit = {"words": words, "share": item.share}
            if due:
                shown, fit["picture"] = now, small(item.picture)
            yield {page.status: status(words, item.share, quiet=True),
                   page.photo: gr.update(fit=fit)}

    def _fits(self, session: Session, inversion: Inversion) -> Iterator:
        """The fits of an inversion whose turn has come; the best of them is the visitor's edit when
        these end, whyever they do."""
        if inversion.stop:
            return
        inversion.running, began, why = True, time.monotonic(), "not watched any more"
        try:
            seconds = min(MAX_SECONDS, OF_DRAGS * self.desk.line.seconds)
            for fit in self.desk.engine.invert(inversion.model, inversion.picture, seconds):
                first = inversion.fit is None
                inversion.take(fit)
                inversion.far = first and not inversion.anyway and inverting.is_far(
                    fit, inversion.face)
                yield fit
                if inversion.stop or inversion.far:
                    break
            why = "unlike the model" if inversion.far else (
                "stopped" if inversion.stop else "done")
        except Exception as error:
            why = f"failed: {type(error).__name__}"
            raise
        finally:
            try:
                if inversion.fit and not inversion.far:
                    self._keep(session, inversion)
            finally:
                log_inversion(inversion, began, "left the page" if session.left else why)
                inversion.running = False
                session.let_go()

    def _keep(self, session: Session, inversion: Inversion) -> None:
        """Have what an inversion came to as the visitor's edit, with what was there before it in
        the history; where they are at another model meanwhile, it is put aside for them."""
        with self.desk.models.use(inversion.model) as generator:
            made = inverting.photo_edit(
                generator, inversion.model, inversion.fit, inversion.settings)
        while inversion.turn is None:
            edit = session.edit
            if edit.model != made.model:
                own = session.shelf.get(made.model)
                session.put_aside(follow(own, made) if own else made)
                break
            inversion.turn = session.replace_edit(follow(edit, made), edit)
        with session.lock:
            inversion.kept = True
            if session.cut_off:
                session.cut_off = "welcome_photo"

    def _ended(self, session: Session, inversion: Inversion, line: str | None) -> dict:
        """What is shown of an inversion that has ended; line: what is to be said of its end, if it
        was not a good one."""
        fit = {"phase": "done", "problem": line is not None}
        if inversion.far:
            fit |= {"phase": "far", "picture": small(inversion.fit.picture)}
        elif inversion.fit is None:
            fit["phase"] = "placing"
        words = plain(line) if line else self._verdict(session, inversion)
        line, shown = line or status(words), {}
        if inversion.turn:
            picture = None
            try:
                picture = self.desk.picture(session, inversion.turn)
                fit["picture"] = small(picture)
            except TROUBLE:  # no memory for that either: what was shown stays
                pass
            shown = show(self.page, session, line, inversion.turn, picture)
        return {**shown, self.page.status: line, **idle(self.page),
                self.page.photo: gr.update(fit=fit | {"words": words})}

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
        words = session.say(f"photo_{inverting.verdict(fit.distance)}", number=number)
        return words if fit.done else f"{session.say('photo_stopped')} {words}"


def _fetched(session: Session) -> Inversion | None:
    """The inversion that was asked for, which nobody else has fetched, watched from now on."""
    with session.lock:
        inversion = session.inversion
        if inversion is None or inversion.busy or not inversion.alive:
            return None
        inversion.watched = True
        return inversion


def _broken_off(session: Session, inversion: Inversion, key: str) -> str:
    """The status line of an inversion that could not go on; key: of the words why."""
    kept = [session.say("photo_kept")] if inversion.kept else []
    return problem(" ".join([session.say(key), *kept]))


def how_near(session: Session, fit) -> str:
    """What is said of an inversion that runs (plain text)."""
    return session.say("photo_progress", stage=session.say(f"photo_{fit.stage}"),
                       percent=f"{100 * fit.share:.0f}",
                       about=how_long(fit.seconds, session.language))


def log_inversion(inversion: Inversion, began: float, why: str) -> None:
    """The one line in the log of an inversion that has ended: nothing of the photo.

    began: time.monotonic().   why: it ended.
    """
    stage = inversion.fit.stage if inversion.fit else "nothing yet"
    log.info("%s: a photo, %s, %.1f s, %s", inversion.model, stage, time.monotonic() - began, why)
