"""StyleGAN2 as its paper defines it (arXiv 1912.04958), step by step and without any shortcut.

Slow on purpose: `networks.stylegan2` folds, fuses and crops, and must give the same.
"""

import math

import numpy as np
import torch
import torch.nn.functional as F

from tests.checkpoint_files import FILTER


def dense(state, name, x, lr=1.0):
    """A fully connected layer with equalised learning rate."""
    weight, bias = state[f"{name}.weight"], state[f"{name}.bias"]
    return x @ (weight * lr / math.sqrt(weight.shape[1])).T + bias * lr


def normalise(x):
    return x / torch.sqrt(x.square().mean(1, keepdim=True) + 1e-8)


def mapping(state, z, psi=1.0, cutoff=None, c=None, lr=0.01, num_ws=8):
    """ws (N, num_ws, w_dim) of z (N, z_dim) and labels c."""
    x = normalise(z)
    if "mapping.embed.weight" in state:
        x = torch.cat([x, normalise(dense(state, "mapping.embed", c))], 1)
    for i in range(sum(name.endswith("weight") and ".fc" in name for name in state)):
        x = math.sqrt(2) * F.leaky_relu(dense(state, f"mapping.fc{i}", x, lr), 0.2)
    ws = [
        x + (0 if cutoff is not None and i >= cutoff else psi - 1) * (x - state["mapping.w_avg"])
        for i in range(num_ws)
    ]
    return torch.stack(ws, 1)


def stuffed(x):
    """Zeros between the cells: twice the sides."""
    out = x.new_zeros(*x.shape[:2], 2 * x.shape[2], 2 * x.shape[3])
    out[:, :, ::2, ::2] = x
    return out


def upsampled(x):
    """Twice the sides: zeros between cells, then the low-pass filter with gain 4."""
    x = F.pad(stuffed(x), (2, 1, 2, 1))
    return torch.cat(
        [F.conv2d(x[:, i : i + 1], 4 * FILTER[None, None]) for i in range(x.shape[1])], 1
    )


def modulated(state, name, x, w, up=False, demodulate=True):
    """Weights scaled by the style of each sample (eq. 1), and back to unit norm (eq. 3)."""
    weight, outs = state[f"{name}.weight"], []
    style = dense(state, f"{name}.affine", w)
    if not demodulate:
        style = style / math.sqrt(weight.shape[1])
    for sample, scale in zip(x, style, strict=True):
        own = weight * scale[None, :, None, None]
        if demodulate:
            own = own / torch.sqrt(own.square().sum((1, 2, 3), keepdim=True) + 1e-8)
        if up:  # a transposed convolution: zeros between cells, then the kernel turned around
            y = F.conv2d(F.pad(stuffed(sample[None])[:, :, :-1, :-1], (2,) * 4), own.flip(2, 3))
            y = F.pad(y, (1,) * 4)
            y = torch.cat(
                [F.conv2d(y[:, i : i + 1], 4 * FILTER[None, None]) for i in range(y.shape[1])], 1
            )
        else:
            y = F.conv2d(sample[None], own, padding=own.shape[2] // 2)
        outs.append(y)
    return torch.cat(outs)


def convolution(state, name, x, w, up, clamp, gain=1.0):
    y = modulated(state, name, x, w, up)
    if f"{name}.noise_const" in state:
        y = y + state[f"{name}.noise_const"] * state[f"{name}.noise_strength"]
    y = y + state[f"{name}.bias"][:, None, None]
    y = F.leaky_relu(y, 0.2) * math.sqrt(2) * gain
    return y if clamp is None else y.clamp(-clamp * gain, clamp * gain)


def synthesis(state, ws, clamp=None):
    """The picture (N, 3, H, W) and the map of each block before ToRGB, by its resolution."""
    x = state["synthesis.b4.const"].expand(len(ws), -1, -1, -1)
    image, maps, entry, side = None, {}, 0, 4
    while f"synthesis.b{side}.conv1.weight" in state:
        block, before = f"synthesis.b{side}", x
        skip = state.get(f"{block}.skip.weight")
        if side > 4:
            x = convolution(state, f"{block}.conv0", x, ws[:, entry], True, clamp)
            entry += 1
        x = convolution(
            state,
            f"{block}.conv1",
            x,
            ws[:, entry],
            False,
            clamp,
            1 if skip is None else math.sqrt(0.5),
        )
        entry += 1
        if skip is not None:
            past = F.conv2d(before, skip / math.sqrt(skip.shape[1]))
            x = x + upsampled(past) * math.sqrt(0.5)
        maps[side] = x
        image = None if image is None else upsampled(image)
        if f"{block}.torgb.weight" in state:
            name = f"{block}.torgb"
            y = modulated(state, name, x, ws[:, entry], demodulate=False)
            y = y + state[f"{name}.bias"][:, None, None]
            y = y if clamp is None else y.clamp(-clamp, clamp)
            image = y if image is None else image + y
        side *= 2
    return image, maps


def relative_error(found: torch.Tensor, wanted) -> float:
    """Largest difference, as a share of the standard deviation of what is wanted."""
    found, wanted = np.asarray(found.detach()), np.asarray(wanted)
    assert found.shape == wanted.shape
    return float(np.abs(found - wanted).max() / wanted.std())
