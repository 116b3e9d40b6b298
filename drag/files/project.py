"""An edit as one small file that opens again, and its latents as NVIDIA's tools read them.

A project is JSON: text that nothing executes, with latents (float32), masks (PNG) and tunings
(safetensors) in base64, each once however many entries of the history share it.
"""

import base64
import json
import math
from dataclasses import asdict, replace
from typing import Any, NoReturn

import numpy as np

from drag.edit import CHANGES, MAX_POINTS, Edit, PointPair, Settings
from drag.files.arrays import check_size, checked_latents
from drag.files.images import NOTICE
from drag.generate import parse_seed, parse_truncation
from drag.history import MAX_HISTORY, bounded
from drag.masks import MAX_REGIONS, Region, decode_mask
from drag.solvers import SOLVERS
from networks.errors import UserError
from networks.tuning import Tuning, from_bytes, to_bytes

FORMAT, VERSION = "drag project", 4
READABLE = 2, 3, VERSION  # 2 has no tunings, 3 no regions with latents of their own
OLD_SOLVERS = {"gauss-newton-region": "gauss-newton"}  # of those versions, by what they are now
MAX_SIDE = 2048  # px of a picture
NO_PROJECT = "This is not a project that was saved here, or it is damaged: choose another file."
_WRONG = (  # what is raised of a record that is none
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    IndexError,
    OverflowError,
    RecursionError,
)


