"""Latents to pictures."""

import numpy as np
import torch

from drag.edit import Edit
from networks.generator import Generator
from networks.tuning import tuned


def to_picture(image: torch.Tensor) -> np.ndarray:
    """A generator's image (1, 3, H, W) in [-1, 1] as uint8 (H, W, 3)."""
    pixels = (image[0].detach() * 127.5 + 128).clamp_(0, 255)
    return pixels.permute(1, 2, 0).to(torch.uint8).cpu().contiguous().numpy()


@torch.no_grad()
def render(generator: Generator, ws: np.ndarray) -> np.ndarray:
    """The picture of latents: ws (num_ws, w_dim) -> uint8 (H, W, 3); for those of an edit that may
    be tuned `render_edit`."""
    return to_picture(generator.image(torch.from_numpy(ws).to(generator.w_avg.device)[None]))


def render_edit(generator: Generator, edit: Edit) -> np.ndarray:
    """The picture of an edit, uint8 (H, W, 3), by the generator as the edit tunes it."""
    return render(tuned(generator, edit.tuning), edit.ws)
