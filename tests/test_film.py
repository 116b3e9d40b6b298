"""Films of an edit, as other programs read them."""

import io
from dataclasses import replace

import av
import numpy as np
import pytest
from PIL import Image

from drag.film import along, film, path
from drag.render import render


@pytest.fixture
def edit(toy_edit):
    """Dragged twice, with an entry in which only points were placed."""
    one = toy_edit.remember().remember()
    two = replace(one, ws=one.ws + 0.1).remember()
    return replace(two, ws=two.ws + 0.3)


def test_the_path_is_of_this_picture_only_and_stands_nowhere_still(edit):
    assert len(path(edit)) == 3
    other = replace(edit.remember(), seed=edit.seed + 1, ws=edit.ws + 1)
    assert len(path(other)) == 1
    assert len(path(replace(other.remember(), ws=other.ws + 1))) == 2


def test_latents_go_from_first_to_last_and_slow_down_at_the_ends(edit):
    stations = path(edit)
    between = along(stations, 25)
    np.testing.assert_allclose(between[[0, -1]], [stations[0], stations[-1]], atol=1e-6)
    speed = np.linalg.norm(np.diff(between, axis=0), axis=(1, 2))
    assert speed[0] < speed[12] / 3 > speed[-1]
    assert (np.diff(between[:, 0, 0]) > 0).all()
    total = np.linalg.norm(stations[0] - stations[-1])
    assert speed.sum() == pytest.approx(total, rel=1e-4)  # on the way, not beside it


def difference(one, other):
    return np.abs(np.asarray(one, float) - np.asarray(other, float)).mean()


def test_an_mp4_plays_from_first_to_last_and_says_what_it_is(toy, edit):
    with av.open(io.BytesIO(film(toy, edit, ".mp4", 1))) as container:
        assert "AI-generated" in container.metadata["comment"]
        (stream,) = container.streams.video
        assert stream.codec_context.name == "h264"
        assert stream.average_rate == 24
        pictures = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert len(pictures) == 24 + 2 * 12
    first, last = (render(toy, ws) for ws in (path(edit)[0], edit.ws))
    assert difference(pictures[0], first) < 6 < difference(pictures[0], last)
    assert difference(pictures[-1], last) < 6


@pytest.mark.parametrize(("kind", "name"), [(".gif", "GIF"), (".webp", "WEBP")])
def test_animations_play_from_first_to_last_and_say_what_they_are(toy, edit, kind, name):
    with Image.open(io.BytesIO(film(toy, edit, kind, 1))) as shown:
        assert shown.format == name
        assert shown.info["loop"] == 0
        told = str(shown.info.get("comment") or shown.getexif()[0x010E])
        assert "AI-generated" in told
        milliseconds, pictures = 0, []
        for number in range(shown.n_frames):
            shown.seek(number)
            shown.load()
            milliseconds += shown.info["duration"]
            pictures.append(shown.convert("RGB"))
    assert milliseconds == pytest.approx(2000, abs=100)
    first, last = (render(toy, ws) for ws in (path(edit)[0], edit.ws))
    assert difference(pictures[0], first) < 12 < difference(pictures[0], last)
    assert difference(pictures[-1], last) < 12


def test_a_picture_of_odd_size_is_filmed(toy, edit, monkeypatch):
    monkeypatch.setattr("drag.film.render", lambda *_: np.zeros((65, 33, 3), np.uint8))
    with av.open(io.BytesIO(film(toy, edit, ".mp4", 0.5))) as container:
        frame = next(container.decode(video=0))
    assert (frame.height, frame.width) == (64, 32)


def test_what_cannot_be_filmed_is_said(toy, toy_edit, edit):
    with pytest.raises(ValueError, match="drag something first"):
        film(toy, toy_edit.remember(), ".mp4")
    for seconds in (0, 21, float("nan")):
        with pytest.raises(ValueError, match=r"takes 0\.5 to 20 seconds"):
            film(toy, edit, ".gif", seconds)
