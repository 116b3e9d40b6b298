"""The value a visitor owns: a small frozen record that can be pickled, stored and sent."""

import functools
import hashlib
import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from PIL import Image

from drag import history
from drag.masks import Arrow, Region, around, decode_mask, encode_mask, folded
from drag.settings import PAPERS, WHOLE, Settings
from drag.trail import Trail
from networks.errors import UserError
from networks.tuning import Tuning

Places = dict[int, tuple[float, float]]  # (x, y) in pixels, by the key of a pair
MAX_POINTS = 100
ALIKE = 0.7  # of two regions within reach of arrows, one after the other: so much is in both
STARTS_OUTSIDE = (
    "Point {number} starts outside the picture, which is {width} x {height} pixels; move it inside."
)
ENDS_OUTSIDE = (
    "Point {number} ends outside the picture, which is {width} x {height} pixels; move it inside."
)
# What an entry came about by.
CHANGES = "sample", "drag", "points", "mask", "mix", "reset", "open", "photo"


@dataclass(frozen=True)
class PointPair:
    """A handle and the target it should reach."""

    handle: tuple[float, float]  # p_i, (x, y) in pixels of the picture
    target: tuple[float, float]  # t_i, likewise
    # Which pair this is among those of an edit, while handles move and pairs come and go; 0 leaves
    # the choice to `Edit.place`. A pair whose handle a person sets anew has a new key.
    key: int = 0

    @property
    def distance(self) -> float:
        """Pixels from the handle to the target."""
        return math.dist(self.handle, self.target)


