"""What every generator offers, which is all that the method and what stands on it know of one.

All networks here have it, and so have the views of them with changed weights that
`networks.tuning.tuned` makes. N pictures at a time; H and W are a picture's height and width, C, h
and w those of the map that dragging reads.
"""

from typing import Protocol, runtime_checkable

import torch

from networks.windows import Window


class Generator(Protocol):
    """A frozen network from z to pictures, by way of ws: an entry of W for each of its layers."""

    @property
    def z_dim(self) -> int:
        """Size of z, of which all numbers are drawn from a normal distribution."""

    @property
    def w_dim(self) -> int:
        """Size of an entry of ws."""

    @property
    def num_ws(self) -> int:
        """Entries of ws, coarse to fine."""

    @property
    def w_avg(self) -> torch.Tensor:
        """(w_dim,): the mean of w, the centre of truncation. It is on the generator's device."""

    @property
    def img_size(self) -> tuple[int, int]:
        """(H, W) of its pictures, pixels."""

    @property
    def img_resolution(self) -> int:
        """The longer side of its pictures, pixels."""

    @property
    def has_encoder(self) -> bool:
        """Whether the encoder of `networks.encoder` was trained on its pictures."""

    @property
    def placing_entries(self) -> int:
        """How many first entries of ws do nothing but turn and shift the whole picture."""

    def mapping(self, z: torch.Tensor, truncation_psi: float = 1.0) -> torch.Tensor:
        """z (N, z_dim) -> ws (N, num_ws, w_dim), all entries of a picture alike.

        truncation_psi: how far from w_avg, 0 (there) to 1 (as far as z says).
        """

    def features(
        self, ws: torch.Tensor, window: Window | None = None, moving: int | None = None
    ) -> torch.Tensor:
        """ws (N, num_ws, w_dim) -> F (N, C, h, w), the map that dragging reads (DragGAN, Sec. 3.2).

        window: rows and columns, slices with a start and a stop, in cells of the map: only these
        are worked out and returned.   moving: only so many first entries of ws get gradients, which
        saves time; all where None.
        """

    def image(self, ws: torch.Tensor, features: torch.Tensor | None = None) -> torch.Tensor:
        """ws (N, num_ws, w_dim) -> (N, 3, H, W), RGB in about [-1, 1].

        features: all those of the same ws, where they are at hand; quicker then.
        """


@runtime_checkable
class Previewing(Protocol):
    """What a generator offers besides if it has a cheap way to a soft picture."""

    def preview(
        self, ws: torch.Tensor, features: torch.Tensor | None = None, window: Window | None = None
    ) -> torch.Tensor:
        """As `image`, but (N, 3, h', w') with fewer pixels.   window: rows and columns of it: only
        these are worked out."""
