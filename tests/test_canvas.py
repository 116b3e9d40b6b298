"""What crosses between browser and server, and the traps of gr.HTML."""

import re
import struct
from zlib import crc32

import numpy as np
import pytest

from drag import PointPair, new_edit
from drag.files.images import png
from drag.page.components.base import to_url
from drag.page.components.canvas import _JS, DragCanvas, read_value, to_frame, to_value

SIZE = (128, 128)
POINT = {"handle": [10, 20.5], "target": [30, 40]}
VALUE = {"width": 128, "height": 128, "points": [POINT], "mask": None, "revision": 3}


def mask_url(mask):
    return to_url("image/png", png(np.repeat(mask[..., None], 3, 2).astype(np.uint8) * 255))


def header_of_a_bomb():
    """A PNG that claims 20000 x 20000 pixels."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc32(kind + data))

    size = struct.pack(">IIBBBBB", 20_000, 20_000, 8, 0, 0, 0, 0)
    return to_url("image/png", b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + chunk(b"IDAT", b""))


def test_points_mask_and_revision_are_read():
    mask = np.zeros((128, 128), bool)
    mask[5:50, 7:9] = True
    points, read, revision = read_value(VALUE | {"mask": mask_url(mask)}, SIZE)
    assert points == [PointPair((10, 20.5), (30, 40))]
    np.testing.assert_array_equal(read, mask)
    assert revision == 3


def test_an_edit_goes_to_the_canvas_and_comes_back(toy):
    mask = np.zeros((128, 128), bool)
    mask[5:50, 7:9] = True
    edit = new_edit(toy, "toy").place([PointPair((1, 2), (3, 4))], mask)
    points, read, revision = read_value(to_value(edit, 7), SIZE)
    assert (tuple(points), revision) == (edit.points, 7)
    np.testing.assert_array_equal(read, mask)


def test_nothing_painted_is_no_mask():
    assert read_value(VALUE | {"mask": mask_url(np.zeros((128, 128), bool))}, SIZE)[1] is None


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        "text",
        {},
        VALUE | {"points": None},
        VALUE | {"points": [[1, 2]]},
        VALUE | {"points": [{"handle": [1], "target": [1, 2]}]},
        VALUE | {"points": [{"handle": [1, float("nan")], "target": [1, 2]}]},
        VALUE | {"points": [{"handle": ["x", 2], "target": [1, 2]}]},
        VALUE | {"revision": float("inf")},
        VALUE | {"revision": 10**300},
        VALUE | {"revision": -1},
        VALUE | {"points": [POINT | {"key": -1}]},
        VALUE | {"points": [POINT | {"key": []}]},
        VALUE | {"mask": 5},
        VALUE | {"mask": "data:image/png;base64,AAAA"},
        VALUE | {"mask": "http://example.org/a.png"},
        VALUE | {"mask": mask_url(np.ones((64, 64), bool))},
        VALUE | {"mask": "data:image/png;base64," + "A" * 5_000_000},
        VALUE | {"mask": header_of_a_bomb()},
    ],
)
def test_what_no_canvas_sends_ends_in_a_sentence(value):
    with pytest.raises(ValueError, match="reload the page"):
        read_value(value, SIZE)


def test_frames_carry_their_size():
    frame = to_frame(b"jpeg", (40, 60), 5, run="r", handles={7: (1, 2)})
    assert (frame["width"], frame["height"], frame["serial"], frame["run"]) == (60, 40, 5, "r")
    assert frame["handles"] == {"7": (1, 2)}  # Gradio's JSON refuses keys that are numbers
    assert frame["src"].startswith("data:image/jpeg;base64,")


def test_no_prop_is_taken_for_an_event():
    # gr.HTML makes an event of every word quoted in the script and of names such as "download",
    # and then puts the listener, our handlers and the network behind it, into the page's config:
    # with a prop called "download" the page answered 500.
    canvas = DragCanvas()
    for name in ("value", "frame", "before"):
        assert not callable(getattr(canvas, name, None))
        assert not re.search(rf"""["'`]{name}["'`]""", _JS)
    for event in ("release", "submit", "stop", "undo", "redo", "compare"):
        assert callable(getattr(canvas, event))
