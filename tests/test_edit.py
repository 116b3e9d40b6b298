import pickle
from dataclasses import fields, replace

import numpy as np
import pytest

from drag import PointPair, Settings, new_edit

POINT = PointPair((10, 20), (30, 40))


@pytest.fixture
def edit(toy):
    return new_edit(toy, "toy", seed=5)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("learning_rate", 0),
        ("learning_rate", None),
        ("r1", 1000),
        ("r2", float("nan")),
        ("lambda_mask", -1),
        ("max_steps", 0),
        ("num_entries", "x"),
        ("latent_space", "z"),
        ("hold_placement", "yes"),
    ],
)
def test_bad_settings_are_refused_by_name(name, value):
    words = {field.name: field.metadata.get("words") for field in fields(Settings)}[name]
    with pytest.raises(ValueError, match=words or "latent space|true or false"):
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
