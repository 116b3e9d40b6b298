"""Small networks of random weights, the same everywhere, to try a device with."""

import numpy as np
import torch
from torch import nn

from networks.architecture import Architecture, Recorded, convolution_path
from networks.mobile_stylegan import W_DIM, Block
from networks.stylegan2 import StyleGAN2

SIDE, CHANNELS, WIDTH = 128, 16, 64  # px, of maps, of latents


def small_network() -> StyleGAN2:
    """A StyleGAN2 on the CPU, which takes a step in some milliseconds."""
    channels = {4 << i: CHANNELS for i in range((SIDE // 4).bit_length())}
    sizes = Architecture(WIDTH, 0, 0, (WIDTH,) * 2, "skip", channels, (4, 4), True, Recorded())
    random = np.random.RandomState(0)
    state = {}
    for name, shape in sizes.shapes().items():
        scale = 100 if "mapping" in name else 0.1 if "torgb.weight" in name else 1
        state[name] = scale * random.randn(*shape).astype(np.float32)
    for number in range(2 * len(channels) - 1):
        state[f"{convolution_path(number)}.noise_strength"] = np.float32(0.1)
    return StyleGAN2(sizes, state).eval().requires_grad_(False)


def small_block() -> tuple[nn.Module, torch.Tensor, torch.Tensor]:
    """A block of the built-in network, whose memory is laid out in another way, and what it takes:
    a map (1, C, h, w), and latents (1, w_dim)."""
    block, random = Block(2 * CHANNELS, CHANNELS, SIDE), np.random.RandomState(0)
    for tensor in (*block.parameters(), *block.buffers()):
        tensor.data = torch.from_numpy(0.3 * random.randn(*tensor.shape)).float()
    block.requires_grad_(False).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    x = torch.from_numpy(random.randn(1, 2 * CHANNELS, SIDE // 2, SIDE // 2)).float()
    w = torch.from_numpy(random.randn(1, W_DIM)).float()
    return block, x.contiguous(memory_format=torch.channels_last), w
