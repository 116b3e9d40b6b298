"""Latents to pictures, and edits to what a drag of them runs through."""

from collections.abc import Sequence
from typing import cast

import numpy as np
import torch

from drag.edit import Edit
from drag.masks import Region, decode_mask
from networks.blocks import Network
from networks.generator import Generator
from networks.regions import Carried, Ground, Held, last_block
from networks.soft_masks import SoftMask
from networks.tuning import tuned, untuned

KEPT = 3  # pictures with what regions over them need, each of some 20 MB


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
    view, ws = seen(generator, edit)
    return render(view, ws)


def seen(generator: Generator, edit: Edit) -> tuple[Generator, np.ndarray]:
    """A generator and latents (num_ws, w_dim) whose picture is that of an edit."""
    network = tuned(generator, edit.tuning)
    if not edit.regions:
        return network, edit.ws
    last = _last(network, edit.regions)
    *lower, top = edit.regions
    return _held(network, edit, tuple(lower), top.mask_png, last), top.latents(edit.ws)


def view_of(generator: Generator, edit: Edit) -> Generator:
    """The generator that a drag of an edit runs through, of `edit.latents`: as the edit tunes it,
    with what its regions keep. Raises ValueError where the tuning is of another one."""
    network = tuned(generator, edit.tuning)
    if not edit.inside and not edit.regions:
        return network
    last = _last(network, edit.regions, edit.settings.moving(network).stop)
    if edit.inside:
        assert edit.moving_png is not None
        return _held(network, edit, edit.under, edit.moving_png, last)
    device = network.w_avg.device
    return Carried(
        cast(Network, network),
        [
            (_mask(network, each.mask_png, last), torch.from_numpy(each.change).to(device))
            for each in edit.regions
        ],
        last,
    )


def widen(view: Held, mask_png: bytes) -> None:
    """Have a view of a region be one of a larger region, in place."""
    view.widen(_mask(view.network, mask_png, view.last))


def _last(network: Generator, regions: Sequence[Region], moving: int = 1) -> int:
    """The last block that is blended."""
    return last_block(cast(Network, network), max([moving, *(len(r.change) for r in regions)]))


def _held(
    network: Generator, edit: Edit, under: tuple[Region, ...], mask_png: bytes, last: int
) -> Held:
    return Held(_ground(network, edit, under, last), _mask(network, mask_png, last))


def _mask(network: Generator, mask_png: bytes, last: int) -> SoftMask:
    mask = decode_mask(mask_png, network.img_size)
    return SoftMask.of(cast(Network, network), mask, last)


@torch.no_grad()
def _ground(network: Generator, edit: Edit, regions: tuple[Region, ...], last: int) -> Ground:
    """The picture of an edit's latents with so many of its regions over it. A generator keeps the
    last few: the next drag, or the next picture, lies over one of them."""
    kept = vars(untuned(network)).setdefault("kept_grounds", {})
    tuning = edit.tuning and edit.tuning.key
    key = tuning, last, edit.ws.tobytes(), tuple(each.key for each in regions)
    ground = kept.pop(key, None)
    if ground is None:
        ws = torch.from_numpy(edit.ws).to(network.w_avg.device)[None]
        if regions:
            *lower, top = regions
            inside = torch.from_numpy(top.latents(edit.ws)).to(ws)[None]
            mask = _mask(network, top.mask_png, last)
            ground = _ground(network, edit, tuple(lower), last).over(mask, inside)
            ground.settle()
        else:
            ground = Ground.plain(cast(Network, network), ws, last)
    kept[key] = ground
    for oldest in list(kept)[:-KEPT]:
        kept.pop(oldest, None)
    return ground
