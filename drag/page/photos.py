"""A photo of the visitor's own: looked at, framed, inverted into the model, and then edited.

It is in the session's memory only; neither it nor anything of it is written or logged.
"""

import html
import io
import logging
import re
import time
from collections.abc import Iterator

import gradio as gr
import numpy as np
from PIL import Image

from drag import alignment, faces
from drag import inversion as inverting
from drag.component import to_url
from drag.errors import ModelUnavailableError
from drag.language import language_of, name_in, say
from drag.line import Place
from drag.models import Model, is_of_faces
from drag.page.desk import SHOWN, Desk
from drag.photo import read_photo
from drag.photo_frame import read_content, read_frame
from drag.pictures import follow
from drag.portrait import PREVIEW, Inversion, Portrait, photo_jpeg
from drag.sessions import Session
from drag.trouble import TROUBLE, in_words
from drag.wording import how_long, in_line, problem, status

MAX_SECONDS, OF_DRAGS = 170.0, 1.5  # of an inversion; as many times as long as a drag may take
TELL_SECONDS, SHOW_SECONDS = 0.2, 0.7  # between two lines on how far it is; and two pictures
SIDE = 512  # of pictures that are compared, pixels
WORKED = SHOWN + 3  # outputs of an inversion: those of an edit, Drag, Stop, and the photo
NOTHING = (gr.skip(),) * SHOWN
IDLE = gr.update(interactive=True), gr.update(interactive=False)  # Drag and Stop when nothing runs
log = logging.getLogger("drag")


