"""What turns "where the handles should go" into steps of the latents.

A solver is a generator function (generator, edit) -> States: the start, then one after each step.
It knows neither when to end nor what is shown; `drag.loop` does.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch

from drag.edit import Edit
from drag.motion import mask_term, motion_supervision
from drag.sampling import mask_to_cells, sample, scale_to
from drag.tracking import track_points


@dataclass(frozen=True, eq=False)
class State:
    """Latents, and what they show: ws (1, num_ws, w_dim), handles (N, 2) (x, y) in pixels,
    features (1, C, h, w) of that picture; none of them with a gradient."""

    ws: torch.Tensor
    handles: torch.Tensor
    features: torch.Tensor


def adam(generator, edit: Edit) -> Iterator[State]:
    """The paper's loop: Adam on the first entries of W+ (DragGAN, Sec. 3.2 and 4).

    Each step moves the latents by eq. 1, then looks for the handles in the new features by eq. 2.
    One forward pass serves both the tracking of a step and the gradient of the next.
    In W one change is shared by all entries that move; in W+ each has its own.
    """
    settings, size, device = edit.settings, edit.img_size, generator.w_avg.device
    r1, r2 = scale_to(settings.r1, size), scale_to(settings.r2, size)
    start = torch.from_numpy(edit.ws).to(device)[None]
    floats = {"dtype": torch.float32, "device": device}
    handles = torch.tensor([pair.handle for pair in edit.points], **floats)
    targets = torch.tensor([pair.target for pair in edit.points], **floats)
    moving = min(settings.num_entries, start.shape[1])
    shape = (1, 1 if settings.latent_space == "w" else moving, start.shape[2])
    change = torch.zeros(shape, device=device, requires_grad=True)
    optimizer = torch.optim.Adam([change], lr=settings.learning_rate)

    features_start = protected = templates = None
    while True:
        with torch.enable_grad():
            ws = torch.cat([start[:, :moving] + change, start[:, moving:]], 1)
            features = generator.features(ws)
        seen = features.detach()
        if templates is None:
            features_start, templates = seen, sample(seen, handles, size)
            protected = _protected(edit, seen)
        else:
            handles, _ = track_points(seen, templates, handles, r2, size)
        yield State(ws.detach(), handles, seen)
        with torch.enable_grad():
            loss = motion_supervision(features, handles, targets, r1, size)
            if protected is not None and settings.lambda_mask:
                loss = loss + settings.lambda_mask * mask_term(features, features_start, protected)
            (change.grad,) = torch.autograd.grad(loss, [change])
        optimizer.step()


def _protected(edit: Edit, features: torch.Tensor) -> torch.Tensor | None:
    """1 - M at the resolution of the features, (1, 1, h, w); None where everything may move."""
    if edit.mask_png is None:
        return None
    fixed = ~torch.from_numpy(edit.mask).to(features.device)
    return mask_to_cells(fixed, features.shape[2:])


SOLVERS = {"adam": adam}
