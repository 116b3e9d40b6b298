"""Moves of a job that race: two threads come for it, stop it or leave it in the same moment."""

import threading

from drag.server.jobs import Job, Kind, Phase
from drag.server.line import Line
from tests.test_jobs import LONG, in_phase


def at_once(*works):
    """What these give, called in threads that start together."""
    barrier, given = threading.Barrier(len(works)), {}

    def call(work):
        barrier.wait(LONG)
        given[work] = work()

    threads = [threading.Thread(target=call, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [given[work] for work in works]


def test_of_two_who_come_for_a_job_at_once_one_has_it():
    for _ in range(50):
        job = in_phase(Phase.ASKED)
        assert sorted(at_once(job.enter, lambda job=job: job.enter())) == [False, True]


def test_stop_that_races_with_its_turn_finds_it_waiting_or_running_and_ends_it():
    for _ in range(50):
        job = in_phase(Phase.WAITING)
        began, found = at_once(job.begin, job.stop)
        assert (found, job.phase) == (
            (Phase.RUNNING, Phase.STOPPING) if began else (Phase.WAITING, Phase.TELLING)
        )


def test_stop_that_races_with_its_end_changes_nothing_of_it():
    for _ in range(50):
        job = in_phase(Phase.RUNNING)
        _, found = at_once(job.end, job.stop)
        assert found in (Phase.RUNNING, Phase.TELLING)
        assert job.phase is Phase.TELLING


def test_a_watcher_that_goes_as_it_ends_leaves_it_over():
    for _ in range(50):
        job = in_phase(Phase.RUNNING)
        at_once(job.end, job.close)
        assert job.phase is Phase.ENDED


def test_stopped_in_the_moment_in_which_it_is_let_in_it_makes_no_step():
    # The line has picked it, and it is stopped before its thread has begun.
    made, line = [], Line(1)
    job = Job(Kind.DRAG, lambda: made.append(1) or "abc")
    begin, job.begin = job.begin, lambda seconds: begin(seconds) and job.stop() and True
    assert list(line.run(job)) == []
    assert made == []
    assert job.phase is Phase.TELLING
    assert line.running == 0
    assert list(line.run(Job(Kind.DRAG, lambda: "a"))) == ["a"]
