import pickle
from dataclasses import replace

import numpy as np
import pytest

from drag import PointPair, Settings, new_edit
from drag.edit import MAX_HISTORY, parse_seed, parse_truncation, resample, reset_picture

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


@pytest.mark.parametrize("psi", [-0.1, 1.1, "much", None, float("nan")])
def test_bad_truncation_is_told_what_is_allowed(psi):
    with pytest.raises(ValueError, match="from 0 to 1"):
        parse_truncation(psi)


@pytest.mark.parametrize(("name", "value"), [
    ("learning_rate", 0), ("learning_rate", None), ("r1", 1000), ("r2", float("nan")),
    ("lambda_mask", -1), ("max_steps", 0), ("num_entries", "x"), ("latent_space", "z"),
])
def test_bad_settings_are_refused_by_name(name, value):
    with pytest.raises(ValueError, match=name.replace("_", " ").capitalize() + "|latent space"):
        Settings(**{name: value})


def test_points_outside_are_refused_by_number(edit):
    with pytest.raises(ValueError, match="Point 2 ends outside"):
        edit.place([POINT, PointPair((1, 1), (128, 1))])
    with pytest.raises(ValueError, match="Point 1 starts outside"):
        edit.place([PointPair((-0.1, 1), (1, 1))])


def test_two_hundred_points_are_refused(edit):
    with pytest.raises(ValueError, match="At most 100 points"):
        edit.place([POINT] * 200)


def test_masks_are_kept_small_and_whole(edit):
    mask = np.random.RandomState(0).rand(128, 128) > 0.5
    placed = edit.place([POINT], mask)
    np.testing.assert_array_equal(placed.mask, mask)
    assert placed.mask.dtype == bool
    assert edit.place([POINT]).mask is None


def test_odd_masks(edit):
    assert edit.place([POINT], np.ones((128, 128), bool)).mask is None
    with pytest.raises(ValueError, match="mask is empty"):
        edit.place([POINT], np.zeros((128, 128), bool))
    with pytest.raises(ValueError, match="64 x 128 pixels, the picture 128 x 128"):
        edit.place([POINT], np.ones((128, 64), bool))


def test_an_edit_is_a_small_value_that_can_be_sent(edit):
    mask = np.zeros((128, 128), bool)
    mask[20:100, 30:80] = True
    for _ in range(3):
        edit = edit.place([POINT], mask).remember()
    copy = pickle.loads(pickle.dumps(edit))
    assert len(pickle.dumps(edit)) < 10_000
    np.testing.assert_array_equal(copy.ws, edit.ws)
    assert copy.points == edit.points
    assert len(copy.history) == 3


def test_every_pair_gets_a_key_of_its_own(edit):
    twin = replace(POINT, key=7)
    assert [p.key for p in edit.place([POINT, twin, POINT, twin]).points] == [8, 7, 9, 10]


def test_undo_takes_back_the_drag_and_keeps_what_was_placed_since(edit):
    # Undo used to bring back the old mask and points too: whoever dragged, saw that a region was
    # needed, painted it and pressed Undo lost the region.
    before = edit.place([POINT])
    after = before.remember().moved(before.ws + 1, [(15, 25)])
    mask = np.zeros((128, 128), bool)
    mask[:50] = True
    later = after.place([*after.points, PointPair((1, 2), (3, 4))], mask)
    later = replace(later, settings=Settings(learning_rate=1e-3))
    back = later.undo()
    np.testing.assert_array_equal(back.ws, before.ws)
    assert [p.handle for p in back.points] == [POINT.handle, (1, 2)]
    assert back.mask is not None
    assert back.history == ()
    assert back.settings.learning_rate == 1e-3
    assert back.undo() is back


def test_history_is_bounded(edit):
    for _ in range(MAX_HISTORY + 10):
        edit = edit.remember()
    assert len(edit.history) == MAX_HISTORY
    assert all(not earlier.history for earlier in edit.history)


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


def test_reset_puts_picture_and_handles_back_and_can_be_undone(toy, edit):
    placed = edit.place([POINT])
    once = placed.remember().moved(placed.ws + 1, [(15, 25)])
    twice = once.remember().moved(placed.ws + 2, [(20, 30)])
    reset = reset_picture(toy, twice)
    np.testing.assert_array_equal(reset.ws, placed.ws)
    assert reset.points == placed.points
    assert reset.undo().points[0].handle == (20, 30)


def test_reset_leaves_points_alone_that_no_drag_has_moved(toy, edit):
    # It used to go by the number of points: one new point was replaced by an old one elsewhere.
    dragged = edit.place([POINT]).remember().moved(edit.ws + 1, [(15, 25)])
    other = PointPair((100, 100), (110, 100), key=2)
    assert reset_picture(toy, dragged.place([other])).points == (other,)
