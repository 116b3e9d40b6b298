"""The prepared edits: placed within the picture, shown by their thumbnails, doing what they say."""

import io

import numpy as np
import pytest
from PIL import Image

from drag import drag
from drag.files.images import NOTICE, jpeg
from drag.page import examples
from drag.page.examples import EXAMPLES
from drag.render import render
from tests import judge

FIRST, *OTHERS = EXAMPLES
BLOCK = 8  # px of a thumbnail
PX = 2  # of the 1024 px picture to a pixel of the half-size one that dlib looks at


def test_the_first_example_is_the_smile_that_a_new_visitor_finds(generator):
    edit, first = examples.smile(generator), next(iter(EXAMPLES.values())).load(generator)
    assert (edit.seed, edit.points) == (first.seed, first.points)
    assert edit.seed == 14
    assert edit.mask is None  # no region is in the way of who presses on it
    assert first.mask[500, 500]
    assert not first.mask[100, 500]


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_placed_within_the_picture(name, generator):
    example = EXAMPLES[name]
    edit = example.load(generator)  # which refuses what is outside
    assert example.name == name
    assert edit.seed == example.seed
    assert any(pair.distance for pair in edit.points)
    assert (edit.mask is None) == (example.region is None)


def _blocks(picture) -> np.ndarray:
    """Mean colours of the blocks of a thumbnail."""
    side = examples.SIDE // BLOCK
    return np.asarray(picture, float).reshape(side, BLOCK, side, BLOCK, 3).mean((1, 3))


@pytest.mark.parametrize(
    "name", [FIRST, *(pytest.param(name, marks=pytest.mark.slow) for name in OTHERS)]
)
def test_a_thumbnail_is_small_marked_and_shows_its_example(name, generator):
    kind, content = examples.thumbnail(name)
    assert kind == "image/jpeg"
    assert len(content) < 10_000
    kept = Image.open(io.BytesIO(content))
    assert (kept.format, kept.size) == ("JPEG", (examples.SIDE, examples.SIDE))
    assert kept.info["comment"] == NOTICE.encode()
    fresh = Image.open(io.BytesIO(jpeg(examples.depict(generator, EXAMPLES[name]), quality=82)))
    difference = np.abs(_blocks(kept) - _blocks(fresh)).max()
    assert difference < 4, "changed since its thumbnail was made: run python -m drag.page.examples"


def _before_and_after(generator, name):
    """dlib's landmarks (68, 2) before and after the drag of an example, pixels of 1024."""
    edit = EXAMPLES[name].load(generator)
    *_, last = drag(generator, edit)
    faces = [judge.find_face(render(generator, ws)[::PX, ::PX]) for ws in (edit.ws, last.ws)]
    assert faces[1][1] > 1
    return [PX * landmarks for landmarks, _ in faces]


def _gape(landmarks) -> float:
    """Pixels between the inner edges of the lips."""
    return landmarks[66, 1] - landmarks[62, 1]


def _yaw(landmarks) -> float:
    """Where the tip of the nose is between the sides of the head: 0 at the left, 1 at the right."""
    left, nose, right = landmarks[[0, judge.NOSE_TIP, 16], 0]
    return (nose - left) / (right - left)


@pytest.mark.slow
def test_the_mouth_opens(generator):
    before, after = _before_and_after(generator, "laugh")
    assert _gape(after) > _gape(before) + 15


@pytest.mark.slow
def test_the_mouth_closes(generator):
    before, after = _before_and_after(generator, "close")
    assert _gape(after) < _gape(before) - 10


@pytest.mark.slow
def test_the_head_turns(generator):
    before, after = _before_and_after(generator, "turn")
    assert _yaw(after) < _yaw(before) - 0.05


def test_every_drag_can_be_checked(toy, monkeypatch):
    example = examples.Example("toy", 1, (examples.PointPair((60, 64), (72, 64)),))
    monkeypatch.setattr(examples, "EXAMPLES", {"toy": example})
    heading, line = examples.check(toy)
    assert heading.split()[0] == "name"
    assert line.split()[0] == "toy"
    assert "arrived" in line
