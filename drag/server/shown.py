"""What a page shows, as the server knows it."""

from dataclasses import dataclass, field

from drag.edit import Edit


@dataclass(frozen=True, eq=False)
class Turn:
    """An edit to be shown. epoch: that it is of; serial: of its frame, so that what follows has a
    higher one however long its picture takes."""

    edit: Edit
    epoch: int
    serial: int


@dataclass(eq=False)
class Shown:
    """What a page shows, and the numbers by which it and the server agree on that."""

    edit: Edit
    language: str = "en"  # that the page is spoken to in
    epoch: int = 0  # counts the edits that replaced another
    revision: int = 0  # of the points and mask in edit, as the canvas counts
    serial: int = 0  # of the last frame sent
    drawn: int = 0  # serial of the last frame that the browser says it has drawn
    handles: dict = field(default_factory=dict)  # where a drag has moved them, by key
    wanted: object = None  # stands for the model asked for last, while it is fetched
    offered: bytes | None = None  # a region, a PNG, that the canvas was told to take and to say
    refused: str = ""  # what was typed as a seed and is none
