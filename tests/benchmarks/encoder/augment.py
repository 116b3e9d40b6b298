"""What photos do to pictures: they are misaligned, lit, blurred, compressed and noisy otherwise."""

import torch
import torch.nn.functional as F

SHIFT, TURN, ZOOM = 0.05, 0.06, 0.05  # spread: of the half side, radians, logarithm
FRAME_UNITS = torch.tensor([SHIFT, SHIFT, ZOOM, TURN])


def affine(frame: torch.Tensor) -> torch.Tensor:
    """The map from the picture that is seen to the aligned one, q = e^zoom R(turn) p + shift, in
    half sides: frame (N, 4), (x, y, zoom, turn) -> (N, 2, 3)."""
    x, y, zoom, turn = frame.unbind(1)
    cos, sin = zoom.exp() * turn.cos(), zoom.exp() * turn.sin()
    return torch.stack([torch.stack([cos, -sin, x], 1), torch.stack([sin, cos, y], 1)], 1)


def warp(pictures: torch.Tensor, frame: torch.Tensor) -> torch.Tensor:
    """Pictures (N, 3, H, W) as they are seen through misaligned frames (N, 4)."""
    grid = F.affine_grid(affine(frame), list(pictures.shape), align_corners=False)
    return F.grid_sample(pictures, grid, "bilinear", "reflection", align_corners=False)


def augment(pictures: torch.Tensor, random: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Pictures uint8 (N, 3, S, S) as photos: (N, 3, S, S) in [-1, 1], and their frames (N, 4).

    pictures: on any device.   random: on the CPU, so that frames and light are the same for the
    same seed on every device; noise, for which it seeds another, is not.
    """
    n, _, side, _ = pictures.shape
    device = pictures.device

    def normal(*shape):
        return torch.randn(*shape, generator=random).to(device, non_blocking=True)

    def uniform(*shape):
        return torch.rand(*shape, generator=random).to(device, non_blocking=True)

    def some(share):
        return uniform(n, 1, 1, 1) < share

    frame = normal(n, 4).clamp(-2.5, 2.5) * FRAME_UNITS.to(device, non_blocking=True)
    frame = frame * (uniform(n, 1) < 0.85)
    x = warp(pictures.float() / 127.5 - 1, frame)
    contrast = 1 + 0.08 * normal(n, 1, 1, 1)
    light = 0.03 * normal(n, 3, 1, 1) + 0.05 * normal(n, 1, 1, 1)
    x = torch.where(some(0.5), x * contrast + light, x)
    small = int(torch.randint(side // 4, side, (), generator=random))
    soft = F.interpolate(
        F.interpolate(x, (small, small), mode="area"), (side, side), mode="bilinear"
    )
    x = torch.where(some(0.25), soft, x)
    x = torch.where(some(0.05), x.mean(1, keepdim=True).expand_as(x), x)
    seed = int(torch.randint(2**31, (), generator=random))
    grain = torch.randn(x.shape, generator=torch.Generator(device).manual_seed(seed), device=device)
    x = x + 0.05 * uniform(n, 1, 1, 1) * some(0.4) * grain
    return x.clamp(-1, 1), frame
