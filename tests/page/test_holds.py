"""The page's side of drags that follow the pointer: what a press is answered, what moves do."""

import itertools
import math
import threading
import time
from dataclasses import replace
from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest

from drag import PointPair
from drag.page.handlers import holds
from drag.server.holds import Hold
from tests.page.conftest import (
    CANVAS,
    ENGLISH,
    LINE,
    POINT,
    ask,
    canvas_of,
    held,
    visitor,
)

PRESSED = PointPair((12, 12), (12, 12), 5)


def press(name="a", key=5):
    return gr.EventData(None, {"id": name, "key": key})


class Watcher:
    """A page that has pressed, with a thread that takes what the handler yields."""

    def __init__(self, handlers, *points, name="a", key=5):
        self.handlers, self.name, self.told, self.number = handlers, name, [], 0
        self.changed, self.token = threading.Condition(), visitor(handlers).token
        value = canvas_of(visitor(handlers), *(points or (PRESSED,)))
        run = handlers.holds.hold(value, press(name, key), ENGLISH)
        self.thread = threading.Thread(target=self._take, args=(run,), daemon=True)
        self.thread.start()

    def _take(self, run):
        for told in run:
            with self.changed:
                self.told.append(told)
                frame = told.get(CANVAS, {}).get("frame")
                if frame:
                    self.handlers.scripts.acknowledge([self.token, frame["serial"]])
                self.changed.notify_all()

    def until(self, true):
        with self.changed:
            assert self.changed.wait_for(lambda: any(map(true, self.told)), 30)

    def live(self):
        self.until(lambda told: "live" in told.get(CANVAS, {}))
        return next(t[CANVAS]["live"] for t in self.told if "live" in t.get(CANVAS, {}))

    def move(self, x, y, word="held"):
        self.number += 1
        return self.handlers.scripts.move([self.token, self.name, self.number, x, y, word])

    def end(self, x, y, word="released"):
        assert self.move(x, y, word) is False
        self.thread.join(30)
        assert not self.thread.is_alive()
        return self.told[-1]


def parts(watcher):
    return [t[CANVAS]["frame"] for t in watcher.told if "frame" in t.get(CANVAS, {})]


def test_a_press_is_followed_and_let_go(handlers):
    before = visitor(handlers).edit
    page = Watcher(handlers)
    assert page.live() == {"id": "a", "run": page.token, "alone": False}
    assert page.move(15, 13)
    page.until(lambda told: told.get(CANVAS, {}).get("frame", {}).get("move"))
    last = page.end(15, 13)
    session = visitor(handlers)
    assert [entry.change for entry in session.edit.timeline] == ["sample", "drag"]
    assert session.edit.points[0].target == (15, 13)
    assert not np.array_equal(session.edit.ws, before.ws) or session.edit.regions
    assert last[CANVAS]["frame"]["settle"]
    assert last["go"]["interactive"]
    assert not last["stop"]["interactive"]
    assert last["steps"]["interactive"]
    serials = [frame["serial"] for frame in parts(page)]
    assert serials == sorted(set(serials))
    assert session.revision == 1


def test_the_first_press_on_an_example_drops_what_it_brought(handlers):
    session, mask = visitor(handlers), np.zeros((32, 32), bool)
    mask[20:, 20:] = True
    example = session.edit.place([POINT, PointPair((4, 4), (8, 8), 2)], mask)
    session.shown.edit = example
    value = canvas_of(session, *example.points, PRESSED)
    assert value["mask"]
    page = Watcher(handlers, *example.points, PRESSED)
    assert page.live()["alone"]
    page.move(15, 13)
    page.until(lambda told: told.get(CANVAS, {}).get("frame", {}).get("move"))
    page.end(15, 13)
    assert [pair.key for pair in session.edit.points] == [5]
    assert session.edit.mask_png is None
    assert session.edit.undo().points == example.points
    assert session.edit.undo().mask_png == example.mask_png
    # Of one's own arrows none is dropped.
    again = Watcher(handlers, *session.edit.points, replace(PRESSED, key=6), name="b", key=6)
    assert not again.live()["alone"]
    again.end(12, 12)
    assert len(session.edit.points) == 2


