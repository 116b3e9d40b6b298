"""Every move of a job from one phase to another, one at a time."""

import contextlib
import itertools
import logging
import re
import threading

import pytest

from drag.server.jobs import FETCH_SECONDS, FETCHED, LEFT, UNWATCHED, Job, Kind, Phase
from drag.server.line import Line, Place
from drag.server.shares import BUSY

LONG = 20  # seconds that no test takes, for what comes at once


class Work:
    """Steps that come one at a time, each when it is let, and that say where they are."""

    def __init__(self):
        self.let, self.at, self.ended = threading.Semaphore(0), threading.Event(), threading.Event()

    def __call__(self):
        try:
            for number in itertools.count():
                self.at.set()
                assert self.let.acquire(timeout=LONG)
                yield number
        finally:
            self.ended.set()


def in_phase(phase, kind=Kind.DRAG):
    """A job in this phase, by the moves that lead there."""
    job = Job(kind, lambda: ())
    path = {
        Phase.ASKED: [],
        Phase.WAITING: [job.enter],
        Phase.RUNNING: [job.enter, job.begin],
        Phase.STOPPING: [job.enter, job.begin, job.stop],
        Phase.TELLING: [job.enter, job.begin, job.end],
        Phase.ENDED: [job.enter, job.begin, job.end, job.close],
    }[phase]
    for move in path:
        move()
    assert job.phase is phase
    return job


MOVES = {  # where each leads to; elsewhere it changes nothing
    "enter": {Phase.ASKED: Phase.WAITING},
    "begin": {Phase.WAITING: Phase.RUNNING},
    "stop": {Phase.ASKED: Phase.ENDED, Phase.WAITING: Phase.TELLING, Phase.RUNNING: Phase.STOPPING},
    "close": {
        Phase.ASKED: Phase.ENDED,
        Phase.WAITING: Phase.ENDED,
        Phase.TELLING: Phase.ENDED,
        Phase.RUNNING: Phase.STOPPING,
    },
}


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("move", MOVES)
def test_a_move_leads_where_the_drawing_says_and_nowhere_from_elsewhere(move, phase):
    job = in_phase(phase)
    told = getattr(job, move)()
    assert job.phase is MOVES[move].get(phase, phase)
    if move in ("enter", "begin"):
        assert told is (phase in MOVES[move])
    elif move == "stop":
        assert told is phase
    assert job.running == (job.phase in (Phase.RUNNING, Phase.STOPPING))
    assert job.busy == (job.phase in FETCHED)
    assert job.alive == (job.phase is not Phase.ENDED)


@pytest.mark.parametrize("watched", [True, False])
@pytest.mark.parametrize("stopped", [True, False])
def test_at_its_end_it_is_told_of_where_somebody_watches(watched, stopped):
    job = in_phase(Phase.STOPPING if stopped else Phase.RUNNING)
    if not watched:
        job.close()
    assert job.running
    job.end()
    assert job.phase is (Phase.TELLING if watched else Phase.ENDED)
    assert list(job.said()) == []


@pytest.mark.parametrize("reasons", [(LEFT, UNWATCHED), (UNWATCHED, LEFT)])
def test_that_the_page_left_is_said_whoever_notices_first(reasons):
    job = in_phase(Phase.RUNNING)
    for reason in reasons:
        job.close(reason)
    assert job.why == LEFT


def test_a_photo_that_nobody_comes_for_lapses_and_a_drag_does_not():
    now = [0.0]
    photo, drag = (Job(kind, lambda: (), clock=lambda: now[0]) for kind in (Kind.PHOTO, Kind.DRAG))
    fetched = Job(Kind.PHOTO, lambda: (), clock=lambda: now[0])
    assert fetched.enter()
    now[0] = FETCH_SECONDS[Kind.PHOTO]
    assert photo.phase is Phase.ASKED
    now[0] += 0.1
    assert [job.phase for job in (photo, drag, fetched)] == [
        Phase.ENDED,
        Phase.ASKED,
        Phase.WAITING,
    ]
    assert not photo.enter()


def test_stopped_between_asking_and_the_line_it_is_over_and_takes_no_place():
    line, job = Line(1), in_phase(Phase.ASKED)
    job.stop()
    assert list(line.run(job)) == []
    assert (line.running, line.waiting) == (0, 0)


