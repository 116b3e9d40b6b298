"""The network that is trained, what it is trained for, and how good it is on pictures held out."""

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from networks.encoder import W_DIM, Encoder
from tests.benchmarks.encoder.augment import FRAME_UNITS, augment
from tests.benchmarks.encoder.pictures import to_bytes

HELD_OUT = range(5_000, 10_000)  # seeds, of which the first are used; as on the page, one a picture
RATE = 1e-3  # of learning, for batches of 64; as the root of their size
WARM_UP = 0.03  # of the time
AVERAGE = 0.998  # of the weights that are kept
PLAIN, FELT, FRAME = 0.1, 0.9, 0.1  # weights of the losses
AT_ONCE = 16  # pictures, where gradients or full precision need memory
# Of features outside the face, those in its middle having 1, and the spread of that, half sides.
ELSEWHERE, FACE, MIDDLE = 0.2, (0.35, 0.45), (0.0, 0.1)


def face_window(side: int) -> torch.Tensor:
    """How much each cell of a map (side, side) matters to who it is; mean 1."""
    at = (torch.arange(side) + 0.5) * 2 / side - 1
    across, down = (
        (-0.5 * ((at - middle) / spread).square()).exp()
        for middle, spread in zip(MIDDLE, FACE, strict=True)
    )
    window = ELSEWHERE + (1 - ELSEWHERE) * down[:, None] * across
    return window / window.mean()


def importance(generator, space, probes: int) -> tuple[torch.Tensor, torch.Tensor]:
    """How much features change with whitened latents, E[J^T J] (512, 512), trace 512: everywhere,
    and in the face.   probes: random directions of features, which it is worked out by."""
    device = space.mean.device
    random, noise = torch.Generator().manual_seed(0), torch.Generator(device).manual_seed(0)
    totals = [torch.zeros(W_DIM, W_DIM, device=device) for _ in range(2)]
    for start in range(0, probes, AT_ONCE):
        count = min(AT_ONCE, probes - start)
        v = torch.randn(count, W_DIM, generator=random).to(device).requires_grad_()
        ws = space.unwhiten(v)[:, None].expand(-1, generator.num_ws, -1)
        features = generator.features(ws)
        scale = features.detach().square().mean((2, 3), keepdim=True).sqrt()
        signs = torch.randint(0, 2, features.shape, generator=noise, device=device) * 2.0 - 1
        normal = features * signs / scale
        window = face_window(features.shape[-1]).sqrt().to(device)
        for total, seen in zip(totals, (normal, normal * window), strict=True):
            (g,) = torch.autograd.grad(seen.sum(), v, retain_graph=True)
            total += g.T @ g
    return tuple(total * (W_DIM / total.trace()) for total in totals)


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Pictures that are never trained on, as photos: v (N, 512), x (N, 3, 128, 128), frame (N, 4);
    plain: x without augmentation."""

    v: torch.Tensor
    x: torch.Tensor
    frame: torch.Tensor
    plain: torch.Tensor


@torch.no_grad()
def hold_out(generator, space, paint: Callable, count: int) -> HeldOut:
    """Pictures of so many of the seeds held out.   paint: of ws (N, num_ws, 512), at 128 px."""
    z = np.concatenate([np.random.RandomState(seed).randn(1, 512) for seed in HELD_OUT[:count]])
    ws = generator.mapping(torch.from_numpy(z).float().to(space.mean.device))
    small = torch.cat([to_bytes(paint(part)) for part in ws.split(AT_ONCE)])
    x, frame = augment(small, torch.Generator().manual_seed(1))
    return HeldOut(space.whiten(ws[:, 0]), x, frame, small.float() / 127.5 - 1)


class Training:
    """The network, the average of its weights, and their optimiser."""

    def __init__(self, encoder: Encoder, weights: torch.Tensor, batch: int):
        """encoder: with normalisation, on its device.   weights: of latents (512, 512)."""
        self.encoder = encoder.to(memory_format=torch.channels_last)
        self.average = copy.deepcopy(self.encoder).eval().requires_grad_(False)
        self.weights, self.step, self.highest = weights, 0, RATE * math.sqrt(batch / 64)
        self.device = weights.device
        self.adam = torch.optim.AdamW(
            self.encoder.parameters(),
            self.highest,
            weight_decay=0.02,
            fused=self.device.type == "cuda",
        )

    def take(self, v, pictures, random: torch.Generator, done: float) -> torch.Tensor:
        """A step on pictures, uint8 (N, 3, 128, 128), of v (N, 512).

        random: on the CPU.   done: share of all the training, 0 to 1. Returns (3,), as `judge`.
        """
        rate = min(1.0, (done + 1e-4) / WARM_UP) * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))
        for group in self.adam.param_groups:
            group["lr"] = self.highest * rate
        self.encoder.train()
        x, frame = augment(pictures, random)
        gpu = self.device.type == "cuda"  # few processors are any faster in half precision
        with torch.autocast(self.device.type, torch.bfloat16, enabled=gpu):
            found, seen = self.encoder(x.contiguous(memory_format=torch.channels_last))
        errors = _errors(found.float() - v, seen.float(), frame, self.weights)
        self.adam.zero_grad()
        (PLAIN * errors[0] + FELT * errors[1] + FRAME * errors[2]).backward()
        torch.nn.utils.clip_grad_norm_(self.encoder.parameters(), 1.0)
        self.adam.step()
        self.step += 1
        self._average()
        return errors.detach()

    @torch.no_grad()
    def _average(self) -> None:
        keep = min(AVERAGE, self.step / (self.step + 10))
        pairs = zip(
            self.average.state_dict().values(), self.encoder.state_dict().values(), strict=True
        )
        mine, new = zip(*[pair for pair in pairs if pair[0].is_floating_point()], strict=True)
        torch._foreach_lerp_(mine, new, 1 - keep)

    @torch.no_grad()
    def judge(self, held: HeldOut, *weights: torch.Tensor) -> list[float]:
        """What stays unexplained, 1 for all of it, by the average of the weights: of latents, of
        latents by each of these weights of them, and of frames, in units of their spread."""
        errors = []
        for v, x, frame in zip(*(t.split(256) for t in (held.v, held.x, held.frame)), strict=True):
            found, seen = self.average(x)
            errors.append(len(v) * _errors(found - v, seen, frame, *weights))
        return (torch.stack(errors).sum(0) / len(held.v)).tolist()


def _errors(difference, seen, frame, *weights) -> torch.Tensor:
    units = FRAME_UNITS.to(frame.device, non_blocking=True)
    return torch.stack(
        [
            difference.square().mean(),
            *(((difference @ each) * difference).mean() for each in weights),
            (seen - frame / units).square().mean(),
        ]
    )


def scales(encoder: Encoder, pictures: torch.Tensor) -> torch.Tensor:
    """Mean squares by which two of these pictures differ in the encoder's five maps."""
    return torch.stack(
        [2 * each.var(0, unbiased=True).mean() for each in encoder.features(pictures)]
    )
