"""StyleGAN3, beside the step by step network of tests/reference/stylegan3.py."""

import pytest
import torch

from networks import resampling
from networks.blocks import entries_of
from networks.tuning import fresh_tuning, tuned
from tests.checkpoint_files import generator_in, write_nvidia
from tests.reference.stylegan2 import mapping, relative_error
from tests.reference.stylegan3 import synthesis
from tests.stylegan3_files import random_stylegan3

TURNED = torch.tensor([[0.9, 0.5, 0.1], [-0.4, 1.2, -0.2], [0.0, 0.0, 1.0]])
# What each is like, and what its file records: limits of layers, scale of the picture.
NETWORKS = {
    "T": ({}, 256.0, 0.25),
    "R": ({"radial": True}, None, 0.25),
    "R of 128 px, limited": ({"resolution": 128, "radial": True, "width": 4}, 1.0, 0.25),
    "T with classes, limited": ({"c_dim": 3}, 1.0, 0.25),
    "T of 32 px, other margins": ({"resolution": 32, "critical": 3, "margin": 8}, 256.0, 0.5),
}


def generator_of(state, path, **attributes):
    write_nvidia(path, state, layout="G_ema", **attributes)
    return generator_in(path)


def random_ws(generator, count=1):
    z = torch.randn(count, generator.z_dim, generator=torch.Generator().manual_seed(1))
    return generator.mapping(z)


