"""Who is next, who is told that there is no room, and who is forgotten."""

import contextlib
import threading
import time
from types import SimpleNamespace

import pytest

from drag.server import shares
from drag.server.jobs import Kind
from drag.server.line import Line
from drag.server.shares import (
    BUSY,
    TOO_MUCH,
    Asker,
    BusyError,
    GoneError,
    Share,
    Shares,
    asker,
    asking,
    in_turn,
)
from tests.test_line import Work, enter, first_place


class Clock:
    """Tells the time that it is set to, seconds."""

    now = 0.0

    def __call__(self):
        return self.now


def of(*askers):
    """What these ask for: (visitor, address) each."""
    return [SimpleNamespace(asker=Asker(*each)) for each in askers]


def names(those):
    return [each.asker.visitor for each in those]


@contextlib.contextmanager
def waiting(share, holder, *askers):
    """While a place is held: threads that ask for one, one after the other, and what became of them
    by visitor and number: nothing as long as they wait. They give theirs back at once."""
    became, threads = {}, []

    def ask(who, number):
        try:
            with share.place(who):
                became[who.visitor, number] = "had"
        except ValueError as error:
            became[who.visitor, number] = str(error)

    with share.place(holder):
        for number, who in enumerate(askers):
            threads.append(threading.Thread(target=ask, args=(who, number)))
            before = share.waiting, len(became)
            threads[-1].start()
            until(lambda before=before: (share.waiting, len(became)) != before)
        yield became
    for thread in threads:
        thread.join(9)
        assert not thread.is_alive()


def until(ready):
    end = time.monotonic() + 9
    while not ready():
        assert time.monotonic() < end
        time.sleep(0.001)


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(shares, "LOOK_SECONDS", 0.002)


def test_the_next_is_whose_visitor_has_least_then_whose_address_has_then_who_came_first():
    flood = of(*[("eve", "6.6.6.6")] * 3)
    ann, bob = of(("ann", "1.1.1.1"), ("bob", "1.1.1.1"))
    assert in_turn([*flood, ann, bob]) == [flood[0], ann, bob, flood[1], flood[2]]
    assert in_turn([*flood, bob], [flood[0]])[0] is bob
    # As many sessions as somebody likes, but one address.
    many = of(*[(f"eve {n}", "6.6.6.6") for n in range(9)])
    assert names(in_turn([*many[1:], ann], many[:1]))[0] == "ann"
    # And behind a proxy that tells no addresses, each visitor in their turn.
    same = of(*[("eve", "10.0.0.1")] * 3, ("ann", "10.0.0.1"))
    assert names(in_turn(same)) == ["eve", "ann", "eve", "eve"]
    unknown = of(*[("", "")] * 3)
    assert in_turn(unknown) == unknown


def test_a_visitor_waits_for_one_turn_of_somebody_who_asks_for_all():
    share, eve, ann = Share(1, each=99), Asker("eve", "6.6.6.6"), Asker("ann", "1.1.1.1")
    with waiting(share, eve, *[eve] * 5, ann) as became:
        order = [each.asker.visitor for each in in_turn(share._waiting, share._at_work)]
        assert order == ["ann", *["eve"] * 5]
        assert not became
    assert set(became.values()) == {"had"}
    assert (share.running, share.waiting) == (0, 0)


def test_who_asks_for_more_than_a_share_is_told_so_at_once():
    share, ann = Share(1, each=2), Asker("ann", "1.1.1.1")
    with waiting(share, ann, ann, ann) as became:
        assert became == {("ann", 1): shares.TOO_MUCH}
    assert became["ann", 0] == "had"


def test_where_the_line_is_full_the_last_in_turn_is_told_and_not_who_just_came():
    share = Share(1, length=3, each=99)
    eves = [Asker(f"eve {n}", "6.6.6.6") for n in range(3)]
    with waiting(share, Asker("eve", "6.6.6.6"), *eves, Asker("ann", "1")) as became:
        until(lambda: became)
        assert became == {("eve 2", 2): shares.BUSY}
    assert became["ann", 3] == "had"
    with waiting(share, Asker("eve", "6.6.6.6"), *eves, eves[0]) as became:
        until(lambda: became)
        assert became == {("eve 0", 3): shares.BUSY}


