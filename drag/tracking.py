"""Point tracking: where each handle went (DragGAN, Sec. 3.3, eq. 2).

So the paper's solver tracks; the default one follows patches (`drag.solvers.patches`).
"""

import torch

from drag.features import sample, window

VALUES_AT_ONCE = 2_000_000  # features compared in one go: bounds the memory of many points


def track_points(
    features: torch.Tensor,
    templates: torch.Tensor,
    around: torch.Tensor,
    r2: float,
    img_size: tuple[int, int],
) -> tuple[torch.Tensor, torch.Tensor]:
    """Find each handle in the current features: p_i <- argmin_{q in window} || F(q) - f_i ||_1.

    features:  (1, C, h, w) of the current picture.   templates: (N, C), F_0 at the first handles.
    around:    (N, 2) float (x, y), pixels; the window's centres.   r2: half its side, pixels.
    img_size:  (H, W); positions outside the picture are not considered.
    Returns (N, 2) handles and (N,) residuals, the L1 distance at the minimum per channel.
    """
    height, width = img_size
    limit = torch.tensor([width - 1, height - 1], dtype=around.dtype, device=around.device)
    offsets = window(r2, around.device)  # (K, 2)
    chunk = max(1, VALUES_AT_ONCE // (len(offsets) * features.shape[1]))
    handles, residuals = [], []
    for centres, wanted in zip(around.split(chunk), templates.split(chunk), strict=True):
        places = centres[:, None] + offsets  # (n, K, 2)
        values = sample(features, places, img_size)
        distance = torch.cdist(values, wanted[:, None], p=1)[..., 0] / features.shape[1]  # (n, K)
        outside = ((places < 0) | (places > limit)).any(2)
        best = distance.masked_fill(outside, torch.inf).min(1)
        handles.append(places[torch.arange(len(places)), best.indices])
        residuals.append(best.values)
    return torch.cat(handles), torch.cat(residuals)


