"""Pictures that stay what they were outside a region, by construction.

A picture is worked out block by block. Where a region lies over it, what its first blocks put out
is blended from what it was and from what the latents of the inside make of it:

    x = x0 + m (x(w) - x(w0)),    m the soft mask at that block, x0 the map as it was

with w0 the latents that made the picture, of which the inside's are a change. So outside nothing
can change, inside nothing jumps when a region is laid over others, and a drag solves through such a
network as if nothing were painted: it finds latents whose inside fits the frozen outside. Blocks
that no moving latents reach make one sharp picture of what was blended; outside the mask, grown a
little, the picture is pasted back.
"""

import functools
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import torch

from networks.blocks import Maps, Network, entries_of, feature_window, run
from networks.soft_masks import SoftMask
from networks.tuning import untuned
from networks.windows import WHOLE, Window

LAST = 32  # px: side of the last block that is blended; of later ones the eye sees double contours


def last_block(network: Network, moving: int) -> int:
    """The last block to blend, where so many first entries of ws may move."""
    small = [i for i, side in enumerate(network.sides) if max(side) <= LAST]
    return max(small[-1] if small else 0, network.reached(moving))


@dataclass(eq=False)
class Ground:
    """A picture that a region may lie over."""

    network: Network  # maybe tuned
    ws: torch.Tensor  # w0, (1, num_ws, w_dim)
    maps: tuple[Maps, ...]  # x0, of the first blocks, all of those that are blended
    below: "Ground | None" = None  # what lies under its topmost region
    mask: SoftMask | None = None  # of that

    @classmethod
    def plain(cls, network: Network, ws: torch.Tensor, last: int) -> "Ground":
        """The picture of latents alone, without a region."""
        return cls(network, ws, tuple(_forward(network, entries_of(ws), last, paint=True)))

    def over(self, mask: SoftMask, ws: torch.Tensor) -> "Ground":
        """It with a region over it, of which the inside is made by ws, (1, num_ws, w_dim)."""
        maps = tuple(_blended(self.network, entries_of(ws), mask, self.maps, self.made, True))
        return Ground(self.network, self.ws, maps, self, mask)

    @functools.cached_property
    def made(self) -> tuple[Maps, ...]:
        """x(w0): what each block makes, by w0, of the map before it."""
        if self.mask is None:
            return self.maps
        made: list[Maps] = []
        before, entries = None, entries_of(self.ws)
        for i, m in enumerate(self.mask.blocks):
            made.append(self.network.block(i, before, entries, paint=True))
            before = made[i] if m is None else self.maps[i]  # as it goes on from there
        return tuple(made)

    @functools.cached_property
    def picture(self) -> torch.Tensor:
        """(1, 3, H, W)."""
        if self.below is None or self.mask is None:
            return _painted(self.network, self.ws, len(self.maps) - 1, self.maps[-1])
        before = self.below.loose(self.mask.support)
        return self.below.pasted(self.mask, self.loose(self.mask.support) - before)

    def loose(self, support: Window) -> torch.Tensor:
        """Of the picture of its maps, nothing pasted back, what lies in a support."""
        if self.mask is None:
            return _part(self.picture, support)
        return _painted(self.network, self.ws, len(self.maps) - 1, self.maps[-1], support)

    def settle(self) -> None:
        """Work the picture out and let go of what lies below, which takes as much memory again for
        each region of a pile."""
        if self.picture is not None:
            self.below = None

    def pasted(self, mask: SoftMask, change: torch.Tensor) -> torch.Tensor:
        """The picture with a region over it, where that of the maps has changed by so much in the
        mask's support."""
        picture = self.picture.clone()
        _part(picture, mask.support).add_(_part(mask.picture, mask.support) * change)
        return picture


