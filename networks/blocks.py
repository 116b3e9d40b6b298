"""A synthesis network as a row of blocks, each of which works on the map of the one before."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch

from networks.generator import Generator
from networks.windows import WHOLE, Window, crop, within


@dataclass(frozen=True, eq=False)
class Maps:
    """What a block puts out: all of it, or a window."""

    features: torch.Tensor  # (N, C, h, w)
    # (N, 3, h, w), the picture so far, where a network adds one up (StyleGAN2's skips) and it was
    # asked for.
    image: torch.Tensor | None = None

    def crop(self, have: Window, window: Window) -> "Maps":
        """A window of the maps, of which these are the window `have`."""
        image = None if self.image is None else crop(self.image, have, window)
        return Maps(crop(self.features, have, window), image)


class Blocks(Protocol):
    """What a network says of its blocks, besides what `networks.generator` describes."""

    @property
    def sides(self) -> Sequence[tuple[int, int]]:
        """(h, w) of the map of each block, coarse first: of what of it lies in the picture."""

    @property
    def margins(self) -> Sequence[int]:
        """Of each block the cells that its map has beyond the picture, on every side."""

    @property
    def feature_block(self) -> int:
        """The block whose map dragging reads."""

    @property
    def window_block(self) -> int:
        """The first block in which a window of the map saves something."""

    @property
    def features_suffice(self) -> bool:
        """Whether later blocks need no more than the features that dragging reads: no picture that
        was added up before them, no margin around them."""

    def needs(self, i: int, window: Window) -> tuple[Window, Window]:
        """What block i takes and gives, for its map to be right in a window: the window of the map
        before it, none of block 0's, and the one of its own, which holds that window."""

    def reached(self, entries: int) -> int:
        """The last block that so many first entries of ws reach."""

    def block(
        self,
        i: int,
        before: Maps | None,
        ws: Sequence[torch.Tensor],
        window: Window = WHOLE,
        paint: bool = False,
    ) -> Maps:
        """The maps of block i from those before it, a window of them (none of block 0).

        ws: num_ws entries (N, w_dim).   window: of its own maps.   paint: with the picture so far.
        """

    def painted(self, last: Maps, ws: Sequence[torch.Tensor]) -> torch.Tensor:
        """The picture, (N, 3, H, W), from the maps of the last block, or a window of it."""


class Network(Blocks, Generator, Protocol):
    """A generator that is a row of blocks."""


def entries_of(ws: torch.Tensor, moving: int | None = None) -> Sequence[torch.Tensor]:
    """The entries of ws (N, num_ws, w_dim), each (N, w_dim); only so many first ones can get
    gradients, all where None."""
    if moving is None:
        return ws.unbind(1)
    return *ws[:, :moving].unbind(1), *ws[:, moving:].detach().unbind(1)


def run(
    network: Blocks,
    ws: Sequence[torch.Tensor],
    end: int,
    window: Window | None = None,
    begin: tuple[int, Maps] | None = None,
    paint: bool = False,
) -> Maps:
    """The maps of the block before `end`, or a window of them.

    begin: (i, whole maps of block i): from after that one on.   paint: with the picture so far.
    """
    done, maps = (-1, None) if begin is None else begin
    first, have = done + 1, WHOLE
    plan = [(WHOLE, WHOLE)] * (end - first)
    late = range(max(first, network.window_block), end)
    if window is not None:
        asked = window
        for i in reversed(late):
            plan[i - first] = network.needs(i, asked)
            asked = plan[i - first][0]
    for i, (taken, given) in enumerate(plan, first):
        maps = network.block(i, maps and maps.crop(have, taken), ws, given, paint)
        have = given
    assert maps is not None
    return maps if window is None else maps.crop(have, window)


def feature_window(network: Blocks, window: Window | None) -> Window | None:
    """Of the feature block's map what is the window, or all, of the features that dragging reads:
    those in the picture."""
    i = network.feature_block
    return within(window, network.sides[i], network.margins[i])
