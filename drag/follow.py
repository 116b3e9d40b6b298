"""A drag whose targets move while it runs, as a pointer does that is held: the picture follows."""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch

from drag.course import Course, Ending, Step, step_of
from drag.edit import Edit
from drag.features import scale_to
from drag.masks import Region, around, decode_mask, encode_mask
from drag.preview import LiveView
from drag.render import view_of, widen
from drag.settings import PAPERS, WHOLE
from drag.solvers import solver_for
from networks.generator import Generator
from networks.regions import Held

SETTLING = 10  # steps at most once the targets have been let go of
ROOM_AT_512 = 32.0  # pixels of a way: a region that grows with the way grows by so many at once


@dataclass(frozen=True)
class Aim:
    """Where handles are to go by now."""

    targets: dict[int, tuple[float, float]]  # (x, y) in pixels, by the key of their pair
    held: bool = True  # whether they may still move


# Asked once a step, with whether there is nothing to do for what it said last: it may wait then, a
# moment at first, after which a sharp picture is made of what rests. All of its aims are of the
# same pairs; all others stay where they are.
Aims = Callable[[bool], Aim]


def follow(
    generator: Generator, edit: Edit, view: LiveView | None, seconds: float, aims: Aims
) -> Iterator[Step]:
    """The steps of a drag whose targets move; as `drag.loop.drag` with the first of them, which has
    number 0, and all of the pictures between showing what changes alone.

    While targets are held it follows them, and rests where it is there or comes no closer, which
    gives a step of the same number with a sharp picture. Once they are let go of, it ends there,
    after some steps at most. Each place that targets have been in counts from the start of the
    drag, so that where they come back to the handles' first places, so does the picture, to the
    bit. The same aims give the same steps.
    """
    until = time.monotonic() + seconds
    aim = aims(False)
    handles = {pair.key: pair.handle for pair in edit.points}
    reach = _Reach(_aimed(edit, handles), list(aim.targets))
    held, solver = reach.edit, solver_for(edit)
    through = view_of(generator, held)
    states = solver.steps(through, held)
    first = state = next(states)
    course, number, left, settled, sharp = Course(held, first), 0, SETTLING, True, True
    if view is not None and state.features is not None:
        view.follow(through, state.ws, state.features)
    yield step_of(0, state, course.distances(state), None, regions=reach.regions(None))
    while True:
        targets = torch.tensor(
            [aim.targets.get(key, handles[key]) for key in handles], dtype=torch.float32
        )
        if not torch.equal(targets, course.targets):
            if (grown := reach.grow(aim)) and isinstance(through, Held):
                widen(through, grown)
                if state is not first:  # whose features were those of the smaller one
                    state = replace(state, features=None)
                    if view is not None:
                        view.outgrown()
            course.aim(targets, number, state)
            settled = state is first and course.there(state)
        late, stepped = time.monotonic() > until, not settled
        if stepped:
            number, state = number + 1, states.send(targets)
            course.take(number, state)
            settled = course.there(state) or course.stalled(number, solver.patience)
        left -= not aim.held
        over = late or not (aim.held or (left and not settled))
        if settled or over:
            state = course.closest[0]
            if course.there(first):  # no change is the least that brings them there
                state = first
        ending = None
        if over:
            ending = Ending.ARRIVED if course.there(state) else Ending.NO_PROGRESS
            ending = Ending.TIME_LIMIT if late else ending
        if stepped or over or not sharp:
            sharp = not stepped
            shown = None if view is None else view.shown(state.ws, state.features, over, sharp)
            step = step_of(number, state, course.distances(state), shown, ending)
            yield replace(step, regions=reach.regions(None if state is first else step.ws))
        if over:
            return
        aim = aims(settled)


def _aimed(edit: Edit, targets: dict[int, tuple[float, float]]) -> Edit:
    """The edit with these targets, by the keys of their pairs."""
    points = tuple(replace(pair, target=targets[pair.key]) for pair in edit.points)
    return replace(edit, points=points)


class _Reach:
    """The region of which such a drag moves the inside, if it does: it grows with the way."""

    def __init__(self, edit: Edit, moving: list[int]):
        """edit: before the drag.   moving: keys of the pairs whose targets move."""
        self.edit, self.before = edit, edit
        self.room = scale_to(ROOM_AT_512, edit.img_size)
        self.way = self.room  # that it has room for
        self.grows = not (
            edit.mask_png or edit.settings.solver == PAPERS or edit.settings.reach >= WHOLE
        )
        self.starts = {pair.key: pair.handle for pair in edit.points if pair.key in moving}
        if self.grows:
            spots = [(handle, handle) for handle in self.starts.values()]
            self.edit = replace(edit, mask_png=edit.near(spots, self.room))
        self.png = self.edit.moving_png

    def grow(self, aim: Aim) -> bytes | None:
        """Make room for targets: a PNG of what may move by now, None where that is as before."""
        arrows = [(self.starts[key], target) for key, target in aim.targets.items()]
        far = max(math.dist(*arrow) for arrow in arrows)
        if not self.grows or self.png is None or far <= self.way:
            return None
        self.way = self.room * math.ceil(far / self.room)
        size = self.edit.img_size
        near = decode_mask(self.png, size) | around(arrows, self.edit.reached(self.way), size)
        self.png = encode_mask(near, size) or self.png  # all but a rim of it may move already
        return self.png

    def regions(self, ws: np.ndarray | None) -> tuple[Region, ...] | None:
        """Those of the edit at latents (num_ws, w_dim) of the inside, or before the drag; None
        where all of the picture moves."""
        if self.png is None:
            return None
        if ws is None:
            return self.before.regions
        return (*self.edit.under, Region.of(self.png, self.before.ws, ws))
