import contextlib
import contextvars
import gc
import itertools
import threading
import time
from types import SimpleNamespace

import pytest

from drag.server.estimates import FIRST_GUESS
from drag.server.jobs import Job, Kind
from drag.server.line import Line, Place, slots_for
from drag.server.shares import BUSY


class Work:
    """Steps that come one by one, as fast as they are let."""

    def __init__(self):
        self.go, self.began, self.ended = threading.Event(), threading.Event(), threading.Event()

    def steps(self):
        self.began.set()
        try:
            for number in itertools.count():
                self.go.wait(5)
                yield number
        finally:
            self.ended.set()


def enter(line, steps, kind=Kind.DRAG, **more):
    """What the line says of a job with these steps."""
    return line.run(Job(kind, steps, **more))


def first_place(run):
    return next(item for item in run if isinstance(item, Place))


def test_steps_come_out_in_order_and_errors_too():
    def failing():
        yield from range(20)
        raise KeyError("a step")

    line, got = Line(1), []
    with pytest.raises(KeyError, match="a step"):
        got.extend(enter(line, failing))
    assert got == list(range(20))
    assert list(enter(line, lambda: iter("abc"))) == ["a", "b", "c"]  # the next one's turn comes
    assert list(enter(line, lambda: ())) == []


def test_the_others_wait_in_the_order_in_which_they_came_and_hear_of_it():
    line, work, order = Line(1), Work(), []
    running = enter(line, work.steps)
    work.go.set()
    assert next(running) == 0
    waiting = [enter(line, lambda name=name: order.append(name) or [name]) for name in "abc"]
    places = [first_place(run) for run in waiting]
    assert [place.ahead for place in places] == [0, 1, 2]
    assert 0 < places[0].seconds < places[1].seconds < places[2].seconds
    assert (line.running, line.waiting) == (1, 3)
    running.close()
    assert work.ended.wait(5)
    last = [list(run)[-1] for run in reversed(waiting)]
    assert last == ["c", "b", "a"]
    assert order == ["a", "b", "c"]
    assert (line.running, line.waiting) == (0, 0)


def test_as_many_run_at_once_as_it_has_slots():
    line, works = Line(2), [Work() for _ in range(3)]
    runs = [enter(line, work.steps) for work in works]
    for work in works:
        work.go.set()
    assert [next(runs[0]), next(runs[1]), first_place(runs[2]).ahead] == [0, 0, 0]
    runs[1].close()
    assert works[1].ended.wait(5)
    assert next(item for item in runs[2] if item == 0) == 0
    for run in runs:
        run.close()


def test_a_full_line_says_so_and_programs_fill_half_of_it():
    line, work = Line(1, length=4), Work()
    running = enter(line, work.steps)
    work.go.set()
    next(running)
    waiting = [enter(line, work.steps, program=True) for _ in range(3)]
    for run in waiting[:2]:
        first_place(run)
    with pytest.raises(ValueError, match=BUSY):
        next(waiting[2])
    with pytest.raises(ValueError, match=BUSY):
        line.check(program=True)
    line.check()
    visitors = [enter(line, work.steps) for _ in range(3)]
    for run in visitors[:2]:
        first_place(run)
    with pytest.raises(ValueError, match=BUSY):
        next(visitors[2])
    visitors[0].close()
    line.check()
    for run in (running, *waiting, *visitors):
        run.close()


def test_who_no_longer_wants_it_leaves_the_line_without_being_asked():
    # Gradio may never come back to the generator of a page that was closed.
    line, work, job = Line(1), Work(), Job(Kind.DRAG, Work().steps)
    running, left = enter(line, work.steps), line.run(job)
    work.go.set()
    next(running)
    first_place(left)
    third = enter(line, lambda: ["third"])
    assert first_place(third).ahead == 1
    job.close()
    assert line.waiting == 1
    running.close()
    assert list(third)[-1] == "third"
    assert list(left) == []


def test_a_drag_that_nobody_watches_ends_within_two_seconds():
    line, work = Line(1), Work()
    job = Job(Kind.DRAG, work.steps)
    run = line.run(job)
    work.go.set()
    next(run)
    job.close()  # and nobody fetches a step or closes the generator
    assert work.ended.wait(2)
    assert list(enter(line, lambda: ["next"])) == ["next"]


def test_a_generator_that_is_dropped_ends_its_drag():
    line, work = Line(1), Work()
    run = enter(line, work.steps)
    work.go.set()
    next(run)
    del run
    gc.collect()
    assert work.ended.wait(2)


def test_a_drag_runs_in_the_context_of_who_asked_for_it():
    # ZeroGPU finds out from it whose quota counts, also where another's end lets it in.
    name, line, work = contextvars.ContextVar("name"), Line(1), Work()
    running = enter(line, work.steps)
    work.go.set()
    next(running)

    def asked(who):
        name.set(who)
        yield from enter(line, lambda: [name.get()])

    waiting = [asked(who) for who in "ab"]
    for run in waiting:
        contextvars.copy_context().run(next, run)
    running.close()
    assert [list(run)[-1] for run in waiting] == ["a", "b"]


def test_waits_are_guessed_from_what_drags_took_lately():
    line = Line(1)
    for _ in range(40):
        list(enter(line, lambda: [time.sleep(0.01)]))
    work = Work()
    with contextlib.closing(enter(line, work.steps)) as running:
        work.go.set()
        next(running)
        with contextlib.closing(enter(line, lambda: [1])) as second:
            assert first_place(second).seconds < 0.5


def begun(line, works, **kind):
    """Work in the line that runs, one for each: what run() gives."""
    runs = [enter(line, work.steps, **kind) for work in works]
    for work, run in zip(works, runs, strict=True):
        work.go.set()
        next(run)
    return runs


