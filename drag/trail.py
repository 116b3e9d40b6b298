"""The steps of a drag, kept so that a person can go back to one between too little and too much."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from networks.errors import UserError

if TYPE_CHECKING:
    from drag.edit import PointPair

Handles = Sequence[tuple[float, float]]  # N (x, y), pixels
_Step = tuple[int, np.ndarray, Handles]  # its number, latents (num_ws, w_dim), handles
MAX_STEPS = 64  # kept of a drag; of a longer one every second is dropped, again and again
MAX_BYTES = 1_000_000


@dataclass(frozen=True, eq=False)
class Trail:
    """Where a drag has been, in S steps from before it to its end."""

    ws: np.ndarray  # float32 (S, k, w_dim), the first k entries, which are all that it changed
    handles: np.ndarray  # float32 (S, N, 2), (x, y) in pixels
    keys: tuple[int, ...]  # of their N pairs
    numbers: tuple[int, ...]  # of the S steps
    inside: bool = False  # whether ws are those of the inside of the edit's topmost region

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def nbytes(self) -> int:
        """Bytes that it takes."""
        return self.ws.nbytes + self.handles.nbytes

    def at(self, ws: np.ndarray, index: int) -> tuple[np.ndarray, dict[int, tuple[float, float]]]:
        """Latents (num_ws, w_dim), the others as in ws, and the handles by key.

        Raises ValueError, in words fit for a visitor, where no step has this index.
        """
        if not 0 <= index < len(self):
            raise UserError("That step is no longer kept: move the slider again.")
        whole = ws.copy()
        whole[: self.ws.shape[1]] = self.ws[index]
        places = ((float(x), float(y)) for x, y in self.handles[index])
        return whole, dict(zip(self.keys, places, strict=True))

    def nearest(self, number: float) -> int:
        """The index of the last step that is nearest to this number."""
        last = len(self) - 1
        return min(range(last, -1, -1), key=lambda index: abs(self.numbers[index] - number))

    def index_of(self, ws: np.ndarray) -> int:
        """The index of the last step that is nearest to these latents (num_ws, w_dim)."""
        away = np.abs(self.ws - ws[: self.ws.shape[1]]).max((1, 2))
        return len(self) - 1 - int(away[::-1].argmin())


class Recorder:
    """Takes the steps of a drag and thins them out as they come."""

    def __init__(self, ws: np.ndarray, pairs: Sequence["PointPair"], inside: bool = False):
        """ws: (num_ws, w_dim) before the drag.   pairs: the PointPairs it moves.   inside: whether
        it moves the inside of a region alone."""
        self.first, self.keys, self.inside = ws, tuple(pair.key for pair in pairs), inside
        self.steps: list[_Step] = [(0, ws, [pair.handle for pair in pairs])]
        self.every = 1
        self.last: _Step | None = None

    def take(self, number: int, ws: np.ndarray, handles: Handles) -> None:
        """A step of the drag; handles: N (x, y). One that came before is tried once more."""
        if self.last and number < self.last[0]:
            self.steps = [step for step in self.steps if step[0] < number]
        step = self.last = number, ws, handles
        if number % self.every:
            return
        self.steps.append(step)
        if len(self.steps) >= min(MAX_STEPS, MAX_BYTES // max(1, ws.nbytes)):
            self.every *= 2
            self.steps = [step for step in self.steps if step[0] % self.every == 0]

    def trail(self) -> Trail | None:
        """What was kept, and the end; None where no step was taken."""
        if self.last is None:
            return None
        steps = [step for step in self.steps if step[0] < self.last[0]] + [self.last]
        numbers, all_ws, handles = zip(*steps, strict=True)
        changed = [
            i
            for i, row in enumerate(self.first)
            if any(not np.array_equal(ws[i], row) for ws in all_ws)
        ]
        count = changed[-1] + 1 if changed else 1
        return Trail(
            np.stack([ws[:count] for ws in all_ws]),
            np.array(handles, np.float32).reshape(len(steps), -1, 2),
            self.keys,
            numbers,
            self.inside,
        )
