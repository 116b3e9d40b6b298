"""The line for the device: so many drags at once, the others wait in the order in which they came.

A drag runs in a thread of its own, whoever watches: the device is free again when the drag has
ended, not when somebody has noticed. Inversions of photos are in the same line; as each takes many
times as long as a drag, they leave one slot to drags where there are two or more.
"""

import contextlib
import contextvars
import heapq
import math
import os
import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from drag.server.process import DRAGS, step_back
from networks.errors import UserError

LENGTH = 40  # that wait at most
SECONDS = 120.0  # that a drag takes at most
CPU_SLOTS = 4  # at once, however many cores there are: a drag needs 0.3 GB, an inversion 0.6
DRAG, PHOTO = "drag", "photo"  # kinds of what is in the line
TELL_SECONDS = 1, 5  # between two Places that differ; and that do not
TICK_SECONDS = 0.2  # between two looks at the line
AHEAD = 2  # steps that nobody has fetched yet
ABANDONED_SECONDS = 20  # without anybody who fetches a step
FIRST_GUESS = {DRAG: 5.0, PHOTO: 90.0}  # seconds
LEARN = 0.2  # weight of the last one in the mean
BUSY = "Many people are dragging just now: try again in a minute."
T = TypeVar("T")


@dataclass(frozen=True)
class Place:
    """Where a drag stands in the line: how many wait before it, and about how many seconds."""

    ahead: int
    seconds: float


@dataclass(eq=False)
class _Drag:
    """One in the line. wanted: whether anybody still wants it.   program: a program's.   kind: DRAG
    or PHOTO.   said: its steps, until they are fetched.   closed: nobody fetches them any more.
    began: when its turn came.   ended: with which error, if with one."""

    steps: Callable[[], Iterable]
    wanted: Callable[[], bool]
    program: bool
    kind: str
    context: contextvars.Context = field(default_factory=contextvars.copy_context)
    said: queue.Queue = field(default_factory=lambda: queue.Queue(AHEAD))
    closed: threading.Event = field(default_factory=threading.Event)
    began: float | None = None
    ended: threading.Event = field(default_factory=threading.Event)
    error: BaseException | None = None

    def say(self, item) -> bool:
        """Put it where it is fetched; False where nobody wants it, or nobody has come for long."""
        until = time.monotonic() + ABANDONED_SECONDS
        while not self.closed.is_set() and self.wanted() and time.monotonic() < until:
            with contextlib.suppress(queue.Full):
                self.said.put(item, timeout=0.1)
                return True
        return False


