"""Point tracking: where each handle went (DragGAN, Sec. 3.3, eq. 2).

Used by the paper's solver; the default one follows patches (`drag.solvers.patches`).
"""

import torch

from drag.features import FeaturePart, constant, window

VALUES_AT_ONCE = 2_000_000  # features compared in one go: bounds the memory of many points


def track_points(
    part: FeaturePart, templates: torch.Tensor, around: torch.Tensor, r2: float
) -> torch.Tensor:
    """Eq. 2 for each handle: p_i <- argmin_{q in Omega_2(p_i, r2)} || F(q) - f_i ||_1.

    part:      F of the current picture, all of it or what is within r2 of the windows' centres;
               positions outside of it are not considered.   templates: f_i, (N, C), F_0 at the
               handles of the start.   around: (N, 2) float (x, y), pixels: p_i so far.
    r2:        half the side of the window Omega_2, pixels.
    Returns (N, 2) handles, pixels.
    """
    channels, (height, width) = part.features.shape[1], part.extent
    limit = constant((width - 1, height - 1), around.device)
    offsets = window(r2, around.device)  # (K, 2)
    chunk = max(1, VALUES_AT_ONCE // (len(offsets) * channels))
    handles = []
    around = around - part.corner
    for centres, wanted in zip(around.split(chunk), templates.split(chunk), strict=True):
        q = centres[:, None] + offsets  # (n, K, 2)
        values = part.sample_within(q)  # F(q), (n, K, C)
        distance = torch.cdist(values, wanted[:, None], p=1)[..., 0]  # (n, K)
        outside = ((q < 0) | (q > limit)).any(2)
        best = distance.masked_fill(outside, torch.inf).argmin(1)
        handles.append(q[torch.arange(len(q), device=q.device), best])  # (n, 2)
    return torch.cat(handles) + part.corner
