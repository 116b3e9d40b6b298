"""Files that are opened: a project, a picture that holds one, or latents."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from drag.edit import Edit
from drag.files.arrays import check_size, from_npy, from_npz, from_torch
from drag.files.images import project_in
from drag.files.project import from_project
from networks.checkpoints import SUFFIXES
from networks.errors import UserError

MAX_FILE = 500_000_000  # bytes of one on this machine: beside latents it may have noise and photos


def read(path: str, lost: list[int] | None = None) -> Edit | np.ndarray:
    """The edit of a project file, or the latents of one of NumPy or PyTorch.

    lost: as `from_project` takes it. Raises ValueError in words fit for a visitor.
    """
    try:
        with open(path, "rb") as file:
            content = file.read(MAX_FILE + 1)
    except OSError as error:
        raise UserError("{file} cannot be read: {why}.", file=path, why=error.strerror) from None
    check_size(content, MAX_FILE)
    return _read(path, content, lost)


def read_content(name: str, content: bytes, lost: list[int] | None = None) -> Edit | np.ndarray:
    """As `read`, of a file that has this name and that a visitor sent."""
    check_size(content)
    return _read(name, content, lost)


def _read(name: str, content: bytes, lost: list[int] | None) -> Edit | np.ndarray:
    readers: dict[str, Callable[[bytes], Edit | np.ndarray]] = {
        ".drag": partial(from_project, lost=lost),
        ".png": partial(_from_png, lost=lost),
        ".npz": from_npz,
        ".npy": from_npy,
        **dict.fromkeys(SUFFIXES, partial(from_torch, Path(name).name)),
    }
    kind = Path(name).suffix.lower()
    if kind not in readers:
        raise UserError(
            "{file} cannot be opened: it is neither a project (.drag, or a PNG saved here) nor "
            "latents (.npz, .npy, .pt).",
            file=name,
        )
    return readers[kind](content)


def _from_png(content: bytes, lost: list[int] | None) -> Edit:
    project = project_in(content)
    if project is None:
        raise UserError(
            "This picture holds no edit: only a PNG that was saved here, and that nothing has "
            "saved again, does."
        )
    return from_project(project, lost)
