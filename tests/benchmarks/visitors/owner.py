"""What is whose: pictures and targets that just one visitor has, and what all of them saw.

Whatever comes back to a visitor is theirs, or another's, by what is in it.
"""

import contextlib
import random
import time
from dataclasses import dataclass, field, replace

import numpy as np

from drag.edit import Edit, PointPair
from drag.generate import new_edit
from tests.benchmarks.visitors.held import Held

SEEDS = 10_000  # pictures that a visitor may ask for
MARKS = 1024  # x of a visitor's targets: whole pixels, and the visitor's number of so many parts
FACE = (380, 640), (420, 780)  # x and y of points that are dragged, pixels of 1024
FAR = 20, 60  # pixels from there to the target
THINK = 0.5, 3.0  # seconds from one thing that a visitor does to the next
BUSY, BUSY_SECONDS = "try again in a minute", (10, 30)  # what it says; until the next try
LATE_SECONDS = 300  # an answer that has not come after so many won't
EVERY = 3  # rounds: in one of so many, more is compared with the latents that it must have


class WrongError(Exception):
    """Something came back that is not what this visitor has made."""


class StrangerError(WrongError):
    """Something of another visitor came back."""


@dataclass
class Notes:
    """What all visitors saw; threads add to it.

    heard: (kind, when it was there, seconds it took).   drags: (visitor, when it ended, seconds
    that it waited, seconds that it ran).   holds: those that the picture followed.   refused:
    visitors whose press it did not follow.   busy: visitors who were told to come again later.
    faults: (visitor, error).   checks: visitors whose latents were compared, and right.   done: a
    drag of each visitor: the edit before it, the edit after it, its last frame (a data URL).
    """

    heard: list[tuple[str, float, float]] = field(default_factory=list)
    drags: list[tuple[int, float, float, float]] = field(default_factory=list)
    holds: list[Held] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)
    busy: list[int] = field(default_factory=list)
    faults: list[tuple[int, Exception]] = field(default_factory=list)
    checks: list[int] = field(default_factory=list)
    done: dict[int, tuple[Edit, Edit, str]] = field(default_factory=dict)

    @contextlib.contextmanager
    def blame(self, visitor: int):
        """Note what goes wrong for a visitor, who goes on with something else."""
        try:
            yield
        except Exception as error:
            self.faults.append((visitor, error))

    def hear(self, kind: str, seconds: float) -> None:
        """An answer of this kind is here."""
        self.heard.append((kind, time.monotonic(), seconds))


class Owner:
    """What belongs to a visitor of this number, and whether something does."""

    def __init__(self, number: int, generator, first: int | None = None):
        """generator: makes the latents that the server should have made.   first: seed of the
        picture that a page shows to all at first."""
        self.number, self.generator, self.first = number, generator, first
        self.random = random.Random(number)

    def moment(self) -> float:
        """Seconds in which they do nothing."""
        return self.random.uniform(*THINK)

    def while_busy(self) -> float:
        """Seconds until they ask again where there was no room."""
        return self.random.uniform(*BUSY_SECONDS)

    def picture(self, turn: int) -> Edit:
        """Their picture of this turn, which nobody else asks for."""
        return new_edit(self.generator, seed=self.number * SEEDS + turn % SEEDS)

    def pairs(self) -> list[PointPair]:
        """One or two points, with targets that nobody else has."""
        pairs = []
        for key in range(1, self.random.randint(1, 2) + 1):
            x, y = (float(self.random.randint(*side)) for side in FACE)
            pairs.append(PointPair((x, y), self.target(x, y), key))
        return pairs

    def target(self, x: float, y: float) -> tuple[float, float]:
        """Where a point goes from there."""
        angle, way = self.random.uniform(0, 2 * np.pi), self.random.uniform(*FAR)
        return (
            self.marked(x + way * np.cos(angle)),
            float(int(y + way * np.sin(angle))),
        )

    def marked(self, x: float) -> float:
        """x of a place near there that nobody else has."""
        return int(x) + self.number % MARKS / MARKS

    def check_target(self, x: float) -> None:
        """Raises StrangerError where a target is not theirs; x: of it."""
        if x != self.marked(x):
            raise StrangerError(f"a target at x = {x}")

    def check_seed(self, seed) -> None:
        """Raises StrangerError where a picture is not theirs."""
        if seed != self.first and seed // SEEDS != self.number:
            raise StrangerError(f"the picture of seed {seed}")

    def check_edit(self, edit: Edit) -> None:
        """Raises StrangerError where anything in an edit with its history is not theirs."""
        for entry in edit.timeline:
            self.check_seed(entry.seed)
            if entry.seed != self.first:
                for pair in entry.points:
                    self.check_target(pair.target[0])

    def check_dragged(self, before: Edit, after: Edit) -> None:
        """Raises WrongError where an edit is not what a drag makes of another."""
        before = replace(before, settings=after.settings)  # those that the drag was asked for with
        first = before.settings.num_entries
        self.check_edit(after)
        targets = [[pair.target for pair in edit.points] for edit in (before, after)]
        if after.seed != before.seed or targets[0] != targets[1]:
            raise WrongError(f"{after.seed} to {targets[1]}, not {before.seed} to {targets[0]}")
        if not np.array_equal(after.origin, before.origin):
            raise WrongError("the picture began as another")
        inside = before.inside
        moved, start = after.latents_of(inside), before.latents
        if inside and after.ws is not before.ws and not np.array_equal(after.ws, before.ws):
            raise WrongError("all of the picture was dragged, not a region alone")
        if not np.array_equal(moved[first:], start[first:]):
            raise WrongError("entries were dragged that should stay")
        handles = [[pair.handle for pair in edit.points] for edit in (before, after)]
        if np.array_equal(moved[:first], start[:first]) and handles[0] != handles[1]:
            raise WrongError("nothing was dragged")  # else it ended where it began


def check_same(edit: Edit, expected: Edit) -> None:
    """Raises WrongError where an edit has other latents or points than expected."""
    if not edit.same_picture(expected) or edit.seed != expected.seed:
        raise WrongError(f"the latents are not those of seed {expected.seed}")
    if [pair.target for pair in edit.points] != [pair.target for pair in expected.points]:
        raise WrongError(f"the points are {edit.points}, not {expected.points}")
