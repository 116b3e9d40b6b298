"""drag(generator, edit): the progressive outputs, one Step at a time."""

import itertools
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np
import torch

from drag.edit import Edit
from drag.features import disc, scale_to, window
from drag.preview import LiveView
from drag.render import view_of
from drag.solvers import Solver, State, solver_for
from networks.errors import UserError
from networks.generator import Generator

PROGRESS_AT_512 = 1.0  # pixels of a 512 px picture: less is none, which a solver's patience ends
LOST_AT_512 = 12.0  # further away than at the start by this much: a handle was lost, go back
# Shares of the way that may be left where a drag that stalls goes on from there, once: with less it
# is near enough, and with more the picture cannot follow. What bounds a solver's change of the
# latents counts from there, so that a large turn may go twice as far as other drags.
GO_ON = 0.35, 0.6
SURE = 0.85  # likeness of most handles that is worth going on with: with less, faces came apart
# Feature vectors read in a step, which bounds its time and memory: 100 points, the paper's radii.
MAX_POSITIONS = 300_000
OUTSIDE = (
    "Point {number} lies outside the region that may move, so it cannot: "
    "paint over it, or clear the region."
)


class Ending(str, Enum):
    """Why a drag ended by itself; one that its caller closes early has no ending."""

    ARRIVED = "arrived"
    NO_PROGRESS = "no progress"
    STEP_CAP = "step cap"
    TIME_LIMIT = "time limit"


SETTLED = Ending.ARRIVED, Ending.NO_PROGRESS  # there is nothing more to do for the handles


@dataclass(frozen=True, eq=False)
class Step:
    """One step of a drag, complete in itself: what was reached if nothing follows."""

    number: int  # steps taken so far
    ws: np.ndarray  # float32 (num_ws, w_dim)
    handles: tuple[tuple[float, float], ...]  # N (x, y), pixels, as tracked
    distances: tuple[float, ...]  # N, pixels from there to the targets
    picture: np.ndarray | None = None  # uint8 (H, W, 3), or None when none was due
    sharp: bool = False  # whether the picture is a full one, not a preview
    ending: Ending | None = None  # why it ended, on the last step only
    # N: how much what is at each handle is like what was there at the start, 1 for the same and 0
    # for any other, the lesser of both where the drag went on from a stall; empty where not known.
    likeness: tuple[float, ...] = ()
    restoring: bool = False  # whether the handles are there, and what else changed comes back


def drag(
    generator: Generator, edit: Edit, view: LiveView | None = None, seconds: float = math.inf
) -> Iterator[Step]:
    """Move the handles of an edit to their targets (DragGAN, Sec. 3).

    generator: dragged as the edit tunes it; where a region is painted, only its inside.   edit:
    with at least one point that has somewhere to go.   view: gives steps their pictures; without it
    no step has one.   seconds: that it takes at most, plus a step.
    Steps come until the handles arrive, the step cap of the settings is reached, time is up, or
    nothing more is gained; then the last step is the closest one again. Where about half of the way
    is left then, a solver that can stall is first tried again from there; and one that can restores
    what changed besides, handles held, in a few more steps, the last of which comes twice. The
    iterator may be closed at any time: `edit.moved(step.ws, step.handles)` is the edit that a step
    reached.
    Raises ValueError at once, as `check_drag`, or where the edit's tuning is of another generator.
    """
    solver = check_drag(edit)
    return _steps(view_of(generator, edit), edit, solver, view, seconds)


def check_drag(edit: Edit) -> Solver:
    """The solver that is to drag an edit.

    Raises ValueError, in words fit for a visitor, where there is nothing to drag, or too much.
    """
    if not edit.points:
        raise UserError("No point is placed: press on the picture and drag to the target.")
    if not any(pair.distance for pair in edit.points):
        raise UserError("Every point is already at its target: drag one to where it should go.")
    solver = solver_for(edit)
    mask = edit.mask
    if mask is not None and edit.inside:
        for number, pair in enumerate(edit.points, 1):
            x, y = map(round, pair.handle)
            if pair.distance and not mask[y, x]:
                raise UserError(OUTSIDE, number=number)
    r1, r2 = (scale_to(r, edit.img_size) for r in (edit.settings.r1, edit.settings.r2))
    if len(edit.points) * (4 * len(disc(r1)) + len(window(r2))) > MAX_POSITIONS:
        raise UserError(
            "So many points with radii so large take too long: "
            "lower r1 or r2 under Advanced, or delete points."
        )
    return solver


def arrival_distance(edit: Edit) -> float:
    """Pixels from the target at which a handle has arrived.

    1 for at most five points, otherwise 2 (DragGAN, Sec. 4), of a 512 px picture as r1 and r2.
    """
    return scale_to(1 if len(edit.points) <= 5 else 2, edit.img_size)


