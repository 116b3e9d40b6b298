"""The page's components by name, and the groups of them that change together.

A handler returns a dict of what it changes, `{page.status: line, page.canvas: update}`; what it
does not name stays as it is, and an empty dict changes nothing.
"""

from dataclasses import dataclass

import gradio as gr

from drag.page.components.base import OpenSlider
from drag.page.components.canvas import DragCanvas
from drag.page.components.exchange import FileExchange
from drag.page.components.photo_frame import PhotoFrame
from drag.page.components.thumbnails import Thumbnails


@dataclass(frozen=True, eq=False)
class Controls:
    """Made by drag/page/layout.py, in the order in which they stand on the page."""

    title: gr.HTML
    canvas: DragCanvas
    offered: Thumbnails  # six faces, or looks, over it
    history: Thumbnails
    steps: OpenSlider  # of the last drag
    reach: OpenSlider  # of the next one
    go: gr.Button  # Drag
    stop: gr.Button
    status: gr.HTML  # one line of words, and how far a drag is
    undo: gr.Button
    redo: gr.Button
    reset_points: gr.Button
    reset_picture: gr.Button
    examples: Thumbnails
    seed: gr.Textbox
    dice: gr.Button  # six other faces
    look: gr.Textbox  # seed of the picture whose look is mixed in
    looks: gr.Button  # six other looks
    psi: OpenSlider  # truncation
    model: gr.Dropdown
    photo: PhotoFrame
    format: gr.Dropdown  # of the file to save
    seconds: OpenSlider  # of the film
    size: gr.Radio  # of the film, px
    points: gr.Checkbox  # shown in the file
    mark: gr.Checkbox  # "AI-generated" in its corner
    save: gr.Button
    share: gr.Button  # copies a link
    advanced: dict[str, gr.components.Component]  # by the fields of drag.settings.Settings
    exchange: FileExchange
    note: gr.HTML
    # Not seen: what passes between the browser's storage and the server.
    token: gr.Textbox  # of the visitor's session
    kept: gr.Textbox  # their edit, as a project
    placed: gr.JSON  # what was on the canvas when the page went
    tips: gr.JSON  # what each button does

    @property
    def settings(self) -> dict[str, gr.components.Component]:
        """All that says how to drag, by the fields of drag.settings.Settings."""
        return {"reach": self.reach, **self.advanced}

    @property
    def past(self) -> set:
        """Where an edit comes from, its history and its last drag, and what can be done with it."""
        return {self.history, self.steps, self.undo, self.redo, *self.buttons}

    @property
    def shown(self) -> set:
        """An edit, and what is said of it."""
        return {self.status, self.canvas, self.seed, self.psi, *self.past}

    @property
    def chosen(self) -> set:
        """An edit that may be of another model, with its settings."""
        return {*self.shown, self.model, *self.settings.values()}

    @property
    def buttons(self) -> set:
        """Drag and Stop: one of them can be pressed."""
        return {self.go, self.stop}
