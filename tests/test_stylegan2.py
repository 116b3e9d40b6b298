"""StyleGAN2, beside the step by step network of tests/reference/stylegan2.py."""

import pytest
import torch

from tests.checkpoint_files import generator_in, random_state, write_nvidia
from tests.reference.stylegan2 import mapping, relative_error, synthesis
from tests.torch_files import write_torch

NETWORKS = {
    "skip": {"kind": "skip"},
    "resnet": {"kind": "resnet"},
    "orig": {"kind": "orig"},
    "with classes": {"c_dim": 3},
    "twice as high as wide": {"sides": (4, 2), "resolution": 128},
    "without noise": {"noise": False},
    "64 px": {"resolution": 64, "kind": "resnet"},
    "wider than high, latents of many sizes": {"sides": (2, 4), "z_dim": 16, "w_dim": 32},
}


def generator_of(state, path, **attributes):
    write_nvidia(path, state, layout="G_ema", **attributes)
    return generator_in(path)


@pytest.mark.parametrize("shape", NETWORKS.values(), ids=NETWORKS)
@pytest.mark.parametrize("clamp", [None, 1.5])
@torch.no_grad()
def test_pictures_features_and_latents_are_those_of_the_definition(shape, clamp, tmp_path):
    state = random_state(**shape)
    generator = generator_of(state, tmp_path / "net.pkl", conv_clamp=clamp)
    z = torch.randn(2, generator.z_dim, generator=torch.Generator().manual_seed(1))
    c = torch.eye(3)[:2] if generator.c_dim else None
    for psi, cutoff in ((1, None), (0.7, None), (0.5, 3)):
        wanted = mapping(state, z, psi, cutoff, c, num_ws=generator.num_ws)
        ws = generator.mapping(z, psi, cutoff, c)
        assert (ws - wanted).abs().max() < 1e-5
    image, maps = synthesis(state, ws, clamp)
    assert generator.img_size == tuple(image.shape[2:])
    assert relative_error(generator.image(ws), image) < 1e-4
    assert relative_error(generator.image(ws[:1]), image[:1]) < 1e-4  # a way of its own
    features = maps[min(128, max(maps))]
    assert relative_error(generator.features(ws), features) < 1e-4
    assert relative_error(generator.image(ws, generator.features(ws)), image) < 1e-4


@pytest.mark.parametrize(
    "shape",
    [
        {"resolution": 128},
        {"resolution": 256, "sides": (4, 2)},
        {"resolution": 64, "kind": "resnet"},
    ],
)
@torch.no_grad()
def test_a_window_of_features_is_cut_from_the_whole_map(shape, tmp_path):
    generator = generator_of(random_state(**shape), tmp_path / "net.pkl")
    ws = generator.mapping(torch.randn(1, generator.z_dim))
    whole = generator.features(ws)
    height, width = whole.shape[2:]
    for rows, columns in [
        ((0, 5), (0, width)),
        ((7, 20), (9, 18)),
        ((31, 32), (15, 16)),
        ((height - 6, height), (width - 3, width)),
        ((0, height), (0, width)),
    ]:
        window = slice(*rows), slice(*columns)
        part = generator.features(ws, window=window)
        assert relative_error(part, whole[(..., *window)]) < 1e-4


def test_gradients_of_the_latents_are_those_of_the_definition(tmp_path):
    """Also where only the first entries move, and for a network that scales weights elsewhere."""
    state = random_state(resolution=64, kind="resnet")
    generator = generator_of(state, tmp_path / "net.pkl")
    ws = generator.mapping(torch.randn(1, generator.z_dim)).requires_grad_()
    _, maps = synthesis(state, ws)
    pattern = torch.randn_like(maps[64])
    (wanted,) = torch.autograd.grad((maps[64] * pattern).sum(), [ws])
    (found,) = torch.autograd.grad((generator.features(ws) * pattern).sum(), [ws])
    assert relative_error(found, wanted) < 1e-4
    (found,) = torch.autograd.grad((generator.features(ws, moving=6) * pattern).sum(), [ws])
    assert relative_error(found[:, :6], wanted[:, :6]) < 1e-4
    assert not found[:, 6:].any()


@torch.no_grad()
def test_half_precision_is_for_pictures_and_only_where_a_file_says_so(tmp_path):
    """On CUDA; here the same blocks are made to run in it on the CPU."""
    generator = generator_of(random_state(resolution=256), tmp_path / "net.pkl", fp16=True)
    ws = generator.mapping(torch.randn(1, generator.z_dim), 0.7)
    full, features = generator.image(ws), generator.features(ws)
    generator.half_devices = ("cpu",)
    half = generator.image(ws)
    assert half.dtype == torch.float32
    assert 1e-6 < relative_error(half, full) < 0.02
    assert torch.equal(generator.features(ws), features)
    generator.half_resolutions = ()
    assert torch.equal(generator.image(ws), full)


@torch.no_grad()
def test_what_old_files_lack_is_made_up_the_same_each_time(tmp_path):
    state = {
        name: values
        for name, values in random_state().items()
        if name != "mapping.w_avg" and not name.endswith("noise_const")
    }
    write_torch(tmp_path / "net.pth", state)
    first, second = (generator_in(tmp_path / "net.pth") for _ in range(2))
    z = torch.randn(1, first.z_dim)
    assert torch.equal(first.image(first.mapping(z, 0.5)), second.image(second.mapping(z, 0.5)))
    many = first.mapping(torch.randn(20_000, first.z_dim))[:, 0]
    spread = many.std(0).mean()
    assert (many.mean(0) - first.w_avg).abs().max() < 0.05 * spread
    assert first.blocks[0].conv1.noise.std() > 0.05
