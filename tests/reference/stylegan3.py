"""StyleGAN3 as its paper defines it (arXiv 2106.12423), step by step and without any shortcut.

Slow on purpose: `networks.stylegan3` folds, crops and splits, and must give the same.
"""

import math
import re

import torch
import torch.nn.functional as F

from tests.reference.stylegan2 import dense


def layers_of(state):
    """The names of the layers, ToRGB last."""
    found = {
        match[1] for name in state if (match := re.match(r"synthesis\.(L\d+_\d+_\d+)\.", name))
    }
    return sorted(found, key=lambda name: int(name[1:].split("_")[0]))


def waves(state, w, side, rate, bandwidth=2.0):
    """The input (N, C, side, side)."""
    name, maps = "synthesis.input", []
    for c, s, tx, ty in dense(state, f"{name}.affine", w):
        norm = torch.sqrt(c * c + s * s)
        c, s, shift = c / norm, s / norm, torch.stack([tx, ty]) / norm
        turn, own = (
            torch.stack([torch.stack([c, -s]), torch.stack([s, c])]),
            state[f"{name}.transform"],
        )
        cells = (torch.arange(side) + 0.5 - side / 2) / rate
        y, x = torch.meshgrid(cells, cells, indexing="ij")
        place = torch.stack([x, y, torch.ones_like(x)], -1) @ own[:2].T  # U (u, 1)
        place = (place - shift) @ turn.T
        angle = place @ state[f"{name}.freqs"].T + state[f"{name}.phases"]
        length = (state[f"{name}.freqs"] @ turn @ own[:2, :2]).norm(dim=1)
        damping = (1 - (length - bandwidth) / (rate / 2 - bandwidth)).clamp(0, 1)
        weight = state[f"{name}.weight"] / math.sqrt(len(length))
        maps.append(weight @ (damping * torch.sin(2 * math.pi * angle)).permute(2, 0, 1).flatten(1))
    return torch.stack(maps).unflatten(2, (side, side))


def filtered(x, kernel, along=None):
    """Valid, every channel by itself; along: 2 or 3 for a filter of one dimension."""
    shape = {None: kernel.shape, 2: (-1, 1), 3: (1, -1)}[along]
    y = F.conv2d(x.flatten(0, 1)[:, None], kernel.reshape(1, 1, *shape))
    return y[:, 0].unflatten(0, x.shape[:2])


def layer(state, name, x, w, up, down, side, clamp):
    """A layer's map (N, C, side, side)."""
    name, rgb = f"synthesis.{name}", up is None
    weight, outs = state[f"{name}.weight"], []
    kernel = weight.shape[2]
    styles = dense(state, f"{name}.affine", w)
    if rgb:
        styles = styles / math.sqrt(weight.shape[1])
    else:
        weight = weight / weight.square().mean((1, 2, 3), keepdim=True).sqrt()
    for sample, style in zip(x, styles, strict=True):
        own = weight * style[None, :, None, None]
        if not rgb:
            own = own / torch.sqrt(own.square().sum((1, 2, 3), keepdim=True) + 1e-8)
        own = own / torch.sqrt(state[f"{name}.magnitude_ema"])
        outs.append(F.conv2d(sample[None], own, padding=kernel - 1))
    y = torch.cat(outs) + state[f"{name}.bias"][:, None, None]
    slope, gain = (1, 1) if rgb else (0.2, math.sqrt(2))
    if not rgb:
        n = y.shape[2]
        stuffed = y.new_zeros(*y.shape[:2], n * up, n * up)
        stuffed[:, :, ::up, ::up] = y
        total = (side - 1) * down + 1 - n * up + 6 * up + 6 * down - 2
        low = (total + up) // 2
        y = F.pad(stuffed, (low, total - low) * 2)
        for along in (2, 3):
            y = filtered(y, state[f"{name}.up_filter"], along) * up
    y = F.leaky_relu(y, slope) * gain
    y = y if clamp is None else y.clamp(-clamp, clamp)
    if not rgb:
        kernel = state[f"{name}.down_filter"]
        for along in (2, 3) if kernel.ndim == 1 else (None,):
            y = filtered(y, kernel, along)
        y = y[:, :, ::down, ::down]
    return y


def synthesis(state, ws, clamp=256.0, scale=0.25, end=None):
    """The picture (N, 3, H, W), and the map of each layer; only so many
    first ones, and no picture, where there is an end."""
    names = layers_of(state)
    sides = [int(name.split("_")[1]) for name in names]
    margin = (sides[-3] - sides[-1]) // 2
    rates = [side - 2 * margin for side in sides[:-2]] + sides[-2:]
    x, maps = waves(state, ws[:, 0], sides[0], rates[0]), []
    for i, name in enumerate(names[:end]):
        before, up, down = rates[max(i - 1, 0)], None, None
        if i < len(names) - 1:
            finer = 2 * max(before, rates[i])
            up, down = finer // before, finer // rates[i]
        x = layer(state, name, x, ws[:, i + 1], up, down, sides[i], clamp)
        assert x.shape[2] == sides[i]
        maps.append(x)
    return x * scale, maps