def test_a_wait_has_an_end(quick):
    clock = Clock()
    share = Share(1, seconds=30, clock=clock)
    with waiting(share, Asker("eve"), Asker("ann")) as became:
        clock.now += 29
        time.sleep(0.02)  # some looks
        assert not became
        clock.now += 2
        until(lambda: became)
    assert became == {("ann", 0): shares.BUSY}


def test_who_waits_no_longer_leaves_the_line_and_never_has_a_place(quick):
    share, gone = Share(1, each=99), threading.Event()
    eve = Asker("eve", gone=gone.is_set)
    with waiting(share, Asker("ann"), eve, eve) as became:
        gone.set()
        until(lambda: len(became) == 2)
        assert share.waiting == 0
    assert set(became.values()) == {shares.GONE}
    with pytest.raises(GoneError), share.place(eve):
        raise AssertionError("nobody waits for it")
    assert share.running == 0


def test_a_visitor_has_one_place_and_the_next_has_the_other():
    share, ann = Share(2, each=9), Asker("ann")
    with waiting(share, ann, ann) as became:
        with share.place(Asker("bob")):
            assert (share.running, share.waiting) == (2, 1)
        assert not became
    unknown = Asker()
    with share.place(unknown), share.place(unknown):
        assert share.running == 2


def test_a_place_is_given_back_where_the_work_fails():
    share = Share(1)
    with pytest.raises(KeyError), share.place():
        raise KeyError
    with share.place():
        pass


def test_who_asks_is_known_where_the_work_is_done():
    assert asker() == Asker()
    with asking(Asker("ann")):
        assert asker().visitor == "ann"
        gone = asker().unless(lambda: True)
        asker().check()
        with pytest.raises(GoneError):
            gone.check()
    assert asker() == Asker()


def test_there_are_as_many_threads_as_may_wait_or_work():
    found = Shares(Line(2, 5), Line(1, 3))
    assert found.threads > (2 + 5) + (1 + 3) + found.pictures.slots + found.pictures.length
    assert issubclass(BusyError, ValueError)
    with found.pictures.place():
        assert found.told()["pictures"] == {"running": 1, "waiting": 0, "room": shares.WAITING}


def flood(line, count, kind=Kind.DRAG, **more):
    """So many of one address, that wait, each of another session."""
    runs = []
    for number in range(count):
        with asking(Asker(f"eve {number}", "6.6.6.6")):
            runs.append(enter(line, lambda: ["eve"], kind, **more))
            first_place(runs[-1])
    return runs


def test_one_address_does_not_keep_the_line_full_for_another():
    line, work = Line(1, length=3), Work()
    with asking(Asker("eve", "6.6.6.6")):
        running = enter(line, work.steps)
    work.go.set()
    next(running)
    *eves, last = flood(line, 3)
    with asking(Asker("ann", "1.1.1.1")):
        line.check()
        ann = enter(line, lambda: ["ann"])
        assert first_place(ann).ahead == 0
    with pytest.raises(ValueError, match=BUSY):
        list(last)
    with asking(Asker("another eve", "6.6.6.6")), pytest.raises(ValueError, match=BUSY):
        line.check()
    assert line.waiting == 3
    for run in (running, ann, *eves):
        run.close()


def test_a_visitor_has_one_and_the_next_as_soon_as_that_ends():
    line, work = Line(1), Work()
    with asking(Asker("ann")):
        running = enter(line, work.steps)
        work.go.set()
        next(running)
        with pytest.raises(ValueError, match=TOO_MUCH):
            next(enter(line, work.steps))
        work.go.clear()
        running.close()  # it is in the middle of a step
        after = enter(line, lambda: ["after"])
        assert first_place(after).ahead == 0
    line.check()  # somebody else
    work.go.set()
    assert list(after)[-1] == "after"


def test_films_of_programs_leave_one_place_to_visitors():
    line, work = Line(2), Work()
    with asking(Asker("program", "6.6.6.6")):
        running = enter(line, work.steps, Kind.FILM, program=True)
    work.go.set()
    next(running)
    others = flood(line, 3, Kind.FILM, program=True)
    assert list(enter(line, lambda: ["film"], Kind.FILM)) == ["film"]
    for run in (running, *others):
        run.close()
