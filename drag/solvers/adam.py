"""The paper's solver: Adam on motion supervision (DragGAN, Sec. 3.2 and 4)."""

from collections.abc import Iterator

import torch

from drag.edit import Edit
from drag.features import cells_around, sample, scale_to
from drag.motion import mask_term, motion_supervision
from drag.solvers.state import State, as_tensors, protected_cells
from drag.tracking import track_points


class AdamUpdate:
    """Adam (arXiv 1412.6980, Alg. 1) on one tensor, with its usual constants.

    The same as torch.optim.Adam, the making of which has the first drag of a process wait while it
    imports a compiler, for a second or two.
    """

    def __init__(self, values: torch.Tensor, learning_rate: float):
        """values: changed in place by each call."""
        self.values, self.learning_rate, self.steps = values, learning_rate, 0
        self.mean, self.square = torch.zeros_like(values), torch.zeros_like(values)

    @torch.no_grad()
    def __call__(self, gradient: torch.Tensor) -> None:
        """One step against the gradient."""
        self.steps += 1
        self.mean.lerp_(gradient, 1 - 0.9)
        self.square.mul_(0.999).addcmul_(gradient, gradient, value=1 - 0.999)
        root = self.square.sqrt().div_((1 - 0.999**self.steps) ** 0.5).add_(1e-8)
        self.values.addcdiv_(self.mean, root, value=-self.learning_rate / (1 - 0.9**self.steps))


def adam(generator, edit: Edit) -> Iterator[State]:
    """The paper's loop: Adam on the first entries of W+ (DragGAN, Sec. 3.2 and 4).

    Each step moves the latents by eq. 1, then looks for the handles in the new features by eq. 2.
    One forward pass serves both the tracking of a step and the gradient of the next.
    In W one change is shared by all entries that move; in W+ each has its own. Without a region
    only features near the handles count, so only those are worked out; the steps are the same.
    """
    settings, size, device = edit.settings, edit.img_size, generator.w_avg.device
    r1, r2 = scale_to(settings.r1, size), scale_to(settings.r2, size)
    start, handles, targets = as_tensors(edit, device)
    moving = min(settings.num_entries, start.shape[1])
    shape = (1, 1 if settings.latent_space == "w" else moving, start.shape[2])
    change = torch.zeros(shape, device=device, requires_grad=True)
    update = AdamUpdate(change, settings.learning_rate)

    features_start = protected = templates = None
    near, corner, extent = None, 0, size  # the part of the picture whose features are at hand
    while True:
        with torch.enable_grad():
            ws = torch.cat([start[:, :moving] + change, start[:, moving:]], 1)
            features = generator.features(ws, window=near, moving=moving)
        seen = features.detach()
        if templates is None:
            features_start, templates = seen, sample(seen, handles, size)
            protected = protected_cells(edit, seen)
        else:
            found, _ = track_points(seen, templates, handles - corner, r2, extent)
            handles = found + corner
        yield State(ws.detach(), handles.cpu(), seen if near is None else None)
        with torch.enable_grad():
            loss = motion_supervision(features, handles - corner, targets - corner, r1, extent)
            if protected is not None:
                loss = loss + settings.lambda_mask * mask_term(features, features_start, protected)
            (gradient,) = torch.autograd.grad(loss, [change])
        update(gradient)
        if protected is None:  # the next tracking looks r2 far, the loss from there r1 and a pixel
            reach = r2 + r1 + 1
            near, corner, extent = cells_around(handles, reach, features_start.shape[2:], size)
