"""The built-in generator against its reference, run by the OpenVINO runtime (tests/reference)."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from drag import new_edit
from drag.models.catalogue import CATALOGUE
from drag.preview import fit_colours
from drag.render import render
from networks.mobile_stylegan import MobileStyleGAN, inverse_haar
from tests.reference.make import FILE, SEEDS, STRIDE


@pytest.fixture(scope="module")
def reference():
    with np.load(FILE) as file:
        return dict(file)


@pytest.mark.parametrize("i", range(len(SEEDS)))
def test_it_agrees_with_the_wheels_own_graph(generator, reference, i):
    z = torch.from_numpy(np.random.RandomState(SEEDS[i]).randn(1, 512)).float()
    with torch.no_grad():
        ws = generator.mapping(z)
        w = torch.from_numpy(reference["w"][i])
        image = generator.image(w.repeat(1, generator.num_ws, 1))
    assert (ws - w).abs().max() < 1e-3
    assert np.abs(image[0, :, ::STRIDE, ::STRIDE].numpy() - reference["pixels"][i]).max() < 1e-3


def test_shapes_and_protocol(generator):
    z = torch.randn(2, generator.z_dim, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        ws = generator.mapping(z, 0.7)
        features = generator.features(ws)
        image = generator.image(ws, features)
        assert ws.shape == (2, 16, 512)
        assert features.shape == (2, 256, 128, 128)
        assert image.shape == (2, 3, 1024, 1024)
        assert generator.preview(ws, features).shape == (2, 3, 256, 256)
        torch.testing.assert_close(generator.image(ws[1:])[0], image[1], atol=1e-3, rtol=0)


def test_truncation_zero_is_the_average_face(generator):
    ws = generator.mapping(torch.randn(1, 512), 0.0)
    torch.testing.assert_close(ws[0, 5], generator.w_avg)


def test_the_first_six_entries_reach_32_px_and_the_first_eleven_the_features(generator):
    z = torch.randn(2, 512, generator=torch.Generator().manual_seed(1))
    a, b = generator.mapping(z, 0.7)
    with torch.no_grad():
        mixed = torch.cat([a[:11], b[11:]])[None]
        assert torch.equal(generator.features(mixed), generator.features(a[None]))
        mixed = torch.cat([a[:10], b[10:]])[None]
        assert not torch.equal(generator.features(mixed), generator.features(a[None]))


def test_it_is_frozen(generator):
    assert not any(parameter.requires_grad for parameter in generator.parameters())
    assert not generator.training


def test_previews_resemble_the_pictures(generator):
    z = torch.from_numpy(np.random.RandomState(100).randn(1, 512)).float()
    with torch.no_grad():
        ws = generator.mapping(z, 0.7)
        small = F.interpolate(generator.image(ws), 256, mode="area")
        error = (generator.preview(ws) - small).square().mean() / 4
    assert -10 * error.log10() > 22  # dB


def test_inverse_haar_gives_back_what_a_haar_transform_took_apart():
    picture = torch.randn(1, 2, 6, 8)
    a, b = picture[..., ::2, ::2], picture[..., ::2, 1::2]
    c, d = picture[..., 1::2, ::2], picture[..., 1::2, 1::2]
    bands = [a + b + c + d, a + b - c - d, a - b + c - d, a - b - c + d]
    torch.testing.assert_close(inverse_haar(torch.cat(bands, 1) / 4), picture)


def test_other_weights_are_refused_by_name(generator):
    state = generator.state_dict()
    lacking = {name: state[name] for name in state if name != "mapping_layers.3.bias"}
    with pytest.raises(ValueError, match=r"mapping_layers\.3\.bias"):
        MobileStyleGAN.from_weights(lacking)
    with pytest.raises(ValueError, match="discriminator"):
        MobileStyleGAN.from_weights(state | {"discriminator.weight": torch.zeros(1)})
    with pytest.raises(ValueError, match="not the weights of MobileStyleGAN"):
        MobileStyleGAN.from_weights(state | {"input": torch.zeros(1, 512, 8, 8)})


def test_the_catalogue_pins_what_it_downloads():
    model = CATALOGUE["builtin"].source
    assert "==" in model.requirement
    assert len(model.sha256) == 64


@pytest.mark.parametrize(
    "window",
    [
        (slice(40, 51), slice(70, 82)),
        (slice(0, 3), slice(120, 128)),
        (slice(0, 128), slice(0, 128)),
        (slice(63, 64), slice(1, 128)),
        (slice(125, 128), slice(0, 1)),
    ],
)
def test_features_in_a_window_are_those_of_the_whole_map(generator, window):
    ws = generator.mapping(torch.randn(1, 512), 0.7)
    whole, part = generator.features(ws), generator.features(ws, window=window)
    torch.testing.assert_close(part, whole[(..., *window)], atol=1e-4, rtol=1e-4)


def test_only_the_moving_entries_get_a_gradient_and_it_is_the_same(generator):
    ws = generator.mapping(torch.randn(1, 512), 0.7).requires_grad_()
    window = (slice(30, 36), slice(60, 66))
    (full,) = torch.autograd.grad(generator.features(ws)[(..., *window)].sum(), ws)
    (some,) = torch.autograd.grad(generator.features(ws, window, moving=6).sum(), ws)
    torch.testing.assert_close(some[:, :6], full[:, :6], rtol=1e-3, atol=1e-3 * full.abs().max())
    assert not some[:, 6:].any()
    assert full[:, 6:11].abs().amax((0, 2)).min() > 0


@torch.no_grad()
@pytest.mark.slow
def test_colours_fitted_to_one_picture_show_how_it_changes(generator):
    """What live frames of generators without a preview of their own are made of."""
    start, away = (torch.from_numpy(new_edit(generator, seed=seed).ws)[None] for seed in (14, 15))
    moved = torch.cat([torch.lerp(start[:, :6], away[:, :6], 0.25), start[:, 6:]], 1)
    before, after = (render(generator, ws[0].numpy()).astype(float) for ws in (start, moved))
    features = generator.features(start)
    colours = fit_colours(features, before.astype(np.uint8))
    change = F.conv2d(generator.features(moved) - features, colours[0])
    change = F.interpolate(change, 1024, mode="bilinear")[0].permute(1, 2, 0).numpy()
    shown = (before + 127.5 * change).clip(0, 255)

    def psnr(picture):
        return 10 * np.log10(255**2 / np.square(after - picture).mean())

    assert psnr(before) < 19
    assert psnr(shown) > 27
