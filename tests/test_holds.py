"""A drag that follows a visitor's pointer, as the line runs it: begun, moved, rested, let go."""

import contextlib
import math
import threading
import time
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from drag import PointPair, drag
from drag.preview import LiveView
from drag.server import holds
from drag.server.holds import Hold, Pointer
from drag.server.jobs import Job, Kind, Phase
from drag.server.line import BUSY, Line
from drag.server.sessions import Session
from drag.server.shown import Shown
from networks.errors import UserError

START = 60.0, 64.0
PAIR = PointPair(START, START, 7)


class Page:
    """A page that holds a handle of the toy, with a thread that fetches what the hold says."""

    def __init__(self, toy, edit, pair=PAIR, line=None):
        self.line, self.session, self.steps = line or Line(2), Session(Shown(edit)), []
        self.engine = SimpleNamespace(
            steps=lambda edit, seconds, aims, start: drag(
                toy, edit, LiveView(start=start), seconds, aims
            )
        )
        self.said = threading.Condition()
        self.hold = Hold(self.session, self.engine, self.line, "a", pair)
        assert self.session.ask(self.hold)
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()
        self.number = 0

    def _watch(self):
        with contextlib.closing(self.hold):
            for item in self.line.run(self.hold):
                with self.said:
                    self.session.shown.drawn = self.session.shown.serial
                    self.steps.append(item[0])
                    self.said.notify_all()

    def move(self, x, y=64.0, pointer=Pointer.HELD):
        self.number += 1
        return self.hold.move(self.number, (x, y), pointer)

    def until(self, true, seconds=30):
        with self.said:
            assert self.said.wait_for(lambda: self.steps and true(self.steps[-1]), seconds)

    def until_at(self, x):
        self.until(lambda step: math.dist(step.handles[0], (x, 64)) < 2)

    def end(self, x, pointer=Pointer.RELEASED):
        self.move(x, 64.0, pointer)
        self.thread.join(30)
        assert not self.thread.is_alive()
        return self.session.edit


@pytest.fixture
def bare(toy_edit):
    """The toy's edit with nothing placed."""
    return toy_edit.place([])


def test_a_hold_is_one_change_of_the_picture(toy, bare):
    page = Page(toy, bare)
    for x in range(61, 73):
        assert page.move(x)
    page.until_at(72)
    edit = page.end(72)
    assert [each.change for each in edit.timeline] == ["sample", "drag"]
    assert edit.undo().points == ()
    np.testing.assert_array_equal(edit.undo().ws, bare.ws)
    (pair,) = edit.points
    assert pair.key == 7
    assert pair.target == (72, 64)
    assert math.dist(pair.handle, (72, 64)) < 2
    assert page.hold.ways == [12]
    # Its steps can be gone through.
    assert len(edit.trail) > 3
    np.testing.assert_array_equal(edit.trail.at(edit.ws, 0)[0], bare.ws)
    assert page.hold.phase is Phase.ENDED


def test_what_is_taken_back_leaves_no_trace(toy, bare):
    before = replace(bare.remember("points"), points=(PointPair((20, 20), (30, 20), 1),)).undo()
    page = Page(toy, before)
    page.move(70)
    page.until_at(70)
    assert page.session.edit.points[0].target == (70, 64)
    edit = page.end(70, Pointer.TAKEN_BACK)
    assert edit is before
    assert edit.future  # what was undone can still be redone
    assert page.hold.why == "taken back"


def test_a_press_without_a_move_is_a_pin(toy, bare):
    page = Page(toy, bare)
    edit = page.end(60)
    assert [each.change for each in edit.timeline] == ["sample", "points"]
    assert edit.points == (PAIR,)


def test_out_and_back_is_a_pin_and_the_first_picture(toy, bare):
    page = Page(toy, bare)
    page.move(75)
    page.until_at(75)
    page.move(60)
    page.until_at(60)
    edit = page.end(60)
    np.testing.assert_array_equal(edit.ws, bare.ws)
    assert [each.change for each in edit.timeline] == ["sample", "points"]


def test_a_pair_that_is_taken_up_again_stays_that_pair(toy, bare):
    others = [PointPair((20, 20), (20, 20), 1), PAIR, PointPair((100, 30), (110, 30), 2)]
    page = Page(toy, bare.place(others))
    page.move(72)
    page.until(lambda step: step.number > 2)
    edit = page.end(72)
    assert [pair.key for pair in edit.points] == [1, 7, 2]
    assert edit.points[1].target == (72, 64)
    assert edit.points[2].target == (110, 30)  # what was outstanding is, for Drag


def test_what_is_placed_while_it_is_held_stays(toy, bare):
    page = Page(toy, bare)
    page.move(70)
    page.until_at(70)
    points = [*page.session.edit.points, PointPair((20, 20), (30, 20), 9)]
    page.session.take_changes(points, None, 5)
    edit = page.end(70)
    assert [pair.key for pair in edit.points] == [7, 9]
    assert page.hold.ways == [10]


def test_a_mask_painted_meanwhile_outlives_what_is_taken_back(toy, bare):
    page = Page(toy, bare)
    page.move(70)
    page.until_at(70)
    mask = np.zeros(bare.img_size, bool)
    mask[30:90, 30:90] = True
    page.session.take_changes(page.session.edit.points, mask, 5)
    edit = page.end(70, Pointer.TAKEN_BACK)
    assert edit.points == ()
    assert (edit.mask == mask).all()


