"""How long what is in a line will wait: by what the last ones took there, by the clock.

Who waits does so because all slots are taken, and runs beside as many others in the end: so what
took the device for itself, which may be half as long on the same cores, says little to them, and is
forgotten as soon as one of its kind has run in a full house. One that has had its slot for long has
it for a while yet, as those had that took longer.
"""

import heapq
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from drag.server.jobs import Job, Kind

FIRST_GUESS = {Kind.DRAG: 5.0, Kind.HOLD: 5.0, Kind.PHOTO: 90.0, Kind.FILM: 5.0}  # seconds
TURN_SECONDS = 20.0  # that a hold has its slot while others wait
RECENT = 16  # that are remembered of each kind
FULL = 0.5  # slots that may be free, on the average, in a full house


@dataclass(frozen=True)
class Place:
    """Where a job stands in the line."""

    ahead: int  # that wait before it
    seconds: float  # that it waits, about


class Estimates:
    """Not safe between threads: a line asks and tells it under its lock."""

    def __init__(self, slots: int, clock: Callable[[], float]):
        """slots: jobs at once.   clock: seconds."""
        self.slots, self.clock = slots, clock
        self._took = {kind: deque([guess], RECENT) for kind, guess in FIRST_GUESS.items()}
        self._full: set[Kind] = set()  # of which only those in a full house are remembered
        self._since: dict[Job, tuple[float, float]] = {}  # when it had its slot, and `_crowd` then
        self._crowd, self._counted = 0.0, clock()  # seconds of all slots that were had, until then

    def begin(self, job: Job) -> None:
        """A job has a slot."""
        self._since[job] = self._count(), self._crowd

    def end(self, job: Job, learn: bool = True) -> None:
        """It has none any more.   learn: whether that says how long others of its kind take."""
        now, (began, crowd) = self._count(), self._since.pop(job)
        if learn:
            took = now - began
            self._learn(job.kind, took, (self._crowd - crowd) / took if took > 0 else 1.0)

    def _count(self) -> float:
        now = self.clock()
        self._crowd += len(self._since) * (now - self._counted)
        self._counted = now
        return now

    def _learn(self, kind: Kind, took: float, crowd: float) -> None:
        """crowd: jobs that ran meanwhile, itself included, on the average."""
        if crowd > self.slots - FULL:
            if kind not in self._full:
                self._full.add(kind)
                self._took[kind].clear()
            self._took[kind].append(took)
        elif kind not in self._full:  # at worst, they share what it had for itself
            self._took[kind].append(took * self.slots / max(crowd, 1.0))

    def takes(self, kind: Kind) -> float:
        """Seconds for which one of this kind has a slot, where all are taken."""
        mean = sum(self._took[kind]) / len(self._took[kind])
        return min(mean, TURN_SECONDS) if kind is Kind.HOLD else mean

    def left(self, job: Job) -> float:
        """Seconds for which a job that has a slot will have it yet."""
        had = self.clock() - self._since[job][0]
        most = TURN_SECONDS if job.kind is Kind.HOLD else job.seconds
        longer = [took - had for took in self._took[job.kind] if took > had]
        return max(0.0, min(sum(longer) / len(longer) if longer else had / 2, most - had))

    def place(
        self, job: Job, waiting: list[Job], running: list[Job], first: Callable[..., Job | None]
    ) -> Place:
        """Where a job stands, played forward: of those before it only they count that begin so.

        waiting: as it is their turn.   first(waiting, running): of those, the next that begins.
        """
        before, waiting = waiting[: waiting.index(job)], list(waiting)
        ahead, seconds = 0, 0.0
        ends = [(self.left(each), id(each), each) for each in running]
        heapq.heapify(ends)
        while (following := first(waiting, [each for *_, each in ends])) is not job:
            if following is None:
                seconds, *_ = heapq.heappop(ends)
                continue
            waiting.remove(following)
            ahead += following in before
            heapq.heappush(ends, (seconds + self.takes(following.kind), id(following), following))
        return Place(ahead, seconds)
