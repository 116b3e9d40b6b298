"""Films of an edit, as other programs read them."""

import io
from dataclasses import replace
from types import SimpleNamespace

import av
import numpy as np
import pytest
from PIL import Image

from drag import PointPair, as_file, new_edit
from drag.files.film import _between, filming
from drag.files.way import along, between, path
from drag.render import render

IPTC_MARK = b"digitalsourcetype/trainedAlgorithmicMedia"


def film(generator, edit, kind, seconds=3.0, **options):
    """The film as a file."""
    return as_file(kind, generator, edit, seconds, **options)


@pytest.fixture
def edit(toy_edit):
    """Dragged twice, with an entry in which only points were placed."""
    one = toy_edit.remember().remember()
    two = replace(one, ws=one.ws + 0.1).remember()
    return replace(two, ws=two.ws + 0.3)


def test_the_path_is_of_this_picture_only_and_stands_nowhere_still(edit, toy):
    assert len(path(edit)) == 3
    fresh = new_edit(toy, "toy", seed=edit.seed + 1)
    other = replace(fresh, history=edit.remember().history)
    assert len(path(other)) == 1
    assert len(path(replace(other.remember(), ws=other.ws + 1))) == 2


def test_a_state_goes_from_its_first_entry_to_the_last_in_which_points_were_placed(toy_edit):
    dragged = replace(toy_edit.remember(), ws=toy_edit.ws + 1)
    placed = dragged.remember().place([*dragged.points, PointPair((5, 5), (9, 9))])
    again = replace(placed.remember(), ws=placed.ws + 1)
    _, (first, last), (end, same) = path(again)
    assert (len(first.points), len(last.points)) == (1, 2)
    assert end is same is again


def test_pictures_go_from_first_to_last_and_slow_down_at_the_ends():
    lengths = [1.0, 1.0, 2.0]
    lines, shares = along(lengths, 33)
    assert (lines[0], shares[0], lines[-1], shares[-1]) == (0, 0, 2, 1)
    way = np.array([0.0, 1.0, 2.0])[lines] + shares * np.array([1.0, 1.0, 2.0])[lines]
    assert (np.diff(way) > 0).all()
    assert way[16] == pytest.approx(2)  # half of the way in half of the time, whatever the lines
    speed = np.diff(way)
    assert speed[0] < speed[16] / 3 > speed[-1]


def test_handles_go_with_the_picture_and_those_that_are_new_stand_still(toy_edit):
    moved = toy_edit.moved(toy_edit.ws + 1, [(70, 60)])
    after = moved.place([*moved.points, PointPair((5, 5), (9, 9))])
    old, new = between(toy_edit, after, 0.25)
    assert old.handle == (62.5, 63)
    assert old.target == (72, 64)
    assert new == after.points[1]


def difference(one, other):
    return np.abs(np.asarray(one, float) - np.asarray(other, float)).mean()


def test_an_mp4_plays_while_it_is_loaded(toy, edit):
    content = film(toy, edit, ".mp4", 0.5)
    assert 0 < content.index(b"moov") < content.index(b"mdat")


def test_an_mp4_has_the_colours_of_the_picture(toy, edit, monkeypatch):
    # They were of BT.601 and said nothing of it, which browsers take to be BT.709.
    colour = np.full((64, 64, 3), (200, 60, 90), np.uint8)
    monkeypatch.setattr("drag.files.film.render_edit", lambda *_: colour)
    with av.open(io.BytesIO(film(toy, edit, ".mp4", 0.5))) as container:
        frame = next(container.decode(video=0))
    assert frame.colorspace == av.video.reformatter.Colorspace.ITU709
    assert difference(frame.to_ndarray(format="rgb24"), colour) < 3