def test_photos_leave_a_slot_to_drags():
    # Two photos on a two-core host held both slots, and every drag waited for minutes.
    line, photo = Line(2), Work()
    (running,) = begun(line, [photo], kind=Kind.PHOTO)
    second, third = (
        enter(line, lambda name=name: [name], kind=Kind.PHOTO) for name in ("2nd", "3rd")
    )
    assert [first_place(second).ahead, first_place(third).ahead] == [0, 1]
    assert list(enter(line, lambda: "abc")) == ["a", "b", "c"]  # past both, at once
    assert (line.running, line.waiting) == (1, 2)
    running.close()
    assert photo.ended.wait(5)
    assert list(third)[-1] == "3rd"  # after the second, though nobody watches that
    assert list(second)[-1] == "2nd"


def test_a_drag_passes_a_photo_only_where_photos_are_held_back():
    line, works, order = Line(2), [Work(), Work()], []
    runs = begun(line, works)  # two drags
    waiting = [
        enter(line, lambda name=name: order.append(name) or [name], kind=kind)
        for name, kind in (("photo", Kind.PHOTO), ("drag", Kind.DRAG))
    ]
    assert [first_place(run).ahead for run in waiting] == [0, 1]
    runs[0].close()
    assert [list(run)[-1] for run in reversed(waiting)] == ["drag", "photo"]
    assert order == ["photo", "drag"]
    runs[1].close()


@pytest.mark.parametrize(("slots", "most"), [(1, 1), (2, 1), (4, 3)])
def test_so_many_photos_run_at_once(slots, most):
    line, works = Line(slots), [Work() for _ in range(most)]
    runs = begun(line, works, kind=Kind.PHOTO)
    with contextlib.closing(enter(line, lambda: "p", kind=Kind.PHOTO)) as photo:
        first_place(photo)
        with contextlib.closing(enter(line, lambda: "d")) as drag:
            assert isinstance(next(drag), Place) is (slots == 1)  # one slot they share
    for run in runs:
        run.close()


def test_a_line_full_of_photos_has_room_for_a_drag_that_begins():
    line, photo = Line(2, length=1), Work()
    (running,) = begun(line, [photo], kind=Kind.PHOTO)
    second = enter(line, lambda: ["2nd"], kind=Kind.PHOTO)
    first_place(second)
    with pytest.raises(ValueError, match=BUSY):
        line.check(kind=Kind.PHOTO)
    line.check()
    assert list(enter(line, lambda: "d")) == ["d"]
    for run in (running, second):
        run.close()


def test_photos_that_wait_leave_half_of_the_line_to_drags():
    # Forty of them, each for minutes, had drags refused that would have waited for seconds.
    line, works = Line(2, length=4), [Work(), Work()]
    runs = begun(line, works[:1], kind=Kind.PHOTO) + begun(line, works[1:])
    waiting = [enter(line, lambda: "x", kind=kind) for kind in (Kind.PHOTO, Kind.PHOTO, Kind.DRAG)]
    for run in waiting:
        first_place(run)
    with pytest.raises(ValueError, match=BUSY):
        line.check(kind=Kind.PHOTO)
    line.check()
    for run in (*runs, *waiting):
        run.close()


def test_photos_that_were_broken_off_say_nothing_of_how_long_others_take():
    line, work = Line(1), Work()
    for _ in range(20):  # unlike the model, stopped at once
        list(enter(line, lambda: [SimpleNamespace(done=False)], kind=Kind.PHOTO))
    (running,) = begun(line, [work], kind=Kind.PHOTO)
    waiting = enter(line, lambda: "x")
    assert first_place(waiting).seconds == pytest.approx(FIRST_GUESS[Kind.PHOTO], abs=5)
    for run in (running, waiting):
        run.close()


def test_each_kind_has_a_mean_of_its_own():
    # One of both announced seconds for a photo and a minute for a drag.
    line, work = Line(1), Work()
    for _ in range(40):
        list(enter(line, lambda: [time.sleep(0.01)]))
    (running,) = begun(line, [work], kind=Kind.PHOTO)
    runs = [enter(line, lambda: "x", kind=kind) for kind in (Kind.DRAG, Kind.PHOTO, Kind.DRAG)]
    seconds = [first_place(run).seconds for run in runs]
    assert seconds[0] == pytest.approx(FIRST_GUESS[Kind.PHOTO], abs=5)  # what runs
    assert seconds[1] - seconds[0] < 1  # a drag more
    assert seconds[2] - seconds[1] == pytest.approx(FIRST_GUESS[Kind.PHOTO], abs=5)  # a photo more
    for run in (running, *runs):
        run.close()


def test_waits_reckon_with_photos_that_are_held_back():
    line, works = Line(2), [Work(), Work()]
    runs = begun(line, works[:1], kind=Kind.PHOTO) + begun(line, works[1:])
    waiting = [enter(line, lambda: "x", kind=kind) for kind in (Kind.PHOTO, Kind.DRAG, Kind.DRAG)]
    photo, first, second = (first_place(run) for run in waiting)
    assert photo.seconds == pytest.approx(FIRST_GUESS[Kind.PHOTO], abs=5)
    assert (photo.ahead, first.ahead, second.ahead) == (0, 0, 1)  # both pass the photo
    assert first.seconds < second.seconds < 15
    for run in (*runs, *waiting):
        run.close()


def test_one_at_a_time_on_a_gpu_and_some_on_a_cpu(monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    assert (slots_for("cuda"), slots_for("mps"), slots_for("cpu")) == (1, 1, 2)
    monkeypatch.setattr("os.cpu_count", lambda: 64)
    assert slots_for("cpu") == 4
