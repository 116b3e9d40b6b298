"""Motion supervision: the loss that moves the picture (DragGAN, Sec. 3.2, eq. 1)."""

import torch

from drag.features import FeaturePart, disc


def motion_supervision(
    part: FeaturePart, handles: torch.Tensor, targets: torch.Tensor, r1: float
) -> torch.Tensor:
    """First term of eq. 1: sum_i sum_{q in Omega_1(p_i, r1)} || sg(F(q)) - F(q + d_i) ||_1.

    sg stops the gradient. Two departures from the paper. d_i = (t_i - p_i) / max(1, |t_i - p_i|)
    is one pixel long, or what is left when that is less: a handle that is there is held, not pushed
    past. And the sum is brought to a unit that is the same at every resolution, the change of a
    feature over one feature cell: for each handle the mean over the pixels of Omega_1 and the
    channels, times the pixels in a cell's side. Adam does not see the factor; lambda does.

    part: F with gradient, all of it or what is within r1 and a pixel of the handles.
    handles, targets: p and t, (N, 2) float (x, y), pixels.   r1: radius of the disc, pixels.
    Returns a scalar.
    """
    handles, targets = handles - part.corner, targets - part.corner
    away = targets - handles
    step = away / away.norm(dim=1, keepdim=True).clamp(min=1.0)  # d, (N, 2)
    q = handles[:, None] + disc(r1, handles.device)  # (N, K, 2)
    here = part.detach().sample_within(q)  # sg(F(q)), (N, K, C)
    there = part.sample_within(q + step[:, None])  # F(q + d)
    pixels_a_cell = part.extent[0] / part.features.shape[2]
    return (here - there).abs().mean(dim=(1, 2)).sum() * pixels_a_cell


def mask_term(
    features: torch.Tensor, features_start: torch.Tensor, protected: torch.Tensor
) -> torch.Tensor:
    """Second term of eq. 1, without lambda: || (F - F_0) (1 - M) ||_1.

    At the resolution of the features, and divided by the features summed over (protected cells
    times channels), so a feature's change counts the same however large the region is. Beside the
    motion in features a cell, the paper's lambda 20 holds the region and lets handles arrive.

    features, features_start: F and F_0, (1, C, h, w).   protected: 1 - M, (1, 1, h, w), the share
    of each cell that must stay, of at least one. Returns a scalar.
    """
    # Summed over channels before it is weighted: (1, 1, h, w) is less to do.
    change = (features - features_start).abs().sum(1, keepdim=True)
    return (change * protected).sum() / (protected.sum() * features.shape[1])
