"""The history of an edit as the page shows it."""

import gradio as gr

from drag.edit import Edit
from drag.page.wording import entry_label
from drag.server.sessions import Session
from networks.errors import UserError


def past(session: Session) -> tuple:
    """The row of the history, the steps of the last drag, and whether undo and redo can be
    pressed."""
    edit, trail = session.edit, session.edit.trail
    row = strip(edit, session.language, session.running) | {"token": session.token}
    if trail is None:
        steps = gr.update(maximum=1, value=1, interactive=False)
    else:
        steps = gr.update(maximum=len(trail) - 1, value=trail.index_of(edit.ws), interactive=True)
    return (row, steps, gr.update(interactive=bool(edit.history)),
            gr.update(interactive=bool(edit.future)))


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
        items.append({"id": f"{index}:{looks}", "picture": looks, "label": label})
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
