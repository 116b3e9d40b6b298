"""Readers of weight files. All of them read data and execute nothing; none needs PyTorch.

    checkpoint = read_checkpoint("lions.pkl")  # any file of StyleGAN2 or 3

`python -m networks.checkpoints FILE` says what a file is, or why it is refused. A file is refused
where it names what weights are not made of (`records`), is no pickle as `machine` knows them, says
that it is larger than it is (`arrays`), or holds another network (`generators`, `architecture`);
`read_checkpoint`, below, turns all of it into one sentence.

    machine       walks a pickle as data
    records       what a pickle may build, and from which names: any other is refused
    arrays        tensors and arrays as views of a file's bytes
    torch_files   torch.save's two containers
    safe_tensors  safetensors
    nvidia        names and shapes of NVIDIA's PyTorch tools
    tensorflow    of the TensorFlow tools of 2019, but for classes of that year's own code
    rosinality    of rosinality's, and of the tools built on it
    generators    finds the generator in what a file holds
    architecture  what it is like, worked out from the shapes
    alias_free    the same of StyleGAN3
    openvino      the built-in model's files
    facenet       the face finder's
    errors        the readers' one error
    __main__      says what a file is

StyleGAN2 is read at 32 to 1024 px, square or not, StyleGAN3 where it is square, with or without
classes (a picture of no particular class then). What a file can make its reader do is bounded by
the file's size.
"""

import mmap
import os
from pathlib import Path

from networks.checkpoints.errors import CheckpointError
from networks.checkpoints.generators import Checkpoint, find_generator
from networks.checkpoints.machine import Machine
from networks.checkpoints.records import Budget
from networks.checkpoints.safe_tensors import is_safetensors, read_safetensors
from networks.checkpoints.torch_files import (
    STREAM_START,
    read_archive,
    read_storage,
    read_stream,
)

__all__ = ["SUFFIXES", "Checkpoint", "CheckpointError", "read_bytes", "read_checkpoint"]

SUFFIXES = (".pkl", ".pt", ".pth", ".bin", ".safetensors")
_SMALLEST = 3  # bytes; nothing shorter is a pickle that builds anything


def read_checkpoint(path: str | os.PathLike[str]) -> Checkpoint:
    """The StyleGAN2 or StyleGAN3 generator in a file, whatever its name.

    Reads NVIDIA's pickles and those of TensorFlow, torch.save in both its forms, and safetensors.
    Raises CheckpointError, one sentence that names the file, where it is none of these, damaged,
    hostile, or another network; OSError where it cannot be opened.
    """
    path = Path(path)
    with open(path, "rb") as file:
        if os.fstat(file.fileno()).st_size < _SMALLEST:
            raise CheckpointError("{file} is empty; fetch it again.", file=path.name)
        data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    try:
        return read_bytes(data)
    except CheckpointError as error:
        raise CheckpointError("{file} {why}.", file=path.name, why=error) from None
    except (ArithmeticError, LookupError, TypeError, ValueError, MemoryError, RecursionError):
        # The checks shall leave nothing to come here; what none of them thought of is no reason for
        # a traceback on a page.
        raise CheckpointError(
            "{file} is damaged in an odd way; fetch it again.", file=path.name
        ) from None


def read_bytes(data: memoryview) -> Checkpoint:
    """As `read_checkpoint`, of a file's content; the sentence lacks its name and its full stop."""
    start, budget = bytes(data[:16]), Budget(len(data))
    if start.startswith(b"PK\3\4"):
        return find_generator(read_archive(data, budget), "torch.save archive", len(data))
    if start.startswith(STREAM_START):
        return find_generator(read_stream(data, budget), "torch.save stream", len(data))
    if is_safetensors(data):
        return find_generator(read_safetensors(data), "safetensors", len(data))
    if start[:1] != b"\x80":
        raise _what_else(bytes(data[:64]))
    machine = Machine(data, budget, read_storage)
    value = machine.run()
    if machine.position != len(data):
        raise CheckpointError("has something behind its pickle and was refused")
    return find_generator(value, "pickle", len(data))


def _what_else(start: bytes) -> CheckpointError:
    if start.startswith(b"version https://git-lfs"):
        return CheckpointError("is a git-LFS pointer in place of the file; fetch the file itself")
    if start.lstrip()[:1] == b"<":
        return CheckpointError("is a web page in place of the file; fetch the file itself")
    if start.startswith(b"\x89HDF"):
        return CheckpointError(
            "is an HDF5 file, which is not supported; choose a .pkl, .pt or .safetensors file"
        )
    return CheckpointError("is no weight file; choose a .pkl, .pt, .pth or .safetensors file")