class _View:
    """What views of a network with regions share: all that solvers and pictures ask of one."""

    def __init__(self, network: Network, last: int):
        self.network, self.base, self.last = network, untuned(network), last
        self.z_dim, self.w_dim, self.num_ws = network.z_dim, network.w_dim, network.num_ws
        self.w_avg, self.mapping = network.w_avg, network.mapping
        self.img_size, self.img_resolution = network.img_size, network.img_resolution
        self.has_encoder, self.placing_entries = network.has_encoder, network.placing_entries
        soft = network.feature_block
        if hasattr(network, "softly"):  # a proxy, or a view would hold itself, and live on for long
            soft = cast(Any, network).preview_block
            self.preview = functools.partial(_View._preview, weakref.proxy(self))
        self.soft_side = network.sides[soft][0]  # rows of a preview, or of what one is made of

    def _maps(self, ws: Sequence[torch.Tensor], paint: bool) -> Sequence[Maps]:
        """Those of the first blocks."""
        raise NotImplementedError

    def _run(
        self, ws: Sequence[torch.Tensor], end: int, window: Window | None = None
    ) -> torch.Tensor:
        """The map of the block before `end`, or a window of it."""
        begin = min(self.last, end - 1)
        maps = self._maps(ws, False)[begin]
        return run(self.network, ws, end, window, (begin, maps)).features

    def features(
        self, ws: torch.Tensor, window: Window | None = None, moving: int | None = None
    ) -> torch.Tensor:
        """As the generator's."""
        network = self.network
        window = feature_window(network, window)
        x = self._run(entries_of(ws, moving), network.feature_block + 1, window)
        return x.contiguous(memory_format=torch.channels_last)

    def _preview(
        self, ws: torch.Tensor, features: torch.Tensor | None = None, window: Window | None = None
    ) -> torch.Tensor:
        """As the generator's."""
        network, entries = cast(Any, self.network), entries_of(ws)
        end, begin = network.preview_block + 1, network.feature_block
        if features is None:
            return network.softly(self._run(entries, end, window))
        return network.softly(run(network, entries, end, window, (begin, Maps(features))).features)


class Held(_View):
    """A generator whose pictures differ from one in a region only: ws are the inside's."""

    def __init__(self, ground: Ground, mask: SoftMask):
        super().__init__(ground.network, len(ground.maps) - 1)
        self.ground, self.mask = ground, mask
        # `run` works it out as it does a network, of which even the last blended block may be a
        # part only.
        self.sides, self.feature_block = self.network.sides, self.network.feature_block
        self.margins, self.needs = self.network.margins, self.network.needs
        self.window_block = min(self.network.window_block, self.last)
        self.features_suffice, self.reached = self.network.features_suffice, self.network.reached
        self.painted = self.network.painted

    def block(
        self,
        i: int,
        before: Maps | None,
        ws: Sequence[torch.Tensor],
        window: Window = WHOLE,
        paint: bool = False,
    ) -> Maps:
        """As the network's; blended."""
        maps = self.network.block(i, before, ws, window, paint)
        m = self.mask.blocks[i] if i <= self.last else None
        if m is None:
            return maps
        ground = self.ground
        return _mixed(
            maps,
            m[..., window[0], window[1]],
            *(x[i].crop(WHOLE, window) for x in (ground.maps, ground.made)),
        )

    def _maps(self, ws: Sequence[torch.Tensor], paint: bool) -> Sequence[Maps]:
        ground = self.ground
        return list(_blended(self.network, ws, self.mask, ground.maps, ground.made, paint))

    def _run(
        self, ws: Sequence[torch.Tensor], end: int, window: Window | None = None
    ) -> torch.Tensor:
        return run(self, ws, end, window).features

    def widen(self, mask: SoftMask) -> None:
        """Go on with a larger region. Masks of blocks are changed in place: where steps are
        recorded (`drag.solvers.replay`), those are what is read."""
        for own, new in zip(self.mask.blocks, mask.blocks, strict=True):
            if own is not None and new is not None:
                own.data.copy_(new)  # a step may be half done: it goes on with the new ones
        self.mask = replace(mask, blocks=self.mask.blocks)
        vars(self).pop("before", None)

    @torch.no_grad()
    def image(self, ws: torch.Tensor, features: torch.Tensor | None = None) -> torch.Tensor:
        """As the generator's: only what is inside is worked out where blocks are large."""
        network, support = self.network, self.mask.support
        if features is None or not network.features_suffice or self.last > network.feature_block:
            begin, maps = self.last, self._maps(entries_of(ws), True)[-1]
        else:
            begin, maps = network.feature_block, Maps(features)
        loose = _painted(network, ws, begin, maps, support)
        return self.ground.pasted(self.mask, loose - self.before)

    @functools.cached_property
    def before(self) -> torch.Tensor:
        """Of the picture of the ground's maps what lies in the mask's support."""
        return self.ground.loose(self.mask.support)