def to_project(edit: Edit, most: float = math.inf) -> bytes:
    """The edit with its history and what was undone as a file.

    most: bytes that it may have; what lies furthest back goes, until just the edit is left. The
    steps of the last drag are not kept.
    """
    entries, at = edit.timeline, len(edit.history)
    while len(content := _written(entries, at)) > most and len(entries) > 1:
        if at:
            entries, at = entries[max(1, at // 2) :], at - max(1, at // 2)
        else:
            entries = entries[:1]
    return content


def _written(entries: tuple[Edit, ...], at: int) -> bytes:
    shared: dict[bytes, int] = {}
    tunings = {id(edit.tuning): edit.tuning for edit in entries if edit.tuning}
    packed = {each: to_bytes(tuning) for each, tuning in tunings.items()}

    def share(data: bytes) -> int:
        return shared.setdefault(data, len(shared))

    def entry(edit: Edit) -> dict:
        mask = None if edit.mask_png is None else share(edit.mask_png)
        tuning = None if edit.tuning is None else share(packed[id(edit.tuning)])
        ws, origin = (share(each.astype("<f4").tobytes()) for each in (edit.ws, edit.origin))
        return {
            "model": edit.model,
            "seed": edit.seed,
            "truncation_psi": edit.truncation_psi,
            "style_seed": edit.style_seed,
            "change": edit.change,
            "img_size": edit.img_size,
            "ws": [*edit.ws.shape, ws, origin],
            "mask": mask,
            "tuning": tuning,
            "regions": [
                [share(each.mask_png), len(each.change), share(each.change.astype("<f4").tobytes())]
                for each in edit.regions
            ],
            "points": [[*pair.handle, *pair.target, pair.key] for pair in edit.points],
            "settings": asdict(edit.settings),
        }

    written = [entry(each) for each in entries]
    return json.dumps(
        {
            "format": FORMAT,
            "version": VERSION,
            "notice": NOTICE,
            "at": at,
            "entries": written,
            "data": [base64.b64encode(part).decode() for part in shared],
        },
        allow_nan=False,
    ).encode()


def from_project(content: bytes, lost: list[int] | None = None) -> Edit:
    """The edit of a file that `to_project` made.

    lost: takes the numbers of damaged entries, without which the rest opens, the nearest in place
    of the present one; unless given, one such is an error.

    Checks all there is, for a stranger may have sent it; `check_model` says whether a model fits.
    Raises ValueError in words fit for a visitor.
    """
    try:
        check_size(content)
        record = json.loads(content, parse_constant=_refuse, parse_int=_whole)
        if record.get("format") != FORMAT:
            raise UserError(NO_PROJECT)
        if record.get("version") not in list(READABLE):
            raise UserError(
                "This project is of another version of this program: open it there, "
                "or save the picture's latents as .npz."
            )
        records, at = record["entries"], record["at"]
        if type(at) is not int or not 0 <= at < len(records) <= MAX_HISTORY + 1:
            raise UserError(NO_PROJECT)
        parts = [_decoded(text, lost is not None) for text in record["data"]]
        entries, at = _entries(records, at, parts, lost)
    except UserError:
        raise
    except _WRONG as error:
        raise UserError(NO_PROJECT) from error
    history, future = bounded(entries[:at]), bounded(entries[:at:-1])[::-1]
    return replace(entries[at], history=history, future=future)


def _entries(
    records: list, at: int, parts: list[bytes], lost: list[int] | None
) -> tuple[list[Edit], int]:
    """The entries of a project, as `from_project` reads them, and which of them is shown."""
    shared: dict[tuple, Any] = {}
    read: dict[int, Edit] = {}
    errors: dict[int, Exception] = {}
    for number, record in enumerate(records):
        try:
            read[number] = _entry(record, parts, shared)
        except _WRONG as error:
            errors[number] = error
    if errors and (lost is None or not read):
        raise next(iter(errors.values()))
    at = min(read, key=lambda number: (abs(number - at), number))
    entries = {n: each for n, each in read.items() if _kin(each, lost) == _kin(read[at], lost)}
    missing = sorted(set(range(len(records))) - set(entries))
    if missing and lost is None:
        raise UserError(NO_PROJECT)
    if lost is not None:
        lost += missing
    return list(entries.values()), list(entries).index(at)


def _kin(edit: Edit, lost: list[int] | None) -> tuple:
    """What all entries of a project have in common; where none may be lost, `check_model` says
    more of them than that they do not fit."""
    return (edit.model,) if lost is None else (edit.model, edit.ws.shape, edit.img_size)


def _decoded(text: str, leniently: bool = False) -> bytes:
    """What is in base64; nothing, which no entry can use, where that is damaged and may be."""
    try:
        return base64.b64decode(text, validate=True)
    except (ValueError, TypeError) as error:  # binascii.Error is one, too
        if leniently:
            return b""
        raise UserError(NO_PROJECT) from error


def _refuse(_: str) -> NoReturn:
    raise UserError(NO_PROJECT)


def _whole(digits: str) -> int:
    return int(digits) if len(digits) <= 20 else _refuse(digits)


def _entry(record: dict, parts: list[bytes], shared: dict[tuple, Any]) -> Edit:
    """One entry of a project, checked; shared: latents, masks and tunings of the others."""
    model = record["model"]
    if not isinstance(model, str) or not 0 < len(model) <= 200:
        raise UserError(NO_PROJECT)
    numbers = [*record["img_size"], *record["ws"]]
    if len(numbers) != 6 or not all(type(n) is int and n >= 0 for n in numbers):
        raise UserError(NO_PROJECT)
    height, width, count, length, *places = numbers
    if max(height, width) > MAX_SIDE:
        raise UserError(NO_PROJECT)
    for place in places:
        if len(parts[place]) != 4 * count * length:
            raise UserError(NO_PROJECT)
        if (place, count, length) not in shared:
            array = np.frombuffer(parts[place], "<f4").reshape(count, length)
            shared[place, count, length] = checked_latents(array)
    ws, origin = (shared[place, count, length] for place in places)
    settings = Settings(**_known(record["settings"]))
    if settings.solver not in list(SOLVERS):  # a list, for it may be anything
        raise UserError(NO_PROJECT)
    if record["change"] not in list(CHANGES):
        raise UserError(NO_PROJECT)
    seed, style = (
        None if n is None else parse_seed(n) for n in (record["seed"], record["style_seed"])
    )
    edit = Edit(
        model,
        seed,
        parse_truncation(record["truncation_psi"]),
        ws,
        (height, width),
        settings=settings,
        origin=origin,
        style_seed=style,
        change=record["change"],
    )
    mask_png = _mask(record["mask"], edit, parts, shared)
    points = edit.place(_points(record["points"])).points
    return replace(
        edit,
        points=shared.setdefault(("points", points), points),
        mask_png=mask_png,
        regions=_regions(record.get("regions", []), edit, parts, shared),
        tuning=_tuning(record.get("tuning"), parts, shared),
    )


def _tuning(place: int | None, parts: list[bytes], shared: dict[tuple, Any]) -> Tuning | None:
    if place is None:
        return None
    if type(place) is not int or place < 0:
        raise UserError(NO_PROJECT)
    if ("tuning", place) not in shared:
        shared["tuning", place] = from_bytes(parts[place])
    return shared["tuning", place]


def _points(records: list) -> list[PointPair]:
    if len(records) > MAX_POINTS:
        raise UserError(NO_PROJECT)
    points = []
    for record in records:
        if len(record) != 5 or not all(type(n) in (int, float) for n in record):
            raise UserError(NO_PROJECT)
        x0, y0, x1, y1, key = record
        if type(key) is not int or not 0 <= key < 2**53:
            raise UserError(NO_PROJECT)
        points.append(PointPair((float(x0), float(y0)), (float(x1), float(y1)), key))
    return points


def _mask(
    place: int | None, edit: Edit, parts: list[bytes], shared: dict[tuple, Any]
) -> bytes | None:
    if place is None:
        return None
    key = "mask", place, edit.img_size
    if key not in shared:
        try:
            mask = decode_mask(parts[place], edit.img_size)
        except ValueError as error:
            raise UserError(NO_PROJECT) from error
        shared[key] = edit.place((), mask).mask_png
    return shared[key]


def _regions(
    records: list, edit: Edit, parts: list[bytes], shared: dict[tuple, Any]
) -> tuple[Region, ...]:
    if type(records) is not list or len(records) > MAX_REGIONS:
        raise UserError(NO_PROJECT)
    regions = []
    for mask, count, place in records:
        length = edit.ws.shape[1]
        key = "region", mask, count, place, length
        if key not in shared:
            mask_png = _mask(mask, edit, parts, shared)
            if type(count) is not int or not 1 <= count <= len(edit.ws) or mask_png is None:
                raise UserError(NO_PROJECT)
            change = np.frombuffer(parts[place], "<f4").reshape(count, length)
            shared[key] = Region(mask_png, checked_latents(change))
        regions.append(shared[key])
    return tuple(regions)


def _known(settings: dict) -> dict:
    """Settings as they are called now."""
    return settings | {
        "solver": OLD_SOLVERS.get(str(settings.get("solver")), settings.get("solver"))
    }
