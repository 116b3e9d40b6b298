"""What a visitor saw of a picture that they held, and what it cost those who waited in line."""

import itertools
from dataclasses import dataclass, field

import numpy as np

Span = tuple[float, float]  # from when to when, time.monotonic()


@dataclass(eq=False)
class Held:
    """One hold, from the press on; all times are of time.monotonic()."""

    visitor: int
    pressed: float
    ended: float = 0.0  # all of it was told
    moving: list[Span] = field(default_factory=list)  # while the pointer moved
    said: dict[int, float] = field(default_factory=dict)  # when each word was said, by its number
    frames: list[tuple[float, int]] = field(default_factory=list)  # that came, by which word

    @property
    def first(self) -> float:
        """Seconds from the press to the first frame."""
        return self.frames[0][0] - self.pressed

    @property
    def moved(self) -> list[Span]:
        """While the pointer moved, from the first frame on."""
        since = self.frames[0][0]
        return [(max(begin, since), end) for begin, end in self.moving if end > since]

    @property
    def shown(self) -> int:
        """Frames that came while the pointer moved, after the first one."""
        times = [at for at, _ in self.frames[1:]]
        return sum(begin <= at <= end for at in times for begin, end in self.moved)

    @property
    def gap(self) -> float:
        """Seconds for which the picture stood still while the pointer moved, at most."""
        gaps = [0.0]
        for begin, end in self.moved:
            times = [begin, *(at for at, _ in self.frames if begin < at < end), end]
            gaps += [after - at for at, after in itertools.pairwise(times)]
        return max(gaps)

    @property
    def behind(self) -> list[float]:
        """Seconds from each word to the first frame that goes by it."""
        news = {word: at for at, word in reversed(self.frames)}
        return [at - self.said[word] for word, at in news.items() if word in self.said]


def followed(holds: list[Held]) -> dict:
    """Figures of all holds whose picture followed."""
    seen = [hold for hold in holds if hold.frames]
    moved = sum(end - begin for hold in seen for begin, end in hold.moved)
    behind = [seconds for hold in seen for seconds in hold.behind]
    return {
        "holds": len(holds),
        "frames_a_second": sum(hold.shown for hold in seen) / moved if moved else 0.0,
        "first": float(np.median([hold.first for hold in seen])) if seen else 0.0,
        "behind": float(np.median(behind)) if behind else 0.0,
        "gap": max((hold.gap for hold in seen), default=0.0),
    }


def waits_beside(drags: list[tuple], holds: list[Held]) -> list[float]:
    """Seconds that those drags waited during whose wait somebody held a picture; drags: as in
    `Notes`."""
    spans = [(hold.pressed, hold.ended) for hold in holds if hold.frames]
    return [
        waited
        for _, ended, waited, ran in drags
        if any(begin < ended - ran and end > ended - ran - waited for begin, end in spans)
    ]


def waits_as_first(drags: list[tuple]) -> list[float]:
    """Seconds that each drag still waited when all that had been asked for before it had ended: for
    holds, or for nothing."""
    waits, before = [], 0.0
    for asked, began, ended in sorted(
        (ended - ran - waited, ended - ran, ended) for _, ended, waited, ran in drags
    ):
        waits.append(max(0.0, began - max(asked, before)))
        before = max(before, ended)
    return waits
