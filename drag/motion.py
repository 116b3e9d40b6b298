"""Motion supervision: the loss that moves the picture (DragGAN, Sec. 3.2, eq. 1)."""

import torch

from drag.features import disc, sample


def motion_supervision(
    features: torch.Tensor,
    handles: torch.Tensor,
    targets: torch.Tensor,
    r1: float,
    img_size: tuple[int, int],
) -> torch.Tensor:
    """First term of eq. 1: sum_i sum_{q in disc(p_i, r1)} || sg(F(q)) - F(q + d_i) ||_1.

    d_i points from handle to target and is one pixel long, or what is left when that is less, so
    a handle that is there is held, not pushed past. The paper's sum is brought to a unit that is
    the same at every resolution: the change of a feature over one feature cell, by dividing by the
    features summed over for one handle (disc pixels times channels) and by the pixel's share of a
    cell. Adam does not see the factor; lambda does.

    features: (1, C, h, w) with gradient.   handles, targets: (N, 2) float (x, y), pixels.
    r1: radius of the disc, pixels.   img_size: (H, W). Returns a scalar.
    """
    away = targets - handles
    step = away / away.norm(dim=1, keepdim=True).clamp(min=1.0)
    around = handles[:, None] + disc(r1, handles.device)  # (N, K, 2)
    here = sample(features.detach(), around, img_size)
    there = sample(features, around + step[:, None], img_size)
    pixels_a_cell = img_size[0] / features.shape[2]
    return (here - there).abs().mean(dim=(1, 2)).sum() * pixels_a_cell


def mask_term(
    features: torch.Tensor, features_start: torch.Tensor, protected: torch.Tensor
) -> torch.Tensor:
    """Second term of eq. 1, without lambda: || (F - F_0) (1 - M) ||_1.

    At the resolution of the features, and divided by the features summed over (protected cells
    times channels), so a feature's change counts the same however large the region is. Beside the
    motion in features a cell, the paper's lambda 20 holds the region and lets handles arrive.

    features, features_start: (1, C, h, w).   protected: (1, 1, h, w), the share of each cell that
    must stay, 1 - M; not zero everywhere. Returns a scalar.
    """
    change = (features - features_start).abs().sum(1, keepdim=True)  # of each cell: small to weight
    return (change * protected).sum() / (protected.sum() * features.shape[1])


