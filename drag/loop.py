"""drag(generator, edit): the progressive outputs, one Step at a time."""

import itertools
import math
import time
from collections.abc import Iterator
from dataclasses import replace

import torch

from drag.course import SETTLED, Course, Ending, Step, arrival_distance, step_of
from drag.edit import Edit
from drag.features import disc, scale_to, window
from drag.follow import Aims, follow
from drag.preview import LiveView
from drag.render import view_of
from drag.settings import PAPERS
from drag.solvers import Solver, solver_for
from networks.errors import UserError
from networks.generator import Generator

__all__ = ["Ending", "Step", "arrival_distance", "check_drag", "drag"]

# Shares of the way that may be left where a drag that stalls goes on from there, once: with less it
# is near enough, and with more the picture cannot follow. What bounds a solver's change of the
# latents counts from there, so that a large turn may go twice as far as other drags.
GO_ON = 0.35, 0.6
SURE = 0.85  # likeness of most handles that is worth going on with: with less, faces came apart
# Feature vectors read in a step, which bounds its time and memory: 100 points of the paper's radii
# at 1024 px.
MAX_POSITIONS = 300_000
OUTSIDE = (
    "Point {number} lies outside the region that may move, so it cannot: "
    "paint over it, or clear the region."
)


def drag(
    generator: Generator,
    edit: Edit,
    view: LiveView | None = None,
    seconds: float = math.inf,
    aims: Aims | None = None,
) -> Iterator[Step]:
    """Move the handles of an edit to their targets (DragGAN, Sec. 3).

    generator: dragged as the edit tunes it; where a region is painted, only its inside.   edit:
    with at least one point that has somewhere to go.   view: gives steps their pictures; without it
    no step has one.   seconds: that it takes at most, plus its first picture and a step.   aims:
    where targets move meanwhile, says where they are by now (`drag.follow`).
    Steps come until the handles arrive, the step cap of the settings is reached, time is up, or
    nothing more is gained; then the last step is the closest one again. Where about half of the way
    is left then, a solver that can stall is first tried again from there; and one that can restores
    what changed besides, handles held, in a few more steps; where these end by themselves, the
    ending comes with the last of them once more, as a step of its own. The iterator may be closed
    at any time: `edit.moved(step.ws, step.handles, step.regions)` is the edit that a step reached.
    Raises ValueError at once, as `check_drag`, or where the edit's tuning is of another generator.
    """
    if aims is not None:
        return follow(generator, edit, view, seconds, aims)
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
    check_points(edit, [pair.key for pair in edit.points if pair.distance])
    return solver


def check_points(edit: Edit, moving: list[int]) -> None:
    """Raises ValueError, in words fit for a visitor, where points are too many for their radii, or
    those that are to move, by their keys, are held by a region."""
    mask = edit.mask
    if mask is not None and edit.settings.solver != PAPERS:
        for number, pair in enumerate(edit.points, 1):
            x, y = map(round, pair.handle)
            if pair.key in moving and not mask[y, x]:
                raise UserError(OUTSIDE, number=number)
    r1, r2 = (scale_to(r, edit.img_size) for r in (edit.settings.r1, edit.settings.r2))
    if len(edit.points) * (4 * len(disc(r1)) + len(window(r2))) > MAX_POSITIONS:
        raise UserError(
            "So many points with radii so large take too long: "
            "lower r1 or r2 under Advanced, or delete points."
        )


def _steps(
    generator: Generator, edit: Edit, solver: Solver, view: LiveView | None, seconds: float
) -> Iterator[Step]:
    if view is not None:
        view.generator = generator
    until = time.monotonic() + seconds
    states, legs = solver.steps(generator, edit), 1
    doubt: torch.Tensor | None = None  # (N,), likeness where the first leg ended
    first = state = next(states)
    course = Course(edit, state)

    def step(ending: Ending | None, restoring: bool = False) -> Step:
        final = ending is not None
        frame = None if view is None else view.frame(state.ws, state.features, final)
        return step_of(number, state, distances, frame, ending, restoring)

    for number in itertools.count():
        onward, ending = None, None
        if number:
            state = next(states)
        if doubt is not None and state.likeness is not None:  # of both legs' handles
            state = replace(state, likeness=doubt.minimum(state.likeness))
        distances = course.take(number, state)
        if course.there(state):
            ending = Ending.ARRIVED
        elif course.stalled(number, solver.patience):
            onward = _go_on(course, edit, number) if legs == 1 else None
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
                yield step(None, restoring)
                number, restoring = number + 1, True
                after = next(restored, None)
                if after is None:
                    break
                state, distances = after, course.distances(after)
        if number or ending:
            yield step(ending, restoring)
        elif view is not None:
            view.begin(state.ws, state.features)
            until += view.cost["full"]  # else pictures that take long would leave no time for steps
        if ending:
            return
        if onward:  # what is at the handles now is looked for from now on, and nothing pulls back
            states, legs, doubt = solver.steps(generator, onward), 2, course.closest[0].likeness
            next(states)  # where it stands


def _go_on(course: Course, edit: Edit, number: int) -> Edit | None:
    """From the closest state, by a drag of its own; None where that is of no use."""
    share, (state, _) = course.least / max(course.way, 1e-9), course.closest
    unsure = state.likeness is not None and state.likeness.median() < SURE
    if unsure or not GO_ON[0] < share < GO_ON[1]:
        return None
    state = course.onward(number)
    onward = edit.moved(state.ws[0].cpu().numpy(), state.handles.tolist())
    region = edit.moving_png or onward.mask_png
    return replace(onward, mask_png=region)  # the same, wherever the arrows are by now
