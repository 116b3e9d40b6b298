"""Regions that hold by construction: what lies outside is what it was, to the bit."""

import numpy as np
import pytest
import torch

from networks.regions import Carried, Ground, Held, last_block, shifted
from networks.soft_masks import SoftMask
from networks.tuning import tuned
from tests.checkpoint_files import generator_in, random_state, write_nvidia
from tests.reference.stylegan2 import relative_error
from tests.stylegan3_files import random_stylegan3
from tests.tunings import random_tuning

KINDS = ["skip", "resnet", "orig"]
OTHERS = ["StyleGAN3-T", "StyleGAN3-R"]


@pytest.fixture(scope="module")
def stylegans(tmp_path_factory):
    """A small StyleGAN2 of each architecture, of 256 px, and a StyleGAN3 of each, of 128."""
    found = {}
    states = {kind: random_state(resolution=256, kind=kind) for kind in KINDS}
    states |= {kind: random_stylegan3(128, kind == OTHERS[1]) for kind in OTHERS}
    for kind, state in states.items():
        path = tmp_path_factory.mktemp(kind) / "net.pkl"
        write_nvidia(path, state, layout="G_ema", output_scale=1.0)
        found[kind] = generator_in(path)
    return found


@pytest.fixture(params=["builtin", *KINDS, "tuned skip", *OTHERS, "tuned StyleGAN3-R"])
def network(request, generator, stylegans):
    name = request.param.removeprefix("tuned ")
    base = generator if name == "builtin" else stylegans[name]
    return tuned(base, random_tuning(base)) if name != request.param else base


@pytest.fixture(params=[*KINDS, *OTHERS])
def stackable(request, stylegans):
    """A network for tests that make many pictures: none of the large one."""
    return stylegans[request.param]


def latents(network, seed=0):
    z = torch.randn(1, network.z_dim, generator=torch.Generator().manual_seed(seed))
    return network.mapping(z, 0.7)


def change_of(network, seed, size=0.4):
    random = torch.Generator().manual_seed(seed)
    return size * torch.randn(6, network.w_dim, generator=random)


def box(network, top, bottom, left, right):
    """A rectangle, in shares of the picture."""
    (height, width), mask = network.img_size, np.zeros(network.img_size, bool)
    mask[int(top * height) : int(bottom * height), int(left * width) : int(right * width)] = True
    return mask


def soft(network, *sides):
    return SoftMask.of(network, box(network, *sides), last_block(network, 6))


@torch.no_grad()
def test_it_begins_as_the_picture_and_changes_inside_alone(network):
    ws = latents(network)
    ground, mask = (
        Ground.plain(network, ws, last_block(network, 6)),
        soft(network, 0.4, 0.7, 0.3, 0.6),
    )
    view, before = Held(ground, mask), network.image(ws)
    assert relative_error(ground.picture, before) < 1e-5
    assert relative_error(view.image(ws), before) < 1e-5
    assert relative_error(view.features(ws), network.features(ws)) < 1e-5
    after = view.image(shifted(ws, change_of(network, 1)))
    changed = (after - ground.picture).abs().amax((0, 1))
    height, width = network.img_size
    tenth = height // 10  # some 100 px of 1024
    far = np.ones(network.img_size, bool)
    far[int(0.4 * height) - tenth : int(0.7 * height) + tenth][
        :, int(0.3 * width) - tenth : int(0.6 * width) + tenth
    ] = False
    assert not changed[torch.from_numpy(far)].any(), "to the bit"
    middle = changed[int(0.45 * height) : int(0.65 * height), int(0.35 * width) : int(0.55 * width)]
    assert middle.mean() > 0.02


