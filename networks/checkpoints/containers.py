"""What a file holds, whichever of the containers it is: pickles, torch.save's two, safetensors."""

import mmap
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from networks.checkpoints import others
from networks.checkpoints.errors import CheckpointError
from networks.checkpoints.machine import Machine
from networks.checkpoints.records import Budget
from networks.checkpoints.safe_tensors import is_safetensors, read_safetensors
from networks.checkpoints.torch_files import (
    STREAM_START,
    read_archive,
    read_storage,
    read_stream,
)

# What no check of a reader thought of, which is no reason for a traceback on a page.
DAMAGED = ArithmeticError, LookupError, TypeError, ValueError, MemoryError, RecursionError
ENDLESS = "has dicts within dicts without end and was refused"
_SMALLEST = 3  # bytes; nothing shorter is a pickle that builds anything
_MAX_LEAVES, _MAX_DEPTH = 100_000, 4
_Read = TypeVar("_Read")


def read_file(path: str | os.PathLike[str], read: Callable[[memoryview], _Read]) -> _Read:
    """What `read` makes of a file's content, with the file's name in what it says of it.

    Raises CheckpointError, one sentence that names the file, where it is refused; OSError where it
    cannot be opened.
    """
    path = Path(path)
    with open(path, "rb") as file:
        if os.fstat(file.fileno()).st_size < _SMALLEST:
            raise CheckpointError("{file} is empty; fetch it again.", file=path.name)
        data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    try:
        return read(data)
    except CheckpointError as error:
        raise CheckpointError("{file} {why}.", file=path.name, why=error) from None
    except DAMAGED:
        raise CheckpointError(
            "{file} is damaged in an odd way; fetch it again.", file=path.name
        ) from None


def read_value(data: memoryview) -> tuple[Any, str]:
    """The value that a file's content builds, and its container in words. Raises CheckpointError;
    the sentence lacks the file's name and its full stop."""
    start, budget = bytes(data[:16]), Budget(len(data))
    if start.startswith(b"PK\3\4"):
        return read_archive(data, budget), "torch.save archive"
    if start.startswith(STREAM_START):
        return read_stream(data, budget), "torch.save stream"
    if is_safetensors(data):
        return read_safetensors(data), "safetensors"
    if start[:1] != b"\x80":
        raise _what_else(bytes(data[:64]))
    machine = Machine(data, budget, read_storage)
    try:
        value = machine.run()
    except CheckpointError:
        others.check_built(machine.memo.values())  # which it may be the truer to say
        raise
    if machine.position != len(data):
        raise CheckpointError("has something behind its pickle and was refused")
    return value, "pickle"


def leaves_of(value: Any) -> dict[str, Any]:
    """What a value holds, by dotted names: {"g.x": tensor} of {"g": {"x": tensor}}; a value that
    is no container is by itself, its name empty."""
    leaves: dict[str, Any] = {}
    ahead, seen = [("", value, 0)], 0
    while ahead:
        path, item, depth = ahead.pop()
        if isinstance(item, dict | list | tuple) and item and depth < _MAX_DEPTH:
            parts = item.items() if isinstance(item, dict) else enumerate(item)
            before = f"{path}." if path else ""
            seen += len(item)
            if seen > _MAX_LEAVES:
                raise CheckpointError(ENDLESS)
            ahead += [(f"{before}{key}", part, depth + 1) for key, part in parts][::-1]
        else:
            leaves[path] = item
    return leaves


def _what_else(start: bytes) -> CheckpointError:
    if start.startswith(b"version https://git-lfs"):
        return CheckpointError("is a git-LFS pointer in place of the file; fetch the file itself")
    if start.lstrip()[:1] == b"<":
        return CheckpointError("is a web page in place of the file; fetch the file itself")
    if start.startswith(b"\x89HDF"):
        return CheckpointError(
            "is an HDF5 file, which is not supported; choose a .pkl, .pt or .safetensors file"
        )
    return CheckpointError(
        "is no file of weights or latents; choose a .pkl, .pt, .pth or .safetensors file"
    )
