"""Links: which face, and what is placed on it, in the address of the page."""

import base64
import json
import zlib
from dataclasses import replace

import numpy as np
import pytest

from drag import PointPair, Settings, drag, new_edit
from drag.files.link import MAX_CHARACTERS, START, from_link, to_link
from drag.generate import mix
from drag.trail import Recorder

POINT = PointPair((30.25, 40.0), (50.0, 44.5), 1)


@pytest.fixture
def edit(toy):
    return new_edit(toy, "toy", 5, 0.6, Settings(reach=90))


def written(**changes):
    record = {"v": 1, "model": "toy", "seed": 5, "psi": 0.6, "reach": 90.0} | changes
    return packed(json.dumps(record).encode())


def packed(content):
    return START + base64.urlsafe_b64encode(zlib.compress(content)).decode().rstrip("=")


def followed(toy, link):
    return from_link(link).load(toy, 0.7, Settings())


def test_a_link_opens_the_same_face_with_what_is_placed_on_it(toy, edit):
    mask = np.zeros(edit.img_size, bool)
    mask[32:96, 16:112] = True
    edit = mix(toy, edit, 9).place([POINT], mask)
    link = to_link(edit)
    assert len(link) < 600
    there = followed(toy, link)
    assert there.same_picture(edit)
    assert (there.model, there.seed, there.style_seed) == ("toy", 5, 9)
    assert there.points == (PointPair((30.2, 40.0), (50.0, 44.5), 1),)
    assert there.settings.reach == 90
    assert not there.history
    assert (there.mask != mask).mean() < 0.02  # coarser than it was painted


def test_after_a_drag_it_has_the_arrows_that_were_dragged(toy, edit):
    started = edit.place([POINT])
    recorder = Recorder(started.latents, started.points)
    *_, last = drag(toy, replace(started, settings=Settings(max_steps=3)))
    recorder.take(last.number, last.ws, last.handles)
    ended = replace(started.remember().moved(last.ws, last.handles), trail=recorder.trail())
    assert ended.points[0].handle != POINT.handle
    there = followed(toy, to_link(ended))
    assert there.same_picture(edit)
    assert np.allclose(there.points[0].handle, POINT.handle, atol=0.1)


def test_what_has_no_number_has_no_link(edit):
    with pytest.raises(ValueError, match="has no number that a link could carry"):
        to_link(replace(edit, seed=None))


def test_an_address_may_name_a_seed_a_model_or_a_truncation(toy):
    link = from_link("seed=14&model=cats&psi=0.5&__theme=dark")
    assert (link.model, link.seed, link.truncation_psi) == ("cats", 14, 0.5)
    there = from_link("seed=14").load(toy, 0.7, Settings(reach=75))
    assert (there.seed, there.truncation_psi, there.settings.reach) == (14, 0.7, 75)


@pytest.mark.parametrize(
    "text",
    [
        START + "A" * 1_000_000,
        START,
        START + "%%%",
        START + "A" * (MAX_CHARACTERS - len(START)),
        packed(b"[]"),
        packed(b"[" * 50_000),
        packed(b'{"v": 1}' + b" " * 10_000_000),
        written(v=2),
        written(model=None),
        written(model=["toy"]),
        written(seed=float("nan")),
        written(seed=-1),
        written(seed="x" * 5_000),
        written(psi=float("inf")),
        written(reach=float("nan")),
        written(reach=0),
        written(reach=[]),
        written(points=7),
        written(points=[[0, 0, 1]]),
        written(points=[[0, 0, 1, "x"]]),
        written(points=[[0, 0, 1, 1]] * 101),
        written(region="AAAA"),
        written(region=7),
        written(look={}),
        "seed=x",
        "psi=2",
    ],
    ids=range(26),
)
def test_a_strangers_link_is_refused_in_one_sentence(text):
    with pytest.raises(ValueError, match=r"^(This link is damaged|The face's|The variety)") as told:
        from_link(text)
    assert len(str(told.value)) < 200


@pytest.mark.parametrize("place", [float("nan"), float("inf"), -5, 1e300])
def test_points_outside_the_picture_are_refused_where_they_are_placed(toy, place):
    with pytest.raises(ValueError, match="outside the picture"):
        followed(toy, written(points=[[place, 0, 1, 1]]))
