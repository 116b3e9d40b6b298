"""A generator's weights changed for one picture, beside the sums that define it."""

import pickle

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from safetensors.numpy import save

from drag.latents import whitened_space
from drag.preview import LiveView
from networks.tuning import (
    FRESH_BYTES,
    MAX_BYTES,
    Tuning,
    check_tuning,
    fresh_tuning,
    from_bytes,
    to_bytes,
    tuned,
    untuned,
)
from tests.checkpoint_files import generator_in, random_state, write_nvidia
from tests.reference.stylegan2 import relative_error
from tests.stylegan3_files import random_stylegan3
from tests.tunings import meta_stylegan2, random_tensors, random_tuning


@pytest.fixture(scope="module")
def stylegan2(tmp_path_factory):
    """A small StyleGAN2, with windows, without shortcuts, and clamped."""
    path = tmp_path_factory.mktemp("network") / "net.pkl"
    write_nvidia(path, random_state(resolution=64), layout="G_ema", conv_clamp=256)
    return generator_in(path)


@pytest.fixture(scope="module")
def stylegan3(tmp_path_factory):
    """A small StyleGAN3."""
    path = tmp_path_factory.mktemp("network") / "net.pkl"
    write_nvidia(path, random_stylegan3(), layout="G_ema", conv_clamp=256)
    return generator_in(path)


@pytest.fixture(params=[pytest.param("builtin", marks=pytest.mark.slow), "stylegan2", "stylegan3"])
def network(request):
    return request.getfixturevalue("generator" if request.param == "builtin" else request.param)


def latents(network, count=1):
    z = torch.randn(count, network.z_dim, generator=torch.Generator().manual_seed(2))
    return network.mapping(z, 0.7)


@torch.no_grad()
def test_a_fresh_tuning_changes_nothing_and_another_does(network):
    ws = latents(network)
    before = network.image(ws)
    assert torch.equal(tuned(network, fresh_tuning(network)).image(ws), before)
    view = tuned(network, random_tuning(network))
    after = view.image(ws)
    assert (after - before).abs().mean() > 0.02
    assert torch.equal(view.image(ws, view.features(ws)), after)
    assert torch.equal(network.image(ws), before)  # the generator itself stays


@torch.no_grad()
def test_a_picture_alone_is_that_of_a_picture_among_others(network):
    """One has a way of its own through the layers."""
    view, ws = tuned(network, random_tuning(network)), latents(network, 2)
    both, alone = view.features(ws), view.features(ws[1:])
    assert relative_error(alone, both[1:]) < 1e-3


@torch.no_grad()
def test_a_window_of_tuned_features_is_cut_from_the_whole_map(network):
    view, ws = tuned(network, random_tuning(network)), latents(network)
    whole = view.features(ws)
    for window in ((slice(7, 20), slice(9, 18)), (slice(0, 5), slice(25, 32))):
        assert relative_error(view.features(ws, window=window), whole[(..., *window)]) < 1e-3


def test_gradients_reach_all_that_is_fitted(network):
    wanted = {name: tensor.requires_grad_() for name, tensor in random_tensors(network).items()}
    ws = latents(network).requires_grad_()
    tuned(network, wanted).image(ws).square().mean().backward()
    assert ws.grad.any()
    assert [name for name, tensor in wanted.items() if tensor.grad is None] == []
    assert [name for name, tensor in wanted.items() if not tensor.grad.any()] == []
    assert not any(parameter.requires_grad for parameter in network.parameters())


def test_gradients_are_those_of_differences(stylegan2):
    tensors = {name: tensor.requires_grad_() for name, tensor in random_tensors(stylegan2).items()}
    ws = latents(stylegan2)
    name = "blocks.2.conv0.down"
    loss = tuned(stylegan2, tensors).image(ws).square().mean()
    (found,) = torch.autograd.grad(loss, [tensors[name]])
    step = found / found.norm()
    with torch.no_grad():
        ends = [
            tuned(stylegan2, tensors | {name: tensors[name] + 1e-2 * sign * step})
            .image(ws)
            .double()
            .square()
            .mean()
            .item()
            for sign in (-1, 1)
        ]
    assert (ends[1] - ends[0]) / 2e-2 == pytest.approx(found.norm().item(), rel=0.05)


