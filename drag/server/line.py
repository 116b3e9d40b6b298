"""The line for the device: so many drags at once, the others wait for their turn, in the order of
drag/server/shares.py. Another one is for films: those of programs leave a slot to visitors' there.

A job runs in a thread of its own, whoever watches: the device is free again when the job has ended,
not when somebody has noticed. Inversions of photos are in the same line; as each takes many times
as long as a drag, they leave one slot to drags where there are two or more. Drags that follow a
pointer last as long as somebody holds it: they take half of the slots at most, do not wait to
begin, and lend theirs to others while the pointer rests (`rested`). To have it back they are in
line, so that no newcomer goes before them; but who has waited for one of them waits for no other.
"""

import contextlib
import logging
import math
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from drag.server.estimates import Estimates, Place
from drag.server.jobs import Job, Kind, Phase
from drag.server.process import DRAGS, step_back
from drag.server.shares import BUSY, TOO_MUCH, Asker, BusyError, asker, has, in_turn

LENGTH, FILMS = 40, 8  # that wait at most; of films, of which two are made at once
EACH = 2  # films of a visitor; of all else, one
SECONDS = 120.0  # that a drag takes at most
PROGRAM_SECONDS = 60.0  # that one of a program takes at most
PHOTO_SECONDS, OF_DRAGS = 170.0, 1.5  # an inversion; as many times as long as a drag may take
CPU_SLOTS = 4  # at once, however many cores there are: a drag needs 0.3 GB, an inversion 0.6
TELL_SECONDS = 1, 5  # between two Places that differ; and that do not
PATIENCE_SECONDS = 20  # without anybody who fetches a step
log = logging.getLogger("drag")


@dataclass(frozen=True)
class _Newcomer:
    """Stands for a job that may come."""

    program: bool
    kind: Kind
    asker: Asker


