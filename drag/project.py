"""An edit as one small file that opens again, and its latents as NVIDIA's tools read them.

A project is JSON: text that nothing executes, with latents (float32), masks (PNG) and tunings
(safetensors) in base64, each once however many entries of the history share it.
"""

import base64
import io
import json
import math
import tokenize
import zipfile
import zlib
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from drag.edit import CHANGES, MAX_HISTORY, MAX_POINTS, Edit, PointPair, Settings, bounded
from drag.export import NOTICE
from drag.masks import decode_mask
from drag.pictures import parse_seed, parse_truncation
from drag.solvers import SOLVERS
from networks.tuning import Tuning, check_tuning, from_bytes, to_bytes

FORMAT, VERSION = "drag project", 3
READABLE = 2, VERSION  # 2 has no tunings
MAX_BYTES = 20_000_000  # of a file that is opened; a full history is 5 MB
MAX_SIDE = 2048  # px of a picture
MAX_LATENTS = 64, 2048  # ws, and numbers in each
MAX_LATENT = 1000.0  # anything larger is no latent: those of faces stay below 10
NO_PROJECT = "This is not a project that was saved here, or it is damaged: choose another file."
NO_LATENTS = "This file has no latents that can be read: it needs an array w of (1, num_ws, w_dim)."


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
            "model": edit.model, "seed": edit.seed, "truncation_psi": edit.truncation_psi,
            "style_seed": edit.style_seed, "change": edit.change, "img_size": edit.img_size,
            "ws": [*edit.ws.shape, ws, origin], "mask": mask, "tuning": tuning,
            "points": [[*pair.handle, *pair.target, pair.key] for pair in edit.points],
            "settings": asdict(edit.settings)}

    written = [entry(each) for each in entries]
    return json.dumps({
        "format": FORMAT, "version": VERSION, "notice": NOTICE, "at": at, "entries": written,
        "data": [base64.b64encode(part).decode() for part in shared]}, allow_nan=False).encode()


