"""What solvers share: where one begins, what it has reached, and what it must not change."""

from collections.abc import Generator
from dataclasses import dataclass

import torch

from drag.edit import Edit
from drag.features import mask_to_cells


@dataclass(frozen=True, eq=False)
class State:
    """Latents, and what they show; none with a gradient."""

    ws: torch.Tensor  # (1, num_ws, w_dim), on the generator's device
    handles: torch.Tensor  # (N, 2) (x, y), pixels, on the CPU
    features: torch.Tensor | None  # (1, C, h, w) of that picture, where all were worked out
    likeness: torch.Tensor | None = None  # (N,), `PatchTracker.find`, on the CPU


# The start, then what each step has reached, without end. Targets (N, 2) (x, y) in pixels, on the
# CPU, that are sent (`send`) take the place of the edit's from the next step on.
States = Generator[State, torch.Tensor | None, None]


def as_tensors(edit: Edit, device: torch.device) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Where a drag begins: ws (1, num_ws, w_dim), handles and targets (N, 2) (x, y) in pixels."""
    handles, targets = (
        torch.tensor(
            [getattr(pair, end) for pair in edit.points], dtype=torch.float32, device=device
        )
        for end in ("handle", "target")
    )
    return torch.from_numpy(edit.latents).to(device)[None], handles, targets


def protected_cells(edit: Edit, features: torch.Tensor) -> torch.Tensor | None:
    """1 - M at the resolution of the features, (1, 1, h, w); None where the term has no part."""
    mask = edit.mask
    if mask is None or not edit.settings.lambda_mask:
        return None
    fixed = ~torch.from_numpy(mask).to(features.device)
    return mask_to_cells(fixed, features.shape[2:])
