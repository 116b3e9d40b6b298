"""Small StyleGAN3 networks by NVIDIA's names, in which every weight matters, and their filters."""

import numpy as np
import torch

MARGIN, TAPS = 10, 6


def kaiser(taps, width, rate):
    """The window for a transition band of this half-width."""
    a = 2.285 * (taps - 1) * np.pi * 2 * width / (rate / 2) + 7.95
    beta = 0.5842 * (a - 21) ** 0.4 + 0.07886 * (a - 21) if 21 < a <= 50 else 0.1102 * (a - 8.7)
    return np.kaiser(taps, beta if a > 21 else 0)


def bessel(x):
    """J1, by its integral."""
    t = (np.arange(400) + 0.5) * np.pi / 400
    return np.cos(t - x[..., None] * np.sin(t)).mean(-1)


def low_pass(taps, cutoff, width, rate, radial=False):
    """A filter of sum 1, (taps,) or (taps, taps)."""
    x, window = np.arange(taps) - (taps - 1) / 2, kaiser(taps, width, rate)
    kernel = np.sinc(2 * cutoff * x / rate) * window
    if radial:
        r = np.hypot(x, x[:, None]) / rate
        kernel = bessel(2 * np.pi * cutoff * r) / (np.pi * r) * np.outer(window, window)
    return torch.from_numpy(kernel / kernel.sum()).float()


def geometry(resolution, layers=14, critical=2, margin=MARGIN):
    """Of each layer and of ToRGB: (rate, side, cutoff, half-width of the transition band)."""
    rows = []
    for i in range(layers + 1):
        t = min(i / (layers - critical), 1)
        cutoff = 2 * (resolution / 4) ** t
        stop = 2**2.1 * (resolution / 2 * 2**0.3 / 2**2.1) ** t
        rate = 2 ** int(np.ceil(np.log2(min(2 * stop, resolution))))
        side = resolution if i >= layers - 1 else rate + 2 * margin
        rows.append((rate, side, cutoff, max(stop, rate / 2) - cutoff))
    return rows


def channels(radial, width, rate, side, cutoff, _):
    """Of a layer."""
    if width is None:
        return (1 + radial) * round(min(16384 / cutoff, 512))
    return width if rate < 64 else width - 2


def random_stylegan3(
    resolution=64,
    radial=False,
    c_dim=0,
    w_dim=24,
    layers=14,
    critical=2,
    margin=MARGIN,
    width=12,
    seed=0,
) -> dict[str, torch.Tensor]:
    """A network by NVIDIA's names.

    radial: config R, else T.   critical: layers at the end that are sampled critically.   width:
    channels of the coarse layers; the others have two fewer. None: as many as NVIDIA's have.
    """
    random = np.random.RandomState(seed)

    def tensor(*shape):
        return torch.from_numpy(np.asarray(random.randn(*shape))).float()

    state = {}

    def dense(name, before, after, scale=1.0, shift=0.0):
        state[f"{name}.weight"] = scale * tensor(after, before)
        state[f"{name}.bias"] = shift + 0.3 * scale * tensor(after)

    embed = w_dim if c_dim else 0
    if c_dim:
        dense("mapping.embed", c_dim, embed)
    dense("mapping.fc0", w_dim + embed, w_dim, scale=100)
    dense("mapping.fc1", w_dim, w_dim, scale=100)
    state["mapping.w_avg"] = 0.3 * tensor(w_dim)
    rows = geometry(resolution, layers, critical, margin)
    before, name = channels(radial, width, *rows[0]), "synthesis.input"
    dense(f"{name}.affine", w_dim, 4, scale=0.2)
    state[f"{name}.affine.bias"] = torch.tensor([1.0, 0.1, 0.2, -0.1])
    freqs = tensor(before, 2)
    length = torch.linspace(0.5, 2, before)[:, None]
    state[f"{name}.freqs"] = length * freqs / freqs.norm(dim=1, keepdim=True)
    state[f"{name}.phases"] = tensor(before)
    state[f"{name}.transform"] = torch.eye(3)
    state[f"{name}.weight"] = tensor(before, before)
    for i, (rate, side, *band) in enumerate(rows):
        rate_before, _, *band_before = rows[max(i - 1, 0)]
        last = i == layers
        after, kernel = channels(radial, width, rate, side, *band), 1 if radial else 3
        if last:
            after, kernel = 3, 1
        name = f"synthesis.L{i}_{side}_{after}"
        dense(f"{name}.affine", w_dim, before, scale=0.5, shift=1)
        state[f"{name}.weight"] = tensor(after, before, kernel, kernel)
        state[f"{name}.bias"] = 0.3 * tensor(after)
        state[f"{name}.magnitude_ema"] = 0.7 + 0.2 * tensor().abs()
        if not last:
            dense_rate = 2 * max(rate, rate_before)
            up, down = TAPS * dense_rate // rate_before, TAPS * dense_rate // rate
            round_ = radial and i < layers - critical
            state[f"{name}.up_filter"] = low_pass(up, *band_before, dense_rate)
            state[f"{name}.down_filter"] = low_pass(down, *band, dense_rate, round_)
        before = after
    return state
