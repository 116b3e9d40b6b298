"""Pictures between two, of what moves by a known way."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from drag.files.interpolation import Between


def scene(right: float = 0.0, down: float = 0.0, size=(200, 240)) -> np.ndarray:
    """Smooth noise, moved by so many pixels: uint8 (H, W, 3)."""
    noise = torch.rand(1, 3, 24, 28, generator=torch.Generator().manual_seed(0))
    big = F.interpolate(noise, (size[0] + 40, size[1] + 40), mode="bicubic")[0].permute(1, 2, 0)
    y, x = (np.arange(side) + 20 - way for side, way in zip(size, (down, right), strict=True))
    rows, columns = y.astype(int)[:, None], x.astype(int)
    a, b = (y % 1)[:, None, None], (x % 1)[:, None]
    p = big.numpy()
    low = (1 - b) * p[rows, columns] + b * p[rows, columns + 1]
    high = (1 - b) * p[rows + 1, columns] + b * p[rows + 1, columns + 1]
    return ((1 - a) * low + a * high).clip(0, 1).__mul__(255).round().astype(np.uint8)


def off(one, other) -> float:
    """Mean difference of two pictures, but for their border."""
    return np.abs(one.astype(float) - other.astype(float))[20:-20, 20:-20].mean()


@pytest.mark.parametrize("way", [(3.0, -2.0), (0.5, 0.25), (-9.0, 5.0)])
def test_what_moves_is_half_way_there_and_not_twice_there(way):
    before, after = scene(), scene(*way)
    between = Between(before, after)
    found = between.motion[0, :, 30:-30, 30:-30].mean((1, 2))
    assert found.numpy() == pytest.approx(way, abs=0.15)
    for share in (0.25, 0.5):
        wanted = scene(*(share * each for each in way))
        faded = (1 - share) * before.astype(float) + share * after
        assert off(between.at(share), wanted) < max(1.0, off(faded, wanted) / 4)


def test_it_begins_with_one_and_ends_with_the_other():
    before, after = scene(), scene(2, 1)
    between = Between(before, after)
    assert off(between.at(0), before) == 0
    assert off(between.at(1), after) == 0


def test_what_is_flat_or_still_does_not_move_also_where_it_grows_brighter():
    grey = np.full((65, 33, 3), 90, np.uint8)
    between = Between(grey, grey + 40)
    assert between.motion.abs().max() < 1e-3
    assert (between.at(0.5) == 110).all()
    still = Between(scene(), scene())
    assert still.motion.abs().max() < 1e-3
    assert off(still.at(0.5), scene()) == 0
