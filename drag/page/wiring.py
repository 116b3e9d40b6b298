"""Which event of the page runs which handler: event(handler, inputs, outputs)."""

import gradio as gr

from drag.page.components.base import read_asset
from drag.page.controls import Controls
from drag.page.handlers import Handlers
from drag.page.handlers.drags import Drags
from drag.page.handlers.files import Files
from drag.page.handlers.history import History
from drag.page.handlers.holds import Holds
from drag.page.handlers.inversions import Inversions
from drag.page.handlers.photos import Photos
from drag.page.handlers.pictures import Pictures
from drag.page.handlers.visits import Visits

RECALL, REMEMBER, EXPLAIN = (  # a function each
    read_asset(f"{name}.js") for name in ("recall", "remember", "explain")
)
SLOW = {"show_progress": "hidden", "api_visibility": "private"}  # waits in a queue
LIGHT = SLOW | {"queue": False}
UNLIMITED = SLOW | {"concurrency_limit": None}  # shares say who waits
MODELS = SLOW | {"concurrency_id": "models", "concurrency_limit": 8}
EACH, LAST = {"trigger_mode": "multiple"}, {"trigger_mode": "always_last"}  # of quick ones
BROWSER = {"api_visibility": "private"}  # runs there only
SHOW_REACH = "(reach) => document.querySelector('.dc-stage').showReach(reach)"


def connect(demo: gr.Blocks, page: Controls, do: Handlers) -> None:
    """Wire the page, in the gr.Blocks that is open."""
    _visits(demo, page, do.visits)
    _drags(page, do.drags)
    _holds(page, do.holds)
    _inversions(page, do.photos, do.inversions)
    page.canvas.face(do.regions.face, None, {page.status, page.canvas}, **LAST, **UNLIMITED)
    _history(page, do.history)
    _pictures(page, do.pictures)
    turned = [
        page.examples.pick(do.pictures.example, None, page.chosen, **UNLIMITED),
        page.model.input(do.pictures.choose, page.model, page.chosen, **EACH, **MODELS),
        _files(page, do.files),
    ]
    for event in turned:  # another model may be shown
        event.then(do.photos.reframe, None, {page.status, page.photo}, **UNLIMITED)


def _visits(demo: gr.Blocks, page: Controls, do: Visits) -> None:
    stored = [page.token, page.kept, page.placed]  # in the order in which RECALL returns them
    said = {
        page.title,
        page.note,
        page.format,
        page.settings["solver"],
        page.model,
        page.examples,
        page.tips,
    }
    came = demo.load(do.arrive, stored, {*page.chosen, *stored}, js=RECALL, **LIGHT)
    came.success(None, page.token, None, js=REMEMBER, **BROWSER)
    spoken = demo.load(do.speak, None, said, **LIGHT)
    spoken.then(None, page.tips, None, js=EXPLAIN, **BROWSER)
    demo.unload(do.leave)


def _drags(page: Controls, do: Drags) -> None:
    line = {page.status, *page.buttons}
    placed = {page.canvas, page.steps, *page.settings.values()}
    armed = gr.on([page.go.click, page.canvas.submit], do.arm, placed, line, **LIGHT)
    ran = armed.then(do.run, None, {*line, page.canvas, *page.past}, **UNLIMITED)
    ran.failure(do.refused, None, line, **LIGHT)
    gr.on([page.stop.click, page.canvas.stop], do.halt, None, {*line, page.photo}, **LIGHT)


def _holds(page: Controls, do: Holds) -> None:
    changed = {page.status, page.canvas, *page.buttons, *page.past}
    page.canvas.hold(do.hold, page.canvas, changed, **EACH, **UNLIMITED)


def _inversions(page: Controls, photos: Photos, do: Inversions) -> None:
    photo = {page.status, page.photo}
    panel = {*photo, *page.buttons}
    page.photo.take(photos.take_photo, page.photo, photo, **LAST, **UNLIMITED)
    asked = page.photo.use(do.use_photo, page.photo, panel, **LIGHT)
    ran = asked.then(do.invert, None, {*panel, *page.shown}, **UNLIMITED)
    ran.failure(do.refuse_photo, None, panel, **LIGHT)
    page.photo.stop(do.halt_photo, None, panel, **LIGHT)


def _history(page: Controls, do: History) -> None:
    page.canvas.release(do.change, page.canvas, {page.status, *page.past}, **EACH, **LIGHT)
    page.canvas.compare(do.compare, None, {page.status, page.canvas}, **LIGHT)
    for pressed in (page.undo.click, page.canvas.undo):  # gr.on takes no events of our own
        pressed(do.undo, page.canvas, page.shown, **EACH, **LIGHT)
    for pressed in (page.redo.click, page.canvas.redo):
        pressed(do.redo, page.canvas, page.shown, **EACH, **LIGHT)
    page.history.pick(do.jump, None, page.shown, **LIGHT)
    page.reach.input(None, page.reach, None, js=SHOW_REACH, **BROWSER)
    page.steps.input(do.scrub, page.steps, page.shown, **LAST, **LIGHT)
    page.reset_points.click(do.reset_points, None, page.shown, **LIGHT)
    page.reset_picture.click(do.reset_picture, None, page.shown, **LIGHT)


def _pictures(page: Controls, do: Pictures) -> None:
    entries, offer = page.settings["num_entries"], {page.status, page.offered}
    page.seed.submit(do.resample, [page.seed, page.psi], page.shown, **LIGHT)
    page.seed.blur(do.leave_seed, [page.seed, page.psi], page.shown, **LIGHT)
    page.psi.input(do.resample, [page.seed, page.psi], page.shown, **LAST, **LIGHT)
    page.look.submit(do.mix, [page.look, entries], page.shown, **LIGHT)
    making = page.dice.click(do.making, None, page.status, **LIGHT)
    making.then(do.faces, page.psi, offer, **LIGHT)
    making = page.looks.click(do.making, None, page.status, **LIGHT)
    making.then(do.looks, entries, offer, **LIGHT)
    page.offered.pick(do.pick, [page.psi, entries], page.shown, **LIGHT)


def _files(page: Controls, do: Files):
    """The event of a file that was opened."""
    how = [page.format, page.seconds, page.size, page.points, page.mark]
    for pressed in (page.save.click, page.exchange.save):  # gr.on takes no events of our own
        asked = pressed(do.preparing, None, page.status, **LIGHT)
        saved = asked.then(do.save, how, {page.status, page.exchange, page.stop}, **UNLIMITED)
        saved.then(do.forget, None, page.exchange, **LIGHT)
    page.format.input(do.choose_kind, page.format, {*how} - {page.format}, **LIGHT)
    for pressed in (page.share.click, page.exchange.address):
        pressed(do.share, None, {page.status, page.exchange}, **LIGHT)
    return page.exchange.open(do.open, page.exchange, {*page.chosen, page.exchange}, **MODELS)
