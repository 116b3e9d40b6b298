"""An edit as a file to keep, by its suffix: for the page, programs and the command line alike."""

from collections.abc import Iterator

from drag.edit import Edit
from drag.files import arrays, film, images, project
from drag.files.overlays import draw_mark, draw_points, pinned
from drag.render import render_edit
from networks.errors import UserError
from networks.generator import Generator

FILMS = (*film.KINDS,)  # suffixes of those that take long
AT_ONCE = 2  # of these that a page makes, for visitors and programs together
MEDIA_TYPES = {
    ".png": "image/png",
    ".mp4": "video/mp4",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".drag": "application/json",
    ".npz": "application/zip",
}


def suffix_of(kind: str) -> str:
    """The suffix of a kind of file, with or without its dot; raises ValueError, in words fit for a
    visitor, where there is none such."""
    suffix = f".{kind.lower().removeprefix('.')}" if isinstance(kind, str) else ""
    if suffix not in MEDIA_TYPES:
        *kinds, last = (known[1:] for known in MEDIA_TYPES)
        raise UserError(
            "There is no such kind of file: choose {kinds} or {last}.",
            kinds=", ".join(kinds),
            last=last,
        )
    return suffix


def file_name(edit: Edit, suffix: str) -> str:
    """What the file is called where it is kept."""
    return f"draggan{suffix}" if edit.seed is None else f"draggan-seed{edit.seed}{suffix}"


def as_file(
    suffix: str,
    generator: Generator,
    edit: Edit,
    seconds: float = 3.0,
    points: bool = False,
    mark: bool = False,
    size: int = film.SMALL,
) -> bytes:
    """The edit as a file of that kind.

    suffix: one of MEDIA_TYPES.   seconds, size: how long the motion of a film takes, and pixels of
    its longer side (`film.filming`).   points, mark: draw them on pictures and films, as
    `drag.files.overlays` does. Raises ValueError, in words fit for a visitor, where there is
    nothing to film, or no film lasts so long or is so large.
    """
    *_, content = making(suffix, generator, edit, seconds, points, mark, size)
    assert isinstance(content, bytes)  # the last is the file
    return content


def making(
    suffix: str,
    generator: Generator,
    edit: Edit,
    seconds: float = 3.0,
    points: bool = False,
    mark: bool = False,
    size: int = film.SMALL,
) -> Iterator[float | bytes]:
    """As `as_file`, with the share that is done, 0 to 1, whenever a film has gone on, and last the
    file. Raises ValueError at once."""
    if suffix in film.KINDS:
        return film.filming(generator, edit, suffix, seconds, size, points=points, mark=mark)
    return _at_once(suffix, generator, edit, points, mark)


def _at_once(
    suffix: str, generator: Generator, edit: Edit, points: bool, mark: bool
) -> Iterator[bytes]:
    if suffix == ".drag":
        yield project.to_project(edit)
    elif suffix == ".npz":
        yield arrays.to_npz(edit)
    else:
        picture = render_edit(generator, edit)
        if points:
            picture = draw_points(picture, edit.points, pinned(*edit.history, edit))
        whole = project.to_project(edit, images.MAX_TEXT)
        yield images.png(draw_mark(picture) if mark else picture, edit.facts, whole)
