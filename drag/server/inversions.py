"""The inversion of a visitor's photo, as the line runs it: what it comes to is their edit."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from drag.edit import Edit
from drag.generate import follow
from drag.photo import inversion as inverting
from drag.photo.alignment import Frame
from drag.photo.inversion import Fit
from drag.server.jobs import Job, Kind
from drag.server.process import use_cores
from drag.server.sessions import NO_PHOTO_KEPT, PHOTO_KEPT, Session
from drag.server.shown import Turn


class Inversion(Job):
    """One that has found anything keeps the best of it, whyever it ends, but for a photo that is
    unlike what the model makes."""

    def __init__(
        self,
        session: Session,
        engine,
        picture: np.ndarray,
        face: bool | None = None,
        anyway: bool = False,
        frame: Frame | None = None,
        begun: Fit | None = None,
        clock: Callable[[], float] = time.monotonic,
    ):
        """engine: a drag.server.engine.Engine, or one like it.   picture: what is in the frame,
        uint8 (H, W, 3).   face: whether one was found there; None where nobody looked.   anyway:
        however unlike the model's pictures it is.   frame: of the session's photo.   begun: what
        was reached of it before, to go on from."""
        super().__init__(Kind.PHOTO, clock=clock)
        self.session, self.engine, self.picture = session, engine, picture
        self.model, self.settings = session.edit.model, session.edit.settings
        self.face, self.anyway = face, anyway
        self.portrait, self.frame, self.begun = session.photo, frame, begun
        self.fit: Fit | None = None  # the best so far
        self.former: Fit | None = None  # from before it began anew, if it did
        self.far = False  # it ended because the photo is unlike what the model makes
        self.kept = False  # the visitor has what it came to
        self.turn: Turn | None = None  # shows that; None where the visitor is at another model
        self.told = False  # the panel has been told how it ended

    @property
    def nbytes(self) -> int:
        """Bytes of the picture."""
        picture = self.picture
        return 0 if picture is None else picture.nbytes

    def steps(self) -> Iterator[Fit]:
        """The fits, better and better; the first one decides whether the photo is too far off."""
        use_cores()
        try:
            work = self.model, self.picture, self.seconds, self.begun
            for fit in self.engine.invert(*work):
                first = self.fit is None
                self.take(fit)
                self.far = first and not self.anyway and inverting.is_far(fit, self.face)
                yield fit
                if self.far:
                    break
            self.why = "unlike the model" if self.far else self.why
        finally:
            stage = self.fit.stage if self.fit else "nothing yet"
            self.account = f"{self.model}: a photo, {stage}"
            if self.fit and not self.far:
                self.keep()

    def take(self, fit: Fit) -> None:
        """Have a fit as the best so far. Where memory ran out and it began anew, what it had
        reached by then stays until it is nearer; its end counts in any case."""
        if not fit.share:  # with which it begins
            self.former = self.fit
        nearer = self.former and self.former.distance < fit.distance
        self.fit = replace(self.former, done=fit.done) if nearer else fit

    def keep(self) -> None:
        """Have what it came to as the visitor's edit, with what was there before it in the history;
        where they are at another model meanwhile, it is put aside for them."""
        session = self.session
        with self.engine.models.use(self.model) as generator:
            made = inverting.photo_edit(generator, self.model, self.fit, self.settings)
        while self.turn is None:
            edit = session.edit
            if edit.model != made.model:
                own = session.shelf.get(made.model)
                session.put_aside(follow(own, made) if own else made)
                break
            if made.same_picture(edit) or self._is_what_it_began_with(made):
                self.turn = session.turn()
                break
            self.turn = session.replace_edit(follow(edit, made), edit)
        with session.lock:
            self.kept = True
            if session.photo is not None and session.photo is self.portrait:
                fit = replace(self.fit, picture=None)
                session.photo = replace(session.photo, frame=self.frame, fit=fit)
            if session.left == NO_PHOTO_KEPT:
                session.left = PHOTO_KEPT

    def _is_what_it_began_with(self, made: Edit) -> bool:
        """Whether nothing was added, so that what was done with it since then stays."""
        if self.begun is None:
            return False
        keys = [each.key if each else None for each in (made.tuning, self.begun.tuning)]
        return keys[0] == keys[1] and np.array_equal(made.ws, self.begun.ws)

    def _release(self) -> None:
        self.session = self.picture = self.fit = self.former = self.turn = None
        self.portrait = self.begun = None