def test_no_weight_is_copied_and_a_view_is_of_the_generator_itself(network):
    tuning, ours = random_tuning(network), network.state_dict()
    view = tuned(network, tuning)
    assert {name: each.data_ptr() for name, each in view.state_dict().items()} == {
        name: each.data_ptr() for name, each in ours.items()
    }
    assert tuned(network, None) is tuned(view, None) is untuned(view) is untuned(network) is network
    assert tuned(view, tuning) is view
    other = tuned(view, random_tuning(network, seed=5))
    assert untuned(other) is network
    assert view.w_avg is network.w_avg
    assert len(list(view.modules())) == len(list(network.modules()))
    assert whitened_space(view) is whitened_space(network)


@pytest.mark.parametrize("up", [False, True])
@torch.no_grad()
def test_a_modulated_convolution_is_demodulated_by_its_own_weights(stylegan2, up):
    name = f"blocks.2.conv{0 if up else 1}"
    tensors = random_tensors(stylegan2, 0.3)
    layer, view = (each.get_submodule(name) for each in (stylegan2, tuned(stylegan2, tensors)))
    x, w = torch.randn(2, layer.weight.shape[1], 8, 8), torch.randn(2, stylegan2.w_dim)
    style = layer.affine(w)
    scaled = x * style[:, :, None, None]
    added = layer._convolve(scaled, tensors[f"{name}.down"])
    y = layer._convolve(scaled, layer.weight) + torch.einsum(
        "or,nrhw->nohw", tensors[f"{name}.up"], added
    )
    y = y * torch.rsqrt(style.square() @ layer.power.T + 1e-8)[:, :, None, None] * layer.scale
    window = tuple(slice(0, side) for side in y.shape[2:])
    wanted = F.leaky_relu(
        y + layer.noise[window] + (layer.bias + tensors[f"{name}.bias"])[:, None, None], 0.2
    ).clamp(-layer.clamp, layer.clamp)
    assert relative_error(view(x, w, window), wanted) < 1e-4
    assert relative_error(view(x[:1], w[:1], window), wanted[:1]) < 1e-4


@torch.no_grad()
def test_a_separable_convolution_is_the_sum_that_defines_it(generator):
    name, tensors = "blocks.1.conv2", random_tensors(generator, 0.3)
    layer, view = (each.get_submodule(name) for each in (generator, tuned(generator, tensors)))
    x, w = torch.randn(2, 512, 16, 16), torch.randn(2, 512)
    y = x * (layer.modulation(w) / (9 * 512) ** 0.5)[:, :, None, None]
    y = F.conv2d(y, layer.depthwise + tensors[f"{name}.depthwise"], padding=1, groups=512)
    added = F.conv2d(y, tensors[f"{name}.down"][:, :, None, None])
    y = F.conv2d(y, layer.pointwise) + F.conv2d(added, tensors[f"{name}.up"][:, :, None, None])
    y = y + layer.noise + (layer.bias + tensors[f"{name}.bias"])[:, None, None]
    assert relative_error(view(x, w), F.leaky_relu(y, 0.2)) < 1e-4


@torch.no_grad()
def test_live_pictures_are_tuned(network):
    ws, pictures = latents(network), []
    for each in (network, tuned(network, random_tuning(network))):
        live = LiveView()
        live.generator = each
        live.begin(ws, None)
        pictures += [
            live.base.picture.astype(int),
            live.frame(ws + 0.1, None).picture.astype(int),
        ]
    full, soft, tuned_full, tuned_soft = pictures
    assert np.abs(full - tuned_full).mean() > 2
    assert np.abs(soft - tuned_soft).mean() > 2


def rank_of(tensors):
    return {tensor.shape[1] for name, tensor in tensors.items() if name.endswith(".up")}


def test_it_is_small(generator):
    sizes = {rank: Tuning.from_tensors(fresh_tuning(generator, rank)).nbytes for rank in (2, 4, 8)}
    assert sizes[2] < sizes[4] <= 150_000 < sizes[8] <= FRESH_BYTES
    assert rank_of(fresh_tuning(generator, 4)) == {4}


