"""Drags on a pretend accelerator: as on the CPU, and hardly anything crosses to it or back."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from drag import PointPair, Settings, drag, features, new_edit
from drag.follow import Aim
from drag.preview import LiveView
from drag.render import render_edit
from drag.solvers import gauss_newton, least_change, patches, restore
from networks import mobile_stylegan
from networks.generator import Previewing
from networks.mobile_stylegan import MobileStyleGAN
from tests import far
from tests.checkpoint_files import generator_in, random_state, write_nvidia
from tests.tunings import random_tuning

MOST = 6  # crossings in a step
# Where they may be: where a step is packed and handed out, where targets come in, and in pictures.
PLACES = {
    "drag/course.py:step_of",
    "drag/preview.py:_composite",
    "drag/render.py:to_picture",
    "drag/solvers/adam.py:adam",
    "drag/solvers/gauss_newton.py:_read",
    "drag/solvers/gauss_newton.py:_steps",
    "drag/solvers/least_change.py:motion_patterns",  # of many handles, worked out on the CPU
    "drag/solvers/restore.py:see",
}
# Of 1024 px. Three are many where rows of J are few (`few_rows`).
WAYS = (480, 512, 528, 496), (720, 320, 704, 368), (320, 700, 336, 708)


@pytest.fixture(autouse=True)
def few_samples(request, monkeypatch):
    """Of W, for its whitening; not of the built-in network, which others go on with."""
    if "generator" not in request.fixturenames:
        monkeypatch.setattr("drag.latents.SAMPLES", 300)


@pytest.fixture(scope="module")
def stylegan2(tmp_path_factory):
    """A small network, on the CPU and far away."""
    path = tmp_path_factory.mktemp("net") / "net.pkl"
    write_nvidia(path, random_state(resolution=128), layout="G_ema")
    network = generator_in(path)
    return network, far.moved(network)


@pytest.fixture(scope="module")
def mobile():
    """The built-in network with a tenth of its channels and random weights, likewise."""
    channels, random = (64, 64, 32, 32, 32, 16, 16), np.random.RandomState(0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mobile_stylegan, "BLOCK_CHANNELS", channels)
        with torch.device("meta"):
            shapes = {name: t.shape for name, t in MobileStyleGAN().state_dict().items()}
        state = {}
        for name, shape in shapes.items():
            scale = np.prod(shape[1:]) ** -0.5 if len(shape) > 1 else 0.1
            if "modulation.weight" in name:  # styles are divided by as much
                scale *= 3 * shape[0] ** 0.5
            if "noise" in name:
                scale *= 0.1
            if "pointwise" in name:
                scale *= 2
            state[name] = torch.from_numpy(scale * random.randn(*shape)).float()
        network = MobileStyleGAN.from_weights(state)
    return network, far.moved(network)


def edit_of(networks, points=1, masked=False, **settings):
    """points: how many.   masked: whether only a region may move."""
    network = networks[0]
    unit = network.img_resolution / 1024
    pairs = [
        PointPair((unit * x0, unit * y0), (unit * x1, unit * y1), key)
        for key, (x0, y0, x1, y1) in enumerate(WAYS[:points], 1)
    ]
    edit = new_edit(network, "net", 4, settings=Settings(**{"max_steps": 3} | settings))
    return edit.place(pairs, region(network) if masked else None)


def region(network, left=160):
    """A mask around the points."""
    mask, unit = np.zeros(network.img_size, bool), network.img_resolution / 1024
    mask[int(240 * unit) : int(800 * unit), int(left * unit) : int(880 * unit)] = True
    return mask


def same(one, other, share):
    """Two arrays, but for so much of the largest number."""
    one, other = np.asarray(one, float), np.asarray(other, float)
    assert np.abs(one - other).max() <= share * np.abs(other).max() + 1e-6


def compared(networks, edit, **given):
    """Steps of a drag far away, which are those on the CPU, and what crosses in each.

    given: what makes what `drag` takes besides, by its names.
    """
    near, away = networks
    steps, each = [], []
    for step in drag(near, edit, **{name: make() for name, make in given.items()}):
        steps.append(step.painted())
    taken = drag(away, edit, **{name: make() for name, make in given.items()})
    with far.crossings() as crossed:
        for step, wanted in zip(taken, steps, strict=True):
            each.append(crossed[:])
            crossed.clear()
            same(step.ws - edit.latents, wanted.ws - edit.latents, 5e-3)
            same(step.handles, wanted.handles, 1e-3)
            assert (step.picture is None) == (wanted.picture is None)
            if step.picture is not None and (step.sharp or not isinstance(near, Previewing)):
                same(step.picture, wanted.picture, 0.02)  # else the CPU takes a quicker way
    assert len(steps) > 2
    assert np.abs(steps[-1].ws - edit.latents).max() > 1e-3
    return steps, each


def crossings_of(network, edit):
    """What crosses in each step of a drag, as `compared`."""
    each = []
    with far.crossings() as crossed:
        for _ in drag(network, edit):
            each.append(crossed[:])
            crossed.clear()
    return each


def check(each, most):
    """In no step does more cross than that, and nothing in its arithmetic."""
    assert max(map(len, each)) <= most <= MOST, each
    crossed = [crossing for step in each for crossing in step]
    assert {crossing.place for crossing in crossed} <= PLACES, crossed
    assert {crossing.kind for crossing in crossed} <= {"up", "down"}, crossed


@pytest.mark.parametrize(
    ("solver", "points", "most"),
    [("gauss-newton", 1, 2), ("gauss-newton", 2, 2), ("gauss-newton", 3, 3), ("adam", 2, 2)],
)
def test_a_step_is_as_on_the_cpu_and_hardly_anything_crosses(
    stylegan2, monkeypatch, solver, points, most
):
    """Latents down, handles and likeness down; of many handles the patterns of their motion up."""
    monkeypatch.setattr(least_change, "MAX_ROWS", 4)
    _, each = compared(stylegan2, edit_of(stylegan2, points, solver=solver))
    check(each[2:], most)  # constants are made before


@pytest.mark.parametrize(
    "given",
    [{"masked": True}, {"masked": True, "solver": "adam"}, {"reach": 90}, {"latent_space": "w"}],
    ids=["region", "region of Adam", "reach", "W"],
)
def test_so_is_one_in_a_region_or_in_w(stylegan2, given):
    _, each = compared(stylegan2, edit_of(stylegan2, **given))
    check(each[2:], 2)


def pointer(edit):
    """Somebody who takes the first handle along its way and lets go."""
    (pair,) = edit.points
    places = iter(np.linspace(pair.handle, pair.target, 3).tolist())

    def aims(settled):
        place = next(places, None)
        return Aim({1: tuple(place or pair.target)}, held=place is not None)

    return aims


@pytest.mark.parametrize(
    ("name", "reach"),
    [("stylegan2", 90), pytest.param("mobile", 256, marks=pytest.mark.slow)],
)
def test_a_drag_that_follows_a_pointer_is_as_on_the_cpu(name, reach, request):
    """Targets go up and a picture comes down besides."""
    networks = request.getfixturevalue(name)
    edit = edit_of(networks, reach=reach)
    start = render_edit(networks[0], edit)
    steps, each = compared(
        networks, edit, aims=lambda: pointer(edit), view=lambda: LiveView(start=start)
    )
    assert any(step.picture is not None and not step.sharp for step in steps)
    check(each[3:-1], 4)  # after the first preview; before the last, sharp picture


def test_what_a_drag_changed_besides_comes_back_as_on_the_cpu(mobile, monkeypatch):
    for name in ("OWN", "FIRST_ROUNDS", "ROUNDS"):  # which take time
        monkeypatch.setattr(restore, name, 1)
    edit, reached = edit_of(mobile), []
    for network in mobile:
        steps = gauss_newton.gauss_newton(network, edit)
        start, after = next(steps), next(steps)
        states = restore.restored(network, edit, start, after)
        next(states)  # the same for all: how it looked
        with far.crossings() as crossed:
            reached.append(next(states))
    same(reached[1].ws.cpu() - start.ws.cpu(), reached[0].ws - start.ws.cpu(), 5e-3)
    same(reached[1].handles, reached[0].handles, 1e-3)
    check([crossed], 1)


def test_soft_pictures_are_as_on_the_cpu(mobile):
    ws = torch.from_numpy(edit_of(mobile).ws)[None]
    soft, wanted = mobile[1].preview(ws.to(far.DEVICE)), mobile[0].preview(ws)
    same(soft.cpu(), wanted, 1e-3)


def test_pictures_with_regions_and_a_tuning_are_as_on_the_cpu(stylegan2):
    near, away = stylegan2
    edit = replace(edit_of(stylegan2, masked=True), tuning=random_tuning(near))
    for shift, left in ((0.3, 160), (-0.4, 320)):
        edit = edit.place(edit.points, region(near, left))
        edit = edit.moved(edit.latents + shift, [(61, 64)])
    assert len(edit.regions) == 2
    same(render_edit(away, edit), render_edit(near, edit), 1.5 / 255)
    edit = edit_of(stylegan2).place(edit.points)  # all of it moves, with what lies over it
    _, each = compared(stylegan2, replace(edit, regions=edit.regions))
    check(each[2:], 2)


@pytest.mark.slow
def test_the_built_in_network_is_dragged_far_away_as_on_the_cpu(generator):
    networks = generator, far.moved(generator)
    edit = new_edit(generator, seed=14, settings=Settings(max_steps=3))
    edit = edit.place([PointPair((406, 763), (378, 741))])
    _, each = compared(networks, edit)
    check(each[2:], 2)
    same(render_edit(networks[1], edit), render_edit(generator, edit), 1.5 / 255)


# ---- and each fault is found -------------------------------------------------------------------
def test_what_crosses_is_noted():
    x = far.moved(torch.nn.Linear(2, 2)).weight.detach()
    for kind, cross in {
        "up": lambda: torch.tensor([1.0], device=x.device),
        "up, too": lambda: x[torch.tensor([0])],
        "down": x.cpu,
        "wait": lambda: x[0, 0].item(),
        "wait, a choice": lambda: bool(x[0, 0] > 0),
        "wait, a list": x.tolist,
        "wait, as many as there are": lambda: x[x > 0],
        "wait, a check": lambda: torch.linalg.inv(x),
    }.items():
        with far.crossings() as crossed:
            cross()
        assert kind.split(",")[0] in [crossing.kind for crossing in crossed], kind
    with far.crossings() as crossed, pytest.raises(RuntimeError, match="same device"):
        x + torch.ones(2)
    with far.crossings() as crossed:
        (torch.eye(2, device=x.device) @ x).double()[torch.arange(1, device=x.device)].sum()
    assert not crossed


def test_a_constant_on_the_cpu_is_found(stylegan2, monkeypatch):
    monkeypatch.setattr(patches, "constant", lambda values, device: torch.tensor(values).float())
    with pytest.raises(RuntimeError, match="same device"):
        crossings_of(stylegan2[1], edit_of(stylegan2))


def test_a_constant_that_is_made_at_each_call_is_found(stylegan2, monkeypatch):
    monkeypatch.setattr(features, "constant", features.constant.__wrapped__)
    each = crossings_of(stylegan2[1], edit_of(stylegan2))
    with pytest.raises(AssertionError):
        check(each[2:], MOST)


def test_a_number_that_a_step_waits_for_is_found(stylegan2, monkeypatch):
    real = gauss_newton.handle_motion

    def planted(part, *given):
        part.features[0, 0, 0, 0].item()
        return real(part, *given)

    monkeypatch.setattr(gauss_newton, "handle_motion", planted)
    each = crossings_of(stylegan2[1], edit_of(stylegan2))
    with pytest.raises(AssertionError):
        check(each[2:], MOST)
