"""What is drawn on pictures that are kept."""

import time
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from drag import PointPair
from drag.files.overlays import draw_mark, draw_points, pinned

RED, BLUE = (0xF4, 0x3F, 0x5E), (0x3B, 0x82, 0xF6)
GREY = np.full((640, 640, 3), 100, np.uint8)


def at(picture, x, y):
    return tuple(picture[y, x].tolist())


def noise(height, width):
    return np.random.RandomState(0).randint(0, 256, (height, width, 3), np.uint8)


def test_an_arrow_goes_from_its_handle_to_its_target_and_nothing_else_changes():
    before = GREY.copy()
    drawn = draw_points(before, [PointPair((100, 200), (300, 200))])
    np.testing.assert_array_equal(before, GREY)
    assert at(drawn, 100, 200) == RED
    assert at(drawn, 300, 200) == BLUE
    assert at(drawn, 200, 200) == at(drawn, 107, 200) == (255, 255, 255)  # shaft; edge of the disc
    assert max(at(drawn, 200, 202)) < 100  # the shaft's dark edge, for it to show on white
    rows, columns = np.nonzero((drawn != GREY).any(axis=2))
    assert 90 < columns.min() < 100
    assert 300 < columns.max() < 310
    assert rows.min() > 190
    assert rows.max() < 210
    assert np.array_equal(draw_points(GREY, []), GREY)


def test_edges_are_smooth():
    slanted = draw_points(GREY, [PointPair((100, 100), (300, 237))])
    assert len(np.unique(slanted[..., 1])) > 60  # drawn without coverage there were six colours


def test_a_larger_picture_has_larger_points():
    small = draw_points(GREY, [PointPair((100, 200), (300, 210))])
    large = draw_points(
        np.full((1280, 1280, 3), 100, np.uint8), [PointPair((200.5, 400.5), (600.5, 420.5))]
    )
    halved = np.asarray(Image.fromarray(large).reduce(2))
    assert np.abs(halved.astype(int) - small).mean() < 0.02
    assert (small != GREY).mean() > 0.003


def test_a_pin_has_a_padlock_and_no_target():
    for pair in (PointPair((100, 200), (100, 200)), PointPair((100, 200), (101, 200.5))):
        drawn = draw_points(GREY, [pair])
        assert at(drawn, 100, 203) == (255, 255, 255)  # the lock
        assert at(drawn, 93, 200) == RED
        assert not (drawn == BLUE).all(axis=2).any()
    apart = draw_points(GREY, [PointPair((100, 200), (102, 200))])
    assert at(apart, 100, 203) == RED


def test_what_arrived_is_no_pin_and_a_pin_that_a_drag_moved_is_one(toy_edit):
    placed = toy_edit.place([PointPair((60, 64), (72, 64)), PointPair((30, 30), (30, 30))])
    dragged = placed.remember().moved(placed.ws, [(71.5, 64), (30.4, 30)])
    arrived, held = dragged.points
    assert pinned(*dragged.history, dragged) == {held.key}
    assert pinned(dragged) == set()
    sent = dragged.place([replace(held, target=(50, 50)), arrived])
    assert pinned(*dragged.history, sent) == set()
    near, kept = PointPair((100, 200), (100.5, 200), 1), PointPair((300, 200), (300.4, 200), 2)
    drawn = draw_points(GREY, [near, kept], pins={2})
    assert at(drawn, 100, 203) == RED
    assert at(drawn, 300, 203) == (255, 255, 255)


@pytest.mark.parametrize("shape", [(1024, 1024), (64, 128), (33, 8), (1, 1)])
def test_points_everywhere_are_drawn_on_any_picture(shape):
    height, width = shape
    spots = np.random.RandomState(0).uniform(0, (width - 1, height - 1), (98, 2, 2))
    pairs = [PointPair(tuple(a), tuple(b)) for a, b in spots]
    corner, other = (0, 0), (width - 1, height - 1)
    pairs += [PointPair(corner, other), PointPair(other, other)]
    drawn = draw_points(noise(height, width), pairs)
    assert drawn.shape == (height, width, 3)
    assert drawn.dtype == np.uint8
    assert draw_mark(drawn).shape == drawn.shape


def test_a_picture_of_1024_px_takes_a_moment():
    pairs = [
        PointPair((380, 500), (300, 420)),
        PointPair((640, 480), (900, 200)),
        PointPair((500, 760), (500, 760)),
    ]
    picture, seconds = noise(1024, 1024), []
    for _ in range(5):
        begun = time.perf_counter()
        draw_mark(draw_points(picture, pairs))
        seconds.append(time.perf_counter() - begun)
    assert min(seconds) < 0.05, seconds


@pytest.mark.parametrize(
    "background",
    [np.zeros((512, 512, 3), np.uint8), np.full((512, 512, 3), 255, np.uint8), noise(512, 512)],
)
def test_the_mark_can_be_read_on_any_picture(background):
    before = background.copy()
    marked = draw_mark(before)
    np.testing.assert_array_equal(before, background)
    rows, columns = np.nonzero((marked != background).any(axis=2))
    assert rows.min() > 480  # in the corner, and small
    assert columns.min() > 400
    assert columns.max() < 512
    assert 10 <= np.ptp(rows) + 1 <= 13  # 512 / 40, or what of it is not black on black
    middle = marked[rows.min() + 2 : rows.max() - 1, columns.min() + 6 : columns.max() - 5]
    light = middle.max(axis=2)
    assert (light > 235).sum() > 40  # the letters
    assert np.median(light) < 150  # what is behind them


@pytest.mark.parametrize(("side", "least"), [(1024, 120), (128, 60), (95, 15), (32, 15)])
def test_where_there_is_little_room_the_mark_is_short(side, least):
    white = np.full((side, side, 3), 255, np.uint8)
    rows, columns = np.nonzero((draw_mark(white) != white).any(axis=2))
    assert least <= np.ptp(columns) < least + 30
    assert np.ptp(rows) + 1 == max(12, round(side / 40))
