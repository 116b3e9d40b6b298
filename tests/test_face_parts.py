"""Regions of a face, from its five points."""

import math

import numpy as np
import pytest

from drag.photo.face_parts import PARTS, face_part
from drag.photo.faces import Face

SIZE = (1024, 1024)
FRONT = ((384.0, 480.0), (640.0, 480.0), (512.0, 620.0), (410.0, 740.0), (614.0, 740.0))
PLACES = {  # (x, y) of what is inside each part of that face, and of what is not
    "mouth": (
        [(410, 740), (614, 740), (512, 700), (512, 880)],
        [(512, 600), (384, 480), (200, 740)],
    ),
    "eyes": (
        [(384, 480), (640, 480), (300, 400), (720, 400)],
        [(512, 620), (512, 740), (512, 250)],
    ),
    "nose": (
        [(512, 620), (460, 650), (564, 650), (512, 480)],
        [(384, 480), (640, 480), (512, 760)],
    ),
    "face": ([(512, 900), (230, 600), (790, 600), (512, 240)], [(512, 60), (90, 500), (930, 500)]),
    "head": ([(512, 900), (120, 500), (900, 500), (512, 30)], [(20, 20), (1000, 20), (20, 1000)]),
}


def face_at(points):
    points = np.asarray(points, float)
    return Face((*points.min(0), *points.max(0)), tuple(map(tuple, points)), 1.0)


def turned(degrees, scale=1.0, centre=(512, 512), to=(512, 512)):
    """The points of the face from before, turned clockwise and made smaller around a place."""
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    points = (np.array(FRONT) - centre) @ np.array([[cos, sin], [-sin, cos]])
    return scale * points + to


@pytest.mark.parametrize("name", PARTS)
def test_a_part_holds_its_features_and_leaves_out_the_others(name):
    mask = face_part(name, face_at(FRONT), SIZE)
    assert mask.shape == SIZE
    assert mask.dtype == bool
    inside, outside = PLACES[name]
    assert all(mask[y, x] for x, y in inside)
    assert not any(mask[y, x] for x, y in outside)


def test_smaller_parts_lie_in_larger_ones_and_a_face_from_before_is_symmetric():
    masks = {name: face_part(name, face_at(FRONT), SIZE) for name in PARTS}
    for name in ("mouth", "eyes", "nose"):
        assert not (masks[name] & ~masks["face"]).any()
    assert not (masks["face"] & ~masks["head"]).any()
    for mask in masks.values():
        np.testing.assert_array_equal(mask[:, 1:], mask[:, :0:-1])  # about x = 512


@pytest.mark.parametrize("name", PARTS)
def test_there_is_room_to_drag(name):
    import cv2

    mask = np.pad(face_part(name, face_at(FRONT), SIZE), 1)
    away = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    assert 2 * away.max() > 250  # what is thinner than 175 px is stiff
    room = [away[round(y) + 1, round(x) + 1] for x, y in FRONT]
    features = {"mouth": room[3:], "eyes": room[:2], "nose": room[2:3]}.get(name, room)
    assert min(features) > 40 + 16  # px that it is dragged by, and that soft edges take


@pytest.mark.parametrize("degrees", [-120, -30, 20, 90, 180])
@pytest.mark.parametrize("name", PARTS)
def test_a_part_turns_with_the_face_and_is_as_large_as_it_is(name, degrees):
    upright = face_part(name, face_at(turned(0, 0.4)), SIZE)
    mask = face_part(name, face_at(turned(degrees, 0.4)), SIZE)
    assert mask.sum() == pytest.approx(upright.sum(), rel=0.01)
    half = face_part(name, face_at(turned(degrees, 0.2)), SIZE)
    assert half.sum() == pytest.approx(mask.sum() / 4, rel=0.02)
    inside = [(x, y) for x, y in PLACES[name][0]]
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    for x, y in (np.array(inside) - 512) @ np.array([[cos, sin], [-sin, cos]]) * 0.4 + 512:
        assert mask[round(y), round(x)]


def test_a_head_that_is_turned_aside_lies_behind_its_nose():
    front = face_at(FRONT)
    aside = face_at([(400, 480), (580, 480), (570, 620), (420, 740), (560, 740)])
    for name, right in (("nose", True), ("face", False), ("head", False), ("eyes", False)):
        middles = [
            face_part(name, face, (1024, 2048)).nonzero()[1].mean() for face in (front, aside)
        ]
        eyes = [np.mean([face.points[0][0], face.points[1][0]]) for face in (front, aside)]
        assert (middles[1] - eyes[1] > middles[0] - eyes[0]) == right, name


@pytest.mark.parametrize("name", PARTS)
def test_the_picture_clips_it_and_something_is_left_inside_and_outside(name):
    random = np.random.RandomState(0)
    for _ in range(20):
        size = tuple(random.randint(64, 400, 2))
        face = face_at(
            turned(
                random.uniform(-180, 180),
                min(size) / 1024,
                to=random.uniform(0.3, 0.7, 2) * size[::-1],
            )
        )
        mask = face_part(name, face, size)
        assert mask.shape == size
        assert 0 < mask.mean() < 1