def from_project(content: bytes) -> Edit:
    """The edit of a file that `to_project` made.

    Checks all there is, for a stranger may have sent it; `check_model` says whether a model fits.
    Raises ValueError in words fit for a visitor.
    """
    try:
        _check_size(content)
        record = json.loads(content, parse_constant=_refuse, parse_int=_whole)
        if record.get("format") != FORMAT:
            raise ValueError(NO_PROJECT)
        if record.get("version") not in list(READABLE):
            raise ValueError("This project is of another version of this program: open it there, "
                             "or save the picture's latents as .npz.")
        records, at = record["entries"], record["at"]
        if type(at) is not int or not 0 <= at < len(records) <= MAX_HISTORY + 1:
            raise ValueError(NO_PROJECT)
        parts = [_decoded(text) for text in record["data"]]
        shared: dict[tuple, Any] = {}
        entries = [_entry(each, parts, shared) for each in records]
        if any(each.model != entries[at].model for each in entries):
            raise ValueError(NO_PROJECT)
    except (KeyError, TypeError, AttributeError, IndexError, OverflowError, RecursionError,
            UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(NO_PROJECT) from error
    history, future = bounded(entries[:at]), bounded(entries[:at:-1])[::-1]
    return replace(entries[at], history=history, future=future)


def to_npz(edit: Edit) -> bytes:
    """The latents as the projector of NVIDIA's StyleGAN2 writes them: w, float32
    (1, num_ws, w_dim)."""
    buffer = io.BytesIO()
    np.savez(buffer, w=edit.ws[None].astype(np.float32))
    return buffer.getvalue()


def from_npz(content: bytes) -> np.ndarray:
    """The latents of such a file, float32 (num_ws, w_dim); of several the first.

    Nothing is unpickled, and nothing larger than latents are is unpacked. Raises ValueError in
    words fit for a visitor.
    """
    try:
        _check_size(content)
        with zipfile.ZipFile(io.BytesIO(content)) as archive, archive.open("w.npy") as member:
            array = member.read(MAX_BYTES + 1)
        _check_size(array)
        return _latents(_array(array))
    except (KeyError, EOFError, OSError, NotImplementedError, RuntimeError,
            zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(NO_LATENTS) from error


def from_npy(content: bytes) -> np.ndarray:
    """As `from_npz`, of a file that has the bare array: (num_ws, w_dim) or (N, num_ws, w_dim)."""
    _check_size(content)
    return _latents(_array(content))


def read(path: str) -> Edit | np.ndarray:
    """The edit of a project file, or the latents of an .npz or .npy file. Raises ValueError in
    words fit for a visitor."""
    try:
        with open(path, "rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}.") from None
    return read_content(path, content)


def read_content(name: str, content: bytes) -> Edit | np.ndarray:
    """As `read`, of a file that has this name."""
    readers = {".drag": from_project, ".npz": from_npz, ".npy": from_npy}
    kind = Path(name).suffix.lower()
    if kind not in readers:
        raise ValueError(f"{name} cannot be opened: it is neither a project (.drag) nor latents "
                         "(.npz, .npy).")
    return readers[kind](content)


def check_model(generator, edit: Edit) -> None:
    """Raise ValueError where an edit, with all of its history, is not one of this generator."""
    fits = (generator.num_ws, generator.w_dim), tuple(generator.img_size)
    if any((each.ws.shape, tuple(each.img_size)) != fits for each in edit.timeline):
        raise ValueError("These latents are of another model: choose the model that made them.")
    for tuning in {id(each.tuning): each.tuning for each in edit.timeline if each.tuning}.values():
        check_tuning(generator, tuning)


def _check_size(content: bytes) -> None:
    if len(content) > MAX_BYTES:
        raise ValueError(f"The file is larger than {MAX_BYTES // 10**6} MB, which no edit is: "
                         "choose another.")


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:  # binascii.Error is one, too
        raise ValueError(NO_PROJECT) from error


def _refuse(_: str):
    raise ValueError(NO_PROJECT)


def _whole(digits: str) -> int:
    return int(digits) if len(digits) <= 20 else _refuse(digits)


def _entry(record: dict, parts: list[bytes], shared: dict[tuple, Any]) -> Edit:
    """One entry of a project, checked; shared: latents, masks and tunings of the others."""
    model = record["model"]
    if not isinstance(model, str) or not 0 < len(model) <= 200:
        raise ValueError(NO_PROJECT)
    numbers = [*record["img_size"], *record["ws"]]
    if len(numbers) != 6 or not all(type(n) is int and n >= 0 for n in numbers):
        raise ValueError(NO_PROJECT)
    height, width, count, length, *places = numbers
    if max(height, width) > MAX_SIDE:
        raise ValueError(NO_PROJECT)
    for place in places:
        if len(parts[place]) != 4 * count * length:
            raise ValueError(NO_PROJECT)
        if (place, count, length) not in shared:
            array = np.frombuffer(parts[place], "<f4").reshape(count, length)
            shared[place, count, length] = _latents(array)
    ws, origin = (shared[place, count, length] for place in places)
    settings = Settings(**record["settings"])
    if settings.solver not in list(SOLVERS):  # a list, for it may be anything
        raise ValueError(NO_PROJECT)
    if record["change"] not in list(CHANGES):
        raise ValueError(NO_PROJECT)
    seed, style = (None if n is None else parse_seed(n)
                   for n in (record["seed"], record["style_seed"]))
    edit = Edit(model, seed, parse_truncation(record["truncation_psi"]), ws, (height, width),
                settings=settings, origin=origin, style_seed=style, change=record["change"])
    mask = record["mask"], height, width
    if mask not in shared:
        shared[mask] = edit.place((), _mask(mask[0], parts, (height, width))).mask_png
    points = edit.place(_points(record["points"])).points
    return replace(edit, points=shared.setdefault(("points", points), points),
                   mask_png=shared[mask], tuning=_tuning(record.get("tuning"), parts, shared))


def _tuning(place: int | None, parts: list[bytes], shared: dict[tuple, Any]) -> Tuning | None:
    if place is None:
        return None
    if type(place) is not int or place < 0:
        raise ValueError(NO_PROJECT)
    if ("tuning", place) not in shared:
        shared["tuning", place] = from_bytes(parts[place])
    return shared["tuning", place]


def _points(records: list) -> list[PointPair]:
    if len(records) > MAX_POINTS:
        raise ValueError(NO_PROJECT)
    points = []
    for record in records:
        if len(record) != 5 or not all(type(n) in (int, float) for n in record):
            raise ValueError(NO_PROJECT)
        x0, y0, x1, y1, key = record
        if type(key) is not int or not 0 <= key < 2**53:
            raise ValueError(NO_PROJECT)
        points.append(PointPair((float(x0), float(y0)), (float(x1), float(y1)), key))
    return points


def _mask(number: int | None, parts: list[bytes], img_size: tuple[int, int]) -> np.ndarray | None:
    if number is None:
        return None
    try:
        return decode_mask(parts[number], img_size)
    except ValueError as error:
        raise ValueError(NO_PROJECT) from error


def _array(content: bytes) -> np.ndarray:
    """The array of a .npy file, which must be numbers and all there."""
    file, readers = io.BytesIO(content), np.lib.format
    try:
        read = {(1, 0): readers.read_array_header_1_0, (2, 0): readers.read_array_header_2_0}
        shape, _, dtype = read[readers.read_magic(file)](file)
        size = math.prod(shape) * dtype.itemsize
        if dtype.kind != "f" or min(shape) < 1 or len(content) - file.tell() != size:
            raise ValueError
        file.seek(0)
        return readers.read_array(file, allow_pickle=False)
    except (ValueError, SyntaxError, tokenize.TokenError) as error:  # in NumPy's words
        raise ValueError(NO_LATENTS) from error


def _latents(array: np.ndarray) -> np.ndarray:
    """Latents (num_ws, w_dim), float32, of an array (num_ws, w_dim) or (N, num_ws, w_dim)."""
    if array.ndim == 3 and len(array):
        array = array[0]
    if array.ndim != 2 or not all(1 <= n <= most for n, most in zip(
            array.shape, MAX_LATENTS, strict=True)):
        raise ValueError(NO_LATENTS)
    if not (np.abs(array) <= MAX_LATENT).all():  # nor where one is not a number
        raise ValueError("The latents in this file are not finite, or far too large: choose "
                         "another.")
    return np.array(array, np.float32)
