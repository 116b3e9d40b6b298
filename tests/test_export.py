"""Pictures and edits as files that say what they are."""

import io
import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from drag import PointPair
from drag.files import project
from drag.files.arrays import from_npz
from drag.files.export import MEDIA_TYPES, as_file, file_name, making, suffix_of
from drag.files.images import jpeg, png
from drag.files.overlays import draw_mark, draw_points
from drag.render import render

PICTURE = np.random.RandomState(0).randint(0, 255, (40, 60, 3), dtype=np.uint8)
IPTC_MARK = "digitalsourcetype/trainedAlgorithmicMedia"


def test_a_png_says_that_it_is_generated_and_from_what():
    image = Image.open(io.BytesIO(png(PICTURE, {"seed": 3})))
    np.testing.assert_array_equal(np.asarray(image), PICTURE)
    assert "AI-generated" in image.text["Comment"]
    assert IPTC_MARK in image.text["XML:com.adobe.xmp"]
    assert json.loads(image.text["drag"]) == {"seed": 3}


def test_a_jpeg_says_that_it_is_generated():
    image = Image.open(io.BytesIO(jpeg(PICTURE)))
    assert b"AI-generated" in image.info["comment"]
    assert IPTC_MARK.encode() in image.info["xmp"]
    assert image.size == (60, 40)


def test_a_kind_of_file_is_named_with_or_without_its_dot():
    assert [suffix_of(kind) for kind in ("png", ".MP4", "Drag")] == [".png", ".mp4", ".drag"]
    for kind in ("exe", "", "../png", "png/../../x", None, 5):
        with pytest.raises(ValueError, match=r"choose png, mp4, gif, webp, drag or npz\.$"):
            suffix_of(kind)


def test_a_file_is_called_after_its_seed(toy_edit):
    assert file_name(toy_edit, ".png") == "draggan-seed1.png"
    assert file_name(replace(toy_edit, seed=None), ".mp4") == "draggan.mp4"


@pytest.mark.parametrize(("points", "mark"), [(False, False), (True, False), (False, True)])
def test_the_picture_has_what_was_asked_for_on_it_and_its_facts_in_it(toy, toy_edit, points, mark):
    wanted = render(toy, toy_edit.ws)
    wanted = draw_points(wanted, toy_edit.points) if points else wanted
    wanted = draw_mark(wanted) if mark else wanted
    image = Image.open(io.BytesIO(as_file(".png", toy, toy_edit, points=points, mark=mark)))
    np.testing.assert_array_equal(np.asarray(image), wanted)
    assert json.loads(image.text["drag"]) == toy_edit.facts
    assert "AI-generated" in image.text["Comment"]


def test_every_kind_is_made_and_the_last_thing_that_comes_is_the_file(toy, toy_edit):
    edit = replace(toy_edit.remember(), ws=toy_edit.ws + 0.1)
    beginnings = {
        ".png": b"\x89PNG",
        ".gif": b"GIF89a",
        ".webp": b"RIFF",
        ".drag": b"{",
        ".npz": b"PK",
        ".mp4": b"\0\0\0",
    }
    for suffix in MEDIA_TYPES:
        *shares, content = making(suffix, toy, edit, 0.5)
        assert content.startswith(beginnings[suffix])
        assert all(isinstance(share, float) for share in shares)
        assert bool(shares) == (suffix in (".mp4", ".gif", ".webp"))
    opened = project.from_project(as_file(".drag", toy, edit))
    np.testing.assert_array_equal(opened.ws, edit.ws)
    assert len(opened.history) == 1
    np.testing.assert_array_equal(from_npz(as_file(".npz", toy, edit)), edit.ws)


def test_a_point_that_is_held_is_a_pin_on_the_picture_also_after_a_drag(toy, toy_edit):
    held = toy_edit.place([PointPair((60, 64), (60, 64))]).remember()
    moved = held.moved(held.ws, [(60.5, 64)])
    picture = np.asarray(Image.open(io.BytesIO(as_file(".png", toy, moved, points=True))))
    wanted = draw_points(render(toy, moved.ws), moved.points, pins={moved.points[0].key})
    np.testing.assert_array_equal(picture, wanted)
    assert (wanted != draw_points(render(toy, moved.ws), moved.points, pins=())).any()
