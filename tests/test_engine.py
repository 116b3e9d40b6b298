import math
import time
from dataclasses import replace

import numpy as np
import pytest
import torch

from drag import PointPair, Settings, new_edit
from drag.loop import Ending
from drag.render import render
from drag.server.engine import NO_MEMORY, Engine, with_room
from drag.server.gallery import Gallery


class Toys:
    """LoadedModels that have one generator, and count what is asked of them."""

    def __init__(self, toy):
        self.toy, self.freed = toy, 0

    def use(self, model):
        return self

    def __enter__(self):
        return self.toy

    def __exit__(self, *error):
        return None

    def drop_unused(self):
        self.freed += 1


@pytest.fixture
def toys(toy):
    return Toys(toy)


@pytest.fixture
def slow(toy):
    """An edit that takes many steps to drag."""
    edit = new_edit(toy, "toy", seed=1, settings=Settings("adam"))
    return edit.place([PointPair((60, 64), (72, 64))])


def failing(toy, monkeypatch, times, error):
    """Have the next features fail, so many times."""
    features, left = toy.features, [times]

    def scarce(*args, **kwargs):
        if left[0]:
            left[0] -= 1
            raise error
        return features(*args, **kwargs)

    monkeypatch.setattr(toy, "features", scarce)


ERRORS = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
    MemoryError(),
    RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_memory_that_ran_out_once_is_freed_and_the_drag_begins_again(
    toys, toy, slow, monkeypatch, error
):
    whole = [step.number for step in Engine(toys).steps(slow)]
    failing(toy, monkeypatch, 1, error)
    assert [step.number for step in Engine(toys).steps(slow)] == whole
    assert toys.freed == 1


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_a_second_time_is_said_in_words(toys, toy, slow, monkeypatch, error):
    failing(toy, monkeypatch, 2, error)
    with pytest.raises(ValueError, match=NO_MEMORY):
        list(Engine(toys).steps(slow))
    failing(toy, monkeypatch, 2, error)
    with pytest.raises(ValueError, match=NO_MEMORY):
        with_room(toys, lambda: render(toy, slow.ws))
    assert toys.freed == 2
    assert render(toy, slow.ws).shape == (128, 128, 3)


def test_other_errors_are_not_tried_again(toys, toy, slow, monkeypatch):
    failing(toy, monkeypatch, 1, RuntimeError("a bug"))
    with pytest.raises(RuntimeError, match="a bug"):
        list(Engine(toys).steps(slow))
    assert toys.freed == 0


@pytest.mark.parametrize("work", ["drag", "invert"])
def test_the_second_try_has_only_the_time_that_is_left(toys, slow, monkeypatch, work):
    """It had all of it once more: on ZeroGPU more than the GPU was lent for."""
    had, engine = [], Engine(toys)

    def scarce(*args):
        had.append(next(each for each in args if isinstance(each, float)))
        yield "so far"
        if len(had) == 1:
            time.sleep(0.3)
            raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(f"drag.server.engine.{work}", scarce)
    for seconds in (9.0, 0.1):
        had.clear()
        steps = (
            engine.steps(slow, seconds)
            if work == "drag"
            else engine.invert("toy", np.zeros((128, 128, 3), np.uint8), seconds)
        )
        assert list(steps) == ["so far"] * 2
        assert had[0] == seconds
        assert 0 <= had[1] <= max(0.0, seconds - 0.3)


def test_a_drag_ends_when_its_time_is_up_and_shows_what_it_reached(toys, slow):
    *_, last = Engine(toys).steps(slow, seconds=0)
    assert (last.ending, last.number, last.sharp) == (Ending.TIME_LIMIT, 1, True)
    *_, last = Engine(toys).steps(slow, seconds=math.inf)
    assert last.ending is Ending.ARRIVED


def test_an_edit_of_another_model_is_refused(toys, slow, toy):
    toy.num_ws = 4
    with pytest.raises(ValueError, match="here, and this model"):
        list(Engine(toys).steps(slow))


def further(edit, number):
    """The edit with latents that are larger by this."""
    return replace(edit, ws=edit.ws + number)


def test_a_picture_is_made_once(toys, toy, slow):
    gallery = Gallery(toys)
    first = gallery.picture(slow)
    assert gallery.picture(replace(slow, ws=slow.ws.copy(), points=())) is first
    assert toy.images == 1
    assert gallery.picture(further(slow, 0.5)) != first
    assert gallery.find(further(slow, 1)) is None
    assert gallery.find(replace(slow, model="other")) is None  # may have latents of one shape
    taken = gallery.take(further(slow, 1), np.zeros((128, 128, 3), np.uint8))
    assert gallery.picture(further(slow, 1)) is taken


def test_of_many_pictures_those_seen_last_are_kept(toys, slow, monkeypatch):
    gallery = Gallery(toys)
    sizes = [len(gallery.picture(further(slow, number))) for number in range(4)]
    gallery.find(slow)
    monkeypatch.setattr("drag.server.gallery.KEPT_BYTES", sum(sizes))
    gallery.picture(further(slow, 9))
    kept = [gallery.find(further(slow, number)) is not None for number in (0, 1, 2, 3, 9)]
    assert kept == [True, False, True, True, True]
    assert gallery.nbytes == sum(map(len, gallery._kept.values()))
