"""The face finder on the built-in generator's faces and on real photos."""

import importlib.util
import math
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from drag import new_edit
from drag.models.catalogue import FACE_FINDER
from drag.models.progress import ModelUnavailableError
from drag.photo import faces
from drag.photo.alignment import frame_of
from drag.photo.faces import FaceFinder, load_finder
from drag.render import render
from networks.mtcnn import MTCNN

TAU = 2 * math.pi


def sample(name):
    """A picture that ships in scikit-image, (H, W, 3); nothing of it is imported."""
    folder = Path(importlib.util.find_spec("skimage").origin).parent / "data"
    return np.array(Image.open(folder / name).convert("RGB"))


@pytest.fixture(scope="module")
def finder():
    """Its weights are fetched from the package index the first time."""
    return load_finder()


@pytest.fixture(scope="module")
def pictures(generator):
    return [
        render(generator, new_edit(generator, seed=seed, truncation_psi=1.0).ws)
        for seed in range(30_000, 30_006)
    ]


def turned(picture, degrees):
    """Clockwise, on a grey ground that has room for it."""
    picture = Image.fromarray(picture).rotate(
        -degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=(90, 100, 110)
    )
    return np.array(picture)


def test_the_generators_faces_are_found_and_their_frame_is_the_picture(finder, pictures):
    for picture in pictures:
        found, *_ = finder.find(picture)
        frame = frame_of(found)
        assert math.hypot(frame.x - 511.5, frame.y - 511.5) < 40
        assert abs(frame.side / 1024 - 1) < 0.16
        assert abs(frame.angle) < 0.1
        left, top, right, bottom = found.box
        assert all(left < x < right and top < y < bottom for x, y in found.points)
        assert 0.9 < found.score <= 1


@pytest.mark.parametrize(
    "degrees",
    [
        -25,
        90,
        *(pytest.param(degrees, marks=pytest.mark.slow) for degrees in (180, 270, 45, -60, 130)),
    ],
)
def test_a_turned_face_is_found_as_it_is_turned(finder, pictures, degrees):
    for picture in pictures[:2]:
        photo = turned(picture, degrees)
        frame = frame_of(finder.find(photo)[0])
        height, width = photo.shape[:2]
        assert math.hypot(frame.x - (width - 1) / 2, frame.y - (height - 1) / 2) < 40
        assert abs(frame.side / 1024 - 1) < 0.16
        assert abs(math.remainder(frame.angle - math.radians(degrees), TAU)) < 0.12


def test_of_two_faces_the_larger_comes_first(finder, pictures):
    photo = np.full((1024, 1800, 3), 120, np.uint8)
    photo[300:900, :600] = np.array(Image.fromarray(pictures[0]).resize((600, 600)))
    photo[:, 700:1724] = pictures[1]
    first, second = finder.find(photo)
    assert first.points[2][0] > 700 > second.points[2][0]


@pytest.mark.slow
def test_no_face_is_seen_where_there_is_none(finder):
    noise = np.random.RandomState(0).randint(0, 256, (400, 500, 3)).astype(np.uint8)
    flat = np.full((100, 2000, 3), 128, np.uint8)
    samples = map(sample, ("chelsea.png", "coffee.png", "motorcycle_right.png"))
    for picture in (noise, flat, *samples):
        assert finder.find(picture) == []


def test_a_real_face_is_found(finder):
    photo = sample("astronaut.png")
    (found,) = finder.find(photo)
    assert 150 < frame_of(found).side < 190
    assert math.dist(found.points[2], (225, 127)) < 8  # the nose
    (on_its_side,) = finder.find(np.ascontiguousarray(np.rot90(photo)))  # (x, y) -> (y, 511 - x)
    assert math.dist(on_its_side.points[2], (found.points[2][1], 511 - found.points[2][0])) < 3


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_less_sure_face_of_another_way_up_does_not_end_the_search(finder, quarters):
    # The first way in which something was found was taken: on their heads or sides, photos have
    # what is a face to MTCNN, though a less sure one.
    photo = np.ascontiguousarray(np.rot90(sample("astronaut.png"), -quarters))  # clockwise
    first, *_ = finder.find(photo)
    eyes, mouth = (np.mean(points, 0) for points in (first.points[:2], first.points[3:]))
    down = np.array([[0, 1], [-1, 0], [0, -1], [1, 0]])[quarters]
    assert (mouth - eyes) @ down > 0.9 * np.linalg.norm(mouth - eyes)
    assert abs(math.remainder(frame_of(first).angle - quarters * math.pi / 2, TAU)) < 0.3