def test_stopped_as_it_begins_in_the_middle_and_as_it_ends_its_last_step_is_told():
    work, line = Work(), Line(1)
    job = Job(Kind.DRAG, work)
    run = line.run(job)
    work.let.release(2)
    assert [next(run), next(run)] == [0, 1]
    work.at.clear()
    job.stop()  # in the middle of a step
    assert job.phase is Phase.STOPPING
    work.let.release()
    assert list(run) == [2]  # which is told
    assert work.ended.wait(LONG)
    assert job.phase is Phase.TELLING
    assert job.why == "stopped"
    assert job.stop() is Phase.TELLING  # as it ends: too late to matter
    job.close()
    assert job.phase is Phase.ENDED


def test_stop_does_not_wait_for_a_watcher_that_fetches_nothing():
    line, ended = Line(1), threading.Event()

    def steps():
        try:
            yield from itertools.count()
        finally:
            ended.set()

    job = Job(Kind.DRAG, steps)
    run = line.run(job)
    assert next(run) == 0
    while len(job._said) < 2:  # it is ahead as far as it may be
        job.join(0.01)
    job.stop()
    assert ended.wait(LONG)
    assert list(run) == [1, 2, 3]  # all that was made
    assert line.running == 0


def test_who_leaves_in_the_line_is_dropped_and_the_next_moves_up_at_once():
    line, work = Line(1), Work()
    running, first, second = (Job(Kind.DRAG, work), *(Job(Kind.DRAG, lambda: "x") for _ in "ab"))
    runs = [line.run(job) for job in (running, first, second)]
    work.let.release()
    next(runs[0])
    assert [next(run).ahead for run in runs[1:]] == [0, 1]
    first.close(LEFT)  # and its generator is never resumed
    assert first.phase is Phase.ENDED
    assert next(item.ahead for item in runs[2] if isinstance(item, Place)) == 0
    runs[0].close()
    work.let.release()
    assert list(runs[2])[-1] == "x"
    assert list(runs[1]) == []


def test_one_that_nobody_fetches_from_ends_and_frees_the_device(caplog):
    caplog.set_level(logging.INFO, "drag")
    line = Line(1, patience=0.05)

    def steps():
        job.account = "abandoned"
        yield from itertools.count()

    job = Job(Kind.DRAG, steps)
    run = line.run(job)
    assert next(run) == 0  # and then nobody comes
    job.join(LONG)
    assert job.phase is Phase.ENDED
    assert list(line.run(Job(Kind.DRAG, lambda: "a"))) == ["a"]
    assert re.search(rf"abandoned, \d+\.\d s, {UNWATCHED}", caplog.text)


def test_a_full_line_refuses_and_what_was_refused_can_be_asked_for_again():
    line, work = Line(1, length=0), Work()
    first = Job(Kind.DRAG, work)
    running = line.run(first)
    work.let.release()
    next(running)
    job = Job(Kind.DRAG, lambda: "x")
    assert job.enter()  # its handler has come for it
    with contextlib.closing(job), pytest.raises(ValueError, match=BUSY):
        next(line.run(job))
    assert job.phase is Phase.ENDED
    running.close()
    work.let.release()
    first.join(LONG)
    assert list(line.run(Job(Kind.DRAG, lambda: "x"))) == ["x"]


def test_where_no_thread_is_to_be_had_it_ends_in_words_and_costs_no_slot(monkeypatch):
    def scarce(thread):
        raise RuntimeError("can't start new thread")

    line, job = Line(1), in_phase(Phase.ASKED)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", scarce)
        with pytest.raises(ValueError, match=BUSY):
            list(line.run(job))
    assert job.phase is Phase.TELLING
    assert line.running == 0
    assert list(line.run(Job(Kind.DRAG, lambda: "abc"))) == ["a", "b", "c"]


def test_an_error_ends_it_and_is_let_go_of_when_it_is_told(caplog):
    caplog.set_level(logging.INFO, "drag")

    def steps():
        job.account = "mine"
        yield 1
        raise KeyError("secret")

    job = Job(Kind.DRAG, steps, program=True)
    with pytest.raises(KeyError):
        list(Line(1).run(job))
    assert job.phase is Phase.TELLING
    job.close()
    assert job.error is None  # with its frames, and the tensors in them
    assert "failed: KeyError (program)" in caplog.text
    assert "secret" not in caplog.text


def test_each_kind_has_its_time():
    line, seconds = Line(1, seconds=100.0), {}
    for kind, program in ((Kind.DRAG, False), (Kind.DRAG, True), (Kind.PHOTO, False)):
        job = Job(kind, lambda: (), program)
        list(line.run(job))
        seconds[kind, program] = job.seconds
    assert list(seconds.values()) == [100.0, 60.0, 150.0]
    job = Job(Kind.PHOTO, lambda: ())
    list(Line(1, seconds=500.0).run(job))
    assert job.seconds == 170.0
