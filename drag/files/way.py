"""The way of an edit from how it was sampled to how it is, and where on it each picture of a film
lies."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import cast

import numpy as np

from drag.edit import Edit, PointPair
from drag.masks import Region


def path(edit: Edit) -> list[tuple[Edit, Edit]]:
    """The states that this sampled picture has had, oldest first, none twice in a row: each with
    the entry that it began with and the one that it ended with, between which only what is placed
    on it changed."""
    entries = [edit]
    for entry in reversed(edit.history):
        if not entry.shows(edit):
            break
        entries.append(entry)
    stations: list[tuple[Edit, Edit]] = []
    for entry in reversed(entries):
        if stations and stations[-1][0].same_picture(entry):
            stations[-1] = stations[-1][0], entry
        else:
            stations.append((entry, entry))
    return stations


def along(lengths: Sequence[float], count: int) -> tuple[np.ndarray, np.ndarray]:
    """Where so many pictures are on the straight lines from the first station to the last, at a
    speed that is even but for a gentle start and end.

    lengths: of the lines from each station to the next, none of them 0. Returns the numbers of the
    lines, int (count,), and the shares of them that are behind, 0 to 1.
    """
    at = np.concatenate([[0], np.cumsum(lengths)])
    time = np.linspace(0, 1, count)
    eased = at[-1] * time * time * (3 - 2 * time)
    line = np.clip(np.searchsorted(at, eased, side="right") - 1, 0, len(lengths) - 1)
    return line, ((eased - at[line]) / np.array(lengths)[line]).clip(0, 1)


def apart(before: Edit, after: Edit) -> float:
    """How far the latents of two pictures are from each other, those of their regions too."""
    nothing = 0.0 * before.ws.astype(np.float64)
    ways = [after.ws - before.ws.astype(np.float64)]
    for one, other in _paired(before, after):
        first, last = (each.latents(nothing) if each else nothing for each in (one, other))
        ways.append(last - first)
    return math.sqrt(sum(np.square(way).sum() for way in ways))


def midway(before: Edit, after: Edit, share: float) -> Edit:
    """The picture of an edit on the straight way from an earlier one; share: of it that is behind,
    0 to 1. A region that only one of them has grows, or goes."""
    behind, regions = np.float32(share), []
    nothing = 0 * before.ws
    for one, other in _paired(before, after):
        first, last = (each.latents(nothing) if each else nothing for each in (one, other))
        mask_png = cast(Region, one or other).mask_png
        regions.append(Region.of(mask_png, nothing, first + behind * (last - first)))
    return replace(after, ws=before.ws + behind * (after.ws - before.ws), regions=tuple(regions))


def _paired(before: Edit, after: Edit) -> list[tuple[Region | None, Region | None]]:
    """The regions of two edits: those that both have, and then what each has alone."""
    same = 0
    for one, other in zip(before.regions, after.regions, strict=False):
        if one.mask_png != other.mask_png:
            break
        same += 1
    both = list(zip(before.regions[:same], after.regions[:same], strict=True))
    gone = [(each, None) for each in before.regions[same:]]
    return [*both, *gone, *((None, each) for each in after.regions[same:])]


def between(before: Edit, after: Edit, share: float) -> tuple[PointPair, ...]:
    """The pairs of an edit with their handles on the way from an earlier one; those that were not
    there stay where they are. share: of the way that is behind, 0 to 1."""
    first = {pair.key: pair.handle for pair in before.points}
    pairs = []
    for pair in after.points:
        x, y = (
            a + share * (b - a)
            for a, b in zip(first.get(pair.key, pair.handle), pair.handle, strict=True)
        )
        pairs.append(replace(pair, handle=(x, y)))
    return tuple(pairs)
