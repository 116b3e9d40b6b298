"""Point tracking: where each handle went (DragGAN, Sec. 3.3, eq. 2).

So the paper's solver tracks; the default one follows patches (`drag.solvers.patches`).
"""

import torch

from drag.features import FeaturePart, constant, window

VALUES_AT_ONCE = 2_000_000  # features compared in one go: bounds the memory of many points


def track_points(
    part: FeaturePart, templates: torch.Tensor, around: torch.Tensor, r2: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Find each handle in the current features: p_i <- argmin_{q in window} || F(q) - f_i ||_1.

    part:      F of the current picture, all of it or what is within r2 of the windows' centres;
               positions outside of it are not considered.   templates: f, (N, C), F_0 at the first
               handles.   around: (N, 2) float (x, y), pixels; the windows' centres.
    r2:        half a window's side, pixels.
    Returns (N, 2) handles, pixels, and (N,) residuals, the L1 distance at the minimum per channel.
    """
    channels, (height, width) = part.features.shape[1], part.extent
    limit = constant((width - 1, height - 1), around.device)
    offsets = window(r2, around.device)  # (K, 2)
    chunk = max(1, VALUES_AT_ONCE // (len(offsets) * channels))
    handles, residuals = [], []
    around = around - part.corner
    for centres, wanted in zip(around.split(chunk), templates.split(chunk), strict=True):
        q = centres[:, None] + offsets  # (n, K, 2)
        values = part.sample_within(q)  # F(q), (n, K, C)
        distance = torch.cdist(values, wanted[:, None], p=1)[..., 0] / channels  # (n, K)
        outside = ((q < 0) | (q > limit)).any(2)
        best = distance.masked_fill(outside, torch.inf).min(1)
        handles.append(q[torch.arange(len(q), device=q.device), best.indices])  # (n, 2)
        residuals.append(best.values)
    return torch.cat(handles) + part.corner, torch.cat(residuals)