class _Course:
    """How a drag goes, by the mean distance left of the handles that are not at their targets to
    begin with, in pixels."""

    def __init__(self, edit: Edit, start: State):
        """start: where it begins, after no step."""
        self.edit, self.size = edit, edit.img_size
        self.targets = torch.tensor([pair.target for pair in edit.points], dtype=torch.float32)
        distances = self.distances(start)
        self.away = max(1, int((distances > arrival_distance(edit)).sum()))  # handles that count
        self.way = self.mean = distances.sum().item() / self.away  # at the start, and by now
        self.begun = self.way  # where this leg began
        self.least, self.closest = self.way, (start, distances)  # of all states so far
        self.gained, self.gained_at = self.way, 0  # when it was last much less, and after what step

    def distances(self, state: State) -> torch.Tensor:
        return (self.targets - state.handles.cpu()).norm(dim=1)

    def take(self, number: int, state: State) -> torch.Tensor:
        """The distances (N,) after so many steps; from now on they count."""
        distances = self.distances(state)
        self.mean = distances.sum().item() / self.away
        if self.mean < self.least:
            self.least, self.closest = self.mean, (state, distances)
        if self.mean <= self.gained - scale_to(PROGRESS_AT_512, self.size):
            self.gained, self.gained_at = self.mean, number
        return distances

    def stalled(self, number: int, patience: int) -> bool:
        """So many steps brought nothing, or a handle was lost."""
        return number - self.gained_at >= patience or self.mean > self.begun + scale_to(
            LOST_AT_512, self.size
        )

    def go_on(self, number: int) -> Edit | None:
        """From the closest state, by a drag of its own; None where that is of no use."""
        share, (state, _) = self.least / max(self.way, 1e-9), self.closest
        unsure = state.likeness is not None and state.likeness.median() < SURE
        if unsure or not GO_ON[0] < share < GO_ON[1]:
            return None
        self.gained, self.gained_at, self.begun = self.least, number, self.least
        onward = self.edit.moved(state.ws[0].cpu().numpy(), state.handles.tolist())
        region = self.edit.moving_png or onward.mask_png
        return replace(onward, mask_png=region)  # the same, wherever the arrows are by now


def _steps(
    generator: Generator, edit: Edit, solver: Solver, view: LiveView | None, seconds: float
) -> Iterator[Step]:
    if view is not None:
        view.generator = generator
    until = time.monotonic() + seconds
    states, legs = solver.steps(generator, edit), 1
    doubt: torch.Tensor | None = None  # (N,), likeness where the first leg ended
    first = state = next(states)
    course = _Course(edit, state)
    for number in itertools.count():
        onward, ending = None, None
        if number:
            state = next(states)
        if doubt is not None and state.likeness is not None:  # of both legs' handles
            state = replace(state, likeness=doubt.minimum(state.likeness))
        distances = course.take(number, state)
        if distances.max() <= arrival_distance(edit):
            ending = Ending.ARRIVED
        elif solver.patience and course.stalled(number, solver.patience):
            onward = course.go_on(number) if legs == 1 else None
            ending = None if onward else Ending.NO_PROGRESS
            tried, (state, distances) = state, course.closest
            state = replace(state, likeness=tried.likeness)  # why it went no further, perhaps
        if not ending and number >= edit.settings.max_steps:
            ending = Ending.STEP_CAP
        if not ending and number and time.monotonic() > until:
            ending = Ending.TIME_LIMIT
        restoring = False
        if number and ending in SETTLED:
            restored = solver.restored and solver.restored(generator, edit, first, state)
            while restored and number < edit.settings.max_steps and time.monotonic() < until:
                yield _step(number, state, distances, None, view, restoring)
                number, restoring = number + 1, True
                after = next(restored, None)
                if after is None:
                    break
                state, distances = after, course.distances(after)
        if number or ending:
            yield _step(number, state, distances, ending, view, restoring)
        elif view is not None:
            view.begin(state.ws, state.features)
        if ending:
            return
        if onward:  # what is at the handles now is looked for from now on, and nothing pulls back
            states, legs, doubt = solver.steps(generator, onward), 2, course.closest[0].likeness
            next(states)  # where it stands


def _step(
    number: int,
    state: State,
    distances: torch.Tensor,
    ending: Ending | None,
    view: LiveView | None,
    restoring: bool,
) -> Step:
    picture, sharp = None, False
    if view is not None:
        picture, sharp = view.frame(state.ws, state.features, final=ending is not None)
    handles = tuple((x, y) for x, y in state.handles.tolist())
    ws = state.ws[0].cpu().numpy()
    likeness = () if state.likeness is None else tuple(state.likeness.tolist())
    return Step(
        number, ws, handles, tuple(distances.tolist()), picture, sharp, ending, likeness, restoring
    )
