"""Who is next, where some hold a picture and others wait in line: nobody waits for long."""

import contextlib
import queue
import threading
import time
from types import SimpleNamespace

import pytest

from drag import PointPair
from drag.server import holds
from drag.server.holds import Hold, Pointer
from drag.server.jobs import Job, Kind
from drag.server.line import Line
from drag.server.sessions import Session
from drag.server.shown import Shown

PAIR = PointPair((60.0, 64.0), (60.0, 64.0), 7)


def wait_for(true):
    until = time.monotonic() + 10
    while not true():
        assert time.monotonic() < until
        time.sleep(0.001)


class Crowd:
    """A line, with those who are in it by their names; `order` says who had a slot, and when."""

    def __init__(self, slots=1):
        self.line, self.order, self.told, self.threads = Line(slots), [], {}, []

    def come(self, name, kind=Kind.DRAG):
        """One more, who runs or waits when this returns."""
        told = self.told[name] = queue.Queue()
        job = Job(kind, lambda: self._work(name, job, told))
        there = self._size()
        thread = threading.Thread(target=lambda: list(self.line.run(job)), daemon=True)
        self.threads.append(thread)
        thread.start()
        wait_for(lambda: self._size() > there)

    def _work(self, name, job, told):
        self.order.append(name)
        yield name
        while told.get(timeout=10) == "lend":
            with self.line.rested(job):
                assert told.get(timeout=10) == "move"
            self.order.append(name)

    def _size(self):
        return self.line.waiting + self.line.running  # the first one waits for who changes them

    def until(self, order):
        """Those have had a slot by now, and no others."""
        wait_for(lambda: len(self.order) >= len(order))
        assert "".join(self.order) == order

    def lend(self, name):
        """A hold rests."""
        there = self._size()
        self.told[name].put("lend")
        wait_for(lambda: self._size() < there)

    def move(self, name):
        """A hold that rests moves again."""
        there = self._size()
        self.told[name].put("move")
        wait_for(lambda: self._size() > there)

    def end(self, name):
        there = self._size()
        self.told[name].put("end")
        wait_for(lambda: self._size() < there)

    def end_all(self):
        """In whatever order it is their turn; that order."""
        for told in self.told.values():
            told.put("end")
        for thread in self.threads:
            thread.join(10)
        assert self._size() == 0
        return "".join(self.order)


def test_no_newcomer_goes_before_a_hold_that_wants_its_slot_back():
    """As long as anybody was in line it had to wait: the picture stood still under the pointer."""
    crowd = Crowd()
    crowd.come("H", Kind.HOLD)
    crowd.lend("H")
    crowd.come("a")
    crowd.come("b")
    crowd.move("H")
    crowd.come("c")
    assert crowd.end_all() == "HabHc"


def test_who_has_waited_for_one_hold_waits_for_no_other():
    crowd = Crowd()
    for name in "HI":
        crowd.come(name, Kind.HOLD)
        crowd.lend(name)
    crowd.come("a")
    crowd.move("H")
    crowd.move("I")
    crowd.come("b")
    crowd.end("a")  # now H has it, and I and b wait
    crowd.lend("H")
    crowd.until("HIaHb")
    crowd.come("c")
    crowd.move("H")
    crowd.end("b")  # who came after I did not pass it
    crowd.until("HIaHbI")
    assert crowd.end_all() == "HIaHbIcH"


def test_a_hold_that_waits_for_another_is_one_who_waits():
    """The other one knew of drags only, and kept the slot for as long as it was held."""
    crowd = Crowd()
    crowd.come("H", Kind.HOLD)
    crowd.lend("H")
    crowd.come("I", Kind.HOLD)
    crowd.move("H")
    assert crowd.line.waiting == 1
    crowd.lend("I")
    crowd.until("HIH")
    crowd.move("I")
    assert crowd.end_all() == "HIHI"


@pytest.fixture
def turns(toy_edit):
    """A hold that runs by a clock of its own, in a line that notes when it lends its slot."""
    now, lent = [0.0], []

    @contextlib.contextmanager
    def rested(hold):
        lent.append(now[0])
        yield
        hold.move(hold.number + 1, (90.0, 64.0), Pointer.HELD)

    line = SimpleNamespace(waiting=1, rested=rested)
    hold = Hold(Session(Shown(toy_edit)), None, line, "a", PAIR, clock=lambda: now[0])
    assert hold.enter()
    assert hold.begin(120)

    def move(seconds, settled):
        now[0] = seconds
        hold.move(hold.number + 1, (seconds, 64.0), Pointer.HELD)
        return hold._aim(settled).targets[7][0]

    return SimpleNamespace(now=now, lent=lent, line=line, hold=hold, move=move)


@pytest.mark.parametrize("settled", [False, True])
def test_a_turn_ends_also_where_each_step_arrives(turns, settled):
    """A slow pointer, which the picture has always caught up with, never gave others a turn."""
    for second in range(1, 20):
        turns.move(second, settled)
    assert turns.lent == []
    turns.move(20.1, settled)
    assert turns.lent == [20.1]
    for second in range(21, 41):
        turns.move(second, settled)
    assert turns.lent == [20.1]
    turns.line.waiting = 0
    for second in range(41, 80):
        turns.move(second, settled)
    assert turns.lent == [20.1]
    turns.line.waiting = 1  # who comes now need not wait
    turns.move(80, settled)
    assert turns.lent == [20.1, 80]


def test_a_turn_ends_while_a_pointer_rests(turns, monkeypatch):
    """It waited for the three seconds to be over, beyond its turn."""
    monkeypatch.setattr(holds, "REST_SECONDS", 10.0)
    turns.move(19.99, True)
    began = time.monotonic()

    @contextlib.contextmanager
    def rested(hold):
        turns.lent.append(time.monotonic() - began)
        hold.move(hold.number + 1, (90.0, 64.0), Pointer.HELD)
        yield

    turns.line.rested, turns.hold._calm = rested, True
    assert turns.hold._aim(True).targets == {7: (90.0, 64.0)}
    assert len(turns.lent) == 1
    assert turns.lent[0] < 5
