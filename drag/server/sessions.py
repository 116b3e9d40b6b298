"""What the server keeps of a visitor: their edit, and what is worked out for them."""

import contextlib
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from drag.edit import Edit, Places
from drag.history import alike, meanwhile
from drag.loop import Step
from drag.server.jobs import FETCHED, LEFT, RUNS, Job, Kind, Phase
from drag.server.language import say
from drag.server.photos import Portrait
from drag.server.shares import Asker
from drag.server.shown import Shown, Turn
from drag.trail import Trail

MAX_SHELF = 12  # edits of other models that a visitor can come back to
OUT_OF_REACH = 1_000_000  # changes that no canvas makes before it hears of another model
SETTLE_SECONDS = 10.0  # that is waited for a drag to end
FINISH_SECONDS = 5.0  # that the visitor's next page waits for an inversion that was stopped
REPLACED = "another picture"  # why a drag ended, for the log
WELCOME, PHOTO_KEPT, NO_PHOTO_KEPT = "welcome_back", "welcome_photo", "welcome_no_photo"


@dataclass(eq=False)
class Session:
    """One visitor's page. Everything worth keeping is in the edits, which are values; the rest is
    the moment."""

    shown: Shown  # the edit, and how far the browser knows it
    token: str = field(default_factory=lambda: secrets.token_urlsafe(16))  # brings it back
    shelf: dict[str, Edit] = field(default_factory=dict)  # edits of other models, by its name
    photo: Portrait | None = None  # their own, if they have one here
    jobs: dict[Kind, Job] = field(default_factory=dict)  # last drag, last inversion; one is alive
    films: set[Job] = field(default_factory=set)  # and other files, on their way
    asker: Asker = field(default_factory=Asker)  # who it is, and from where
    seen: float = field(default_factory=time.monotonic)  # when it last gave a sign
    left: str = ""  # what to say on their return, a key of words.json, where the page was closed
    lock: threading.RLock = field(default_factory=threading.RLock)  # on all of these

    @property
    def edit(self) -> Edit:
        """The edit that is shown."""
        return self.shown.edit

    @property
    def revision(self) -> int:
        """Of the points and mask in it."""
        return self.shown.revision

    @property
    def epoch(self) -> int:
        """Of the edit that is shown."""
        return self.shown.epoch

    @property
    def language(self) -> str:
        """That it is spoken to in."""
        return self.shown.language

    @property
    def nbytes(self) -> int:
        """Bytes of all of their edits, of their photo, and of what is inverted of it."""
        parts = self.edit, *list(self.shelf.values()), self.photo, *list(self.jobs.values())
        return sum(part.nbytes for part in parts if part is not None)

    @property
    def drag(self) -> Job | None:
        """The last one, if there was any."""
        return self.jobs.get(Kind.DRAG)

    @property
    def inversion(self) -> Job | None:
        """The last one, if there was any; without what it needed, if it is over."""
        return self.jobs.get(Kind.PHOTO)

    def _has(self, kind: Kind, *phases: Phase) -> bool:
        return (job := self.jobs.get(kind)) is not None and job.phase in phases

    @property
    def armed(self) -> bool:
        """Whether a drag was asked for and has not begun."""
        return self._has(Kind.DRAG, Phase.ASKED, Phase.WAITING)

    @property
    def running(self) -> bool:
        """Whether a drag of theirs runs."""
        return self._has(Kind.DRAG, *RUNS)

    @property
    def dragging(self) -> bool:
        """Whether a drag of theirs waits, runs, or is being told of."""
        return self._has(Kind.DRAG, *FETCHED)

    @property
    def inverting(self) -> bool:
        """Whether an inversion of their photo was asked for, waits or runs."""
        return self._has(Kind.PHOTO, Phase.ASKED, *FETCHED)

    @property
    def awaited(self) -> bool:
        """Whether the panel of their photo is to be told how an inversion ends."""
        return (inversion := self.inversion) is not None and not inversion.told

    @property
    def busy(self) -> bool:
        """Whether anything of theirs waits or runs."""
        return any(job.busy for job in (*list(self.jobs.values()), *list(self.films)))

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

    def ask(self, job: Job) -> bool:
        """Have a job, for a handler to come for; False, and nothing is done, where another is in
        the way: any that is not over, but for a drag that was asked for twice before it waits."""
        with self.lock:
            alive = [each for each in self.jobs.values() if each.alive]
            if any(not each.place is job.place is Kind.DRAG or each.busy for each in alive):
                return False
            for each in alive:
                each.stop()
            self.jobs[job.place] = job
            return True

    def arm(self, drag: Job, edit: Edit, expected: Edit) -> bool:
        """Have a drag of this edit; expected: what it was worked out from. False, and nothing is
        done, if that has changed since or another job is in the way."""
        with self.lock:
            if expected is not self.edit or not self.ask(drag):
                return False
            self.shown.edit = edit
            return True

    def fetch(self, kind: Kind) -> Job | None:
        """The job of this kind that was asked for; None where there is none, or another handler has
        come for it."""
        job = self.jobs.get(kind)
        return job if job is not None and job.enter() else None

    @contextlib.contextmanager
    def filming(self, steps: Callable[[], Iterable]) -> Iterator[Job]:
        """A job for a file of theirs, for as long as it is watched."""
        job = Job(Kind.FILM, steps)
        with self.lock:
            self.films.add(job)
            if self.left:
                job.close(LEFT)
        try:
            yield job
        finally:
            job.close()
            self.films.discard(job)

    def turn_to(
        self, edit: Edit, wanted: object = None, expected: Edit | None = None
    ) -> Turn | None:
        """Put the edit aside, to be come back to, and take up one of another model, or one that
        follows from this one.

        wanted: what stood for it.   expected: as in `replace_edit`. None, and nothing is done, if
        another is wanted since.
        """
        with self.lock:
            if (wanted is not None and wanted is not self.shown.wanted) or (
                expected is not None and expected is not self.edit
            ):
                return None
            self.shelf.pop(edit.model, None)
            if self.edit.model != edit.model:
                self.put_aside(self.edit)
            self._take(edit, self.revision + OUT_OF_REACH)
            return self._turn()

    def _take(self, edit: Edit, revision: int) -> None:
        if self.drag is not None:
            self.drag.stop(REPLACED)
        shown = self.shown
        shown.edit, shown.revision = edit, revision
        shown.epoch, shown.handles = shown.epoch + 1, {}

    def _turn(self) -> Turn:
        shown = self.shown
        shown.serial += 1
        return Turn(shown.edit, shown.epoch, shown.serial)

    def take_changes(self, points, mask, revision: int) -> None:
        """Take what the visitor placed and painted, as a change of its own that can be undone;
        raises ValueError where it cannot be.

        Not newer than what is here already, it is late and ignored. What is changed while a drag
        runs belongs to the drag, and handles that it moves stay where it has them.
        """
        with self.lock:
            if revision <= self.revision:
                return
            shown, placed = self.shown, self.edit.place(points, mask)
            shown.revision = revision
            if self.running and self.drag.epoch == shown.epoch:
                shown.edit = placed.with_ends(shown.handles)
                return
            masks = placed.mask_png != self.edit.mask_png
            if not masks:  # one in memory, for all entries
                placed = replace(placed, mask_png=self.edit.mask_png)
            if masks or not alike(placed.points, self.edit.points):
                changed = self.edit.remember("mask" if masks else "points")
                shown.edit = replace(changed, points=placed.points, mask_png=placed.mask_png)

    def take_step(
        self, started: Edit, epoch: int, step: Step, targets: Places | None = None
    ) -> bool:
        """Take a step of the drag that started from this edit; False if that was replaced since.
        Step 0 is where it starts.   targets: those that have moved.

        Points and mask that were changed while it runs stay as the visitor left them.
        """
        with self.lock:
            shown = self.shown
            if shown.epoch == epoch and step.number:
                keys = (pair.key for pair in started.points)
                shown.handles = dict(zip(keys, step.handles, strict=True))
                reached = started.moved(step.ws, step.handles, step.regions)
                shown.edit = replace(
                    shown.edit.with_ends(shown.handles, targets),
                    ws=reached.ws,
                    regions=reached.regions,
                    change="drag",
                    trail=None,
                    history=started.history,
                    future=(),
                )
            return shown.epoch == epoch

    def take_trail(self, epoch: int, trail: Trail | None, started: Edit | None = None) -> None:
        """Keep the steps of the drag that has ended, unless its edit was replaced since.   started:
        the edit that it began with; what was placed meanwhile is a change of its own then."""
        with self.lock:
            if self.epoch != epoch or trail is None:
                return
            edit = replace(self.edit, trail=trail)
            self.shown.edit = (
                edit if started is None else meanwhile(edit, started, self.shown.handles)
            )

    def put_aside(self, edit: Edit) -> None:
        """Keep an edit of another model, to be come back to, as one of the last few."""
        self.shelf.pop(edit.model, None)
        self.shelf[edit.model] = edit
        for oldest in list(self.shelf)[:-MAX_SHELF]:
            del self.shelf[oldest]

    def settle(self) -> None:
        """Stop this visitor's drag and wait until it has ended; not for long."""
        if self.drag is not None:
            self.drag.stop()
            self.drag.join(SETTLE_SECONDS)

    def leave(self) -> None:
        """The page was closed: what runs for it ends, and its photo is gone."""
        with self.lock:
            self.photo = None
            if self.inverting:
                self.left = PHOTO_KEPT if self.inversion.kept else NO_PHOTO_KEPT
            self.left = self.left or WELCOME
            for job in (*self.jobs.values(), *self.films):
                job.close(LEFT)

    def finish(self) -> str:
        """What to say, a key of assets/words.json, to who comes back to what this page had: where
        it left in the middle of an inversion that has found something, that is waited for."""
        if self._has(Kind.PHOTO, Phase.STOPPING) and self.inversion.fit:
            self.inversion.join(FINISH_SECONDS)
        return self.left or (NO_PHOTO_KEPT if self.inverting else WELCOME)