class Line:
    """Safe between threads."""

    def __init__(self, slots: int = 1, length: int = LENGTH, seconds: float = SECONDS):
        """slots: drags at once.   length: that wait at most; programs fill half of it, and photos.
        seconds: that a drag takes at most, for whoever makes its steps."""
        self.slots, self.length, self.seconds = slots, length, seconds
        self._waiting: list[_Drag] = []
        self._running: list[_Drag] = []
        self._most = {DRAG: slots, PHOTO: max(1, slots - 1)}  # at once
        self._lock, self._means = threading.Lock(), dict(FIRST_GUESS)

    @property
    def running(self) -> int:
        """Drags that run."""
        return len(self._running)

    @property
    def waiting(self) -> int:
        """Drags that wait."""
        with self._lock:
            self._drop()
            return len(self._waiting)

    def check(self, program: bool = False, kind: str = DRAG) -> None:
        """Raises ValueError, in words fit for a visitor, where there is no room for one more;
        program: of those that programs may take."""
        with self._lock:
            self._drop()
            self._check(program, kind)

    def run(
        self, steps: Callable[[], Iterable[T]], wanted: Callable[[], bool] = lambda: True,
        program: bool = False, kind: str = DRAG,
    ) -> Iterator[Place | T]:
        """What steps() yields, in a thread of its own once it is its turn, and until then a Place,
        often. What it raises is raised here.

        wanted: whether anybody still waits for it or watches; where not, it leaves the line, or
        ends after the step that it is at. It leaves, or ends so, when this generator is closed,
        too. kind: DRAG, or PHOTO for an inversion, whose last item says whether it was done, or
        broken off. Raises ValueError, in words fit for a visitor, where there is no room.
        """
        drag = _Drag(steps, wanted, program, kind)
        with self._lock:
            self._drop()
            self._check(program, kind)
            self._waiting.append(drag)
            self._let_in()
        try:
            yield from self._watch(drag)
        finally:
            drag.closed.set()
            with self._lock, contextlib.suppress(ValueError):
                self._waiting.remove(drag)

    def _watch(self, drag: _Drag) -> Iterator[Place | T]:
        told, place = -math.inf, None
        while True:
            over = drag.ended.is_set()  # before it is looked whether there is more
            try:
                yield drag.said.get(timeout=0 if over else TICK_SECONDS)
                continue
            except queue.Empty:
                if over and drag.error:
                    raise drag.error from None
            if over or (drag.began is None and not self._waits(drag)):
                return
            if drag.began is None and time.monotonic() > told + TELL_SECONDS[0]:
                before, place = place, self._place(drag)
                if place and (before is None or place.ahead != before.ahead
                              or time.monotonic() > told + TELL_SECONDS[1]):
                    told = time.monotonic()
                    yield place

    def _waits(self, drag: _Drag) -> bool:
        with self._lock:
            self._drop()
            return drag in self._waiting or drag.began is not None

    def _place(self, drag: _Drag) -> Place | None:
        """Where a drag stands in the line; None where its turn has come. Played forward: each takes
        as long as the mean of its kind, and of those before it only they count that begin so."""
        with self._lock:
            if drag not in self._waiting:
                return None
            waiting, now = list(self._waiting), time.monotonic()
            before, ahead, seconds = waiting[: waiting.index(drag)], 0, 0.0
            ends = [(max(self._means[each.kind] - (now - each.began), 0.0), each.kind)
                    for each in self._running]
            heapq.heapify(ends)
            while (first := self._first(waiting, [kind for _, kind in ends])) is not drag:
                if first is None:
                    seconds, _ = heapq.heappop(ends)
                    continue
                waiting.remove(first)
                ahead += first in before
                heapq.heappush(ends, (seconds + self._means[first.kind], first.kind))
            return Place(ahead, seconds)

    def _first(self, waiting: list[_Drag], running: list[str]) -> _Drag | None:
        """The first of those that wait that may begin beside these kinds, if any may."""
        return next((drag for drag in waiting if self._room(drag.kind, running)), None)

    def _room(self, kind: str, running: list[str]) -> bool:
        return len(running) < self.slots and running.count(kind) < self._most[kind]

    def _kinds(self) -> list[str]:
        return [drag.kind for drag in self._running]

    def _check(self, program: bool, kind: str) -> None:
        if self._room(kind, self._kinds()):  # then none waits that would come first
            return
        programs = sum(drag.program for drag in self._waiting)
        photos = sum(drag.kind == PHOTO for drag in self._waiting)
        if (len(self._waiting) >= self.length or (program and 2 * programs >= self.length)
                or (kind == PHOTO and 2 * photos >= self.length)):
            raise UserError(BUSY)

    def _drop(self) -> None:
        self._waiting = [drag for drag in self._waiting if drag.wanted()]

    def _let_in(self) -> None:
        self._drop()
        while drag := self._first(self._waiting, self._kinds()):
            self._waiting.remove(drag)
            drag.began = time.monotonic()
            self._running.append(drag)
            thread = threading.Thread(target=drag.context.run, args=(self._work, drag), daemon=True,
                                      name="drag")
            try:
                thread.start()
            except RuntimeError:  # there are no more threads to be had
                self._running.remove(drag)
                drag.error = UserError(BUSY)
                drag.ended.set()

    def _work(self, drag: _Drag) -> None:
        step_back(DRAGS)
        item = None
        try:
            with contextlib.closing(_through(drag.steps)) as steps:
                for item in steps:
                    if not drag.say(item):
                        break
        except BaseException as error:
            drag.error = error
        finally:
            try:
                with self._lock:
                    self._running.remove(drag)
                    if getattr(item, "done", True):  # a photo may end before it has begun
                        took = time.monotonic() - drag.began
                        self._means[drag.kind] += LEARN * (took - self._means[drag.kind])
                    self._let_in()
            finally:
                drag.ended.set()


def _through(steps: Callable[[], Iterable[T]]) -> Iterator[T]:
    yield from steps()  # what closes this closes them


def slots_for(device_type: str) -> int:
    """How many drags run at once on a device of this type: one on a GPU; on a CPU one for each
    core, where two at once on two cores take less time than one after the other."""
    return 1 if device_type != "cpu" else max(1, min(os.cpu_count() or 1, CPU_SLOTS))
