"""A visitor's drag, as the line runs it: each step is in the session's edit when it comes out."""

import math
import time
from collections.abc import Callable, Iterator

from drag.edit import Edit
from drag.loop import Step
from drag.server.jobs import STOPPED, Job, Kind, Phase
from drag.server.process import use_cores
from drag.server.sessions import Session
from drag.trail import Recorder, Trail

FRAMES_AHEAD = 3  # pictures sent that the browser has not drawn yet
SILENCE_SECONDS = 20  # without a sign of a browser whose frames are all outstanding


class Drag(Job):
    """Ends also where another edit has taken the place of its own, or where the browser has drawn
    nothing for long; it is remembered for `undo`."""

    KIND = Kind.DRAG

    def __init__(self, session: Session, engine, clock: Callable[[], float] = time.monotonic):
        """engine: a drag.server.engine.Engine, or one like it."""
        super().__init__(self.KIND, clock=clock)
        self.session, self.engine = session, engine
        self.edit: Edit | None = None  # that it is of, with all that was placed until it began
        self.epoch = -1  # of that edit
        self.ways: list[float] = []  # px that each of its points had to go
        self.objected = -math.inf  # when a second drag was asked for while it ran

    def steps(self) -> Iterator[tuple[Step, bool]]:
        """The steps, each with whether its picture shall be sent. Raises ValueError, in words fit
        for a visitor, where there is nothing to drag."""
        session, shown, step, recorder = self.session, self.session.shown, None, None
        with session.lock:
            if self.phase is not Phase.RUNNING:  # another edit took its place as it began
                return
            self.edit, self.epoch, shown.handles = shown.edit, shown.epoch, {}
            self.ways = [pair.distance for pair in self.edit.points]
        try:
            started = self._started()
            shown.drawn = shown.serial
            heard = shown.drawn, self.clock()
            for step in self._worked_out(started):
                if not self._taken(started, step):
                    break
                if recorder is None:
                    recorder = self._recorder(started, step)
                if step.number:
                    recorder.take(step.number, step.ws, step.handles)
                session.seen = now = self.clock()
                if shown.drawn != heard[0]:
                    heard = shown.drawn, now
                behind = shown.serial - shown.drawn >= FRAMES_AHEAD
                seen = step.picture is not None or step.preview is not None
                yield step, seen and not step.ending and not behind
                if behind and now - heard[1] > SILENCE_SECONDS:
                    break
            if self.phase is Phase.RUNNING:
                self.why = step.ending.value if step and step.ending else STOPPED
        finally:  # whatever ended it, also where memory is short
            self.account = account(self.edit, step)
            self._keep(recorder and recorder.trail())

    def _started(self) -> Edit:
        """The edit that it works on, what was before on top of its history."""
        return self.edit.remember()

    def _worked_out(self, started: Edit) -> Iterator[Step]:
        use_cores()
        return self.engine.steps(started, self.seconds)

    def _taken(self, started: Edit, step: Step) -> bool:
        """Have a step in the session's edit; False where another took its place."""
        return self.session.take_step(started, self.epoch, step)

    def _recorder(self, started: Edit, first: Step) -> Recorder:
        return Recorder(started.latents, started.points, started.inside)

    def _keep(self, trail: Trail | None) -> None:
        """What is left of it in the session's edit."""
        self.session.take_trail(self.epoch, trail, self.edit)

    def _release(self) -> None:
        self.session = self.edit = None


def account(edit: Edit, step: Step | None) -> str:
    """What the log says of a drag; step: its last."""
    return f"{edit.model}: {len(edit.points)} points, {step.number if step else 0} steps"
