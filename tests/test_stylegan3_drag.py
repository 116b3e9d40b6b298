"""Drags of StyleGAN3: handles move, and what shifts and turns the whole picture is held."""

from dataclasses import replace

import numpy as np
import pytest

from drag import PointPair, drag, new_edit
from drag.generate import mix
from drag.preview import LiveView
from drag.render import render_edit
from drag.settings import Settings
from tests.checkpoint_files import generator_in, write_nvidia
from tests.stylegan3_files import random_stylegan3

SOLVERS = {
    "gauss-newton": Settings(max_steps=12),
    "adam": Settings("adam", learning_rate=5e-3, max_steps=40),
}
ARROW = PointPair((32, 32), (38, 29))


@pytest.fixture(scope="module", params=[False, True], ids=["T", "R"])
def network(request, tmp_path_factory):
    """One of each configuration, of 64 px and more contrast."""
    path = tmp_path_factory.mktemp("network") / "net.pkl"
    state = random_stylegan3(64, request.param, width=16)
    write_nvidia(path, state, layout="G_ema", output_scale=1.0)
    return generator_in(path)


def edit_of(network, settings):
    edit = new_edit(network, "net", seed=1, truncation_psi=1.0, settings=settings)
    return edit.place([ARROW])


@pytest.mark.parametrize("settings", SOLVERS.values(), ids=SOLVERS)
def test_handles_move_while_the_picture_is_held_in_place(network, settings):
    edit = edit_of(network, settings)
    *_, last = drag(network, edit)
    assert last.distances[0] < ARROW.distance / 4
    assert np.array_equal(last.ws[0], edit.ws[0]), "what shifts and turns all of it"
    changed = np.abs(last.ws - edit.ws).max(1) > 0
    assert changed[1:6].all(), "up to the layer whose features are read; the next has no say in it"
    assert not changed[7:].any()


@pytest.mark.parametrize("settings", SOLVERS.values(), ids=SOLVERS)
def test_its_first_entry_moves_where_that_is_wanted(network, settings):
    settings = replace(settings, hold_placement=False, max_steps=3)
    edit = edit_of(network, settings)
    *_, last = drag(network, edit)
    assert np.abs(last.ws - edit.ws)[0].max() > 1e-3


def test_only_what_is_near_the_arrow_changes_where_reach_says_so(network):
    edit = edit_of(network, Settings(max_steps=6, reach=60))
    before, view = render_edit(network, edit), LiveView(full_share=0.0, preview_share=1e9)
    *soft, last = drag(network, edit, view)
    assert all(step.picture.shape == before.shape for step in soft[1:])
    assert last.distances[0] < ARROW.distance / 2
    moved = edit.moved(last.ws, last.handles)
    changed = (render_edit(network, moved) != before).any(2)
    assert changed[24:40, 24:40].mean() > 0.4
    assert not changed[:8].any()
    assert not changed[:, :8].any()


def test_a_look_leaves_alone_what_a_drag_moves(network):
    edit = edit_of(network, Settings(num_entries=4))
    mixed = mix(network, edit, 5)
    same = (mixed.ws == edit.ws).all(1)
    assert same[:5].all()
    assert not same[5:].any()
    loose = mix(network, replace(edit, settings=Settings(num_entries=4, hold_placement=False)), 5)
    assert (loose.ws == edit.ws).all(1).sum() == 4
