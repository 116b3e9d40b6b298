"""The history of an edit as the page shows it."""

from drag.edit import Edit
from drag.page.wording import entry_label
from drag.server.language import say
from networks.errors import UserError


def strip(edit: Edit, language: str = "en", running: bool = False) -> dict:
    """The entries of the history as items of a row, and which of them is shown.

    Points that were placed have no item of their own: they belong to the picture that they were
    placed on, and its item leads to the last of them. running: a drag changes the picture shown at
    each step, so its item has that of where the drag began, which needs not be made.
    """
    items, at, label = [], 0, ""
    for index, entry in enumerate(edit.timeline):
        if items and entry.change == "points":
            items.pop()
        else:
            label = entry_label(entry, language)
        looks = entry.looks
        badge = say("entry_mask", language) if entry.mask_png is not None else ""
        picture = entry.picture_key.hex()
        items.append({"id": f"{index}:{looks}", "picture": picture, "label": label, "badge": badge})
        if index <= len(edit.history):
            at = len(items) - 1
    if running and edit.change == "drag" and at:
        items[at]["picture"] = items[at - 1]["picture"]
    return {"items": items, "at": at}


def entry_of(edit: Edit, item: str) -> int:
    """Which entry of the timeline the item of this id leads to.

    Raises ValueError, in words fit for a visitor, where it is no longer there.
    """
    number, _, looks = str(item).partition(":")
    entries = edit.timeline
    index = int(number) if number.isdecimal() and len(number) < 6 else len(entries)
    if index < len(entries) and entries[index].looks == looks:
        return index
    for index, entry in enumerate(entries):  # older ones went meanwhile
        if entry.looks == looks:
            return index
    raise UserError("That is no longer in the history: choose another picture.")