class Carried(_View):
    """A generator that moves all of a picture, with what lies over it: ws are those of the whole,
    and each region's are its change away from them."""

    def __init__(self, network: Any, regions: Sequence[tuple[SoftMask, torch.Tensor]], last: int):
        """regions: of each its mask, and the change of the first k entries, (k, w_dim)."""
        super().__init__(network, last)
        self.regions = regions

    def _ground(self, ws: torch.Tensor) -> Ground:
        ground = Ground.plain(self.network, ws, self.last)
        for mask, change in self.regions:
            ground = ground.over(mask, shifted(ws, change))
        return ground

    def _maps(self, ws: Sequence[torch.Tensor], paint: bool) -> Sequence[Maps]:
        return self._ground(torch.stack(list(ws), 1)).maps

    @torch.no_grad()
    def image(self, ws: torch.Tensor, features: torch.Tensor | None = None) -> torch.Tensor:
        """As the generator's; features are of no use."""
        return self._ground(ws).picture


def shifted(ws: torch.Tensor, change: torch.Tensor) -> torch.Tensor:
    """ws (1, num_ws, w_dim) with a change of the first k entries, (k, w_dim)."""
    return torch.cat([ws[:, : len(change)] + change, ws[:, len(change) :]], 1)


def _part(picture: torch.Tensor, window: Window) -> torch.Tensor:
    """A view of these rows and columns."""
    return picture[:, :, window[0], window[1]]


def _forward(
    network: Network, ws: Sequence[torch.Tensor], last: int, paint: bool
) -> Iterator[Maps]:
    maps = None
    for i in range(last + 1):
        maps = network.block(i, maps, ws, paint=paint)
        yield maps


def _blended(
    network: Network,
    ws: Sequence[torch.Tensor],
    mask: SoftMask,
    ground: Sequence[Maps],
    made: Sequence[Maps],
    paint: bool,
) -> Iterator[Maps]:
    """x0 + m (x(w) - x(w0)) of the first blocks, each of which goes on from the one before."""
    maps = None
    for i, m in enumerate(mask.blocks):
        maps = network.block(i, maps, ws, paint=paint)
        if m is not None:
            maps = _mixed(maps, m, ground[i], made[i])
        yield maps


def _mixed(maps: Maps, m: torch.Tensor, x0: Maps, x1: Maps) -> Maps:
    """x0 + m (x(w) - x(w0))."""
    image = maps.image
    if image is not None:
        image = cast(torch.Tensor, x0.image) + m * (image - cast(torch.Tensor, x1.image))
    return Maps(x0.features + m * (maps.features - x1.features), image)


def _painted(
    network: Network, ws: torch.Tensor, i: int, maps: Maps, support: Window | None = None
) -> torch.Tensor:
    """The picture from the maps of block i on, or what of it lies in a support."""
    entries, window = entries_of(ws), None
    if support is not None:
        scale = network.img_size[0] // network.sides[-1][0]
        rows, columns = (slice(part.start // scale, part.stop // scale) for part in support)
        window = rows, columns
    last = run(network, entries, len(network.sides), window, (i, maps), paint=True)
    return network.painted(last, entries)