class Line:
    """Safe between threads."""

    def __init__(
        self,
        slots: int = 1,
        length: int = LENGTH,
        seconds: float = SECONDS,
        patience: float = PATIENCE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ):
        """slots: jobs at once.   length: that wait at most; programs fill half of it, and photos.
        seconds: that a drag takes at most.   patience: seconds without anybody who fetches a step,
        after which a job ends.   clock: seconds."""
        self.slots, self.length, self.seconds, self.patience = slots, length, seconds, patience
        self.clock = clock
        self._waiting: list[Job] = []  # to begin; or, where they have, to have a slot again
        self._running: list[Job] = []  # that have a slot
        self._lock, self._estimates = threading.Lock(), Estimates(slots, clock)

    @property
    def running(self) -> int:
        """Jobs that have a slot."""
        return len(self._running)

    @property
    def waiting(self) -> int:
        """Jobs that wait."""
        with self._lock:
            self._drop()
            return len(self._waiting)

    def check(self, program: bool = False, kind: Kind = Kind.DRAG) -> None:
        """Raises ValueError, in words fit for a visitor, where there is no room for one more;
        program: of those that programs may take."""
        with self._lock:
            self._drop()
            self._check(_Newcomer(program, kind, asker()))

    def run(self, job: Job) -> Iterator:
        """What a job says once it is its turn, and until then a Place, often. What its steps raise
        is raised here.

        Whoever iterates watches it: the job leaves the line, or ends after the step that it is at,
        when this generator is closed; when it is exhausted, `Job.close` is left to them, for when
        they have told all. Raises ValueError, in words fit for a visitor, where there is no room.
        """
        try:
            job.enter()  # unless it was fetched already
            with self._lock:
                self._drop()
                for last in self._check(job):
                    self._waiting.remove(last)
                    last.end(BusyError(BUSY))
                self._waiting.append(job)
                self._let_in()
            yield from self._places(job)
            yield from job.said()
        except GeneratorExit:
            job.close()
            raise

    def _places(self, job: Job) -> Iterator[Place]:
        """Where it stands, while it waits: whenever that has changed, and now and then."""
        told, before = -math.inf, None
        while place := self._place(job):
            moved = before is None or place.ahead != before.ahead
            left = told + TELL_SECONDS[0 if moved else 1] - self.clock()
            if left <= 0:
                told, before = self.clock(), place
                yield place
            else:
                job.wait_for_news(left)

    def _place(self, job: Job) -> Place | None:
        """Where a job stands in the line; None where it waits no longer."""
        with self._lock:
            self._drop()
            if job.phase is not Phase.WAITING:
                return None
            waiting = in_turn(self._waiting, self._running)
            return self._estimates.place(job, waiting, self._running, self._first)

    def _first(self, waiting: list[Job], running: list[Job]) -> Job | None:
        """The first of those that wait, as it is their turn, that may begin beside these."""
        return next((job for job in waiting if self._room(job, running)), None)

    def _room(self, job: Job | _Newcomer, running: list[Job]) -> bool:
        """Whether a job may begin beside these: of some there are fewer at once than slots."""
        alike, most = [each for each in running if each.kind is job.kind], self.slots
        if job.kind is Kind.PHOTO:
            most = max(1, self.slots - 1)
        elif job.kind is Kind.HOLD:
            most = max(1, self.slots // 2)
        elif job.kind is Kind.FILM and job.program:
            alike, most = [each for each in alike if each.program], max(1, self.slots - 1)
        return len(running) < self.slots and len(alike) < most

    def _check(self, job: Job | _Newcomer) -> list[Job]:
        """Those that wait for whom there is no room any more if this one comes; raises UserError
        where that is this one itself."""
        goes_on = [each for each in self._running if each.phase is not Phase.STOPPING]
        theirs = has(job.asker.visitor, self._waiting + goes_on)
        if theirs >= (EACH if job.kind is Kind.FILM else 1):
            raise BusyError(TOO_MUCH)
        if self._room(job, self._running):  # then none waits that would come first
            return []
        if job.kind is Kind.HOLD:
            raise BusyError(BUSY)
        waiting: list = [each for each in self._waiting if each.phase is Phase.WAITING] + [job]
        half = math.ceil(self.length / 2)
        out: list[Job] = []
        for those, most in (
            ([each for each in waiting if job.program and each.program], half),
            ([each for each in waiting if job.kind is each.kind is Kind.PHOTO], half),
            (waiting, self.length),
        ):
            those = [each for each in those if each not in out]
            if len(those) > most:
                out.append(in_turn(those, self._running)[-1])
        if job in out:
            raise BusyError(BUSY)
        return out

    def _drop(self) -> None:
        """Forget those that were stopped while they waited; the others move up."""
        waiting = [job for job in self._waiting if job.phase in (Phase.WAITING, Phase.RUNNING)]
        if len(waiting) < len(self._waiting):
            self._waiting = waiting
            self._nudge()

    def _nudge(self) -> None:
        for job in self._waiting:
            job.nudge()

    def _let_in(self) -> None:
        self._drop()
        while job := self._first(in_turn(self._waiting, self._running), self._running):
            self._waiting.remove(job)
            again = job.phase is Phase.RUNNING
            if not again and not job.begin(self._limit(job)):
                continue  # stopped this very moment
            self._running.append(job)
            self._estimates.begin(job)
            if again:  # it has its slot back
                job.nudge()
                continue
            thread = threading.Thread(
                target=job.context.run, args=(self._work, job), daemon=True, name=job.kind.value
            )
            try:
                thread.start()
            except RuntimeError:  # there are no more threads to be had
                self._running.remove(job)
                self._estimates.end(job, learn=False)
                job.end(BusyError(BUSY))
        self._nudge()

    def _give_back(self, job: Job, learn: bool = True) -> None:
        """The slot of a job, if it has one.   learn: from how long it had that."""
        if job in self._running:  # else it rests
            self._running.remove(job)
            self._estimates.end(job, learn)
            if job.kind is Kind.HOLD:  # those who wait now have waited for it
                self._waiting.sort(key=lambda each: each.phase is Phase.RUNNING)
        self._let_in()

    @contextlib.contextmanager
    def rested(self, job: Job) -> Iterator[None]:
        """Lend the slot of a job to others while this lasts, in its thread; then it waits until it
        has one again, after those who wait now, or until it is to end or its time is over."""
        with self._lock:
            self._give_back(job)
        try:
            yield
        finally:
            with self._lock:
                self._waiting.append(job)
                self._let_in()
            left = job.began + job.seconds - self.clock()
            job.wait_until(lambda: job in self._running, left)
            with self._lock:
                if job in self._waiting:
                    self._waiting.remove(job)

    def _limit(self, job: Job) -> float:
        """Seconds that it takes at most."""
        if job.kind is Kind.PHOTO:
            return min(PHOTO_SECONDS, OF_DRAGS * self.seconds)
        return min(PROGRAM_SECONDS, self.seconds) if job.program else self.seconds

    def _work(self, job: Job) -> None:
        step_back(DRAGS)
        item = error = None
        try:
            with contextlib.closing(_through(job)) as steps:
                for item in steps:
                    if not job.say(item, self.patience):
                        break
        except BaseException as caught:
            error = caught
        finally:
            try:
                self._log(job, error)
                with self._lock:
                    # A photo may end before it has begun.
                    self._give_back(job, learn=getattr(item, "done", True))
            finally:
                job.end(error)

    def _log(self, job: Job, error: BaseException | None) -> None:
        """The one line in the log of a job that has ended: no pictures, nobody's name."""
        if job.account:
            why = f"failed: {type(error).__name__}" if error else job.why or "done"
            log.info(
                "%s, %.1f s, %s%s",
                job.account,
                self.clock() - job.began,
                why,
                " (program)" if job.program else "",
            )


def _through(job: Job) -> Iterable:
    """Its steps; what closes this closes them."""
    if job.phase is Phase.RUNNING:  # else it was stopped as it began
        yield from job.steps()


def slots_for(device_type: str) -> int:
    """How many drags run at once on a device of this type: one on a GPU; on a CPU one for each
    core, where two at once on two cores take less time than one after the other."""
    return 1 if device_type != "cpu" else max(1, min(os.cpu_count() or 1, CPU_SLOTS))