class Scores:
    """A network that sees one upright face, as sure as it is told to be of each photo in turn."""

    def __init__(self, *scores):
        self.scores = list(scores)

    def detect(self, image, smallest, sure):
        score = self.scores.pop(0)
        there = slice(0, 1 if score >= sure else 0)
        points = np.array([[[40, 40], [60, 40], [50, 50], [42, 60], [58, 60]]], float)
        return SimpleNamespace(
            boxes=np.array([[30.0, 25, 70, 75]])[there],
            scores=np.array([score])[there],
            points=points[there],
        )


@pytest.mark.parametrize(
    ("scores", "wanted", "searched"),
    [
        ((0.99, 0), 0.99, 2),  # upright and sure: no more is looked at than that and its head
        ((0.94, 0, 0, 0.995), 0.995, 4),  # not sure: on its side it is surer
        ((0.94, 0, 0, 0, 0, 0, 0, 0), 0.94, 8),  # not sure, and nothing else: all the same a face
        ((0.94, 0.99), 0.99, 2),
        ((0,) * 8, None, 8),
    ],
)
def test_the_search_goes_on_until_a_face_is_sure(scores, wanted, searched):
    network = Scores(*scores)
    found = FaceFinder(network).find(np.zeros((100, 100, 3), np.uint8))
    assert [face.score for face in found] == ([wanted] if wanted else [])
    assert len(scores) - len(network.scores) == searched


def test_a_large_photo_is_searched_once_more_with_its_own_pixels():
    # A face of 57 px of 2048 was looked for in 640 only, and not found.
    network, sizes = Scores(*[0] * 8, 0.99), []
    detect = network.detect

    def noted(image, smallest, sure):
        sizes.append(max(image.shape))
        return detect(image, smallest, sure)

    network.detect = noted
    (face,) = FaceFinder(network).find(np.zeros((800, 3000, 3), np.uint8))
    assert sizes[0] == 640
    assert sizes[-1] == 2048
    assert face.box[0] == pytest.approx(30 * 3000 / 2048, abs=1)


def test_a_large_photo_takes_no_longer(finder, pictures):
    photo = np.array(Image.fromarray(pictures[0]).resize((2048, 2048)))
    begun = time.monotonic()
    assert finder.find(photo)
    assert time.monotonic() - begun < 5  # alone 0.1 to 0.3 s


@pytest.fixture
def fresh(monkeypatch):
    """No finder in this process yet."""
    monkeypatch.setattr(faces, "_finder", None)
    monkeypatch.setattr(faces, "_failed", -math.inf)


@pytest.mark.usefixtures("fresh")
def test_it_is_loaded_once_by_many_at_once(monkeypatch):
    calls, found = [], []

    def read_weights(source, progress):
        calls.append(source)
        time.sleep(0.05)
        return MTCNN().state_dict()

    monkeypatch.setattr(faces.wheel, "read_weights", read_weights)
    threads = [threading.Thread(target=lambda: found.append(load_finder())) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert calls == [FACE_FINDER]
    assert len(set(map(id, found))) == 1


@pytest.mark.usefixtures("fresh")
def test_where_it_cannot_be_had_it_is_said_why_and_pip_is_left_in_peace(monkeypatch):
    calls = []

    def read_weights(source, progress):
        calls.append(source)
        raise ModelUnavailableError("Set DRAG_FACES_WHEEL, says pip in /home/someone.")

    monkeypatch.setattr(faces.wheel, "read_weights", read_weights)
    for _ in range(2):
        with pytest.raises(ModelUnavailableError, match="DRAG_FACES_WHEEL"):
            load_finder()
    assert len(calls) == 1


@pytest.mark.usefixtures("fresh")
def test_a_wheel_brought_by_hand_is_checked(monkeypatch, tmp_path):
    monkeypatch.setenv("DRAG_FACES_WHEEL", str(tmp_path / "none.whl"))
    monkeypatch.setattr(faces.wheel, "cached_assets_path", lambda *_: tmp_path)
    with pytest.raises(ModelUnavailableError, match="DRAG_FACES_WHEEL names"):
        load_finder()
