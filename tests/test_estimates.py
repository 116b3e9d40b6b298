"""How long one waits, by what drags took that were recorded: on two hyperthreads which others used,
too, the drags of one visitor, and then of seven at once for two slots."""

import itertools

import pytest

from drag.server.estimates import FIRST_GUESS, RECENT, TURN_SECONDS, Estimates
from drag.server.jobs import Kind

ALONE = 16.2, 11.5  # seconds
CROWD = 19.0, 32.7, 17.2, 11.2, 17.3, 13.7, 45.2, 60.7
SLOTS, WAITING = 2, 5


class Job:
    """Stands for one in a line."""

    def __init__(self, kind=Kind.DRAG, seconds=120.0):
        self.kind, self.seconds = kind, seconds


class Device:
    """Runs jobs by a clock of its own, for as long as they are said to take, in their order."""

    def __init__(self, slots=SLOTS):
        self.now, self.slots, self.running, self.waiting = 0.0, slots, {}, []
        self.estimates = Estimates(slots, lambda: self.now)

    def run(self, took, job):
        """One job, alone."""
        self.estimates.begin(job)
        self.now += took
        self.estimates.end(job)

    def come(self, took, job):
        """One more; the wait that it is told."""
        self.waiting.append((job, took))
        told = self.estimates.place(
            job,
            [each for each, _ in self.waiting],
            list(self.running),
            lambda waiting, running: waiting[0] if len(running) < self.slots else None,
        )
        self._let_in()
        return told.seconds

    def _let_in(self):
        while self.waiting and len(self.running) < self.slots:
            job, took = self.waiting.pop(0)
            self.running[job] = self.now + took
            job.began = self.now
            self.estimates.begin(job)

    def go_on(self):
        """Until the next one ends."""
        job, self.now = min(self.running.items(), key=lambda item: item[1])
        del self.running[job]
        self.estimates.end(job)
        self._let_in()


def replayed(count):
    """So many drags of seven visitors who come again at once: each a wait told and the true one."""
    device, told = Device(), []
    for took in 4 * ALONE:
        device.run(took, Job())
    for number, took in enumerate(itertools.islice(itertools.cycle(CROWD), count)):
        job = Job()
        told.append((device.come(took, job), device.now, job))
        if number >= SLOTS + WAITING - 1:
            device.go_on()
    while device.waiting:
        device.go_on()
    return [(seconds, job.began - came) for seconds, came, job in told if job.began > came]


def test_what_is_told_is_about_what_it_takes_under_load():
    """It was half of that."""
    waits = replayed(40)
    begin, later = waits[:WAITING], waits[10:]
    for those in (begin, later):
        told, true = (sum(each) for each in zip(*those, strict=True))
        assert told == pytest.approx(true, rel=0.25)


def test_what_had_the_device_for_itself_is_forgotten_once_the_house_was_full():
    device = Device()
    for _ in range(3):
        device.run(10.0, Job())
    assert device.estimates.takes(Kind.DRAG) == pytest.approx((5 + 3 * 20) / 4)  # at worst
    for _ in range(2):
        device.come(16.0, Job())
    device.go_on()
    assert device.estimates.takes(Kind.DRAG) == 16
    device.go_on()
    device.run(10.0, Job())
    assert device.estimates.takes(Kind.DRAG) == 16


def test_the_last_ones_count():
    device = Device(slots=1)
    for took in [100.0] * 9 + [3.0] * RECENT:
        device.run(took, Job())
    assert device.estimates.takes(Kind.DRAG) == 3
    assert device.estimates.takes(Kind.PHOTO) == FIRST_GUESS[Kind.PHOTO]


def test_one_that_runs_for_longer_than_usual_is_not_about_to_end():
    device = Device(slots=1)
    for took in (5.0, 5.0, 65.0):
        device.run(took, Job())
    job = Job()
    device.come(99.0, job)
    device.now += 25
    assert device.estimates.left(job) == 40
    device.now += 60
    assert device.estimates.left(job) == 35  # its time is over then


def test_a_hold_has_its_slot_for_a_turn():
    device = Device(slots=1)
    for _ in range(RECENT):
        device.run(90.0, Job(Kind.HOLD))  # nobody waited
    assert device.estimates.takes(Kind.HOLD) == TURN_SECONDS
    job = Job(Kind.HOLD)
    device.come(90.0, job)
    device.now += 15
    assert device.estimates.left(job) == 5
    device.now += 15
    assert device.estimates.left(job) == 0


def test_what_was_broken_off_says_nothing():
    device, job = Device(slots=1), Job(Kind.PHOTO)
    device.estimates.begin(job)
    device.now += 1
    device.estimates.end(job, learn=False)
    assert device.estimates.takes(Kind.PHOTO) == FIRST_GUESS[Kind.PHOTO]
