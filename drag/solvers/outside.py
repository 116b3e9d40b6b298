"""What lies outside a region and is to stay as it was while handles move."""

from collections.abc import Callable

import torch

from drag.edit import Edit
from drag.solvers.state import protected_cells

FIRMNESS = 100.0  # of the outside of a region, times lambda
SKETCH_ROWS = 32  # vector-Jacobian products that tell the costly changes from the others,
ROWS_A_STEP = 8  # made over some steps, so that none of them takes long


def outside_of(edit: Edit, whole: torch.Tensor, scale: torch.Tensor) -> "Outside | None":
    """What is to stay of the first picture, whose features are whole, (1, C, h, w), and to be
    divided by scale, (C,); None where nothing has to."""
    protected = protected_cells(edit, whole)
    if protected is None:
        return None
    return Outside(whole, protected, scale, FIRMNESS * edit.settings.lambda_mask)


class Outside:
    """The features outside a region, and what a change of the latents does to them, linearised.

    The change (F - F_0) (1 - M) of the paper's mask term (Sec. 3.2), squared instead of absolute,
    so that least squares can weigh it against the handles; scaled as handles' patches are.
    """

    def __init__(
        self, start: torch.Tensor, protected: torch.Tensor, scale: torch.Tensor, firmness: float
    ):
        """start: (1, C, h, w), features of the first picture.   protected: (1, 1, h, w), 1 - M.
        scale: (C,), what features are divided by.   firmness: what a mean square change of one
        counts, beside the square of the latents' change in standard deviations."""
        share = protected / (protected.sum() * start.shape[1])
        self.start = start
        self.products: list[torch.Tensor] = []  # SKETCH_ROWS x (n,)
        self.weight = (firmness * share).sqrt() / scale[None, :, None, None]
        self.random = torch.Generator().manual_seed(0)

    def linearise(
        self,
        features: torch.Tensor,
        change: torch.Tensor,
        features_of: Callable[[torch.Tensor], torch.Tensor],
    ) -> None:
        """From now on answer for this place.

        features: (1, C, h, w) there, with gradient to change.   features_of: change -> features.
        The first places are sketched: products with random signs, whose squares add up to about
        those of all features, single out the directions that change the outside most.
        """
        self.change, self.features_of = change, features_of
        self.away = (features - self.start) * self.weight
        if len(self.products) < SKETCH_ROWS:
            for _ in range(ROWS_A_STEP):
                signs = torch.randint(2, features.shape, generator=self.random)
                self.products.append(self.back(2 * signs.to(features) - 1))
        self.sketch = torch.stack(self.products) / len(self.products) ** 0.5  # (K, n)

    def pull(self) -> torch.Tensor:
        """The gradient of half the squared change of the outside: (n,)."""
        return self.back(self.away.detach())

    def back(self, values: torch.Tensor) -> torch.Tensor:
        """Transposed Jacobian times values (1, C, h, w): (n,)."""
        return torch.autograd.grad(self.away, self.change, values, retain_graph=True)[0].flatten()

    @torch.no_grad()
    def forth(self, direction: torch.Tensor) -> torch.Tensor:
        """Jacobian times a direction (n,), by a finite difference: (1, C, h, w)."""
        small = 0.1 / direction.norm().clamp(min=1e-9)
        there = self.features_of(self.change + small * direction.view_as(self.change))
        return ((there - self.start) * self.weight - self.away) / small