def test_an_mp4_plays_from_first_to_last_and_says_what_it_is(toy, edit):
    with av.open(io.BytesIO(film(toy, edit, ".mp4", 1))) as container:
        assert "AI-generated" in container.metadata["comment"]
        (stream,) = container.streams.video
        assert stream.codec_context.name == "h264"
        assert stream.codec_context.profile == "Main"
        assert stream.codec_context.pix_fmt == "yuv420p"
        assert stream.average_rate == 24
        pictures = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert len(pictures) == 24 + 2 * 12
    first, last = (render(toy, ws) for ws in (edit.origin, edit.ws))
    assert difference(pictures[0], first) < 6 < difference(pictures[0], last)
    assert difference(pictures[-1], last) < 6


@pytest.mark.parametrize(("kind", "name"), [(".gif", "GIF"), (".webp", "WEBP")])
def test_animations_play_from_first_to_last_and_say_what_they_are(toy, edit, kind, name):
    with Image.open(io.BytesIO(film(toy, edit, kind, 1))) as shown:
        assert shown.format == name
        assert shown.info["loop"] == 0
        told = str(shown.info.get("comment") or shown.getexif()[0x010E])
        assert "AI-generated" in told
        assert kind == ".gif" or IPTC_MARK in shown.info["xmp"]
        milliseconds, pictures = 0, []
        for number in range(shown.n_frames):
            shown.seek(number)
            shown.load()
            milliseconds += shown.info["duration"]
            pictures.append(shown.convert("RGB"))
    assert milliseconds == pytest.approx(2000, abs=100)
    first, last = (render(toy, ws) for ws in (edit.origin, edit.ws))
    assert difference(pictures[0], first) < 12 < difference(pictures[0], last)
    assert difference(pictures[-1], last) < 12


def test_a_picture_of_odd_size_is_filmed(toy, edit, monkeypatch):
    monkeypatch.setattr("drag.files.film.render_edit", lambda *_: np.zeros((65, 33, 3), np.uint8))
    with av.open(io.BytesIO(film(toy, edit, ".mp4", 0.5))) as container:
        frame = next(container.decode(video=0))
    assert (frame.height, frame.width) == (64, 32)


def test_what_cannot_be_filmed_is_said(toy, toy_edit, edit):
    with pytest.raises(ValueError, match="drag something first"):
        film(toy, toy_edit.remember(), ".mp4")
    for seconds in (0, 21, float("nan"), 1e9, "3"):
        with pytest.raises(ValueError, match=r"takes 0\.5 to 20 seconds"):
            filming(toy, edit, ".gif", seconds)  # before the first picture is asked for
    for size in (0, 513, "512", None, float("nan"), [512]):
        with pytest.raises(ValueError, match="512 or 1024"):
            filming(toy, edit, ".gif", size=size)


@pytest.mark.parametrize("kind", [".mp4", ".gif", ".webp"])
def test_a_film_says_how_far_it_is(toy, edit, kind):
    *shares, content = filming(toy, edit, kind, 0.5)
    assert len(shares) >= 18
    assert shares == sorted(shares)
    assert 0 < shares[0] < 0.1
    assert shares[-1] == 1
    assert content == film(toy, edit, kind, 0.5)


class Watched:
    """A container of PyAV, and whether it was closed."""

    def __init__(self, container):
        self.container, self.closed = container, False

    def __enter__(self):
        return self.container.__enter__()

    def __exit__(self, *error):
        self.container.__exit__(*error)
        self.closed = True


def test_a_film_that_is_given_up_makes_no_more_pictures_and_closes_its_file(toy, edit, monkeypatch):
    opened, plain_open = [], av.open

    def watched_open(*args, **kwargs):
        opened.append(Watched(plain_open(*args, **kwargs)))
        return opened[-1]

    monkeypatch.setattr(av, "open", watched_open)
    begun = filming(toy, edit, ".mp4", 20)
    for _ in range(20):
        next(begun)
    assert not opened[0].closed
    begun.close()
    assert opened[0].closed
    assert toy.images < 25


@pytest.mark.parametrize(("kind", "nbytes"), [(".webp", 3), (".gif", 2)])
def test_a_long_film_whose_pictures_are_all_held_is_smaller(toy, edit, monkeypatch, kind, nbytes):
    monkeypatch.setattr("drag.files.film.MAX_HELD", 24 * nbytes * 50**2)
    sides = {}
    for seconds in (1, 4):
        with Image.open(io.BytesIO(film(toy, edit, kind, seconds))) as shown:
            sides[seconds] = round(shown.size[0], -1)
    assert sides == {1: 50, 4: 30}


