"""drag(generator, edit): the progressive outputs, one Step at a time."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np
import torch

from drag.edit import Edit
from drag.render import LiveView
from drag.sampling import disc, scale_to, window
from drag.solvers import Solver, State, solver_for

PROGRESS_AT_512 = 1.0  # pixels of a 512 px picture: less is none, which a solver's patience ends
LOST_AT_512 = 12.0  # further away than at the start by this much: a handle was lost, go back
# Feature vectors read in a step, which bounds its time and memory: 100 points, the paper's radii.
MAX_POSITIONS = 300_000


class Ending(str, Enum):
    """Why a drag ended by itself; one that its caller closes early has no ending."""

    ARRIVED = "arrived"
    NO_PROGRESS = "no progress"
    STEP_CAP = "step cap"


@dataclass(frozen=True, eq=False)
class Step:
    """One step of a drag, complete in itself: what was reached if nothing follows.

    number: steps taken so far.   ws: float32 (num_ws, w_dim).   handles: N (x, y), pixels, as
    tracked.   distances: N, pixels from there to the targets.   picture: uint8 (H, W, 3), or None
    when none was due.   sharp: whether the picture is a full one, not a preview.
    ending: why it ended, on the last step only.   likeness: N, how much what is at each handle is
    like what was there at the start, 1 for the same and 0 for any other; empty where not known.
    """

    number: int
    ws: np.ndarray
    handles: tuple[tuple[float, float], ...]
    distances: tuple[float, ...]
    picture: np.ndarray | None = None
    sharp: bool = False
    ending: Ending | None = None
    likeness: tuple[float, ...] = ()


def drag(generator, edit: Edit, view: LiveView | None = None) -> Iterator[Step]:
    """Move the handles of an edit to their targets (DragGAN, Sec. 3).

    generator: as `networks` describes them.   edit: with at least one point that has somewhere to
    go.   view: gives steps their pictures; without it no step has one.
    Steps come until the handles arrive, the step cap of the settings is reached, or nothing more is
    gained; then the last step is the closest one again. The iterator may be closed at any time:
    `edit.moved(step.ws, step.handles)` is the edit that a step reached.
    Raises ValueError, in words fit for a visitor, where there is nothing to drag.
    """
    if not edit.points:
        raise ValueError("No point is placed: press on the picture and drag to the target.")
    if not any(pair.distance for pair in edit.points):
        raise ValueError("Every point is already at its target: drag one to where it should go.")
    solver = solver_for(edit)
    r1, r2 = (scale_to(r, edit.img_size) for r in (edit.settings.r1, edit.settings.r2))
    if len(edit.points) * (4 * len(disc(r1)) + len(window(r2))) > MAX_POSITIONS:
        raise ValueError("So many points with radii so large take too long: "
                         "lower r1 or r2 under Advanced, or delete points.")
    return _steps(generator, edit, solver, view)


def arrival_distance(edit: Edit) -> float:
    """Pixels from the target at which a handle has arrived.

    1 for at most five points, otherwise 2 (DragGAN, Sec. 4), of a 512 px picture as r1 and r2.
    """
    return scale_to(1 if len(edit.points) <= 5 else 2, edit.img_size)


def _steps(generator, edit: Edit, solver: Solver, view: LiveView | None) -> Iterator[Step]:
    targets = torch.tensor([pair.target for pair in edit.points], dtype=torch.float32)
    closest, gained, gained_at, lost = None, torch.inf, 0, torch.inf
    for number, state in enumerate(solver.steps(generator, edit)):
        distances = (targets - state.handles.cpu()).norm(dim=1)
        if number == 0:  # those that are at their targets already have nothing to gain
            away = max(1, (distances > arrival_distance(edit)).sum().item())
        mean = distances.sum().item() / away
        if closest is None or mean < closest[0]:
            closest = mean, state, distances
        if mean <= gained - scale_to(PROGRESS_AT_512, edit.img_size):
            gained, gained_at = mean, number
        if number == 0:
            lost = mean + scale_to(LOST_AT_512, edit.img_size)
        ending = None
        if distances.max() <= arrival_distance(edit):
            ending = Ending.ARRIVED
        elif solver.patience and (number - gained_at >= solver.patience or mean > lost):
            ending = Ending.NO_PROGRESS
            tried, (_, state, distances) = state, closest
            state = replace(state, likeness=tried.likeness)  # why it went no further, perhaps
        elif number >= edit.settings.max_steps:
            ending = Ending.STEP_CAP
        if number or ending:
            yield _step(number, state, distances, ending, view)
        elif view is not None:
            view.begin(state.ws, state.features)
        if ending:
            return


def _step(number: int, state: State, distances, ending, view: LiveView | None) -> Step:
    picture, sharp = None, False
    if view is not None:
        picture, sharp = view.frame(state.ws, state.features, final=ending is not None)
    handles = tuple(map(tuple, state.handles.tolist()))
    ws = state.ws[0].cpu().numpy()
    likeness = () if state.likeness is None else tuple(state.likeness.tolist())
    return Step(number, ws, handles, tuple(distances.tolist()), picture, sharp, ending, likeness)
