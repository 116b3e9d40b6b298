"""A job: something that a visitor or a program has the server work out, from asking to end.

Drags, inversions of photos and files are jobs; the line (drag/server/line.py) runs them.
"""

import contextvars
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from enum import Enum

from drag.server.shares import asker

AHEAD = 2  # steps that nobody has fetched yet
STOPPED, LEFT, UNWATCHED = "stopped", "left the page", "not watched any more"  # why one ended


class Kind(str, Enum):
    """What is worked out."""

    DRAG = "drag"
    HOLD = "hold"  # a drag whose target a visitor moves
    PHOTO = "photo"  # inverted
    FILM = "film"  # or another file


FETCH_SECONDS = {Kind.PHOTO: 30.0}  # from asking to fetching; then it lapses, and its photo goes


class Phase(Enum):
    """How far a job is."""

    ASKED = "asked for; no handler has come for it yet"
    WAITING = "in the line, and watched"
    RUNNING = "its steps are worked out"
    STOPPING = "it ends after the step that it is at"
    TELLING = "its steps are over; whoever watches tells how it ended"
    ENDED = "over, and everyone knows who needs to"


RUNS = Phase.RUNNING, Phase.STOPPING
FETCHED = Phase.WAITING, *RUNS, Phase.TELLING


class Job:
    """A small state machine. Safe between threads; no two moves cross.

        ASKED --enter--> WAITING --begin--> RUNNING ----------------end--+--> TELLING --close--+
          |                 |                  |                         |       ^             |
          |                 |              stop, close                   |       |             v
          |                 |                  v                         |       |           ENDED
          |                 |               STOPPING ---------------end--+-------|-------------^
          |                 +-- stop --------------------------------------------+             |
          +-- stop, lapse                       ... close, of what does not run ---------------+

    enter: by the handler that comes for it, the first one; the line does so for those of programs.
    begin, end: by the line only, as a slot is free, and as the thread that it then has is done.
    stop: by anyone: Stop was pressed, or another edit has taken the place of the one it is of.
    close: by whoever watches, when all is told or nobody listens; or for them, as their page left.
    lapse: by itself, where nobody came for it in time. What runs is never over before its thread
    is, so it goes by STOPPING where it is stopped or closed; where nobody watches then, `end` skips
    TELLING.
    """

    def __init__(
        self,
        kind: Kind,
        work: Callable[[], Iterable] = tuple,
        program: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ):
        """work: gives the steps, unless the kind's own class does.   program: it is a program's.
        clock: seconds."""
        self.kind, self.work, self.program, self.clock = kind, work, program, clock
        self.asker = asker()  # for whom it is
        self.asked = clock()  # when it was
        self.began = math.inf  # when its turn came
        self.seconds = math.inf  # that its steps may take; from `begin`
        self.watched = False  # somebody fetches what it says
        self.account = ""  # of what it did, for the log, which has no line of it without
        self.why = ""  # it ended, for the log
        self.error: BaseException | None = None  # that it ended with
        self.context = contextvars.copy_context()  # of who watches: ZeroGPU finds the visitor there
        self._phase, self._said, self._news = Phase.ASKED, deque(), False
        self._changed = threading.Condition()

    @property
    def phase(self) -> Phase:
        """How far it is."""
        with self._changed:
            if self._phase is Phase.ASKED and self.clock() > self.asked + FETCH_SECONDS.get(
                self.kind, math.inf
            ):
                self._move(Phase.ENDED)
            return self._phase

    @property
    def running(self) -> bool:
        """Whether its thread runs."""
        return self.phase in RUNS

    @property
    def alive(self) -> bool:
        """Whether it is to come, or there."""
        return self.phase is not Phase.ENDED

    @property
    def busy(self) -> bool:
        """Whether somebody has come for it, and it is not over."""
        return self.phase in FETCHED

    @property
    def place(self) -> Kind:
        """What a session has one of: a hold is its drag."""
        return Kind.DRAG if self.kind is Kind.HOLD else self.kind

    @property
    def nbytes(self) -> int:
        """Bytes that it keeps."""
        return 0

    def steps(self) -> Iterable:
        """What it says, worked out in a thread of its own; a generator is closed where the job is
        stopped before its end."""
        return self.work()

    def enter(self) -> bool:
        """Whoever comes for it watches it from now on; False where it is not there to be had."""
        with self._changed:
            if self.phase is not Phase.ASKED:
                return False
            self.watched, self.context = True, contextvars.copy_context()
            self._move(Phase.WAITING)
            return True

    def begin(self, seconds: float = math.inf) -> bool:
        """Its turn has come; False where it is not wanted any more. seconds: that it may take."""
        with self._changed:
            if self._phase is not Phase.WAITING:
                return False
            self.began, self.seconds = self.clock(), seconds
            self._move(Phase.RUNNING)
            return True

    def stop(self, why: str = STOPPED) -> Phase:
        """End it, after the step that it is at if it runs; whoever watches tells of it. Returns the
        phase that this found it in."""
        with self._changed:
            found = self.phase
            match found:
                case Phase.ASKED:
                    self._move(Phase.ENDED)
                case Phase.WAITING:
                    self._move(Phase.TELLING)
                case Phase.RUNNING:
                    self.why = why
                    self._move(Phase.STOPPING)
            return found

    def close(self, why: str = UNWATCHED) -> None:
        """Nobody watches it any more: end it, without a word."""
        with self._changed:
            self.watched = False
            if not self.running:
                self._move(Phase.ENDED)
                return
            if self.phase is Phase.RUNNING or why != UNWATCHED:  # a page that left says more
                self.why = why
            self._move(Phase.STOPPING)

    def end(self, error: BaseException | None = None) -> None:
        """Its thread is done, or could not be had; error: the one that it ended with."""
        with self._changed:
            self.error = error
            self._move(Phase.TELLING if self.watched else Phase.ENDED)

    def join(self, seconds: float) -> None:
        """Wait until its thread is done, if it has one; not longer."""
        with self._changed:
            self._changed.wait_for(lambda: not self.running, seconds)

    def say(self, item, patience: float = math.inf) -> bool:
        """Put something where it is fetched, once there is room; whether more is to come, which is
        not so where nobody fetches anything for longer than patience, in seconds."""
        with self._changed:
            room = self._changed.wait_for(
                lambda: len(self._said) < AHEAD or self._phase is not Phase.RUNNING,
                min(patience, threading.TIMEOUT_MAX),
            )
            if not room:
                self.close()
            self._said.append(item)  # also the step that it was at when it was stopped
            self._changed.notify_all()
            return self._phase is Phase.RUNNING

    def said(self) -> Iterator:
        """What it says, until its steps are over; raises the error that they ended with."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._said or not self._coming())
                if not self._said:
                    break
                item = self._said.popleft()
                self._changed.notify_all()
            yield item
        if self.error:
            raise self.error from None

    def wait_until(self, ready: Callable[[], bool], seconds: float) -> bool:
        """Wait, in its own thread, until something is so, which whoever makes it so tells by
        `nudge`, or it is to end; not longer. Returns whether it goes on."""
        with self._changed:
            self._changed.wait_for(lambda: ready() or self._phase is not Phase.RUNNING, seconds)
            return self._phase is Phase.RUNNING

    def nudge(self) -> None:
        """Have whoever waits for news look where it stands."""
        with self._changed:
            self._news = True
            self._changed.notify_all()

    def wait_for_news(self, seconds: float) -> None:
        """Wait until it waits no longer or is nudged; not longer."""
        with self._changed:
            self._changed.wait_for(lambda: self._news or self._phase is not Phase.WAITING, seconds)
            self._news = False

    def _coming(self) -> bool:
        """Whether it may still say something."""
        return self._phase in (Phase.WAITING, Phase.RUNNING, Phase.STOPPING)

    def _move(self, phase: Phase) -> None:
        self._phase = phase
        if phase is Phase.ENDED:  # a session keeps its last job, without all that is large
            self._said.clear()
            self.error = self.context = None
            self._release()
        self._changed.notify_all()

    def _release(self) -> None:
        """Let go of what is large in a job of this kind."""
