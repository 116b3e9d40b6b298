"""Cheap pictures for an inversion, near the last full one."""

import torch
import torch.nn.functional as F

from drag.preview import fit_colours
from drag.render import to_picture
from networks.generator import Generator


class Sketch:
    """Pictures at the side of the features, at a fifth of the cost of full ones: an affine map of
    the features to colours, fitted to the last full picture, plus what that one had besides."""

    @torch.no_grad()
    def refresh(self, generator: Generator, ws: torch.Tensor) -> torch.Tensor:
        """The full picture of these latents (1, num_ws, w_dim), as (1, 3, H, W)."""
        features = generator.features(ws)
        image = generator.image(ws, features).clamp(-1, 1)
        self.colours = fit_colours(features, to_picture(image))
        small = F.interpolate(image, features.shape[2:], mode="area")
        self.rest = small - F.conv2d(features, *self.colours)
        return image

    def __call__(self, generator: Generator, ws: torch.Tensor) -> torch.Tensor:
        return F.conv2d(generator.features(ws), *self.colours) + self.rest
