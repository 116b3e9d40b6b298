"""What the server keeps of a visitor: their edit, and whether a drag of theirs runs."""

import math
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from drag.edit import Edit, alike
from drag.loop import Step
from drag.server.language import say
from drag.server.log import log_drag
from drag.server.photos import Inversion, Portrait
from drag.trail import Recorder, Trail

MAX_SHELF = 12  # edits of other models that a visitor can come back to
FRAMES_AHEAD = 3  # pictures sent that the browser has not drawn yet
OUT_OF_REACH = 1_000_000  # changes that no canvas makes before it hears of another model
SILENCE_SECONDS = 20  # without a sign of a browser whose frames are all outstanding


@dataclass(frozen=True, eq=False)
class Turn:
    """An edit to be shown. epoch: that it is of; serial: of its frame, so that what follows has a
    higher one however long its picture takes."""

    edit: Edit
    epoch: int
    serial: int


@dataclass(eq=False)
class Session:
    """One visitor's page. Everything worth keeping is in `edit`, a value; the rest is the moment.

    token: what the browser shows after a reload to get its edit back.   revision: of the points
    and mask in `edit`, as the canvas counts.   serial: of the last frame sent.   armed: a drag was
    asked for and has not begun.   in_line: it waits for the device, or is watched.   running, stop:
    one runs; it shall end.   handles: where that one has moved the handles, by key.   epoch: counts
    the edits that replaced another.   drawn: serial of the last frame that the browser says it has
    drawn.   left: the page was closed.   shelf: their edits of other models, by the model's name.
    wanted: stands for the model asked for last, while it is fetched.   language: that it is spoken
    to in.   drawing: held while a picture is made for it.   refused: what was typed as a seed and
    is none.   objected: when a second drag was asked for while one ran.   photo: their own, if they
    have one here.   inversion: of it, while that waits or runs; no drag does meanwhile.
    awaited: their panel is to be told how one that was asked for ends.   cut_off: what to say on
    their return where one ran as they left, a key of assets/words.json.
    """

    edit: Edit
    token: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    revision: int = 0
    serial: int = 0
    drawn: int = 0
    armed: bool = False
    in_line: bool = False
    running: bool = False
    stop: bool = False
    left: bool = False
    wanted: object = None
    language: str = "en"
    refused: str = ""
    objected: float = -math.inf
    shelf: dict[str, Edit] = field(default_factory=dict)
    photo: Portrait | None = None
    inversion: Inversion | None = None
    awaited: bool = False
    cut_off: str = ""
    epoch: int = 0
    handles: dict = field(default_factory=dict)
    seen: float = field(default_factory=lambda: time.monotonic())
    lock: threading.Lock = field(default_factory=threading.Lock)
    drawing: threading.Lock = field(default_factory=threading.Lock)

    @property
    def nbytes(self) -> int:
        """Bytes of all of their edits, of their photo, and of what is inverted of it."""
        parts = self.edit, *list(self.shelf.values()), self.photo, self.inversion
        return sum(part.nbytes for part in parts if part is not None)

    @property
    def dragging(self) -> bool:
        """Whether a drag of theirs waits or runs."""
        return self.in_line or self.running

    @property
    def inverting(self) -> bool:
        """Whether an inversion of their photo was asked for, waits or runs."""
        return (inversion := self.inversion) is not None and inversion.alive

    @property
    def busy(self) -> bool:
        """Whether anything of theirs waits or runs."""
        return self.dragging or ((inversion := self.inversion) is not None and inversion.busy)

    @property
    def made(self) -> bool:
        """Whether they have changed anything."""
        return bool(self.edit.history or self.edit.future or self.shelf)

    def say(self, key: str, **values) -> str:
        """The page's words of this key, in this visitor's language."""
        return say(key, self.language, **values)

    def next_serial(self) -> int:
        """The serial of the next frame."""
        return self.turn().serial

    def turn(self) -> Turn:
        """The present edit, to be shown."""
        with self.lock:
            return self._turn()

    def replace_edit(self, edit: Edit, expected: Edit | None = None) -> Turn | None:
        """Take another edit whose points and mask the canvas does not know yet.

        expected: the edit that it follows from; None, and nothing is done, if that has changed
        since in any way. A drag that still runs has nothing more to say about it.
        """
        with self.lock:
            if expected is not None and expected is not self.edit:
                return None
            self._take(edit, self.revision + 1)
            return self._turn()

    def arm(self, edit: Edit, expected: Edit) -> bool:
        """Have a drag of this edit begin when the device is free; expected: what it was worked out
        from. False, and nothing is done, if that has changed since."""
        with self.lock:
            if expected is not self.edit or self.inverting:
                return False
            self.edit, self.armed, self.stop = edit, True, False
            return True

    def turn_to(
        self, edit: Edit, wanted: object = None, expected: Edit | None = None
    ) -> Turn | None:
        """Put the edit aside, to be come back to, and take up one of another model, or one that
        follows from this one.

        wanted: what stood for it.   expected: as in `replace_edit`. None, and nothing is done, if
        another is wanted since.
        """
        with self.lock:
            if (wanted is not None and wanted is not self.wanted) or (
                    expected is not None and expected is not self.edit):
                return None
            self.shelf.pop(edit.model, None)
            if self.edit.model != edit.model:
                self.put_aside(self.edit)
            self._take(edit, self.revision + OUT_OF_REACH)
            return self._turn()

    def _take(self, edit: Edit, revision: int) -> None:
        self.edit, self.revision = edit, revision
        self.epoch, self.armed, self.handles = self.epoch + 1, False, {}

    def _turn(self) -> Turn:
        self.serial += 1
        return Turn(self.edit, self.epoch, self.serial)

    def take_changes(self, points, mask, revision: int) -> None:
        """Take what the visitor placed and painted, as a change of its own that can be undone;
        raises ValueError where it cannot be.

        Not newer than what is here already, it is late and ignored. What is changed while a drag
        runs belongs to the drag, and handles that it moves stay where it has them.
        """
        with self.lock:
            if revision <= self.revision:
                return
            placed = self.edit.place(points, mask)
            self.revision = revision
            if self.running:
                self.edit = placed.with_handles(self.handles)
                return
            masks = placed.mask_png != self.edit.mask_png
            if not masks:  # one in memory, for all entries
                placed = replace(placed, mask_png=self.edit.mask_png)
            if masks or not alike(placed.points, self.edit.points):
                changed = self.edit.remember("mask" if masks else "points")
                self.edit = replace(changed, points=placed.points, mask_png=placed.mask_png)

    def take_step(self, started: Edit, epoch: int, step: Step) -> bool:
        """Take a step of the drag that started from this edit; False if that was replaced since.

        Points and mask that were changed while it runs stay as the visitor left them.
        """
        with self.lock:
            if self.epoch != epoch:
                return False
            keys = (pair.key for pair in started.points)
            self.handles = dict(zip(keys, step.handles, strict=True))
            edit = self.edit.with_handles(self.handles)
            self.edit = replace(edit, ws=step.ws, change="drag", trail=None,
                                history=started.history, future=())
            return True

    def take_trail(self, epoch: int, trail: Trail | None) -> None:
        """Keep the steps of the drag that has ended, unless its edit was replaced since."""
        with self.lock:
            if self.epoch == epoch and trail is not None:
                self.edit = replace(self.edit, trail=trail)

    def wants_drag(self) -> bool:
        """Whether the drag that was asked for, or runs, has anyone who waits for it or watches."""
        return (self.armed or self.running) and not self.left

    def enter_line(self) -> bool:
        """The drag that was asked for is to wait for the device; False where there is none, or it
        waits already."""
        with self.lock:
            enters = self.armed and not (self.in_line or self.running)
            self.in_line = self.in_line or enters
            return enters

    def leave_line(self) -> None:
        """It waits no more, and nobody watches it."""
        with self.lock:
            self.in_line = self.armed = False

    def put_aside(self, edit: Edit) -> None:
        """Keep an edit of another model, to be come back to, as one of the last few."""
        self.shelf.pop(edit.model, None)
        self.shelf[edit.model] = edit
        for oldest in list(self.shelf)[:-MAX_SHELF]:
            del self.shelf[oldest]

    def begin(self) -> tuple[Edit, int] | None:
        """It is the turn of the drag that was asked for: the edit to drag and its epoch, for
        `drag`; None where it is no longer wanted."""
        with self.lock:
            if not self.armed or self.running:
                return None
            self.armed, self.running, self.handles = False, True, {}
            self.objected = -math.inf
            return self.edit, self.epoch

    def drag(
        self, steps: Callable[[Edit], Iterator[Step]], edit: Edit, epoch: int
    ) -> Iterator[tuple[Step, bool]]:
        """The steps of the drag that has begun, each with whether its picture shall be sent.

        steps: makes them of an edit.   edit, epoch: from `begin`. Every step taken is in the
        session's edit when it comes out. The drag ends by itself, when `stop` is set, when another
        edit has replaced this one, or when the browser has drawn nothing for long; it is remembered
        for `undo`. Raises ValueError, in words fit for a visitor, where there is nothing to drag.
        """
        step, began, why, recorder = None, time.monotonic(), "not watched any more", None
        try:
            started = edit.remember()
            recorder = Recorder(started.ws, started.points)
            self.drawn = self.serial
            heard = self.drawn, began
            for step in steps(started):
                if not (self.take_step(started, epoch, step) if step.number
                        else self.epoch == epoch):
                    break
                if step.number:
                    recorder.take(step.number, step.ws, step.handles)
                self.seen = now = time.monotonic()
                if self.drawn != heard[0]:
                    heard = self.drawn, now
                behind = self.serial - self.drawn >= FRAMES_AHEAD
                yield step, step.picture is not None and not step.ending and not behind
                if self.stop or (behind and now - heard[1] > SILENCE_SECONDS):
                    break
            why = step.ending.value if step and step.ending else "stopped"
        except Exception as error:
            why = f"failed: {type(error).__name__}"
            raise
        finally:  # whatever ended it, also where memory is short
            try:
                self.take_trail(epoch, recorder and recorder.trail())
            finally:
                self.running = False
                if self.left or self.epoch != epoch:
                    why = "left the page" if self.left else "another picture"
                log_drag(edit, step, began, why)

    def let_go(self) -> None:
        """Forget an inversion that is over, with its part of the photo."""
        with self.lock:
            if not self.inverting:
                self.inversion = None

    def settle(self, seconds: float = 10.0) -> None:
        """Stop this visitor's drag and wait until it has ended."""
        self.stop, self.armed = True, False
        until = time.monotonic() + seconds
        while self.running and time.monotonic() < until:
            time.sleep(0.02)


