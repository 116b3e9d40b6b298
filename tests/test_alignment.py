"""Frames: the crop is exact, and a face's frame is FFHQ's."""

import io
import math

import numpy as np
import pytest
from PIL import Image, ImageOps

from drag.photo.alignment import Frame, checked, crop, cut, frame_of, middle
from drag.photo.faces import Face
from tests.photo_files import file


def noise(height, width, coarse=16, seed=0):
    """A smooth random picture."""
    small = np.random.RandomState(seed).randint(0, 256, (height // coarse, width // coarse, 3))
    picture = Image.fromarray(small.astype(np.uint8))
    return np.array(picture.resize((width, height), Image.Resampling.BICUBIC))


def psnr(a, b):
    return 10 * math.log10(255**2 / ((a.astype(float) - b) ** 2).mean())


@pytest.mark.parametrize(("height", "width"), [(128, 128), (97, 131), (200, 150)])
def test_the_whole_picture_is_the_picture(height, width):
    picture = np.random.RandomState(0).randint(0, 256, (height, width, 3)).astype(np.uint8)
    frame = Frame((width - 1) / 2, (height - 1) / 2, max(height, width))
    assert np.abs(crop(picture, frame, (height, width)).astype(int) - picture).max() <= 1


def test_whole_pixels_are_not_blurred():
    picture = np.random.RandomState(0).randint(0, 256, (100, 140, 3)).astype(np.uint8)
    cut = crop(picture, Frame(49.5, 39.5, 60), (60, 60))
    assert np.abs(cut.astype(int) - picture[10:70, 20:80]).max() <= 1
    quarter = crop(picture, Frame(49.5, 39.5, 60, math.pi / 2), (60, 60))
    assert np.abs(quarter.astype(int) - np.rot90(picture[10:70, 20:80])).max() <= 1


@pytest.mark.parametrize(("angle", "scale"), [(0.3, 1), (-0.5, 1.5), (2.0, 1), (0.1, 2.5)])
def test_a_turned_and_moved_picture_is_cropped_back(angle, scale):
    picture, where = noise(256, 256), np.array([420.3, 391.8])
    cos, sin = math.cos(angle) / scale, math.sin(angle) / scale
    # Pillow asks where each pixel of the photo is from; corners of pixels are whole numbers
    start = np.array([128, 128]) - np.array([[cos, sin], [-sin, cos]]) @ (where + 0.5)
    photo = Image.fromarray(picture).transform(
        (900, 800),
        Image.Transform.AFFINE,
        (cos, sin, start[0], -sin, cos, start[1]),
        Image.Resampling.BICUBIC,
    )
    found = crop(np.array(photo), Frame(*where, 256 * scale, angle), (256, 256))
    assert psnr(found[8:-8, 8:-8], picture[8:-8, 8:-8]) > 30


@pytest.mark.parametrize("side", [130, 300, 640])
def test_fine_stripes_turn_grey_when_reduced(side):
    stripes = np.zeros((700, 700, 3), np.uint8)
    stripes[:, ::2] = 255
    assert crop(stripes, Frame(349.5, 349.5, side), (64, 64)).std() < 12


def test_enlarging_is_smooth():
    step = np.zeros((100, 100, 3), np.uint8)
    step[:, 50:] = 200
    row = crop(step, Frame(49.5, 49.5, 32), (256, 256))[128, :, 0].astype(int)
    assert np.diff(row).max() < 60


def test_a_picture_that_is_not_square_takes_the_frame_for_its_longer_side():
    picture = noise(200, 300)
    cut = crop(picture, Frame(149.5, 99.5, 128), (64, 128))
    assert cut.shape == (64, 128, 3)
    assert np.abs(cut.astype(int) - picture[68:132, 86:214]).max() <= 1


def test_beyond_the_photo_is_its_reflection_that_fades():
    photo = np.full((200, 200, 3), 200, np.uint8)
    assert crop(photo, Frame(0, 0, 400, 0.7), (256, 256)).min() >= 198  # no black
    photo = noise(200, 200, 8)
    cut = crop(photo, Frame(-0.5, 99.5, 200), (200, 200)).astype(float)
    assert np.abs(cut[:, 100:] - photo[:, :100]).max() <= 1
    near, far = cut[:, 98:100], cut[:, :20]
    assert np.abs(near - photo[:, 2:0:-1]).mean() < 10
    assert (
        np.abs(np.diff(far, axis=0)).mean()
        < 0.4 * np.abs(np.diff(photo.astype(float), axis=0)).mean()
    )


def face(points):
    return Face((0, 0, 1, 1), tuple(map(tuple, points)), 1.0)


UPRIGHT = np.array([[385.5, 479.3], [637.7, 479.7], [516.4, 631.8], [395.7, 747.8], [627.7, 747.8]])


def test_the_average_points_of_aligned_faces_have_the_whole_picture_for_frame():
    frame = frame_of(face(UPRIGHT))
    assert math.hypot(frame.x - 511.5, frame.y - 511.5) < 4
    assert 980 < frame.side < 1050  # a maximum of means is below the mean of maxima
    assert abs(frame.angle) < 0.01


@pytest.mark.parametrize("angle", [0.5, -1.2, math.pi / 2, 3.0])
def test_the_frame_turns_and_grows_with_the_face(angle):
    first = frame_of(face(UPRIGHT))
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    frame = frame_of(face(0.5 * UPRIGHT @ turn.T + [700, 40]))
    place = 0.5 * turn @ [first.x, first.y] + [700, 40]
    assert np.allclose([frame.x, frame.y, frame.side], [*place, first.side / 2])
    assert math.isclose(
        math.remainder(frame.angle - first.angle - angle, math.tau), 0, abs_tol=1e-9
    )


def test_the_middle_is_the_largest_square():
    assert middle((100, 300)) == Frame(149.5, 49.5, 100)
    picture = noise(128, 320)
    cut = crop(picture, middle(picture.shape[:2]), (128, 128))
    assert np.abs(cut.astype(int) - picture[:, 96:224]).max() <= 1


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ((math.nan, 5, 50, 0), "not given in numbers"),
        ((5, math.inf, 50, 0), "numbers"),
        ((5, 5, 50, -math.inf), "numbers"),
        (("x", 5, 50, 0), "numbers"),
        ((None, 5, 5, 5), "numbers"),
        ((10**400, 5, 50, 0), "numbers"),
        ((-200, 5, 50, 0), "beside the photo"),
        ((5, 1e9, 50, 0), "beside the photo"),
        ((5, 5, 31, 0), "smaller than 32 pixels"),
        ((5, 5, -100, 0), "smaller"),
        ((5, 5, 901, 0), "more than 3 times"),
    ],
)
def test_a_strangers_frame_that_does_not_fit_is_refused(numbers, words):
    photo = np.zeros((200, 300, 3), np.uint8)
    for work in (
        lambda frame: checked(frame, photo.shape[:2]),
        lambda frame: crop(photo, frame, (64, 64)),
        lambda frame: cut(b"", photo.shape[:2], frame, (64, 64)),
    ):
        with pytest.raises(ValueError, match=words):
            work(Frame(*numbers))