class PhotoHandlers(Desk):
    """Whatever goes wrong is said in the status line and beside the photo: on a phone the one is
    far from the other."""

    def take_photo(self, value, request: gr.Request) -> Iterator[tuple]:
        """A photo was chosen: look at it, find the face, and show it with a frame."""
        language = language_of(request)
        words = say("photo_looking", language)
        yield status(words), gr.update(value=None, fit={"words": words})  # the file goes
        try:
            session = self._session(request)
            yield self._taken_photo(session, read_content(value))
        except TROUBLE as error:
            yield self._said(error, language)

    def _taken_photo(self, session: Session, content: bytes) -> tuple:
        if session.inverting:
            raise ValueError(session.say("photo_runs"))
        edit, photo = session.edit, read_photo(content)
        pixels, model = photo.pixels, self.models.find(edit.model)
        frames, words = self._frames(session, model, pixels)
        frame = frames[0] if frames else alignment.middle(pixels)
        portrait = Portrait.of(pixels, frame)
        session.photo = None if session.left else portrait  # the page went meanwhile
        words = " ".join([words, *map(session.say, photo.remarks)])
        height, width = pixels.shape[:2]
        return status(words), gr.update(photo={
            "src": to_url("image/jpeg", photo_jpeg(pixels, most=PREVIEW)),
            "width": width, "height": height, "size": list(edit.img_size),
            "frame": vars(frame), "faces": list(map(vars, frames))}, fit={"words": words})

    def _frames(self, session: Session, model: Model, pixels: np.ndarray) -> tuple[list, str]:
        """The frames of the faces in a photo, and what to say of them."""
        if not is_of_faces(model):
            return [], session.say("photo_by_hand", model=name_in(model.title, session.language))
        try:
            found = faces.load_finder().find(pixels)
        except ModelUnavailableError as error:
            log.warning("faces cannot be found: %s", error)
            return [], session.say("photo_no_finder")
        frames = [alignment.frame_of(face) for face in found]
        if len(frames) > 1:
            return frames, session.say("photo_found_many", number=len(frames))
        return frames, session.say("photo_found" if frames else "photo_no_face")

    def _said(self, error: Exception, language: str) -> tuple:
        """The status line for an error, and the same beside the photo."""
        line = in_words(error, language)
        return line, gr.update(fit={"words": plain(line), "problem": True})

    def use_photo(self, value, request: gr.Request) -> tuple:
        """The photo is to be inverted as it is framed, when the device is free."""
        try:
            session = self._session(request)
            return self._asked(session, *read_frame(value))
        except TROUBLE as error:
            line, photo = self._said(error, language_of(request))
            return line, gr.skip(), gr.skip(), photo

    def _asked(self, session: Session, frame: alignment.Frame, anyway: bool) -> tuple:
        portrait, edit = session.photo, session.edit
        if portrait is None:
            raise ValueError(session.say("photo_first"))
        picture = alignment.crop(portrait.pixels, frame, edit.img_size)
        self.line.check()
        inversion = Inversion(edit.model, edit.settings, picture, anyway)
        with session.lock:
            if session.inverting or session.armed or session.dragging:
                key = "photo_runs" if session.inverting else (
                    "running" if session.running else "waits")
                raise ValueError(session.say(key))
            session.inversion = inversion
        words = session.say("starting")
        return (status(words, 0.0), gr.update(interactive=False), gr.update(interactive=True),
                gr.update(fit={"phase": "running", "words": words, "share": 0.0,
                               "crop": _small(picture)}))

    def invert(self, request: gr.Request) -> Iterator[tuple]:
        """The inversion that was asked for, with a line of words and a picture whenever one is due;
        at its end what it came to is the visitor's edit."""
        yield (gr.skip(),) * WORKED  # a generator closed before this lives on
        try:
            session = self._session(request)
        except ValueError as error:
            yield in_words(error, language_of(request)), *NOTHING[1:], *IDLE, gr.skip()
            return
        inversion = session.inversion
        if inversion is None or inversion.watched or inversion.stop:
            return
        inversion.watched = True
        try:
            yield from self._watched(session, inversion)
            line = None
        except ValueError as error:  # the line is full, memory is too little
            line = in_words(error, session.language)
        except Exception:  # costs this visitor the rest of it, no more
            log.exception("an inversion failed")
            line = problem(session.say("photo_failed"))
        finally:
            inversion.stop, inversion.watched = True, False
            _let_go(session, inversion)
        yield self._ended(session, inversion, line)

    def _watched(self, session: Session, inversion: Inversion) -> Iterator[tuple]:
        """What `invert` yields of one that waits and runs; its thread is the line's."""
        def wanted():
            return not session.left and (inversion.running or not inversion.stop)

        told = shown = -np.inf
        for item in self.line.run(lambda: self._fits(session, inversion), wanted):
            if isinstance(item, Place):
                line = in_line(item, session.language)
                yield line, *NOTHING[1:], gr.skip(), gr.skip(), gr.update(
                    fit={"words": plain(line)})
                continue
            session.seen = now = time.monotonic()
            due = item.picture is not None and now > shown + SHOW_SECONDS
            if not (due or now > told + TELL_SECONDS) or inversion.far:
                continue
            told, words = now, how_near(session, item)
            fit = {"words": words, "share": item.share}
            if due:
                shown, fit["picture"] = now, _small(item.picture)
            yield (status(words, item.share, quiet=True), *NOTHING[1:], gr.skip(), gr.skip(),
                   gr.update(fit=fit))

    def _fits(self, session: Session, inversion: Inversion) -> Iterator:
        """The fits of an inversion whose turn has come; the best of them is the visitor's edit when
        these end, whyever they do."""
        if inversion.stop:
            return
        inversion.running, began, why = True, time.monotonic(), "not watched any more"
        try:
            seconds = min(MAX_SECONDS, OF_DRAGS * self.line.seconds)
            for fit in self.engine.invert(inversion.model, inversion.picture, seconds):
                first, inversion.fit = inversion.fit is None, fit
                inversion.far = first and not inversion.anyway and inverting.is_far(fit)
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
                inversion.running = False
                _let_go(session, inversion)
                log_inversion(inversion, began, "left the page" if session.left else why)

    def _keep(self, session: Session, inversion: Inversion) -> None:
        """Have what an inversion came to as the visitor's edit, with what was there before it in
        the history; where they are at another model meanwhile, it is put aside for them."""
        with self.models.use(inversion.model) as generator:
            made = inverting.photo_edit(
                generator, inversion.model, inversion.fit, inversion.settings)
        while inversion.turn is None:
            edit = session.edit
            if edit.model != made.model:
                own = session.shelf.get(made.model)
                session.put_aside(follow(own, made) if own else made)
                return
            inversion.turn = session.replace_edit(follow(edit, made), edit)

    def _ended(self, session: Session, inversion: Inversion, line: str | None) -> tuple:
        """What is shown of an inversion that has ended; line: what is to be said of its end, if it
        was not a good one."""
        fit = {"phase": "done", "problem": line is not None}
        if inversion.far:
            fit |= {"phase": "far", "picture": _small(inversion.fit.picture)}
        elif inversion.fit is None:
            fit["phase"] = "placing"
        words = plain(line) if line else self._verdict(session, inversion)
        line, shown = line or status(words), NOTHING
        if inversion.turn:
            picture = None
            try:
                picture = self._picture(session, inversion.turn)
                fit["picture"] = _small(picture)
            except TROUBLE:  # no memory for that either: what was shown stays
                pass
            shown = self._show(session, line, inversion.turn, picture)
        return line, *shown[1:], *IDLE, gr.update(fit=fit | {"words": words})

    def _verdict(self, session: Session, inversion: Inversion) -> str:
        """How an inversion ended, and how close its picture is."""
        fit = inversion.fit
        model = name_in(self.models.find(inversion.model).title, session.language)
        if fit is None:
            return session.say("photo_not_begun")
        number = f"{fit.distance:.2f}"
        if inversion.far:
            return session.say("photo_too_far", model=model, number=f"{fit.strangeness:.2f}")
        if inversion.turn is None:
            return session.say("photo_elsewhere", model=model)
        words = session.say(f"photo_{inverting.verdict(fit.distance)}", number=number)
        return words if fit.done else f"{session.say('photo_stopped')} {words}"


def _let_go(session: Session, inversion: Inversion) -> None:
    """Have the session forget an inversion that is over, with its part of the photo."""
    if session.inversion is inversion and not inversion.alive:
        session.inversion = None


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


def plain(line: str) -> str:
    """The text of a status line, without its HTML."""
    return html.unescape(re.sub(r"<[^>]*>", "", line))


def _small(picture: np.ndarray | bytes | None) -> str | None:
    """A picture, uint8 (H, W, 3) or a JPEG, as the page compares it."""
    if picture is None:
        return None
    if isinstance(picture, bytes):
        picture = np.asarray(Image.open(io.BytesIO(picture)))
    return to_url("image/jpeg", photo_jpeg(picture, 90, most=SIDE))
