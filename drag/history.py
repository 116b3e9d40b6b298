"""What an edit was before and what was undone: its timeline, and how much of that is kept."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from networks.errors import UserError
from networks.tuning import Tuning

if TYPE_CHECKING:
    from drag.edit import Edit, Places, PointPair

MAX_HISTORY = 200  # entries in all; a hundred pictures of the built-in model fit into the bytes
MAX_HISTORY_BYTES = 3_500_000
POINT_BYTES = 330  # of a PointPair, in Python


def timeline(edit: "Edit") -> tuple["Edit", ...]:
    """All entries, the present one at index len(edit.history)."""
    return (*edit.history, replace(edit, history=(), future=()), *edit.future)


def remember(edit: "Edit", change: str) -> "Edit":
    """The same edit with its present state on top of its history, about to be changed.

    What was undone can't be redone from now on. Only the last drag keeps its trail: it goes
    unless just points and mask change.
    """
    *history, last = timeline(edit)[: len(edit.history) + 1]
    trail = edit.trail if change in ("points", "mask") else None
    if trail is None:
        history = [replace(entry, trail=None) if entry.trail else entry for entry in history]
        last = replace(last, trail=None)
    return replace(edit, change=change, trail=trail, history=bounded([*history, last]), future=())


def meanwhile(edit: "Edit", started: "Edit", handles: "Places") -> "Edit":
    """The edit after a drag, with what was placed while it ran as a change of its own.

    started: as the drag began.   handles: (x, y) that it brought them to, by the key of their pair.
    """
    dragged = replace(edit, points=started.points, mask_png=started.mask_png).with_ends(handles)
    masks = edit.mask_png != started.mask_png
    if not masks and alike(dragged.points, edit.points):
        return edit
    changed = remember(dragged, "mask" if masks else "points")
    return replace(changed, points=edit.points, mask_png=edit.mask_png)


def undo(edit: "Edit") -> "Edit":
    """The entry before this one; itself where there is none."""
    return jump(edit, len(edit.history) - 1) if edit.history else edit


def redo(edit: "Edit") -> "Edit":
    """The entry that was undone last; itself where there is none."""
    return jump(edit, len(edit.history) + 1) if edit.future else edit


def jump(edit: "Edit", index: int) -> "Edit":
    """The entry at this index of the timeline, with the settings kept."""
    entries = timeline(edit)
    if not 0 <= index < len(entries):
        raise UserError("That is no longer in the history: choose another picture.")
    return replace(
        entries[index], settings=edit.settings, history=entries[:index], future=entries[index + 1 :]
    )


def bounded(entries: Sequence["Edit"]) -> tuple["Edit", ...]:
    """The last of these entries, so many as a history may have."""
    kept, seen, size = [], set(), 0
    for entry in reversed(entries[-MAX_HISTORY:]):
        for part in entry.parts:
            if id(part) not in seen:
                seen.add(id(part))
                size += _size(part)
        if size > MAX_HISTORY_BYTES:
            break
        kept.append(entry)
    return tuple(reversed(kept))


def held_bytes(entries: Iterable["Edit"]) -> int:
    """Bytes of latents, regions, points, steps and tunings of entries, which may share them."""
    entries = list(entries)
    parts = {id(part): part for entry in entries for part in entry.parts}
    trails = {id(entry.trail): entry.trail for entry in entries if entry.trail}
    return sum(map(_size, parts.values())) + sum(each.nbytes for each in trails.values())


def _size(part: np.ndarray | bytes | tuple | Tuning) -> int:
    if isinstance(part, tuple):
        return POINT_BYTES * len(part)
    return len(part) if isinstance(part, bytes) else part.nbytes


def alike(points: tuple["PointPair", ...], others: tuple["PointPair", ...]) -> bool:
    """Whether these pairs are the same but for the tenths of a pixel to which a browser rounds."""
    return len(points) == len(others) and all(
        one.key == other.key
        and math.dist(one.handle, other.handle) < 0.1
        and math.dist(one.target, other.target) < 0.1
        for one, other in zip(points, others, strict=True)
    )
