"""The paper's solver: Adam on motion supervision (DragGAN, Sec. 3.2 and 3.4)."""

import torch

from drag.edit import Edit
from drag.features import FeaturePart, Part, cells_around, scale_to, whole_part
from drag.motion import mask_term, motion_supervision
from drag.solvers.state import State, States, as_tensors, protected_cells
from drag.tracking import track_points
from networks.generator import Generator


class AdamUpdate:
    """Adam (arXiv 1412.6980, Alg. 1) on one tensor.

    The same as torch.optim.Adam, the making of which has the first drag of a process wait while it
    imports a compiler, for a second or two.
    """

    def __init__(self, values: torch.Tensor, learning_rate: float, beta2: float = 0.999):
        """values: theta, changed in place by each call.   learning_rate: alpha, which may be set
        anew between two calls.   beta2: share of the gradients' mean square that a call keeps."""
        self.values, self.learning_rate, self.steps = values, learning_rate, 0
        self.beta1, self.beta2 = 0.9, beta2
        self.mean, self.square = torch.zeros_like(values), torch.zeros_like(values)  # m and v

    @torch.no_grad()
    def __call__(self, gradient: torch.Tensor) -> None:
        """One step against the gradient."""
        self.steps += 1
        self.mean.lerp_(gradient, 1 - self.beta1)
        self.square.mul_(self.beta2).addcmul_(gradient, gradient, value=1 - self.beta2)
        root = self.square.sqrt().div_((1 - self.beta2**self.steps) ** 0.5).add_(1e-8)
        rate = self.learning_rate / (1 - self.beta1**self.steps)
        self.values.addcdiv_(self.mean, root, value=-rate)


def adam(generator: Generator, edit: Edit) -> States:
    """The paper's loop: Adam on the first entries of W+, its layers (DragGAN, Sec. 3.2 to 3.4).

    Each step
     1. moves the latents against the gradient of eq. 1, motion supervision;
     2. works out the features there, which serve this step and the gradient of the next;
     3. looks in them for the handles by eq. 2, point tracking.
    In W one change is shared by all entries that move; in W+ each has its own. Without a region
    only features near the handles count, so on a CPU only those are worked out; the steps are the
    same.
    """
    settings, size, device = edit.settings, edit.img_size, generator.w_avg.device
    r1, r2 = scale_to(settings.r1, size), scale_to(settings.r2, size)
    start, handles, targets = as_tensors(edit, device)
    moving = settings.moving(generator)
    entries = 1 if settings.latent_space == "w" else moving.stop - moving.start
    shape = (1, entries, start.shape[2])
    change = torch.zeros(shape, device=device, requires_grad=True)
    update = AdamUpdate(change, settings.learning_rate)

    @torch.enable_grad()
    def see(near: Part) -> tuple[torch.Tensor, FeaturePart]:
        """ws and features of the change, with gradients to it."""
        window, corner, extent = near
        before, after = start[:, : moving.start], start[:, moving.stop :]
        ws = torch.cat([before, start[:, moving] + change, after], 1)
        features = generator.features(ws, window=window, moving=moving.stop)
        return ws.detach(), FeaturePart(features, corner, extent)

    near = whole_part(size, device)
    ws, part = see(near)
    features_start = part.features.detach()  # F_0, (1, C, h, w)
    templates = part.detach().sample(handles)  # f, (N, C)
    protected = protected_cells(edit, features_start)  # 1 - M
    sent = yield State(ws, handles.cpu(), features_start)
    while True:
        if sent is not None:
            targets = sent.to(device)
        with torch.enable_grad():
            loss = motion_supervision(part, handles, targets, r1)  # 1
            if protected is not None:
                loss = loss + settings.lambda_mask * mask_term(
                    part.features, features_start, protected
                )
            (gradient,) = torch.autograd.grad(loss, [change])
        update(gradient)
        if protected is None:
            reach = r2 + r1 + 1  # tracking looks r2 far, the loss from there r1 and a pixel
            near = cells_around(handles, reach, features_start.shape[2:], size)
        ws, part = see(near)  # 2
        seen = part.detach()
        handles = track_points(seen, templates, handles, r2)  # 3
        sent = yield State(ws, handles.cpu(), None if near[0] else seen.features)
