"""Every generator is what `networks.generator` says, those that tests make up among them."""

import inspect

import pytest
import torch

from networks.generator import Generator, Previewing
from networks.tuning import tuned
from tests.checkpoint_files import generator_in, random_state, write_nvidia
from tests.conftest import PlainShiftGenerator, ShiftGenerator
from tests.stylegan3_files import random_stylegan3
from tests.tunings import random_tuning

FACTS = {
    name: part.fget.__annotations__["return"]
    for name, part in vars(Generator).items()
    if isinstance(part, property)
}
METHODS = [
    name
    for name, part in vars(Generator).items()
    if inspect.isfunction(part) and not name.startswith("_")
]


@pytest.fixture(scope="module")
def stylegan2(tmp_path_factory):
    """A small StyleGAN2."""
    path = tmp_path_factory.mktemp("network") / "net.pkl"
    write_nvidia(path, random_state(resolution=64), layout="G_ema")
    return generator_in(path)


@pytest.fixture(scope="module")
def stylegan3(tmp_path_factory):
    """A small StyleGAN3."""
    path = tmp_path_factory.mktemp("network") / "net.pkl"
    write_nvidia(path, random_stylegan3(), layout="G_ema")
    return generator_in(path)


NETWORKS = "generator", "stylegan2", "stylegan3"  # by the names of their fixtures


@pytest.fixture(params=[*NETWORKS, *(f"tuned {name}" for name in NETWORKS), "toy", "plain toy"])
def each(request):
    if "toy" in request.param:
        return ShiftGenerator() if request.param == "toy" else PlainShiftGenerator()
    name = request.param.removeprefix("tuned ")
    network = request.getfixturevalue(name)
    return tuned(network, random_tuning(network)) if "tuned" in request.param else network


def parameters(function):
    return {
        name: (part.kind, part.default)
        for name, part in inspect.signature(function).parameters.items()
        if name != "self"
    }


def test_the_protocol_is_read_as_it_is_written():
    assert {"z_dim", "num_ws", "w_avg", "img_size", "has_encoder"} <= FACTS.keys()
    assert METHODS == ["mapping", "features", "image"]


def test_it_has_all_that_a_generator_has(each):
    for name, kind in FACTS.items():
        assert isinstance(getattr(each, name), getattr(kind, "__origin__", kind)), name
    for name in METHODS:
        asked, offered = parameters(getattr(Generator, name)), parameters(getattr(each, name))
        assert list(offered)[: len(asked)] == list(asked), name  # others may follow, with defaults
        for part, (_, default) in offered.items():
            unlike = part in asked and default != asked[part][1]
            assert not unlike, f"{name}({part})"
            assert part in asked or default is not inspect.Parameter.empty, f"{name}({part})"


@torch.no_grad()
def test_its_tensors_have_the_shapes_that_are_said(each):
    z = torch.randn(1, each.z_dim, generator=torch.Generator().manual_seed(0))
    ws = each.mapping(z, 0.7)
    assert ws.shape == (1, each.num_ws, each.w_dim)
    assert each.w_avg.shape == (each.w_dim,)
    assert torch.allclose(each.mapping(z, 0.0)[0], each.w_avg.expand(each.num_ws, -1), atol=1e-6)
    features = each.features(ws)
    _, channels, height, width = features.shape
    rows, columns = slice(height // 4, height // 2), slice(width // 2, width)
    part = each.features(ws, window=(rows, columns), moving=6)
    assert torch.allclose(part, features[..., rows, columns], atol=1e-3)
    assert part.shape[1] == channels
    image = each.image(ws, features)
    assert image.shape == (1, 3, *each.img_size)
    assert max(each.img_size) == each.img_resolution
    if isinstance(each, Previewing):
        preview = each.preview(ws, features)
        assert preview.shape[:2] == (1, 3)
        assert preview.shape[3] < image.shape[3]


def test_the_built_in_generator_has_previews_and_others_need_not(generator, stylegan2, stylegan3):
    assert isinstance(generator, Previewing)
    assert isinstance(tuned(generator, random_tuning(generator)), Previewing)
    assert not isinstance(stylegan2, Previewing)
    assert not isinstance(stylegan3, Previewing)
    assert isinstance(ShiftGenerator(), Previewing)
    assert not isinstance(PlainShiftGenerator(), Previewing)
