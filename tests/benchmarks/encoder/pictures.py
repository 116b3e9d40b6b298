"""Fresh pictures of the built-in generator with their w, in any number, and a pool of the last."""

import copy
import math

import numpy as np
import torch
import torch.nn.functional as F

from networks.encoder import SIDE
from networks.mobile_stylegan import inverse_haar

SEED = 2_000_000  # of the first pictures, far from those that anything is judged by
QUICK = 4  # of so many chunks one is quick: such pictures, too, an inversion shows to the encoder
HEAD_SAMPLES = 16


def small_pictures(generator, w: torch.Tensor) -> torch.Tensor:
    """What `generator.image` makes of w (N, 512), reduced to 128 px: (N, 3, 128, 128).

    The mean of the four pixels that an inverse Haar transform makes is its low band, and the layer
    before it is linear, so features are reduced in place of colours, of which but three are needed.
    """

    def convolve(layer, x):
        style = layer.modulation(w) / math.sqrt(9 * x.shape[1])
        x = x * style[:, :, None, None]
        x = F.conv2d(x, layer.depthwise, padding=1, groups=x.shape[1])
        x = F.conv2d(x, layer.pointwise, layer.bias)
        return F.leaky_relu_(x.add_(layer.noise), 0.2)

    x = generator.conv1(generator.input.expand(len(w), -1, -1, -1), w)
    for block in generator.blocks:
        x = inverse_haar(x * (0.5 * block.up(w))[:, :, None, None])
        x = convolve(block.conv2, convolve(block.conv1, x))
    x, to_rgb = F.avg_pool2d(x, x.shape[2] // SIDE), generator.to_rgb
    x = x * (to_rgb.modulation(w) / math.sqrt(x.shape[1]))[:, :, None, None]
    return 0.5 * F.conv2d(x, to_rgb.weight[:3], to_rgb.bias[:3])


def to_bytes(image: torch.Tensor) -> torch.Tensor:
    return (image.float() * 127.5 + 128).clamp(0, 255).to(torch.uint8)


@torch.no_grad()
def fit_head(generator) -> tuple[torch.Tensor, torch.Tensor]:
    """The affine map from features at 128 px to the colours there, by least squares over some
    pictures: weight (3, C, 1, 1) and bias (3,)."""
    gram, moment = 0, 0
    for z in torch.from_numpy(np.random.RandomState(7).randn(HEAD_SAMPLES, 1, 512)).float():
        ws = generator.mapping(z.to(generator.w_avg.device))
        features = generator.features(ws)
        colours = F.interpolate(generator.image(ws, features), (SIDE, SIDE), mode="area")
        a = F.pad(features[0].flatten(1), (0, 0, 0, 1), value=1.0).double()
        gram, moment = gram + a @ a.T, moment + a @ colours[0].flatten(1).T.double()
    solution = torch.linalg.solve(gram, moment).T.float()
    return solution[:, :-1, None, None].contiguous(), solution[:, -1].contiguous()


class Source:
    """Pictures of one seed after the other, in chunks, of whatever kind of device.

    Half precision, on a GPU, changes them by a fraction of one of their 256 steps. To compile them
    there was tried, and took longer than it could have saved.
    """

    def __init__(self, generator, head, chunk: int, made: int = 0):
        """head: of `fit_head`.   made: pictures that there were before, which sets the seeds."""
        self.generator, self.chunk, self.made, self.chunks = generator, chunk, made, 0
        gpu = generator.w_avg.device.type == "cuda"
        self.kind = torch.float16 if gpu else torch.float32  # largest of its numbers: some 1600
        self.working = copy.deepcopy(generator).to(self.kind)
        self.head = [each.to(self.working.w_avg) for each in head]

    def latents(self, seed: int) -> torch.Tensor:
        """A chunk of w (N, 512) at psi 1."""
        z = torch.from_numpy(np.random.RandomState(seed).randn(self.chunk, 512)).float()
        return self.generator.mapping(z.to(self.generator.w_avg.device))[:, 0]

    @torch.no_grad()
    def full(self, w: torch.Tensor) -> torch.Tensor:
        """Pictures by all of the network, uint8 (N, 3, 128, 128)."""
        return to_bytes(small_pictures(self.working, w.to(self.kind)))

    @torch.no_grad()
    def quick(self, w: torch.Tensor) -> torch.Tensor:
        """Soft ones, by its first five blocks alone."""
        ws = w.to(self.kind)[:, None].expand(-1, self.generator.num_ws, -1)
        return to_bytes(F.conv2d(self.working.features(ws), *self.head))

    def fresh(self) -> tuple[torch.Tensor, torch.Tensor]:
        """The next chunk: w (N, 512), and pictures as `full` or, of some chunks, `quick`."""
        w = self.latents(SEED + self.made)
        self.made += len(w)
        self.chunks += 1
        return w, self.quick(w) if self.chunks % QUICK == 0 else self.full(w)


class Pool:
    """The last pictures with their latents, on the device, from which batches are drawn."""

    def __init__(self, capacity: int, device: torch.device):
        self.v = torch.empty(capacity, 512, device=device)
        self.pictures = torch.empty(capacity, 3, SIDE, SIDE, dtype=torch.uint8, device=device)
        self.added = 0

    def add(self, v: torch.Tensor, pictures: torch.Tensor) -> None:
        """Take some in, in place of the oldest where it is full."""
        places = torch.arange(self.added, self.added + len(v), device=v.device) % len(self.v)
        self.v[places], self.pictures[places] = v, pictures
        self.added += len(v)

    def draw(self, count: int, random: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        """Latents and pictures of as many, any of them equally likely.   random: on the CPU."""
        which = torch.randint(0, min(self.added, len(self.v)), (count,), generator=random)
        which = which.to(self.v.device, non_blocking=True)
        return self.v[which], self.pictures[which]