@torch.no_grad()
def test_a_window_of_its_features_and_features_at_hand_give_the_same(network):
    ws = latents(network)
    ground = Ground.plain(network, ws, last_block(network, 6))
    view = Held(ground, soft(network, 0.3, 0.8, 0.2, 0.7))
    moved = shifted(ws, change_of(network, 1))
    whole = view.features(moved)
    window = slice(30, 47), slice(11, 60)
    assert relative_error(view.features(moved, window), whole[(..., *window)]) < 1e-4
    assert relative_error(view.image(moved, whole), view.image(moved)) < 1e-5
    if hasattr(network, "preview"):
        assert relative_error(view.preview(ws), network.preview(ws)) < 1e-5
    else:
        assert not hasattr(view, "preview")


def test_gradients_reach_the_entries_that_move(network):
    ws = latents(network)
    ground = Ground.plain(network, ws, last_block(network, 6))
    view = Held(ground, soft(network, 0.3, 0.8, 0.2, 0.7))
    moved = shifted(ws, change_of(network, 1)).requires_grad_()
    (gradient,) = torch.autograd.grad(view.features(moved, moving=6).square().mean(), [moved])
    assert gradient[:, :6].any(2).all()
    assert not gradient[:, 6:].any()


@torch.no_grad()
@pytest.mark.parametrize("second", [(0.1, 0.3, 0.1, 0.4), (0.5, 0.9, 0.4, 0.8)], ids=str)
def test_a_region_over_another_begins_as_what_is_there(stackable, second):
    ws, first = latents(stackable), soft(stackable, 0.4, 0.7, 0.3, 0.6)
    inside = shifted(ws, change_of(stackable, 1))
    plain = Ground.plain(stackable, ws, last_block(stackable, 6))
    both = plain.over(first, inside)
    assert relative_error(both.picture, Held(plain, first).image(inside)) < 1e-5
    view = Held(both, soft(stackable, *second))
    assert relative_error(view.image(ws), both.picture) < 1e-5, "nothing jumps"
    assert (view.image(shifted(ws, change_of(stackable, 2))) - both.picture).abs().max() > 0.05


@torch.no_grad()
def test_all_of_a_picture_moves_with_what_lies_over_it(stackable):
    ws, first = latents(stackable), soft(stackable, 0.4, 0.7, 0.3, 0.6)
    change = change_of(stackable, 1)
    last = last_block(stackable, 6)
    ground = Ground.plain(stackable, ws, last).over(first, shifted(ws, change))
    view = Carried(stackable, [(first, change)], last)
    assert relative_error(view.image(ws), ground.picture) < 1e-5
    inside = Held(Ground.plain(stackable, ws, last), first)
    wanted = inside.features(shifted(ws, change))
    assert relative_error(view.features(ws), wanted) < 1e-5
    other = latents(stackable, 3)
    wanted = Ground.plain(stackable, other, last).over(first, shifted(other, change)).picture
    assert relative_error(view.image(other), wanted) < 1e-5


def test_thin_regions_have_a_narrow_ramp_and_wide_ones_a_wide_one(generator):
    def reach(mask):
        rows, _ = SoftMask.of(generator, mask, 3).support
        return np.flatnonzero(mask.any(1))[0] - rows.start

    strip = box(generator, 0.5, 0.52, 0.1, 0.9)
    assert 0 < reach(strip) < reach(box(generator, 0.4, 0.8, 0.2, 0.8)) < 100
    middle = SoftMask.of(generator, strip, 3).picture[0, 0, 522, 512]
    assert middle > 0.9, "what is painted moves, however thin it is"


def test_more_entries_that_move_are_blended_as_far_as_they_reach(generator, stylegans):
    for network in (generator, stylegans["skip"]):
        assert network.sides[last_block(network, 6)] == (32, 32)
        assert network.sides[last_block(network, 8)] == (64, 64)
        assert last_block(network, network.num_ws) == len(network.sides) - 1
    network = stylegans["StyleGAN3-T"]
    assert network.sides[last_block(network, 6)] == (32, 32)
    assert last_block(network, 8) == 6  # what entry 7, the eighth, styles
    assert last_block(network, network.num_ws) == len(network.sides) - 1
