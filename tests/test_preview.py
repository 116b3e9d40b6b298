"""Live pictures of a drag: they keep to their time, and the soft ones look like the full ones."""

from dataclasses import replace

import numpy as np
import pytest

from drag import Settings, drag
from drag.loop import Ending
from drag.preview import LiveView
from drag.render import render
from tests.conftest import PlainShiftGenerator

FAST = Settings("adam", learning_rate=0.02)


def test_live_pictures_keep_to_their_time(toy, toy_edit, monkeypatch):
    clock = [0.0]
    monkeypatch.setattr("drag.preview.time.perf_counter", lambda: clock[0])
    image, preview, features = toy.image, toy.preview, toy.features

    def taking(seconds, work):
        def timed(*args, **kwargs):
            clock[0] += seconds
            return work(*args, **kwargs)

        return timed

    toy.image = taking(0.7, image)
    toy.preview = taking(0.05, preview)
    toy.features = taking(0.2, features)
    view = LiveView()
    steps = list(drag(toy, replace(toy_edit, settings=replace(FAST, learning_rate=0.004)), view))
    assert len(steps) > 20
    *running, last = steps
    assert last.picture is not None
    assert last.sharp
    for_the_last = 0.75  # which is due in any case
    assert sum(view.spent.values()) - for_the_last <= clock[0] / 3
    kinds = [step.sharp for step in running if step.picture is not None]
    assert kinds.count(True) >= 1
    assert kinds.count(False) > kinds.count(True)


def test_a_first_picture_that_takes_long_leaves_time_for_steps(toy, toy_edit, monkeypatch):
    """As that of a StyleGAN3 of 1024 px does on a CPU: half a minute of the page's one."""
    clock, image, features = [0.0], toy.image, toy.features

    def taking(seconds, work):
        def timed(*args, **kwargs):
            clock[0] += seconds
            return work(*args, **kwargs)

        return timed

    monkeypatch.setattr("drag.preview.time.perf_counter", lambda: clock[0])
    monkeypatch.setattr("drag.loop.time.monotonic", lambda: clock[0])
    toy.image, toy.features = taking(70.0, image), taking(1.0, features)
    edit = replace(toy_edit, settings=replace(FAST, learning_rate=0.001))
    *_, last = drag(toy, edit, LiveView(), seconds=60)
    assert (last.ending, last.number > 20) == (Ending.TIME_LIMIT, True)


@pytest.mark.parametrize("own", [True, False])
def test_previews_look_like_the_full_pictures_they_stand_for(toy, toy_edit, own):
    """Those of a generator that has a cheap way to them, and those that are fitted for others."""
    toy = toy if own else PlainShiftGenerator()
    view = LiveView(full_share=0, preview_share=1e9)
    for step in drag(toy, replace(toy_edit, settings=FAST), view):
        if step.sharp:
            continue
        truth = render(toy, step.ws).astype(float)
        assert 10 * np.log10(255**2 / np.square(truth - step.picture).mean()) > 22
