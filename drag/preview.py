"""Pictures while a drag runs, on a time budget."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from drag.render import to_picture
from networks.generator import Generator, Previewing


def fit_colours(features: torch.Tensor, picture: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
    """The affine map from the features of a picture to its colours, by least squares.

    features: (1, C, h, w).   picture: uint8 (H, W, 3). Returns the weight (3, C, 1, 1) and the bias
    (3,) of a 1x1 convolution to a soft picture (1, 3, h, w) in [-1, 1]. It holds for this picture
    and those near it, which is what a drag shows next.
    """
    pixels = torch.from_numpy(picture).to(features.device).permute(2, 0, 1)[None] / 127.5 - 1
    colours = F.interpolate(pixels, features.shape[2:], mode="area")[0].flatten(1)  # (3, h w)
    a = F.pad(features[0].flatten(1), (0, 0, 0, 1), value=1.0)  # (C + 1, h w)
    gram, moment = (a @ a.T).cpu().double(), (a @ colours.T).cpu().double()
    gram += 1e-4 * gram.diagonal().mean() * torch.eye(len(gram), dtype=torch.float64)  # as if flat
    solution = torch.linalg.solve(gram, moment).T.to(features)  # (3, C + 1)
    return solution[:, :-1, None, None].contiguous(), solution[:, -1].contiguous()


class LiveView:
    """Pictures while a drag runs: full ones for a share of the time, previews between them.

    A preview is soft, and a sharp picture followed by a soft one flickers. So what is shown between
    two full pictures is the last full one plus how the preview has changed since.
    """

    generator: Generator  # that makes them, as `drag.loop` sets it

    def __init__(self, full_share: float = 1 / 6, preview_share: float = 1 / 6):
        """full_share, preview_share: of the time since `begin`, at most."""
        # The last full picture and its preview, (1, 3, h, w); None before there is one.
        self.last: tuple[np.ndarray, torch.Tensor] | None = None
        self.colours: tuple[torch.Tensor, torch.Tensor] | None = None  # as `fit_colours` gives them
        self.shares = {"full": full_share, "preview": preview_share}
        self.spent = {"full": 0.0, "preview": 0.0}
        self.cost = {"full": 0.0, "preview": 0.0}  # of the last one, seconds
        self.began = time.perf_counter()

    def begin(self, ws: torch.Tensor, features: torch.Tensor | None) -> None:
        """Start the clock at the first latents; their picture is what previews change."""
        self.began = time.perf_counter()
        self._timed("full", self._full, ws, features)

    def frame(
        self, ws: torch.Tensor, features: torch.Tensor | None, final: bool = False
    ) -> tuple[np.ndarray | None, bool]:
        """(picture uint8 (H, W, 3), whether it is a full one), or (None, False) if none is due.

        ws: (1, num_ws, w_dim).   features: all those of ws, where they are at hand; saves time.
        final: a full one in any case.
        """
        if final:  # nothing follows that would be built on it
            return self._timed("full", self._sharp, ws, features), True
        if self._due("full"):
            return self._timed("full", self._full, ws, features), True
        if self.last is not None and self._due("preview"):
            return self._timed("preview", self._composite, ws, features, *self.last), False
        return None, False

    def _due(self, kind: str) -> bool:
        elapsed = time.perf_counter() - self.began + self.cost[kind]
        return self.spent[kind] + self.cost[kind] <= self.shares[kind] * elapsed

    @torch.no_grad()
    def _timed(self, kind: str, work: Callable[..., np.ndarray], *args: Any) -> np.ndarray:
        start = time.perf_counter()
        result = work(*args)
        self.cost[kind] = time.perf_counter() - start
        self.spent[kind] += self.cost[kind]
        return result

    def _sharp(self, ws: torch.Tensor, features: torch.Tensor | None) -> np.ndarray:
        return to_picture(self.generator.image(ws, features))

    def _full(self, ws: torch.Tensor, features: torch.Tensor | None) -> np.ndarray:
        features = self.generator.features(ws) if features is None else features
        picture = self._sharp(ws, features)
        if not isinstance(self.generator, Previewing):
            self.colours = fit_colours(features, picture)
        self.last = picture, self._preview(ws, features)
        return picture

    def _preview(self, ws: torch.Tensor, features: torch.Tensor | None) -> torch.Tensor:
        if isinstance(self.generator, Previewing):
            return self.generator.preview(ws, features)
        assert self.colours is not None  # of the last full picture
        features = self.generator.features(ws) if features is None else features
        return F.conv2d(features, *self.colours)

    def _composite(
        self,
        ws: torch.Tensor,
        features: torch.Tensor | None,
        picture: np.ndarray,
        soft: torch.Tensor,
    ) -> np.ndarray:
        """A picture, changed as the preview has changed since its own, which is soft."""
        change = self._preview(ws, features) - soft
        change = F.interpolate(change, picture.shape[:2], mode="bilinear")[0]  # (3, H, W)
        change = change.permute(1, 2, 0)
        sharp = torch.from_numpy(picture).to(change.device)
        return (sharp + 127.5 * change).clamp_(0, 255).to(torch.uint8).cpu().numpy()