def test_a_frame_that_fits_is_taken_with_its_angle_within_a_turn():
    photo = np.zeros((200, 300, 3), np.uint8)
    frame = checked(Frame("5", 5, 900, 7 * math.pi), photo.shape[:2])
    assert (frame.x, frame.side) == (5.0, 900.0)
    assert math.isclose(abs(frame.angle), math.pi)
    assert crop(photo, Frame(-140, 290, 900, 1e6), (64, 48)).shape == (64, 48, 3)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_square_is_cut_from_the_files_own_pixels(orientation):
    # Of a photo that was shrunk to be shown: a small face of a large photo came out soft.
    stored, exif = noise(700, 2200, coarse=4), Image.Exif()
    exif[0x0112] = orientation
    kind = "TIFF" if orientation % 2 else "PNG"  # Pillow turns the former when it loads them
    content = file(stored, kind, exif=exif, **({"compress_level": 0} if kind == "PNG" else {}))
    upright = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(content))))
    height, width = upright.shape[:2]
    for frame in (
        Frame(0.4 * width, 0.3 * height, 100, 0.3),  # within
        Frame(5, height - 9, 64, -2.0),  # beyond two edges
        Frame(-70, 40, 50),  # beside it: its reflection
        Frame(width / 2, height / 2, 2 * 700),
    ):
        found = cut(content, upright.shape[:2], frame, (96, 64))
        wanted = crop(upright, frame, (96, 64))
        assert np.abs(found.astype(int) - wanted).mean() < (0.5 if frame.side < 700 else 3)
