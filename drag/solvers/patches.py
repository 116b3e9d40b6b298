"""Patches around handles: followed to a fraction of a pixel, and how they move with the latents."""

from dataclasses import dataclass

import torch

from drag.features import FeaturePart, constant, window
from drag.tracking import VALUES_AT_ONCE

NEIGHBOURHOOD = 0.05  # of the picture's side: handles so near to each other can lean on each other
UNLIKE = 0.5  # likeness of patches below which a handle may as well be something else
PLAIN = 0.1  # of the most texture at any handle: with so much a direction is trusted by half
ITERATIONS = 2  # of Lucas and Kanade
TIE = 0.006  # of the mean cost, for the whole reach: of equally good places the nearer one


@dataclass(frozen=True, eq=False)
class PatchTracker:
    """Follows handles by several features around each, to a fraction of a pixel.

    What eq. 2 asks of one feature is asked of five, scaled so that every channel counts the same;
    the search goes from coarse to fine around a predicted place, and ends with steps of Lucas and
    Kanade (1981) on the patch: the shift that explains the difference to the template best.
    """

    patch: torch.Tensor  # (K, 2) offsets of its pixels
    cross: torch.Tensor  # (5, 2) those of the five
    crosses: torch.Tensor  # (N, 5, C) features there in the first picture
    patches: torch.Tensor  # (N, K, C)
    usual: torch.Tensor  # (C,) the mean of all of the first picture
    reach: int  # how far from a prediction to look, pixels

    @classmethod
    def of(
        cls, part: FeaturePart, handles: torch.Tensor, patch: torch.Tensor, reach: int
    ) -> "PatchTracker":
        """What is to be followed.   part: features of the first picture.   handles: (N, 2) (x, y)
        there, pixels."""
        ends = constant(((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1)), patch.device)
        cross, around = patch.abs().max() * ends, handles[:, None]
        return cls(
            patch,
            cross,
            part.sample(around + cross),
            part.sample(around + patch),
            part.scaled(part.features.mean((2, 3))[0]),
            reach,
        )

    def find(
        self, part: FeaturePart, predicted: torch.Tensor, img_size: tuple[int, int]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Handles (N, 2) near predicted ones (N, 2), pixels, and their likeness (N,): the cosine
        between what each patch is and was, both less the first picture's mean; 1 for the same.
        """
        height, width = img_size
        last = constant((width - 1, height - 1), predicted.device)
        stride = max(1, self.reach // 6)
        steps = stride * window(self.reach // stride + 1, predicted.device)
        found = self._least(part, predicted[:, None] + steps, last, predicted)
        steps = window(stride, predicted.device)
        found = self._least(part, found[:, None] + steps, last)
        for _ in range(ITERATIONS):
            around = found[:, None] + self.patch
            slopes = part.slopes(around).flatten(1, 2)  # (N, K C, 2)
            away = (part.sample(around) - self.patches).flatten(1)
            shift = shift_of(slopes, away).clamp(-stride / 2, stride / 2)
            found = (found + shift).clamp(min=0).minimum(last)
        now = (part.sample(found[:, None] + self.patch) - self.usual).flatten(1)
        return found, torch.cosine_similarity(now, (self.patches - self.usual).flatten(1))

    def _least(
        self,
        part: FeaturePart,
        places: torch.Tensor,
        last: torch.Tensor,
        predicted: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """The best of places (N, P, 2), inside the picture: (N, 2)."""
        places = places.clamp(min=0).minimum(last)
        values = places.shape[1] * self.crosses[0].numel()
        chunk = max(1, VALUES_AT_ONCE // values)
        cost = torch.cat(
            [
                torch.cdist(
                    part.sample(q[:, :, None] + self.cross).flatten(2),
                    wanted.flatten(1)[:, None],
                    p=1,
                )[..., 0]
                / wanted[0].numel()
                for q, wanted in zip(places.split(chunk), self.crosses.split(chunk), strict=True)
            ]
        )
        if predicted is not None:
            away = (places - predicted[:, None]).norm(dim=2) / self.reach
            cost = cost + TIE * away * cost.mean(1, keepdim=True)
        return places[torch.arange(len(places), device=places.device), cost.argmin(1)]


def trusted_directions(
    part: FeaturePart, handles: torch.Tensor, patch: torch.Tensor, img_size: tuple[int, int]
) -> torch.Tensor:
    """Symmetric matrices (N, 2, 2) that shrink motion along which a patch cannot be followed.

    Along an edge and on plain skin a patch looks the same wherever it is (the aperture problem).
    Each is the square root of e / (e + PLAIN others e_max) for the eigenvalues e of the patch's
    structure tensor: others is how many are near to lean on, 0 to 1, and e_max the largest of all
    handles. The square root, as both sides of J u = d are multiplied by it.
    """
    slopes = part.slopes(handles[:, None] + patch).flatten(1, 2) * patch.abs().max()  # (N, K C, 2)
    tensor = slopes.transpose(1, 2) @ slopes / slopes.shape[1]
    texture, axes = (each.to(tensor.device) for each in torch.linalg.eigh(tensor.cpu()))
    texture = texture.clamp(min=1e-9)
    apart = torch.cdist(handles, handles) / (NEIGHBOURHOOD * max(img_size))
    others = ((-apart.square() / 2).exp().sum(1) - 1).clamp(0, 1)[:, None]
    trust = texture / (texture + PLAIN * others * texture.max())
    return (axes * trust.sqrt()[:, None]) @ axes.transpose(1, 2)


def shift_of(slopes: torch.Tensor, change: torch.Tensor) -> torch.Tensor:
    """By how much a patch has moved, by least squares (Lucas and Kanade): -(G^T G + ridge)^-1 G^T
    dF with G (N, M, 2) the slopes of its M values over x and y, dF (N, M) their change. Returns
    (N, 2), pixels."""
    squares = slopes.transpose(1, 2) @ slopes  # (N, 2, 2)
    ridge = 1e-3 * squares.diagonal(dim1=1, dim2=2).sum(1)[:, None, None] + 1e-12
    squares = squares + ridge * torch.eye(2, device=slopes.device)
    # Without the check of `solve`, which would wait for the device; the ridge makes it needless.
    right = slopes.transpose(1, 2) @ change[..., None]
    return -torch.linalg.solve_ex(squares, right).result[..., 0]


def handle_motion(part: FeaturePart, handles: torch.Tensor, patch: torch.Tensor) -> torch.Tensor:
    """Numbers (N, 2) whose gradient is how each handle moves, in pixels, when the latents do.

    A handle at p stays on its content: F(p + dp; w + dw) = F(p; w) over the patch around it. So
    dp = `shift_of` dF, with the slopes of the features there, which are held fixed.

    part: features with gradient.   handles: (N, 2) (x, y), pixels.   patch: (K, 2) offsets.
    """
    around = handles[:, None] + patch
    slopes = part.detach().slopes(around).flatten(1, 2)  # (N, K C, 2)
    return shift_of(slopes, part.sample(around).flatten(1))
