"""A drag that follows a visitor's pointer for as long as it is held, as the line runs it."""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from enum import Enum

import numpy as np

from drag.edit import Edit, PointPair
from drag.follow import Aim
from drag.history import alike
from drag.loop import Step
from drag.server.drags import Drag
from drag.server.estimates import TURN_SECONDS
from drag.server.jobs import Kind, Phase
from drag.server.line import Line
from drag.server.process import use_cores
from drag.server.sessions import Session
from drag.trail import Recorder, Trail

MOMENT_SECONDS = 0.15  # without a move, after which a sharp picture is made
REST_SECONDS = 3.0  # without a move, after which others may have the slot
SILENCE_SECONDS = 5.0  # without a word from a page that gives one every second
ENOUGH = 3  # steps that tell how long one takes
LOOK_SECONDS = 1.0  # between two looks at whether it still does
MOVES_A_SECOND = 40  # that are taken of a page, which makes 20


class Pointer(str, Enum):
    """What a page says of a pointer."""

    HELD = "held"
    RELEASED = "released"
    TAKEN_BACK = "taken back"  # Escape, or a second finger


class Hold(Drag):
    """Begins with a press that places a pair, or takes one up. It is one change, if the picture did
    change; taken back, it leaves no trace."""

    KIND = Kind.HOLD

    def __init__(
        self,
        session: Session,
        engine,
        line: Line,
        name: str,
        pair: PointPair,
        start: np.ndarray | None = None,
        alone: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ):
        """line: that runs it.   name: the page's own for it.   pair: as it was pressed; its key is
        one of the edit's, or is new.   start: the picture that is shown, uint8 (H, W, 3).
        alone: other pairs and the region go."""
        super().__init__(session, engine, clock)
        self.line, self.name, self.start, self.alone = line, name, start, alone
        self.model = session.edit.model
        self.pair, self.began_at, self.before = pair, pair.handle, session.edit
        self.pointer, self.number = Pointer.HELD, 0  # of the last word of the page
        self.replaced = False  # whether the page has pressed again
        self.aimed = 0  # number of the word that the present step goes by,
        self.words: dict[int, int] = {}  # and that each step went by, by its own number
        self.paces: list[float] = []  # seconds that its steps took
        self._place, self._heard, self._allowed = pair.target, clock(), float(MOVES_A_SECOND)
        self._since = self._asked = clock()  # it has its slot; it was told where to go
        self._calm = True  # whether the pointer rests

    def move(self, number: int, place: tuple[float, float], pointer: Pointer) -> bool:
        """The page says where the pointer is, (x, y) in pixels of the picture, and what it does;
        number: counts what it says. Returns whether there is more to say."""
        with self._changed:
            if self._phase not in (Phase.ASKED, Phase.WAITING, Phase.RUNNING):
                return False
            now = self.clock()
            more = MOVES_A_SECOND * (now - self._heard)
            self._allowed = min(MOVES_A_SECOND, self._allowed + more)
            self._heard = now
            if number <= self.number or self.pointer is not Pointer.HELD:  # late
                return self.pointer is Pointer.HELD
            if self._allowed < 1 and pointer is Pointer.HELD:
                return True
            height, width = self.before.img_size
            x, y = place
            self._allowed -= 1
            self.number, self.pointer = number, pointer
            self._place = min(max(x, 0.0), width - 1.0), min(max(y, 0.0), height - 1.0)
            self._changed.notify_all()
            if pointer is Pointer.TAKEN_BACK:
                self.stop(pointer.value)
            return pointer is Pointer.HELD

    def _aim(self, settled: bool) -> Aim:
        """Where the pair is to go now; waits for that where the drag has settled. Others have a
        turn before that, if it is time."""
        if self._turn() <= 0:
            with self.line.rested(self):
                pass
            self._since = self.clock()
        if settled:
            self._wait()
        with self._changed:
            held = self.pointer is Pointer.HELD and not self._over()
            self.aimed, self.pair = self.number, replace(self.pair, target=self._place)
            self._asked = self.clock()
            return Aim({self.pair.key: self._place}, held)

    def _wait(self) -> None:
        """Until the pointer moves; a moment only where it has not rested for one yet. Where it
        rests for long, others may have the slot."""
        calm = self._calm
        rest = REST_SECONDS if calm else MOMENT_SECONDS
        self.wait_until(self._moved, min(rest, self._turn()))
        self._calm = not self._moved()
        if calm and self._calm and not self._over():
            with self.line.rested(self):
                while not (self._moved() or self._over()):
                    self.wait_until(self._moved, LOOK_SECONDS)
            self._since = self.clock()

    def _turn(self) -> float:
        """Seconds that are left of its turn."""
        left = self._since + TURN_SECONDS - self.clock()
        return max(left, 0.0) if self.line.waiting else math.inf

    def _moved(self) -> bool:
        return self._place != self.pair.target or self.pointer is not Pointer.HELD

    def _over(self) -> bool:
        """Whether nobody holds it any more, or has for too long."""
        now = self.clock()
        late = now > self.began + self.seconds or now > self._heard + SILENCE_SECONDS
        return late or self._phase is not Phase.RUNNING

    def _started(self) -> Edit:
        if self.alone:
            self.edit = replace(self.edit, points=(), mask_png=None)
        points = [pair for pair in self.edit.points if pair.key != self.pair.key]
        where = next(
            (i for i, pair in enumerate(self.edit.points) if pair.key == self.pair.key), len(points)
        )
        points.insert(where, self.pair)
        self.edit = replace(self.edit, points=tuple(points))
        with self.session.lock:
            if self.session.epoch == self.epoch:
                self.session.shown.edit = self.edit
        return replace(self.edit, history=self.before.remember().history)

    def left(self, step: Step) -> tuple[float]:
        """Pixels that its pair has to go at a step."""
        keys = [pair.key for pair in self.edit.points]
        return (step.distances[keys.index(self.pair.key)],)

    @property
    def pace(self) -> float:
        """Seconds that a step of it takes where nothing else keeps the machine busy."""
        return float(np.percentile(self.paces, 25)) if len(self.paces) >= ENOUGH else 0.0

    @property
    def newer(self) -> bool:
        """Whether a later step is there than the one that was fetched last."""
        return bool(self._said)

    def _worked_out(self, started: Edit) -> Iterator[Step]:
        use_cores()
        return self.engine.steps(started, self.seconds, aims=self._aim, start=self.start)

    def _taken(self, started: Edit, step: Step) -> bool:
        self.words[step.number] = self.aimed
        if not step.number:
            use_cores(1)  # the others are for its pictures, and for whoever looks at them
        else:
            self.paces.append(self.clock() - self._asked)
        target = {self.pair.key: self.pair.target}
        return self.session.take_step(started, self.epoch, step, target)

    def _recorder(self, started: Edit, first: Step) -> Recorder:
        return Recorder(first.ws, started.points, first.regions is not None)

    def _keep(self, trail: Trail | None) -> None:
        """Its steps; where the picture is what it was, just what was placed, or nothing."""
        session, before = self.session, self.before
        with session.lock:
            if session.epoch != self.epoch:
                return
            edit = session.edit
            if self.pointer is Pointer.TAKEN_BACK:
                painted = edit.mask_png != self.edit.mask_png  # meanwhile
                session.shown.edit = replace(before, mask_png=edit.mask_png) if painted else before
                # Those on their way to the page have moved.
                session.shown.handles = {pair.key: pair.handle for pair in before.points}
            elif edit.same_picture(before):
                placed = edit.mask_png != before.mask_png
                placed = placed or not alike(edit.points, before.points)
                session.shown.edit = (
                    replace(before.remember("points"), points=edit.points, mask_png=edit.mask_png)
                    if placed
                    else before
                )
            else:
                self.ways = [math.dist(self.began_at, self.pair.target)]
                session.take_trail(self.epoch, trail)

    def _release(self) -> None:
        super()._release()
        self.before = self.start = None
