"""Shares: who may have how much at once of what is scarce, be it the device, makers of pictures and
films, or decoders of photos.

Each of these has so many places, and a line of its own before them, with an end. There is one
order for all lines (`in_turn`): whoever has least of it comes next, so that nobody waits for all
that somebody else has asked for; and where a line is full, the last in that order is told so. A
visitor has an own limit besides. Who has stopped waiting for an answer is dropped: from the line at
once, at work as soon as that asks (`Asker.check`).

A Share is for what takes a moment, in the thread that asks; what takes longer is a Job, of which
the Line (drag/server/line.py) has the same order and the same words.
"""

import contextlib
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from networks.errors import UserError

if TYPE_CHECKING:
    from drag.server.line import Line

WAIT_SECONDS = 30.0  # in a line, at most
LOOK_SECONDS = 0.5  # between two looks at whether the asker is still there
# Slots: each needs memory, and more than that would take turns anyway.
PICTURES, ARRIVALS, PHOTOS, LOADING = 2, 1, 1, 4
WAITING, WAITING_PHOTOS = 24, 8  # that wait at most
EACH = 4  # of a visitor, at work and waiting
BUSY = "Many people are using this page just now: try again in a minute."
TOO_MUCH = "What you asked for before is still on its way: wait for that, then try again."
GONE = "Nobody waited for this any more."
T = TypeVar("T")


class BusyError(UserError):
    """There is no room now: for anyone, or for more of this asker's."""


class GoneError(UserError):
    """Nobody waits for this any more."""


def nobody_left() -> bool:
    """What an asker of whom nothing is known says of whether they have gone."""
    return False


@dataclass(frozen=True)
class Asker:
    """Who asks for something: a visitor or a program by their session, at a network address; both
    are empty where nothing is known.   gone: whether nobody waits for the answer any more."""

    visitor: str = ""
    address: str = ""
    gone: Callable[[], bool] = nobody_left

    def check(self) -> None:
        """Raises GoneError where nobody waits: to be called between two steps of the work."""
        if self.gone():
            raise GoneError(GONE)

    def unless(self, gone: Callable[[], bool]) -> "Asker":
        """The same, who is also gone where this is true."""
        return replace(self, gone=lambda: gone() or self.gone())


_asker: ContextVar[Asker | None] = ContextVar("asker", default=None)


def asker() -> Asker:
    """Who asks for what this thread does; whoever takes a call says so by `asking`."""
    return _asker.get() or Asker()


@contextlib.contextmanager
def asking(who: Asker) -> Iterator[None]:
    """What is done while this lasts, is done for them."""
    before = _asker.set(who)
    try:
        yield
    finally:
        _asker.reset(before)


def in_turn(waiting: Sequence[T], at_work: Iterable[Any] = ()) -> list[T]:
    """Those that wait, the next one first: the one whose visitor has the fewest at work or ahead
    of it, then the one whose address has, then the one that came first.

    Each has its `asker`; waiting: as they came. A session costs nothing, an address does, but many
    visitors may share one: so it takes both. Those of whom nothing is known are all different.
    """
    visitors, addresses, ranks = Counter[str](), Counter[str](), []
    for each in (*at_work, *waiting):
        who = each.asker
        ranks.append((visitors[who.visitor], addresses[who.address]))
        visitors[who.visitor] += bool(who.visitor)
        addresses[who.address] += bool(who.address)
    ranks = ranks[len(ranks) - len(waiting) :]
    return [waiting[i] for i in sorted(range(len(waiting)), key=ranks.__getitem__)]


def has(visitor: str, those: Iterable[Any]) -> int:
    """How many of these are a visitor's; none where it is not known who they are."""
    return sum(each.asker.visitor == visitor for each in those) if visitor else 0


@dataclass(eq=False)
class _Ask:
    """One that waits, or is at work."""

    asker: Asker
    refused: bool = False  # others came who have less


@dataclass(eq=False)
class Share:
    """So many places for something scarce. Safe between threads.

    A visitor has one place at most, so that one in a hurry does not keep all of them.
    """

    slots: int  # at once
    length: int = WAITING  # that wait at most
    each: int = EACH  # of a visitor, at work and waiting
    seconds: float = WAIT_SECONDS  # that one waits at most
    clock: Callable[[], float] = time.monotonic
    _waiting: list[_Ask] = field(default_factory=list, init=False)  # as they came
    _at_work: list[_Ask] = field(default_factory=list, init=False)
    _changed: threading.Condition = field(default_factory=threading.Condition, init=False)

    @property
    def running(self) -> int:
        """Places that are taken."""
        return len(self._at_work)

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    @contextlib.contextmanager
    def place(self, who: Asker | None = None) -> Iterator[None]:
        """Have a place while this lasts, once it is their turn; who: they, unless it is `asker()`.

        Raises BusyError, in words fit for a visitor, where they have too much already, the line is
        full or the wait was long; GoneError where they wait no longer.
        """
        ask = _Ask(who or asker())
        with self._changed:
            try:
                self._enter(ask)
                self._wait(ask)
            except BaseException:
                self._leave(ask)
                raise
        try:
            yield
        finally:
            with self._changed:
                self._leave(ask)

    def _enter(self, ask: _Ask) -> None:
        self._waiting = [each for each in self._waiting if not each.asker.gone()]
        if has(ask.asker.visitor, self._waiting + self._at_work) >= self.each:
            raise BusyError(TOO_MUCH)
        self._waiting.append(ask)
        self._let_in()
        if len(self._waiting) > self.length:
            last = in_turn(self._waiting, self._at_work)[-1]
            last.refused = True
            self._waiting.remove(last)
            self._changed.notify_all()

    def _wait(self, ask: _Ask) -> None:
        until = self.clock() + self.seconds
        while ask not in self._at_work:
            ask.asker.check()
            left = until - self.clock()
            if ask.refused or left <= 0:
                raise BusyError(BUSY)
            self._changed.wait(min(left, LOOK_SECONDS))

    def _leave(self, ask: _Ask) -> None:
        for those in (self._waiting, self._at_work):
            if ask in those:
                those.remove(ask)
        self._let_in()

    def _let_in(self) -> None:
        """Have those begin whose turn it is."""
        for ask in in_turn(self._waiting, self._at_work):
            if len(self._at_work) >= self.slots:
                break
            if not ask.asker.gone() and not has(ask.asker.visitor, self._at_work):
                self._waiting.remove(ask)
                self._at_work.append(ask)
        self._changed.notify_all()


@dataclass(frozen=True)
class Shares:
    """All of a server's.   drags, films: the lines of its jobs."""

    drags: "Line"
    films: "Line"
    pictures: Share = field(default_factory=lambda: Share(PICTURES))
    arrivals: Share = field(default_factory=lambda: Share(ARRIVALS))  # pictures for who just came
    photos: Share = field(default_factory=lambda: Share(PHOTOS, WAITING_PHOTOS, each=2))
    loading: Share = field(default_factory=lambda: Share(LOADING, each=2))  # models, for programs

    @property
    def threads(self) -> int:
        """How many may be at work or wait, in all: with so many threads for them, there are always
        some left for what does not wait."""
        return sum(each.slots + each.length for each in vars(self).values())

    def told(self) -> dict[str, dict[str, int]]:
        """How many run, wait, and still fit, by name."""
        return {
            name: {
                "running": each.running,
                "waiting": each.waiting,
                "room": max(0, each.length - each.waiting),
            }
            for name, each in vars(self).items()
        }
