"""Drags whose targets move while they run, on a generator whose answer is known."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest

from drag import PointPair, drag
from drag.course import SETTLED, Ending
from drag.follow import SETTLING, Aim
from drag.preview import LiveView
from drag.render import render_edit

START = 60, 64


class Pointer:
    """Somebody who holds a handle: is at each of these places for one step, and then lets go, or
    rests at the last one for as long as it takes to settle."""

    def __init__(self, *places, key=1, rests=False):
        self.places, self.key, self.rests, self.asked = list(places), key, rests, []

    def __call__(self, settled):
        self.asked.append(settled)
        i = len(self.asked) - 1
        held = i < len(self.places) or (self.rests and not settled)
        return Aim({self.key: self.places[min(i, len(self.places) - 1)]}, held)


def line(end, count, begin=START):
    """Places from one to another, on a straight line, the first and the last included."""
    return [tuple(p) for p in np.linspace(begin, end, count)]


def held(edit, *others, **settings):
    """The toy's edit as it is when a press begins: the handle's target is where it is."""
    settings = replace(edit.settings, **settings)
    return replace(edit.place([PointPair(START, START), *others]), settings=settings)


def run(generator, edit, pointer, view=None, seconds=math.inf):
    steps = list(drag(generator, edit, view, seconds, pointer))
    last = steps[-1]
    return steps, edit.moved(last.ws, last.handles, last.regions)


def shift(edit, after):
    return 40 * (after.latents_of(True) - edit.ws)[0, :2]


def test_the_picture_follows_and_stays_where_it_was_let_go(toy, toy_edit):
    edit = held(toy_edit)
    steps, after = run(toy, edit, Pointer(*line((84, 58), 9)))
    assert steps[-1].ending in SETTLED
    np.testing.assert_allclose(shift(edit, after), [24, -6], atol=2)
    numbers = [step.number for step in steps]
    assert sorted(set(numbers)) == list(range(numbers[-1] + 1))
    # The handle is never far behind: 3 px a step, and each step knows the place of its own moment.
    assert max(step.distances[0] for step in steps) < 5
    assert all(step.ending is None for step in steps[:-1])


def test_it_comes_back_to_the_bit(toy, toy_edit):
    edit = held(toy_edit)
    pointer = Pointer(*line((90, 80), 8), *line(START, 8, (90, 80)), rests=True)
    steps, after = run(toy, edit, pointer)
    assert max(math.dist(step.handles[0], START) for step in steps) > 20
    np.testing.assert_array_equal(after.ws, edit.ws)
    assert steps[-1].handles == (START,)
    assert steps[-1].ending is Ending.ARRIVED


def test_a_pointer_that_rests_has_nothing_to_do(toy, toy_edit):
    """The default solver crept back while a target stood still, and worked on for nothing."""
    edit, pointer = held(toy_edit), Pointer(*line((80, 64), 6), *[(80, 64)] * 30)
    steps, _ = run(toy, edit, pointer)
    assert sum(pointer.asked) > 20  # that it was asked to wait for a move
    assert steps[-1].number < 16
    assert min(step.distances[0] for step in steps[6:]) == steps[-1].distances[0]
    # It goes on from there.
    pointer = Pointer(*line((80, 64), 6), *[(80, 64)] * 12, *line((92, 64), 4, (80, 64)))
    steps, after = run(toy, edit, pointer)
    np.testing.assert_allclose(shift(edit, after), [32, 0], atol=2)


@pytest.mark.parametrize(("way", "reached"), [(20, 20), (50, 30)])  # of 3 px a step at most
def test_a_fling_is_caught_up_with_in_some_steps(toy, toy_edit, way, reached):
    steps, after = run(toy, held(toy_edit), Pointer(START, (60 + way, 64)))
    assert steps[-1].number <= SETTLING + 1
    np.testing.assert_allclose(shift(toy_edit, after), [reached, 0], atol=2)


def test_what_cannot_be_reached_is_left_after_some_steps(toy, toy_edit):
    toy.freeze()
    steps, after = run(toy, held(toy_edit), Pointer(START, *line((90, 64), 3)))
    assert steps[-1].ending is Ending.NO_PROGRESS
    assert steps[-1].number <= SETTLING + 3
    np.testing.assert_array_equal(after.ws, toy_edit.ws)


@pytest.mark.parametrize("solver", ["gauss-newton", "adam"])
def test_the_same_aims_give_the_same_steps(toy, toy_edit, solver):
    edit = held(toy_edit, solver=solver, learning_rate=0.02)
    twice = [run(toy, edit, Pointer(*line((72, 70), 6)))[0] for _ in range(2)]
    for one, other in zip(*twice, strict=True):
        np.testing.assert_array_equal(one.ws, other.ws)
        assert one.handles == other.handles
    start, end = (math.dist(step.handles[0], (72, 70)) for step in (twice[0][0], twice[0][-1]))
    assert end < start


def test_other_points_stay_where_they_are(toy, toy_edit):
    """Also where they had somewhere to go; here both cannot be had, as all of the picture moves."""
    other = PointPair((100, 100), (100, 20))
    steps, _ = run(toy, held(toy_edit, other), Pointer(*line((72, 64), 4)))
    handle, still = steps[-1].handles
    assert abs(still[1] - 100) < 3
    assert START[0] < handle[0] < 72


def test_time_ends_a_hold(toy, toy_edit):
    steps, _ = run(toy, held(toy_edit), Pointer(*line((72, 64), 50)), seconds=0)
    assert steps[-1].ending is Ending.TIME_LIMIT
    assert len(steps) < 5


def test_only_what_is_within_reach_changes_and_it_grows_with_the_way(toy, toy_edit):
    edit = held(toy_edit, reach=60)
    before = render_edit(toy, edit)
    short, long = (run(toy, edit, Pointer(*line((60 + way, 64), 8)))[1] for way in (6, 40))
    masks = []
    for after in (short, long):
        (region,) = after.regions
        np.testing.assert_array_equal(after.ws, edit.ws)
        changed = np.abs(render_edit(toy, after).astype(int) - before).max(2) > 0
        assert changed.any()
        masks.append(changed)
        assert len(region.mask_png) > 0
    assert masks[1].sum() > 1.3 * masks[0].sum()
    assert not masks[0][:, 110:].any()


def test_back_within_reach_leaves_no_region(toy, toy_edit):
    edit = held(toy_edit, reach=60)
    pointer = Pointer(*line((90, 64), 6), *line(START, 6, (90, 64)), rests=True)
    _, after = run(toy, edit, pointer)
    assert after.regions == ()
    np.testing.assert_array_equal(render_edit(toy, after), render_edit(toy, edit))


def test_a_second_hold_goes_on_in_the_same_region(toy, toy_edit):
    edit = held(toy_edit, reach=60)
    _, once = run(toy, edit, Pointer(*line((66, 64), 6)))
    (handle,) = (pair.handle for pair in once.points)
    again = replace(once, points=(PointPair(handle, handle, 1),))
    steps, twice = run(toy, again, Pointer(*line((72, 64), 6, handle)))
    assert len(twice.regions) == 1  # its region has not grown, so the next is the same
    np.testing.assert_array_equal(steps[0].ws, once.latents_of(True))
    np.testing.assert_allclose(shift(edit, twice), [12, 0], atol=2)


def test_a_painted_region_holds_the_rest(toy, toy_edit):
    mask = np.zeros((128, 128), bool)
    mask[20:108, 20:108] = True
    edit = held(toy_edit).place([PointPair(START, START)], mask)
    _, after = run(toy, edit, Pointer(*line((72, 64), 5)))
    (region,) = after.regions
    assert region.mask_png == edit.mask_png
    changed = np.abs(render_edit(toy, after).astype(int) - render_edit(toy, edit)).max(2)
    assert changed.any()
    assert not changed[:8].any()


@pytest.mark.parametrize("reach", [60, 256])
def test_pictures_between_are_parts_and_the_last_is_the_whole(toy, toy_edit, reach):
    edit = held(toy_edit, reach=reach)
    first = render_edit(toy, edit)
    shown, whole = first.copy(), 0
    steps, after = run(toy, edit, Pointer(*line((72, 64), 8)), LiveView(start=first))
    for step in (each.painted() for each in steps[1:]):
        assert step.picture is not None
        if step.corner is not None:
            assert not step.sharp
            assert step.picture.shape != first.shape
            (x, y), (h, w) = step.corner, step.picture.shape[:2]
            shown[y : y + h, x : x + w] = step.picture
        else:
            whole, shown = whole + 1, step.picture
        truth = render_edit(toy, edit.moved(step.ws, step.handles, step.regions))
        assert 10 * np.log10(255**2 / max(1e-3, np.square(truth - shown.astype(float)).mean())) > 22
    assert steps[-1].sharp
    np.testing.assert_array_equal(steps[-1].picture, render_edit(toy, after))
    assert (whole < 4) == (reach == 60)  # the last, and where it rested


def test_closing_it_leaves_what_the_last_step_says(toy, toy_edit):
    steps = drag(toy, held(toy_edit), None, math.inf, Pointer(*line((90, 64), 40)))
    *_, last = itertools.islice(steps, 6)
    steps.close()
    assert math.dist(last.handles[0], START) > 2
