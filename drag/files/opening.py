"""Files that are opened: a project, a picture that holds one, or latents."""

import functools
from collections.abc import Callable
from pathlib import Path

import numpy as np

from drag.edit import Edit
from drag.files.arrays import MAX_BYTES, from_npy, from_npz
from drag.files.images import project_in
from drag.files.project import from_project
from networks.errors import UserError


def read(path: str, lost: list[int] | None = None) -> Edit | np.ndarray:
    """The edit of a project file, or the latents of an .npz or .npy file.

    lost: as `from_project` takes it. Raises ValueError in words fit for a visitor.
    """
    try:
        with open(path, "rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UserError("{file} cannot be read: {why}.", file=path, why=error.strerror) from None
    return read_content(path, content, lost)


def read_content(name: str, content: bytes, lost: list[int] | None = None) -> Edit | np.ndarray:
    """As `read`, of a file that has this name."""
    readers: dict[str, Callable[[bytes], Edit | np.ndarray]] = {
        ".drag": functools.partial(from_project, lost=lost),
        ".png": functools.partial(_from_png, lost=lost),
        ".npz": from_npz,
        ".npy": from_npy,
    }
    kind = Path(name).suffix.lower()
    if kind not in readers:
        raise UserError(
            "{file} cannot be opened: it is neither a project (.drag, or a PNG saved here) nor "
            "latents (.npz, .npy).",
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