@pytest.mark.parametrize("base", [16384, 32768])  # channels times side, as NVIDIA's config-e and -f
@pytest.mark.parametrize("side", [256, 512, 1024])
def test_so_is_that_of_a_network_of_full_width(side, base):
    """Rank 3 of a 1024 px one was more than a browser keeps of an edit."""
    network = meta_stylegan2(side, base)
    tensors = fresh_tuning(network)
    assert rank_of(tensors) == {1}
    assert 2 * sum(tensor.numel() for tensor in tensors.values()) <= FRESH_BYTES
    check_tuning(network, Tuning({name: np.zeros(t.shape) for name, t in tensors.items()}))


def test_larger_ones_of_files_still_open():
    network = meta_stylegan2(1024)
    up, down, bias = (f"blocks.3.conv1.{part}" for part in ("up", "down", "bias"))
    large = Tuning({up: np.zeros((512, 38)), down: np.zeros((38, 512, 3, 3)), bias: np.zeros(512)})
    assert FRESH_BYTES < large.nbytes < MAX_BYTES
    check_tuning(network, from_bytes(to_bytes(large)))


def test_a_tuning_is_a_value(stylegan2):
    tuning, other = (random_tuning(stylegan2, seed=seed) for seed in (1, 2))
    for copy in (from_bytes(to_bytes(tuning)), pickle.loads(pickle.dumps(tuning))):
        assert copy.key == tuning.key != other.key
        assert copy.nbytes == tuning.nbytes
        check_tuning(stylegan2, copy)
    array = from_bytes(to_bytes(tuning)).arrays["blocks.1.conv0.up"]
    assert array.dtype == np.float16
    with pytest.raises(ValueError, match="read-only"):
        array[0] = 1
    part = Tuning({"blocks.1.conv0.bias": array[:, 0]})  # what is left out does not change
    check_tuning(stylegan2, part)


def test_a_tuning_that_does_not_fit_is_refused(stylegan2, generator, toy):
    tuning = random_tuning(stylegan2)
    arrays = tuning.arrays
    up, down, bias = (f"blocks.1.conv0.{part}" for part in ("up", "down", "bias"))
    for wrong in (
        {bias: arrays[bias][1:]},
        {"const": arrays[bias]},
        {"": arrays[bias]},
        {"blocks.1.conv0.noise": arrays[bias]},
        {up: arrays[up]},
        {down: arrays[down]},
        {up: arrays[up][:, 0], down: arrays[down]},
        {up: arrays[up][0, 0]},
        {up: arrays[up][:, :0], down: arrays[down][:0]},
        {up: np.zeros((len(arrays[up]), 65)), down: arrays[down]},
        {up: arrays[up][:, :2], down: arrays[down]},
    ):
        for use in (check_tuning, tuned):
            with pytest.raises(ValueError, match="is of another model"):
                use(stylegan2, Tuning(wrong))
    with pytest.raises(ValueError, match="is of another model"):
        tuned(generator, tuning)
    with pytest.raises(ValueError, match="cannot be tuned"):
        tuned(toy, tuning)
    for number in (np.nan, np.inf, -101, 1e9):
        with pytest.raises(ValueError, match="not finite, or far too large"):
            check_tuning(stylegan2, Tuning({bias: np.full(arrays[bias].shape, number)}))


def test_bytes_that_are_no_tuning_are_refused(stylegan2):
    content = to_bytes(random_tuning(stylegan2))
    odd = save({"a": np.zeros(4, np.float32)})
    for length in range(0, len(content), len(content) // 50):
        with pytest.raises(ValueError, match="is damaged"):
            from_bytes(content[:length])
    for wrong in (
        b"",
        b"{}",
        bytes(100),
        content + b"x",
        odd,
        save({}),
        b"\x80\x04N.",
        (1 << 60).to_bytes(8, "little") + content[8:],
    ):
        with pytest.raises(ValueError, match="is damaged"):
            from_bytes(wrong)
    large = {"a": np.zeros(MAX_BYTES, np.float16)}
    for array in (large, {"a": np.full(4, np.nan, np.float16)}):
        with pytest.raises(ValueError, match="not finite, or far too large"):
            from_bytes(save(array))
    random = np.random.RandomState(0)
    for _ in range(300):  # opens or is refused
        spoilt = bytearray(content)
        for place in random.randint(900, size=3):
            spoilt[place] = random.randint(256)
        try:
            check_tuning(stylegan2, from_bytes(bytes(spoilt)))
        except ValueError as error:
            assert str(error).endswith(".")  # noqa: PT017
