"""The one error of the readers, and how it shows names that come from a file."""

import re


class CheckpointError(ValueError):
    """A file is refused or is no generator; the text is one sentence that says why."""


def shown(name: object, length: int = 60) -> str:
    """A name from a file, fit for one line of a terminal: letters, digits, ._/- and spaces, cut."""
    return re.sub(r"[^A-Za-z0-9_./ -]", "?", str(name)[:length])