def find(picture, channel, others):
    """The middle (x, y) of what has much of one colour and little of the others."""
    picture = picture.astype(int)
    rows, columns = np.nonzero(picture[..., channel] - picture[..., others].max(axis=2) > 60)
    return columns.mean(), rows.mean()


@pytest.mark.parametrize("kind", [".mp4", ".gif", ".webp"])
def test_points_are_shown_as_they_move(toy, edit, kind, monkeypatch):
    grey = np.full((640, 640, 3), 90, np.uint8)
    monkeypatch.setattr("drag.files.film.render_edit", lambda *_: grey)
    start = replace(edit, img_size=(640, 640), history=())
    start = start.place([PointPair((200, 300), (500, 300))])
    end = start.remember().moved(start.ws + 1, [(400, 300)])
    content = film(toy, end, kind, 1, points=True)
    if kind == ".mp4":
        with av.open(io.BytesIO(content)) as container:
            pictures = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    else:
        with Image.open(io.BytesIO(content)) as shown:
            pictures = []
            for number in range(shown.n_frames):
                shown.seek(number)
                pictures.append(np.asarray(shown.convert("RGB")))
    scale = pictures[0].shape[0] / 640
    middle = pictures[len(pictures) // 2]
    handles = [find(picture, 0, [1, 2]) for picture in (pictures[0], middle, pictures[-1])]
    wanted = [(200, 300), (300, 300), (400, 300)]
    np.testing.assert_allclose(np.array(handles) / scale, wanted, atol=16)
    assert find(middle, 2, [0, 1]) == pytest.approx((500 * scale, 300 * scale), abs=3)


def test_a_marked_film_says_visibly_what_it_is(toy, edit):
    plain, marked = (film(toy, edit, ".webp", 0.5, mark=mark) for mark in (False, True))
    with Image.open(io.BytesIO(plain)) as one, Image.open(io.BytesIO(marked)) as other:
        for number in range(one.n_frames):
            one.seek(number)
            other.seek(number)
            changed = np.abs(np.asarray(one, int) - np.asarray(other, int)).max(axis=2)
            assert changed[108:, 60:].max() > 100
            assert changed[:100].max() < 60  # but for what the codec makes of it


def frames_of(content: bytes) -> list[np.ndarray]:
    with av.open(io.BytesIO(content)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def test_of_a_small_film_few_pictures_are_the_generators_and_the_others_like_them(toy, edit):
    small = frames_of(film(toy, edit, ".mp4", 3))
    assert toy.images <= 4 * 3 + 3  # a second; where its states are, besides
    toy.images = 0
    full = frames_of(film(toy, edit, ".mp4", 3, size=1024))
    assert toy.images == 24 * 3
    assert len(small) == len(full)
    apart = [difference(one, other) for one, other in zip(small, full, strict=True)]
    assert max(apart) < difference(full[0], full[-1]) / 10


def test_where_pictures_are_quick_the_generator_makes_all(toy, edit, monkeypatch):
    made = []
    monkeypatch.setattr(
        "drag.files.film.render_edit",
        lambda *_: made.append(0) or np.zeros((64, 64, 3), np.uint8),
    )
    toy.w_avg = SimpleNamespace(device=SimpleNamespace(type="cuda"))
    film(toy, edit, ".webp", 2)
    assert len(made) == 24


def test_the_ends_of_each_line_are_made_and_what_is_between_is_not():
    asked = []

    def made(place):
        asked.append(place)
        return np.full((40, 40, 3), round(40 * sum(place)), np.uint8)

    places = [(0, 0.0), (0, 0.5), (1, 0.25), (1, 0.5), (1, 1.0)]
    shown = [picture[0, 0, 0] for picture in _between(made, places, [1, 2])]
    assert shown == [0, 20, 50, 60, 80]
    assert asked == [(0, 0), (1, 0), (1, 0.5), (1, 1)]
