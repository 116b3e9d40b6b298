"""Other pictures: sampled, mixed, from a file, as they were at first."""

import numpy as np
import pytest

from drag import PointPair, Settings, new_edit
from drag.generate import (
    at_step,
    follow,
    from_latents,
    mix,
    parse_seed,
    parse_truncation,
    resample,
    start_over,
)

POINT = PointPair((10, 20), (30, 40))


@pytest.fixture
def edit(toy):
    return new_edit(toy, "toy", seed=5)


def test_the_seed_gives_the_z_of_nvidias_tools(toy):
    z = np.random.RandomState(5).randn(1, 8)
    ws = new_edit(toy, seed=5, truncation_psi=1).ws
    np.testing.assert_allclose(ws[3], 0.25 * z[0], rtol=1e-5)


@pytest.mark.parametrize("seed", [0, "7", " 8 ", 2**32 - 1, 3.0])
def test_good_seeds(seed):
    assert parse_seed(seed) == int(seed)


@pytest.mark.parametrize(
    "seed", ["face", "", -1, "-1", 2**32, 2**40, "1e3", 2.5, None, float("inf"), float("nan")]
)
def test_bad_seeds_are_told_what_is_allowed(seed):
    with pytest.raises(ValueError, match="whole number from 0 to 4294967295"):
        parse_seed(seed)


@pytest.mark.parametrize("psi", [-0.1, 1.1, "much", None, float("nan"), 10**400])
def test_bad_truncation_is_told_what_is_allowed(psi):
    with pytest.raises(ValueError, match="from 0 to 1"):
        parse_truncation(psi)


def test_another_picture_clears_what_was_placed_and_can_be_undone(toy, edit):
    placed = edit.place([POINT])
    other = resample(toy, placed, 9, 0.5)
    assert (other.seed, other.truncation_psi, other.points) == (9, 0.5, ())
    assert other.undo().points == placed.points
    assert other.undo().seed == 5


def test_sliding_through_truncations_is_one_change(toy, edit):
    placed = edit.place([POINT])
    slid = placed
    for psi in (0.6, 0.5, 0.4):
        slid = resample(toy, slid, 5, psi)
    assert slid.truncation_psi == 0.4
    assert slid.undo().points == placed.points


def test_to_start_over_is_the_picture_with_nothing_on_it_and_can_be_undone(toy, edit):
    placed = edit.place([POINT], np.eye(*edit.img_size, dtype=bool))
    once = placed.remember().moved(placed.ws + 1, [(15, 25)])
    anew = start_over(once)
    np.testing.assert_array_equal(anew.ws, edit.ws)
    assert (anew.points, anew.mask_png, anew.change) == ((), None, "reset")
    assert anew.undo().points[0].handle == (15, 25)
    assert start_over(edit) is edit
    assert start_over(placed).points == ()


def test_a_look_is_mixed_in_below_the_entries_that_drags_move(toy, edit):
    placed = edit.place([POINT])
    mixed = mix(toy, placed, "9")
    other = new_edit(toy, "toy", seed=9)
    np.testing.assert_array_equal(mixed.ws[:6], edit.ws[:6])
    np.testing.assert_array_equal(mixed.ws[6:], other.ws[6:])
    assert (mixed.style_seed, mixed.change, mixed.points) == (9, "mix", placed.points)
    assert mixed.facts == {"model": "toy", "seed": 5, "truncation_psi": 0.7, "style_seed": 9}
    assert mixed.undo().style_seed is None
    assert mixed.shows(edit)
    reset = start_over(mixed)
    np.testing.assert_array_equal(reset.ws, edit.ws)
    assert reset.style_seed is None


def test_where_all_entries_move_there_is_no_look_to_mix(toy):
    edit = new_edit(toy, "toy", settings=Settings(num_entries=10))
    with pytest.raises(ValueError, match="none are left for the look"):
        mix(toy, edit, 3)


def test_latents_from_a_file_are_a_picture_without_a_number(toy, edit):
    ws = np.full((10, 8), 0.25, np.float32)
    opened = from_latents(toy, "toy", ws)
    assert (opened.seed, opened.facts) == (None, {"model": "toy"})
    dragged = opened.remember().moved(ws + 1, [])
    np.testing.assert_array_equal(start_over(dragged).ws, ws)  # it has no seed to sample again
    other = from_latents(toy, "toy", ws + 2)
    assert dragged.shows(opened)
    assert not dragged.shows(other)  # both have no seed
    after = follow(edit.place([POINT]), dragged)
    assert after.undo().undo().points[0].handle == POINT.handle
    np.testing.assert_array_equal(after.ws, dragged.ws)


def test_without_a_drag_there_are_no_steps_to_go_through(edit):
    with pytest.raises(ValueError, match="press Drag first"):
        at_step(edit, 0)
