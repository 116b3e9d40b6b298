"""Latents as other tools write them: .npz and .npy files, and those of torch.save. Nothing in them
is unpickled by Python."""

import io
import math
import tokenize
import zipfile
import zlib
from collections.abc import Iterable

import numpy as np

from drag.edit import Edit
from networks.checkpoints.containers import DAMAGED
from networks.checkpoints.errors import CheckpointError, shown
from networks.checkpoints.latents import read_arrays
from networks.errors import UserError

MAX_BYTES = 20_000_000  # of a file that is opened; a full history is 5 MB
MAX_LATENTS = 64, 2048  # ws, and numbers in each
MAX_LATENT = 1000.0  # anything larger is no latent: those of faces stay below 10
WITHOUT_REGIONS = (
    "These latents are of the whole picture; what was dragged in a region alone, plain latents "
    "cannot hold: save the project (.drag) for that."
)
NO_LATENTS = "This file has no latents that can be read: it needs an array w of (1, num_ws, w_dim)."
OBJECTS = "This file holds Python objects, which are not opened: save the array of latents alone."
NAMES = (  # of latents, in NVIDIA's and others' tools; the first that a file has is taken
    *("w", "ws", "w_plus", "wp", "dlatents", "dlatent", "latents", "latent", "latent_codes"),
    *("latent_code", "codes", "w_pivot", "w_opt", "projected_w", "arr_0"),
)


def to_npz(edit: Edit) -> bytes:
    """The latents as the projector of NVIDIA's StyleGAN2 writes them: w, float32
    (1, num_ws, w_dim). What its regions have of their own is not in them: WITHOUT_REGIONS."""
    buffer = io.BytesIO()
    np.savez(buffer, w=edit.ws[None].astype(np.float32))
    return buffer.getvalue()


def from_npz(content: bytes) -> np.ndarray:
    """The latents of such a file, float32 (num_ws, w_dim), or (1, w_dim) where all entries are the
    same; of several the first.

    Nothing is unpickled, and nothing larger than latents are is unpacked. Raises ValueError in
    words fit for a visitor.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = [name[:-4] for name in archive.namelist() if name.endswith(".npy")]
            with archive.open(f"{_chosen(members)}.npy") as member:
                array = member.read(MAX_BYTES + 1)
        check_size(array)
        return checked_latents(_array(array))
    except UserError:
        raise
    except (
        ValueError,
        KeyError,
        EOFError,
        OSError,
        NotImplementedError,
        RuntimeError,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        raise UserError(NO_LATENTS) from error


def from_npy(content: bytes) -> np.ndarray:
    """As `from_npz`, of a file that has the bare array: (num_ws, w_dim) or (N, num_ws, w_dim)."""
    return checked_latents(_array(content))


def from_torch(name: str, content: bytes) -> np.ndarray:
    """As `from_npz`, of a file of torch.save, a pickle or safetensors, which has this name."""
    try:
        arrays = read_arrays(memoryview(content))
    except CheckpointError as error:
        raise UserError("{file} {why}.", file=name, why=error) from error
    except DAMAGED as error:
        raise UserError(NO_LATENTS) from error
    return checked_latents(arrays[_chosen(arrays)])


def check_size(content: bytes, most: int = MAX_BYTES) -> None:
    """Raise ValueError, in words fit for a visitor, where a file is larger than any edit."""
    if len(content) > most:
        raise UserError(
            "The file is larger than {most} MB, which no edit is: choose another.",
            most=most // 10**6,
        )


def _chosen(names: Iterable[str]) -> str:
    """Which of a file's arrays is the latents: the only one, or the one that is called so."""
    last: dict[str, str] = {}
    for name in names:
        last.setdefault(name.rpartition(".")[2].lower(), name)
    known = [last[name] for name in NAMES if name in last]
    if not last:
        raise UserError(NO_LATENTS)
    if not known and len(last) > 1:
        few = ", ".join(shown(name, 30) for name in list(last)[:5])
        raise UserError(
            "This file has several arrays ({names}), and none of them is called w: save it with "
            "the latents alone.",
            names=few,
        )
    return known[0] if known else next(iter(last.values()))


def _array(content: bytes) -> np.ndarray:
    """The array of a .npy file, which must be numbers and all there."""
    file, readers = io.BytesIO(content), np.lib.format
    try:
        read = {(1, 0): readers.read_array_header_1_0, (2, 0): readers.read_array_header_2_0}
        shape, _, dtype = read[readers.read_magic(file)](file)
        if dtype.hasobject:
            raise UserError(OBJECTS)
        size = math.prod(shape) * dtype.itemsize
        if dtype.kind != "f" or min(shape) < 1 or len(content) - file.tell() != size:
            raise ValueError
        file.seek(0)
        return readers.read_array(file, allow_pickle=False)
    except UserError:
        raise
    except (ValueError, KeyError, SyntaxError, tokenize.TokenError) as error:  # in NumPy's words
        raise UserError(NO_LATENTS) from error


def checked_latents(array: np.ndarray) -> np.ndarray:
    """Latents (num_ws, w_dim), float32, of an array (num_ws, w_dim), (N, num_ws, w_dim), or
    (w_dim,), which is one row."""
    if array.ndim == 3 and len(array):
        array = array[0]
    if array.ndim == 1:
        array = array[None]
    if array.ndim != 2 or not all(
        1 <= n <= most for n, most in zip(array.shape, MAX_LATENTS, strict=True)
    ):
        raise UserError(NO_LATENTS)
    if not (np.abs(array) <= MAX_LATENT).all():  # nor where one is not a number
        raise UserError(
            "The latents in this file are not finite, or far too large: choose another."
        )
    return np.array(array, np.float32)