@dataclass(frozen=True, eq=False)
class Edit:
    """A picture as latents, what is placed on it, what it was before, and what it was taken back
    from."""

    model: str  # the generator's name
    seed: int | None  # of the sample that it began as, None where the latents came from a file
    truncation_psi: float  # of that sample, and of those that follow it
    ws: np.ndarray  # float32 (num_ws, w_dim), of all of the picture that is no region's
    img_size: tuple[int, int]  # (H, W) of the picture, pixels
    points: tuple[PointPair, ...] = ()
    mask_png: bytes | None = None  # M, a black and white PNG (white may move); None: all of it may
    settings: Settings = Settings()
    # Where drags moved the inside of a region alone, the first lowest; the pictures of all of them
    # change with ws.
    regions: tuple[Region, ...] = ()
    # The latents as they were sampled or opened; ws unless given, and never None.
    origin: np.ndarray = None  # type: ignore[assignment]
    style_seed: int | None = None  # of the picture whose look was mixed in, if one was
    change: str = "sample"  # what made this of the entry before, one of CHANGES
    trail: Trail | None = None  # the steps of the drag that ended here, to go back to
    # How the generator's weights change for the photo that this picture began as, if it did;
    # whatever takes a generator and an edit applies it. The same object in all of its entries.
    tuning: Tuning | None = None
    history: tuple["Edit", ...] = ()  # the entries before this one, oldest first,
    future: tuple["Edit", ...] = ()  # and those that were undone, the next first; none has its own

    def __post_init__(self) -> None:
        if self.origin is None:
            object.__setattr__(self, "origin", self.ws)

    def place(self, points: Iterable[PointPair], mask: np.ndarray | None = None) -> "Edit":
        """The edit with these points and mask.

        points: at most 100 PointPairs inside the picture.   mask: bool (H, W), True = may move;
        None or all True lets everything move. Raises ValueError in words fit for a visitor.
        """
        points = tuple(points)
        if len(points) > MAX_POINTS:
            raise UserError("At most {most} points can be dragged; delete some.", most=MAX_POINTS)
        height, width = self.img_size
        for number, pair in enumerate(points, 1):
            for place in (pair.handle, pair.target):
                x, y = place
                if not (0 <= x <= width - 1 and 0 <= y <= height - 1):
                    raise UserError(
                        STARTS_OUTSIDE if place is pair.handle else ENDS_OUTSIDE,
                        number=number,
                        width=width,
                        height=height,
                    )
        points = _with_keys(points)
        return replace(self, points=points, mask_png=encode_mask(mask, self.img_size))

    @property
    def mask(self) -> np.ndarray | None:
        """The region that may move, bool (H, W), or None where all of it may."""
        if self.mask_png is None:
            return None
        return np.asarray(Image.open(io.BytesIO(self.mask_png)).convert("L")) > 127

    @property
    def facts(self) -> dict[str, Any]:
        """What made the picture, for its file's metadata."""
        facts: dict[str, Any] = {"model": self.model}
        if self.seed is not None:
            facts |= {"seed": self.seed, "truncation_psi": self.truncation_psi}
        if self.style_seed is not None:
            facts["style_seed"] = self.style_seed
        return facts if self.tuning is None else facts | {"tuned": True}

    @property
    def inside(self) -> bool:
        """Whether a drag moves the inside of a region alone (`networks.regions`)."""
        return self.moving_png is not None

    @functools.cached_property
    def moving_png(self) -> bytes | None:
        """The region whose inside alone a drag moves: what is painted, else what is within reach of
        the arrows; a PNG as `mask_png`. None where all of the picture may change."""
        if self.settings.solver == PAPERS or self.mask_png is not None:
            return None if self.settings.solver == PAPERS else self.mask_png
        arrows = [(pair.handle, pair.target) for pair in self.points if pair.distance]
        if self.settings.reach >= WHOLE or not arrows:
            return None
        return self.near(arrows, max(pair.distance for pair in self.points))

    def reached(self, way: float) -> float:
        """How far around arrows a drag may change the picture, the longest of which has so many
        pixels: what goes far takes more along."""
        return self.settings.reach * max(self.img_size) / 512 + way

    def near(self, arrows: Sequence[Arrow], way: float) -> bytes | None:
        """The region within reach of arrows, the longest of which may have so many pixels, a PNG;
        the topmost one, which goes on, where that hardly differs."""
        near = around(arrows, self.reached(way), self.img_size)
        top = self.regions[-1] if self.regions else None
        if top:
            mask = decode_mask(top.mask_png, self.img_size)
            if (near & mask).sum() >= ALIKE * max(near.sum(), mask.sum()):
                return top.mask_png
        return encode_mask(near, self.img_size)

    @property
    def latents(self) -> np.ndarray:
        """Those that a drag moves, (num_ws, w_dim): the picture's, or those of the inside."""
        return self._top.latents(self.ws) if self._top else self.ws

    @property
    def _top(self) -> Region | None:
        """The region whose inside a drag would move on; None where it would be a new one."""
        top = self.regions[-1] if self.inside and self.regions else None
        return top if top and top.mask_png == self.moving_png else None

    @functools.cached_property
    def under(self) -> tuple[Region, ...]:
        """The regions that lie below the one which a drag moves, with room for that one."""
        return self.regions[:-1] if self._top else folded(self.regions)

    @property
    def untouched(self) -> bool:
        """Whether it is the picture as it was sampled or opened."""
        return not self.regions and np.array_equal(self.ws, self.origin)

    @functools.cached_property
    def picture_key(self) -> bytes:
        """Stands for the picture, whatever is placed on it."""
        parts = self.model.encode(), self.ws.tobytes(), *(each.key for each in self.regions)
        return hashlib.blake2b(b"".join((*parts, self._tuned)), digest_size=16).digest()

    @functools.cached_property
    def looks(self) -> str:
        """Stands for the picture and its region: the same for all edits that look alike."""
        return _fingerprint(self.picture_key, self.mask_png or b"")

    @functools.cached_property
    def sample(self) -> str:
        """Stands for the picture as it was sampled or opened."""
        return _fingerprint(self.origin.tobytes(), self._tuned)

    @property
    def _tuned(self) -> bytes:
        return self.tuning.key.encode() if self.tuning else b""

    @functools.cached_property
    def nbytes(self) -> int:
        """Bytes of latents, regions, steps and tunings that it holds with its history."""
        return history.held_bytes(self.timeline)

    @property
    def parts(self) -> tuple[Any, ...]:
        """What takes memory in an entry, and may be shared with others; but for the trail."""
        regions = (part for each in self.regions for part in (each.mask_png, each.change))
        parts = self.ws, self.origin, self.mask_png, self.points, self.tuning, *regions
        return tuple(part for part in parts if part is not None)

    def moved(
        self,
        ws: np.ndarray,
        handles: Iterable[Sequence[float]],
        regions: tuple[Region, ...] | None = None,
    ) -> "Edit":
        """The edit after a drag that brought its latents to ws, (num_ws, w_dim), and its handles to
        these, N (x, y): what moved is the inside of its region, or the whole picture.   regions:
        those that it has then, where the drag says so, as its region grew."""
        points = tuple(
            replace(pair, handle=(float(x), float(y)))
            for pair, (x, y) in zip(self.points, handles, strict=True)
        )
        if regions is not None:
            return replace(self, regions=regions, points=points)
        if not self.inside:
            return replace(self, ws=ws, points=points)
        assert self.moving_png is not None
        region = Region.of(self.moving_png, self.ws, ws)
        return replace(self, regions=(*self.under, region), points=points)

    def with_latents(self, ws: np.ndarray, inside: bool) -> "Edit":
        """The edit with other latents of the picture, or of the topmost region's inside."""
        if not inside or not self.regions:
            return replace(self, ws=ws)
        *lower, top = self.regions
        return replace(self, regions=(*lower, Region.of(top.mask_png, self.ws, ws)))

    def latents_of(self, inside: bool) -> np.ndarray:
        """The latents (num_ws, w_dim) of the picture, or of the topmost region's inside."""
        return self.regions[-1].latents(self.ws) if inside and self.regions else self.ws

    def with_ends(self, handles: Places, targets: Places | None = None) -> "Edit":
        """The edit with these ends, by the key of their pair; other pairs stay as they are."""
        kept, moved = self.points, targets or {}
        pairs = (
            PointPair(handles.get(p.key, p.handle), moved.get(p.key, p.target), p.key) for p in kept
        )
        return replace(self, points=tuple(pairs))

    @property
    def bare(self) -> "Edit":
        """The edit without what came before and after it, which is all that a drag needs."""
        return replace(self, trail=None, history=(), future=())

    @property
    def timeline(self) -> tuple["Edit", ...]:
        """All entries, this one at index len(history)."""
        return history.timeline(self)

    def remember(self, change: str = "drag") -> "Edit":
        """The same edit with its present state on top of its history, about to be changed."""
        return history.remember(self, change)

    def undo(self) -> "Edit":
        """The entry before this one; itself where there is none."""
        return history.undo(self)

    def redo(self) -> "Edit":
        """The entry that was undone last; itself where there is none."""
        return history.redo(self)

    def jump(self, index: int) -> "Edit":
        """The entry at this index of the timeline, with the settings kept."""
        return history.jump(self, index)

    def shows(self, other: "Edit") -> bool:
        """Whether both are edits of the same picture as it was sampled or opened."""
        return self._of_generator(other) and (
            self.origin is other.origin or np.array_equal(self.origin, other.origin)
        )

    def same_picture(self, other: "Edit") -> bool:
        """Whether both are the same picture, whatever is placed on it."""
        return self.picture_key == other.picture_key

    def _of_generator(self, other: "Edit") -> bool:
        return (self.model, self._tuned) == (other.model, other._tuned)


def _with_keys(points: tuple[PointPair, ...]) -> tuple[PointPair, ...]:
    """The pairs, each with a key of its own."""
    taken, keyed = {pair.key for pair in points} | {0}, list[PointPair]()
    for pair in points:
        if not pair.key or any(pair.key == other.key for other in keyed):
            pair = replace(pair, key=max(taken) + 1)
            taken.add(pair.key)
        keyed.append(pair)
    return tuple(keyed)


def _fingerprint(*parts: bytes) -> str:
    return hashlib.blake2b(b"".join(parts), digest_size=9).hexdigest()
