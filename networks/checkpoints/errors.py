"""The one error of the readers, and how it shows names that come from a file."""

import re

from networks.errors import UserError

NOT_REAL = "has {name} as {kind}, not as real numbers"


class CheckpointError(UserError):
    """A file is refused or is no generator, and why. What readers say is the rest of a sentence
    that begins with the file's name."""


def shown(name: object, length: int = 60) -> str:
    """A name from a file, fit for one line of a terminal: letters, digits, ._/- and spaces, cut."""
    return re.sub(r"[^A-Za-z0-9_./ -]", "?", str(name)[:length])
