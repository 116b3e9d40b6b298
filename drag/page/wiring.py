"""Which event of the page runs which handler."""

import gradio as gr

from drag.files.export import AT_ONCE
from drag.page.components.base import read_asset
from drag.page.handlers import Handlers
from drag.page.layout import Layout

RECALL, REMEMBER, EXPLAIN = (  # a function each
    read_asset(f"{name}.js") for name in ("recall", "remember", "explain"))
SLOW = {"show_progress": "hidden", "api_visibility": "private"}  # waits in a queue
LIGHT = SLOW | {"queue": False}


def connect(demo: gr.Blocks, page: Layout, do: Handlers) -> None:
    """Wire the page, in the gr.Blocks that is open; handlers return the outputs named here."""
    past = [page.history, page.steps, page.undo, page.redo]
    shown = [page.line, page.canvas, page.seed, page.psi, *past]
    chosen = [*shown, page.model, *page.settings]
    run = [page.line, page.canvas, page.go, page.stop, *past]
    mine = [page.token, page.kept, page.placed]
    came = demo.load(do.arrive, mine, [*chosen, *mine], js=RECALL, **LIGHT)
    came.success(None, page.token, None, js=REMEMBER, api_visibility="private")
    spoken = demo.load(do.speak, None, [page.title, page.note, page.format, page.settings[0],
                                        page.model, page.examples, page.tips], **LIGHT)
    spoken.then(None, page.tips, None, js=EXPLAIN, api_visibility="private")
    demo.unload(do.leave)
    _drag(page, do, run)
    _photo(page, do, shown)
    _go_back(page, do, shown, past)
    _other_pictures(page, do, shown, chosen)
    page.save.click(do.preparing, None, page.line, **LIGHT).then(
        do.save, [page.format, page.seconds, page.points, page.mark], [page.line, page.exchange],
        concurrency_id="files", concurrency_limit=AT_ONCE, **SLOW,
    ).then(do.forget, None, page.exchange, **LIGHT)
    opened = page.exchange.open(do.open, page.exchange, [*chosen, page.exchange],
                                concurrency_id="models", concurrency_limit=8, **SLOW)
    _reframe(page, do, opened)


def _drag(page: Layout, do: Handlers, run: list) -> None:
    idle = [page.line, page.go, page.stop]
    placed = [page.canvas, page.steps, *page.settings]
    ready = gr.on([page.go.click, page.canvas.submit], do.arm, placed, idle, **LIGHT)
    ready.then(do.run, None, run, concurrency_limit=None, **SLOW).failure(
        do.refused, None, idle, **LIGHT)
    gr.on([page.stop.click, page.canvas.stop], do.halt, None, [*idle, page.photo], **LIGHT)


def _photo(page: Layout, do: Handlers, shown: list) -> None:
    panel = [page.line, page.go, page.stop, page.photo]
    page.photo.take(do.take_photo, page.photo, [page.line, page.photo], concurrency_id="photos",
                    concurrency_limit=AT_ONCE, trigger_mode="always_last", **SLOW)
    asked = page.photo.use(do.use_photo, page.photo, panel, **LIGHT)
    asked.then(do.invert, None, [*shown, page.go, page.stop, page.photo], concurrency_limit=None,
               **SLOW).failure(do.refuse_photo, None, panel, **LIGHT)
    page.photo.stop(do.halt_photo, None, panel, **LIGHT)


def _reframe(page: Layout, do: Handlers, *turned) -> None:
    """turned: the events after which another model may be shown."""
    for each in turned:
        each.then(do.reframe, None, [page.line, page.photo], concurrency_id="photos",
                  concurrency_limit=AT_ONCE, **SLOW)


def _go_back(page: Layout, do: Handlers, shown: list, past: list) -> None:
    page.canvas.release(do.change, page.canvas, [page.line, *past], trigger_mode="multiple",
                        **LIGHT)
    page.canvas.compare(do.compare, None, [page.line, page.canvas], **LIGHT)
    for pressed in (page.undo.click, page.canvas.undo):  # gr.on takes no events of our own
        pressed(do.undo, page.canvas, shown, trigger_mode="multiple", **LIGHT)
    for pressed in (page.redo.click, page.canvas.redo):
        pressed(do.redo, page.canvas, shown, trigger_mode="multiple", **LIGHT)
    page.history.pick(do.jump, None, shown, **LIGHT)
    page.steps.input(do.scrub, page.steps, shown, trigger_mode="always_last", **LIGHT)
    page.reset_points.click(do.reset_points, None, shown, **LIGHT)
    page.reset_picture.click(do.reset_picture, None, shown, **LIGHT)


def _other_pictures(page: Layout, do: Handlers, shown: list, chosen: list) -> None:
    page.seed.submit(do.resample, [page.seed, page.psi], shown, **LIGHT)
    page.seed.blur(do.leave_seed, [page.seed, page.psi], shown, **LIGHT)
    page.psi.input(do.resample, [page.seed, page.psi], shown, trigger_mode="always_last", **LIGHT)
    entries = page.settings[-1]
    page.dice.click(do.making, None, page.line, **LIGHT).then(
        do.faces, page.psi, [page.line, page.offered], **LIGHT)
    page.looks.click(do.making, None, page.line, **LIGHT).then(
        do.looks, entries, [page.line, page.offered], **LIGHT)
    page.offered.pick(do.pick, [page.psi, entries], shown, **LIGHT)
    page.look.submit(do.mix, [page.look, entries], shown, **LIGHT)
    picked = page.examples.pick(do.example, None, chosen, concurrency_limit=None, **SLOW)
    turned = page.model.input(do.choose, page.model, chosen, trigger_mode="multiple",
                              concurrency_id="models", concurrency_limit=8, **SLOW)
    _reframe(page, do, picked, turned)