def test_escape_is_said_and_the_picture_is_the_one_before(handlers):
    before = visitor(handlers).edit
    page = Watcher(handlers)
    page.live()
    page.move(15, 13)
    page.until(lambda told: told.get(CANVAS, {}).get("frame", {}).get("move"))
    last = page.end(20, 14, "taken back")
    assert "Taken back" in last[LINE]
    assert visitor(handlers).edit is before
    assert last[CANVAS]["frame"]["settle"]
    assert last[CANVAS]["frame"]["original"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"engine": SimpleNamespace(follows=False)}, "cannot follow the pointer here"),
        ({"paces": {"a.pkl": (0.5, time.monotonic() + 600)}}, "too slow here"),
        ({"solver": "adam"}, "solver does not follow"),
        ({"mask": True}, "outside the region"),
        ({"busy": True}, "Many people are using this page"),
        ({"late": True}, "has changed meanwhile"),
        ({"key": 4}, "has changed meanwhile"),
        ({"name": ""}, "cannot be read"),
        ({"name": "x" * 41}, "cannot be read"),
        ({"key": "5"}, "cannot be read"),
        ({"outside": True}, "outside the picture"),
    ],
)
def test_what_cannot_be_followed_is_said_and_becomes_an_arrow(handlers, change, words):
    session, desk, point = visitor(handlers), handlers.desk, PRESSED
    for name in ("engine", "paces"):
        if name in change:
            setattr(desk, name, change[name])
    if "solver" in change:
        session.shown.edit = replace(
            session.edit, settings=replace(session.edit.settings, solver="adam")
        )
    if "mask" in change:
        mask = np.zeros(session.edit.img_size, bool)
        mask[20:, 20:] = True
        session.shown.edit = session.edit.place([], mask)
    if "outside" in change:
        point = PointPair((-1, 5), (-1, 5), 5)
    edit, value = session.edit, canvas_of(session, point)
    if "late" in change:
        value["revision"] = 0
    asked = press(change.get("name", "a"), change.get("key", 5))
    if "busy" in change:
        with held(desk.line), held(desk.line):
            told = list(handlers.holds.hold(value, asked, ENGLISH))
    else:
        told = list(handlers.holds.hold(value, asked, ENGLISH))
    assert words in told[-1][LINE]
    assert told[-1][CANVAS]["live"]["refused"]
    assert session.edit.same_picture(edit)
    assert not session.dragging


def test_steps_that_were_slow_make_the_next_press_an_arrow_for_a_while(handlers, monkeypatch):
    monkeypatch.setattr(holds, "QUICK_SECONDS", 0.0)
    monkeypatch.setattr(Hold, "pace", 0.5)
    page = Watcher(handlers)
    page.live()
    page.move(15, 13)
    page.until(lambda told: told.get(CANVAS, {}).get("frame", {}).get("move"))
    page.end(15, 13)
    again = Watcher(handlers, replace(PRESSED, key=6), name="b", key=6)
    assert again.live() == {"id": "b", "refused": True}
    monkeypatch.setattr(holds, "AGAIN_SECONDS", 0.0)
    third = Watcher(handlers, replace(PRESSED, key=7), name="c", key=7)
    assert "run" in third.live()
    third.end(12, 12)


def test_moves_of_others_or_wrong_ones_are_answered_by_no(handlers):
    page = Watcher(handlers)
    page.live()
    move, token = handlers.scripts.move, page.token
    for wrong in (
        None,
        [],
        [token],
        [token, "a", 1, 5.0, 5.0],
        [token, "b", 1, 5.0, 5.0, "held"],  # another hold's
        ["someone", "a", 1, 5.0, 5.0, "held"],
        [token, "a", 1.5, 5.0, 5.0, "held"],
        [token, "a", 1, "5", 5.0, "held"],
        [token, "a", 1, None, 5.0, "held"],
        [token, "a", 1, float("nan"), 5.0, "held"],
        [token, "a", 1, 5.0, float("inf"), "held"],
        [token, "a", 1, 10**400, 5.0, "held"],
        [token, "a", 1, 5.0, 5.0, "stolen"],
        [token, "a", 1, 5.0, 5.0, []],
        {"a": 1},
    ):
        assert move(wrong) is False, wrong
    assert visitor(handlers).drag.number == 0
    assert page.move(1e5, -5)  # far outside: at the border
    page.end(12, 12)
    assert page.move(20, 20) is False  # after its end