def test_moves_that_are_late_or_wrong_change_nothing(toy, bare):
    page = Page(toy, bare)
    assert page.move(70)
    page.until_at(70)
    assert page.hold.move(1, (10.0, 10.0), Pointer.HELD)  # an older one
    assert page.hold.move(page.number + 1, (1e300, -5.0), Pointer.HELD)  # out of the picture
    page.number += 1
    assert page.hold._place == (127.0, 0.0)
    page.move(71)
    page.until_at(71)
    edit = page.end(71)
    assert not page.hold.move(99, (90.0, 64.0), Pointer.HELD)  # after its end
    assert page.session.edit is edit


def test_only_so_many_moves_are_taken(toy, bare):
    clock = [0.0]
    hold = Hold(Session(Shown(bare)), None, Line(1), "a", PAIR, clock=lambda: clock[0])
    taken = []
    for number in range(1, 200):
        assert hold.move(number, (float(number % 90), 5.0), Pointer.HELD)
        taken.append(hold.number)
    assert taken[-1] == holds.MOVES_A_SECOND
    clock[0] += 0.5
    hold.move(300, (1.0, 1.0), Pointer.HELD)
    assert hold.number == 300
    for number in range(301, 400):
        hold.move(number, (2.0, 2.0), Pointer.HELD)
    assert not hold.move(400, (3.0, 3.0), Pointer.RELEASED)  # which is always heard
    assert hold.pointer is Pointer.RELEASED


def test_a_page_that_is_silent_has_let_go(toy, bare, monkeypatch):
    monkeypatch.setattr(holds, "SILENCE_SECONDS", 0.5)
    monkeypatch.setattr(holds, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(holds, "REST_SECONDS", 0.1)
    page = Page(toy, bare)
    page.move(70)
    page.thread.join(30)
    assert not page.thread.is_alive()
    assert math.dist(page.session.edit.points[0].handle, (70, 64)) < 2
    assert page.session.edit.change == "drag"


def test_a_page_that_leaves_keeps_what_it_reached(toy, bare):
    page = Page(toy, bare)
    page.move(70)
    page.until_at(70)
    page.session.leave()
    page.thread.join(30)
    assert not page.thread.is_alive()
    assert page.session.edit.change == "drag"
    assert page.hold.why == "left the page"


def test_another_picture_ends_it(toy, bare):
    page = Page(toy, bare)
    page.move(70)
    page.until_at(70)
    other = replace(bare, seed=9)
    page.session.replace_edit(other)
    page.thread.join(30)
    assert not page.thread.is_alive()
    assert page.session.edit is other


def test_it_waits_in_no_line_and_has_half_of_the_slots(toy, bare):
    line = Line(2)
    pages = [Page(toy, bare, line=line)]
    pages[0].move(70)
    pages[0].until_at(70)
    with pytest.raises(UserError, match=BUSY):
        line.check(kind=Kind.HOLD)
    line.check()  # a drag may begin
    second = Hold(Session(Shown(bare)), None, line, "b", PAIR)
    with pytest.raises(UserError, match=BUSY):
        next(line.run(second))
    pages[0].end(70)
    line.check(kind=Kind.HOLD)


def test_a_pointer_that_rests_lends_its_slot_and_has_it_back(toy, bare, monkeypatch):
    monkeypatch.setattr(holds, "REST_SECONDS", 0.2)
    line = Line(1)
    page = Page(toy, bare, line=line)
    page.move(70)
    page.until_at(70)
    free = threading.Event()

    def work():
        yield "begun"
        free.wait(30)

    with contextlib.closing(line.run(Job(Kind.DRAG, work))) as other:
        assert "begun" in other  # it came in while the pointer rested
        page.move(80)
        time.sleep(0.3)  # the hold has no slot to move in
        assert math.dist(page.steps[-1].handles[0], (70, 64)) < 2
        free.set()
        assert list(other) == []
    page.until_at(80)
    edit = page.end(80)
    assert edit.change == "drag"
    assert line.running == 0


def test_a_long_hold_lets_one_who_waits_in_between(toy, bare, monkeypatch):
    monkeypatch.setattr(holds, "TURN_SECONDS", 0.3)
    line = Line(1)
    page = Page(toy, bare, line=line)
    done = []
    waiting = threading.Thread(
        target=lambda: done.extend(line.run(Job(Kind.DRAG, lambda: ["x"]))), daemon=True
    )
    page.move(66)
    page.until(lambda step: step.number > 0)
    waiting.start()
    until = time.monotonic() + 30
    while "x" not in done and time.monotonic() < until:  # the pointer never rests
        page.move(62 + 8 * (page.number % 2))
        time.sleep(0.03)
    assert "x" in done
    page.move(70)
    page.until_at(70)
    page.end(70)


def test_one_that_is_stopped_while_it_rests_ends(toy, bare, monkeypatch):
    monkeypatch.setattr(holds, "REST_SECONDS", 0.1)
    page = Page(toy, bare)
    page.move(70)
    page.until_at(70)
    until = time.monotonic() + 30
    while page.line.running and time.monotonic() < until:
        time.sleep(0.02)
    assert not page.line.running  # its slot is lent
    page.hold.stop()
    page.thread.join(30)
    assert not page.thread.is_alive()
    assert page.line.running == 0
    assert page.session.edit.change == "drag"