@pytest.mark.parametrize(("shape", "clamp", "scale"), NETWORKS.values(), ids=NETWORKS)
@torch.no_grad()
def test_pictures_features_and_latents_are_those_of_the_definition(shape, clamp, scale, tmp_path):
    state = random_stylegan3(**shape)
    if clamp == 1.0:
        state["synthesis.input.transform"] = TURNED
    generator = generator_of(state, tmp_path / "net.pkl", conv_clamp=clamp, output_scale=scale)
    z = torch.randn(2, generator.z_dim, generator=torch.Generator().manual_seed(1))
    c = torch.eye(3)[:2] if generator.c_dim else None
    for psi, cutoff in ((1, None), (0.7, None), (0.5, 3)):
        wanted = mapping(state, z, psi, cutoff, c, num_ws=16)
        ws = generator.mapping(z, psi, cutoff, c)
        assert (ws - wanted).abs().max() < 1e-5
    image, maps = synthesis(state, ws, clamp, scale)
    assert relative_error(generator.image(ws), image) < 5e-5
    assert relative_error(generator.image(ws[:1]), image[:1]) < 5e-5  # a way of its own
    side, cells = image.shape[2], generator.sides[generator.feature_block][0]
    assert cells == max(32, side // 2)
    margin = (maps[generator.feature_block].shape[2] - cells) // 2
    assert margin == shape.get("margin", 10)
    features = maps[generator.feature_block][:, :, margin:-margin, margin:-margin]
    assert relative_error(generator.features(ws), features) < 1e-4
    assert relative_error(generator.features(ws[:1]), features[:1]) < 1e-4


@pytest.fixture(scope="module", params=[False, True], ids=["T", "R"])
def either(request, tmp_path_factory):
    """A network of each configuration, and its weights."""
    state = random_stylegan3(128, request.param)
    return generator_of(state, tmp_path_factory.mktemp("network") / "net.pkl"), state


@torch.no_grad()
def test_a_window_of_features_is_cut_from_the_whole_map(either):
    generator, _ = either
    ws = random_ws(generator)
    whole = generator.features(ws)
    for rows, columns in [((0, 5), (0, 64)), ((7, 20), (9, 18)), ((31, 32), (63, 64))]:
        window = slice(*rows), slice(*columns)
        part = generator.features(ws, window=window)
        assert relative_error(part, whole[(..., *window)]) < 1e-4


@torch.no_grad()
def test_what_a_window_needs_of_each_layer_is_a_part_of_the_map(either):
    """And it is enough: the layer gives from it what it gives from the whole map."""
    generator, _ = either
    entries, x = entries_of(random_ws(generator)), None
    for i, layer in enumerate(generator.sizes):
        window = slice(layer.side // 3, layer.side // 3 + 4), slice(0, 3)
        taken, given = generator.needs(i, window)
        part = generator.block(i, x and x.crop((slice(None),) * 2, taken), entries, given)
        assert taken[0].stop - taken[0].start < layer.side_before
        x = generator.block(i, x, entries)
        assert relative_error(part.features, x.features[(..., *window)]) < 1e-4


def test_gradients_of_the_latents_are_those_of_the_definition(either, monkeypatch):
    """Also where only the first entries move, some channels are worked out at a time, or values
    are clamped."""
    generator, state = either
    ws = random_ws(generator).requires_grad_()
    inside = slice(10, 74), slice(10, 74)
    for clamp, cells in ((256.0, 2**22), (1.0, 50_000)):
        monkeypatch.setattr(resampling, "CELLS", cells)
        monkeypatch.setattr(resampling, "CHANNELS", 3)
        for layer in generator.blocks:
            monkeypatch.setattr(layer, "clamp", clamp)
        end = generator.feature_block + 1
        wanted = synthesis(state, ws, clamp, end=end)[1][-1][(..., *inside)]
        pattern = torch.randn_like(wanted)
        (wanted,) = torch.autograd.grad((wanted * pattern).sum(), [ws])
        (found,) = torch.autograd.grad((generator.features(ws) * pattern).sum(), [ws])
        assert relative_error(found, wanted) < 1e-3
        features = generator.features(ws, moving=6)
        (found,) = torch.autograd.grad((features * pattern).sum(), [ws])
        assert relative_error(found[:, :6], wanted[:, :6]) < 1e-3
        assert not found[:, 6:].any()


@pytest.mark.slow
def test_gradients_of_a_picture_are_those_of_the_definition_and_keep_little(tmp_path):
    """What is fitted to a photo needs them, of latents and of changed weights."""
    state = random_stylegan3(64, radial=True)
    generator = generator_of(state, tmp_path / "net.pkl")
    ws = random_ws(generator).requires_grad_()
    picture = synthesis(state, ws)[0]
    pattern = torch.randn_like(picture)
    (wanted,) = torch.autograd.grad((picture * pattern).sum(), [ws])
    tuning = {name: v.requires_grad_() for name, v in fresh_tuning(generator).items()}
    view, kept = tuned(generator, tuning), {}
    for work in (view.features, view.image):
        sizes = kept[work] = []
        with torch.autograd.graph.saved_tensors_hooks(
            lambda tensor, sizes=sizes: sizes.append(tensor.nbytes) or tensor, lambda tensor: tensor
        ):
            result = work(ws)
    found, *changes = torch.autograd.grad((result * pattern).sum(), [ws, *tuning.values()])
    assert relative_error(found, wanted) < 1e-3
    assert all(v.any() for name, v in zip(tuning, changes, strict=True) if "down" not in name)
    assert sum(kept[view.image]) < 4 * sum(kept[view.features])  # 7 times, were all kept


@torch.no_grad()
def test_few_channels_and_rows_at_a_time_give_the_same_picture(either, monkeypatch):
    generator, _ = either
    ws = random_ws(generator)
    whole, most = generator.image(ws), []
    plain = resampling.Filters._down
    monkeypatch.setattr(resampling, "CELLS", 50_000)
    monkeypatch.setattr(resampling, "CHANNELS", 2)
    monkeypatch.setattr(
        resampling.Filters, "_down", lambda self, x: most.append(x.numel()) or plain(self, x)
    )
    assert relative_error(generator.image(ws), whole) < 1e-5
    assert len(most) > 5 * len(generator.blocks)
    assert max(most) <= 50_000


@torch.no_grad()
def test_features_lie_where_the_picture_shows_them(either):
    """A shift of the input by a sixteenth of the picture moves features and picture by so much: so
    both have the same centre and scale, which the margin around the map would spoil."""
    generator, _ = either
    ws = random_ws(generator)
    before = generator.features(ws), generator.image(ws)
    generator.input.transform[:2, 2] = torch.tensor([1 / 16, -1 / 8])
    after = generator.features(ws), generator.image(ws)
    generator.input.transform[:2, 2] = 0
    for still, moved in zip(before, after, strict=True):
        cells = still.shape[2] // 16
        inner, size = slice(4 * cells, -4 * cells), still.shape[2]
        there = still[:, :, 2 * cells : size - 6 * cells, 5 * cells : size - 3 * cells]
        off = (moved[:, :, inner, inner] - there).std()
        assert off < 0.03 * (moved - still)[:, :, inner, inner].std()
