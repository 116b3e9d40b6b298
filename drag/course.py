"""How far a drag is: its steps, why it ends, and what it has reached."""

from dataclasses import dataclass, replace
from enum import Enum

import numpy as np
import torch

from drag.edit import Edit
from drag.features import scale_to
from drag.masks import Region
from drag.preview import Frame, Preview
from drag.solvers import State

PROGRESS_AT_512 = 1.0  # pixels of a 512 px picture: less is none, which a solver's patience ends
LOST_AT_512 = 12.0  # further away than at the start by this much: a handle was lost, go back


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
    # N: how alike the patches at each handle now and at the start are (`PatchTracker.find`), 1 for
    # the same; the lesser of both where the drag went on from a stall; empty where not known.
    likeness: tuple[float, ...] = ()
    restoring: bool = False  # whether the handles are there, and what else changed comes back
    # Of a drag whose targets move: (x, y) in the picture of the first pixel of `picture`, which is
    # a part of it then; and the regions of the edit that it reached, where it moves one's inside.
    corner: tuple[int, int] | None = None
    regions: tuple[Region, ...] | None = None
    preview: Preview | None = None  # works its picture out, in any thread; see `painted`

    def painted(self) -> "Step":
        """The step with its picture, where that was left to whoever wants to see it."""
        if self.preview is None:
            return self
        frame = self.preview()
        return replace(self, picture=frame.picture, corner=frame.corner, preview=None)


def step_of(
    number: int,
    state: State,
    distances: torch.Tensor,
    shown: Frame | Preview | None,
    ending: Ending | None = None,
    restoring: bool = False,
    regions: tuple[Region, ...] | None = None,
) -> Step:
    """The step that a state is."""
    frame = shown if isinstance(shown, Frame) else Frame(None)
    likeness = () if state.likeness is None else tuple(state.likeness.tolist())
    return Step(
        number,
        state.ws[0].cpu().numpy(),
        tuple((x, y) for x, y in state.handles.tolist()),
        tuple(distances.tolist()),
        frame.picture,
        frame.sharp,
        ending,
        likeness,
        restoring,
        frame.corner,
        regions,
        None if isinstance(shown, Frame) else shown,
    )


def arrival_distance(edit: Edit) -> float:
    """Pixels from the target at which a handle has arrived.

    1 for at most five points, otherwise 2 (DragGAN, Sec. 3.4), of a 512 px picture as r1 and r2.
    """
    return scale_to(1 if len(edit.points) <= 5 else 2, edit.img_size)


def outstanding(edit: Edit) -> bool:
    """Whether any handle has not arrived at its target."""
    return any(pair.distance > arrival_distance(edit) for pair in edit.points)


class Course:
    """How a drag goes, by the mean distance left of the handles that are not at their targets to
    begin with, in pixels."""

    def __init__(self, edit: Edit, start: State):
        """start: where it begins, after no step."""
        self.arrival, self.size = arrival_distance(edit), edit.img_size
        self.aim(torch.tensor([pair.target for pair in edit.points], dtype=torch.float32), 0, start)

    def aim(self, targets: torch.Tensor, number: int, state: State) -> None:
        """From so many steps on, and this state, handles are to go to targets (N, 2)."""
        self.targets = targets
        distances = self.distances(state)
        self.away = max(1, int((distances > self.arrival).sum()))  # handles that count
        self.way = self.mean = distances.sum().item() / self.away  # at the start, and by now
        self.begun = self.way  # where this leg began
        self.least, self.closest = self.way, (state, distances)  # of all states so far
        self.gained, self.gained_at = self.way, number  # when last much less, after which step

    def distances(self, state: State) -> torch.Tensor:
        """Pixels from the handles to the targets, (N,)."""
        return (self.targets - state.handles.cpu()).norm(dim=1)

    def there(self, state: State) -> bool:
        """Whether all handles have arrived."""
        return self.distances(state).max().item() <= self.arrival

    def take(self, number: int, state: State) -> torch.Tensor:
        """The distances (N,) after so many steps; from now on they count."""
        distances = self.distances(state)
        self.mean = distances.sum().item() / self.away
        if self.mean < self.least:
            self.least, self.closest = self.mean, (state, distances)
        if self.mean <= self.gained - scale_to(PROGRESS_AT_512, self.size):
            self.gained, self.gained_at = self.mean, number
        return distances

    def stalled(self, number: int, patience: int | None) -> bool:
        """So many steps brought nothing, or a handle was lost; never where there is no patience."""
        return patience is not None and (
            number - self.gained_at >= patience
            or self.mean > self.begun + scale_to(LOST_AT_512, self.size)
        )

    def onward(self, number: int) -> State:
        """The closest state, for a leg of its own after so many steps."""
        self.gained, self.gained_at, self.begun = self.least, number, self.least
        return self.closest[0]