def test_a_new_press_ends_the_settling_of_the_one_before(handlers, monkeypatch):
    first = Watcher(handlers)
    first.live()
    first.move(15, 13)
    first.until(lambda told: told.get(CANVAS, {}).get("frame", {}).get("move"))
    session = visitor(handlers)
    (pair,) = session.edit.points
    second = Watcher(handlers, pair, PointPair((5, 20), (5, 20), 6), name="b", key=6)
    assert second.live() == {"id": "b", "run": second.token, "alone": False}
    first.thread.join(30)
    assert not first.thread.is_alive()
    assert "frame" not in first.told[-1].get(CANVAS, {})  # the second one shows the picture
    second.end(5, 20)
    assert [pair.key for pair in session.edit.points] == [5, 6]
    assert [entry.change for entry in session.edit.timeline] == ["sample", "drag", "points"]


def test_a_press_that_cannot_be_followed_leaves_the_one_before_alone(handlers):
    """It ended that first, and then nobody told of its end: Drag stayed greyed."""
    first = Watcher(handlers)
    first.live()
    first.move(15, 13)
    first.until(lambda told: told.get(CANVAS, {}).get("frame", {}).get("move"))
    session = visitor(handlers)
    late = canvas_of(session, *session.edit.points, replace(PRESSED, key=6)) | {"revision": 0}
    told = list(handlers.holds.hold(late, press("b", 6), ENGLISH))
    assert told[-1][CANVAS]["live"] == {"id": "b", "refused": True}
    assert session.running
    last = first.end(15, 13)
    assert last["go"]["interactive"]
    assert last[CANVAS]["frame"]["settle"]


def test_a_press_while_a_drag_waits_or_runs_is_an_arrow(handlers):
    session = visitor(handlers)
    handlers.history.change(canvas_of(session, POINT), ENGLISH)
    ask(session, handlers.desk.engine).enter()
    told = list(handlers.holds.hold(canvas_of(session, POINT, PRESSED), press(), ENGLISH))
    assert "A drag is running" in told[-1][LINE]
    assert told[-1][CANVAS]["live"]["refused"]


def test_stop_ends_a_hold_where_it_is(handlers):
    page = Watcher(handlers)
    page.live()
    page.move(15, 13)
    page.until(lambda told: told.get(CANVAS, {}).get("frame", {}).get("move"))
    handlers.drags.halt(ENGLISH)
    page.thread.join(30)
    assert not page.thread.is_alive()
    assert visitor(handlers).edit.change == "drag"
    assert page.move(21, 14) is False


def test_what_fails_in_mid_hold_keeps_what_it_reached(handlers, monkeypatch):
    page = Watcher(handlers)
    page.live()
    steps = itertools.count()

    def fail(self, *args, **kwargs):
        if next(steps) > 2:
            raise RuntimeError("the device is gone")
        return taken(self, *args, **kwargs)

    taken = Hold._taken
    monkeypatch.setattr(Hold, "_taken", fail)
    until = time.monotonic() + 30
    x = itertools.cycle([18, 20, 22, 24])
    while page.thread.is_alive() and time.monotonic() < until:
        page.move(next(x), 14)
        time.sleep(0.02)
    assert not page.thread.is_alive()
    assert "failed" in page.told[-1][LINE]
    assert page.told[-1]["go"]["interactive"]
    assert not visitor(handlers).dragging
    assert math.isfinite(visitor(handlers).edit.points[0].handle[0])
