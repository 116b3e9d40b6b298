"""The page: press on a point of a generated picture, drag, and watch the picture follow."""

import argparse
import functools
import logging
import secrets
import sys
import time
from dataclasses import replace
from pathlib import Path

import gradio as gr

from drag import Settings, drag, load_generator, wording
from drag.canvas import DragCanvas, OpenSlider, read_value, to_frame, to_url, to_value
from drag.edit import Edit, parse_seed, parse_truncation, resample, reset_picture
from drag.examples import smile
from drag.export import png
from drag.loop import Step
from drag.models import CATALOGUE, report_progress
from drag.render import render
from drag.sessions import Session, Sessions
from drag.wording import how_far, how_it_ended, problem, status

CSS = (Path(__file__).parent / "assets" / "page.css").read_text("utf-8")
THEME = gr.themes.Soft(  # one look in light and dark, with fonts that are already there
    primary_hue="indigo", secondary_hue="indigo", neutral_hue="slate", radius_size="lg",
    font=["Inter", "ui-sans-serif", "system-ui", "Segoe UI", "Roboto", "sans-serif"],
    font_mono=["ui-monospace", "monospace"],
).set(block_title_background_fill="none", block_title_background_fill_dark="none",
      block_title_padding="0", block_title_text_color="*body_text_color")
# A tab's edit survives its reload, where the browser lets a page store anything.
RECALL = "() => { try { return [sessionStorage.draggan || ''] } catch { return [''] } }"
REMEMBER = "(token) => { try { sessionStorage.draggan = token } catch {} }"
IDLE = gr.update(interactive=True), gr.update(interactive=False)  # Drag and Stop when nothing runs
TELL_SECONDS = 0.1  # between two lines on how far a drag is: its steps may be quicker
log = logging.getLogger("draggan")


def plain_errors(outputs: int, line: int):
    """What the library says of bad input goes to the status line, output number `line`.

    Not as gr.Error: for events outside the queue Gradio answers that with a 500 and shows nothing.
    """
    def around(handler):
        @functools.wraps(handler)
        def plain(*args, **kwargs):
            try:
                return handler(*args, **kwargs)
            except ValueError as error:
                results = [gr.skip()] * outputs
                results[line] = problem(str(error))
                return results if outputs > 1 else results[0]
        return plain
    return around


class Handlers:
    """What the page's controls do. One generator serves all visitors; each owns their Session."""

    def __init__(self, generator):
        self.generator = generator
        self.sessions = Sessions(smile(generator))

    def acknowledge(self, message) -> None:
        """The browser has drawn a frame: [the visitor's token, serial]."""
        match message:
            case [str(token), int(serial)]:
                self.sessions.drawn(token, serial)

    def _session(self, request: gr.Request) -> Session:
        return self.sessions.get(request.session_hash)

    def arrive(self, token: str, request: gr.Request):
        """A page was loaded; a browser that was here before gets its edit back."""
        session = self.sessions.open(request.session_hash, token)
        text = wording.WELCOME_BACK if session.revision else wording.FIRST
        return *self._show(session, text), session.token

    def leave(self, request: gr.Request) -> None:
        """A page was closed."""
        self.sessions.leave(request.session_hash)

    @plain_errors(outputs=1, line=0)
    def change(self, value, request: gr.Request):
        """Points or region were changed on the canvas."""
        session = self._session(request)
        session.take_changes(*read_value(value, session.edit.img_size))
        return gr.skip()

    @plain_errors(outputs=4, line=3)
    def resample(self, seed, psi, request: gr.Request):
        """Another picture: the present one stays in the history."""
        session = self._session(request)
        seed, psi = parse_seed(seed), parse_truncation(psi)
        if (seed, psi) == (session.edit.seed, session.edit.truncation_psi):
            return gr.skip(), gr.skip(), gr.skip(), gr.skip()
        change = functools.partial(resample, self.generator, seed=seed, truncation_psi=psi)
        return self._replace(session, change, wording.READY)

    def roll(self, psi, request: gr.Request):
        """A picture nobody asked for by number."""
        return self.resample(secrets.randbelow(1_000_000), psi, request)

    @plain_errors(outputs=4, line=3)
    def undo(self, request: gr.Request):
        """Back to before the last drag, or the last other picture."""
        session = self._session(request)
        if not session.edit.history and not session.running:
            raise ValueError("There is nothing to undo.")
        return self._replace(session, Edit.undo, "Went back one change.")

    @plain_errors(outputs=4, line=3)
    def reset_points(self, request: gr.Request):
        """No points; picture and region stay."""
        session = self._session(request)
        change, runs = functools.partial(replace, points=()), session.running
        return self._replace(session, change, wording.READY, picture=runs)

    @plain_errors(outputs=4, line=3)
    def reset_picture(self, request: gr.Request):
        """The picture as sampled, with the points where they were on it; undo brings it back."""
        change = functools.partial(reset_picture, self.generator)
        return self._replace(self._session(request), change, wording.AS_SAMPLED)

    def _replace(self, session: Session, change, text: str, picture: bool = True):
        """End this visitor's drag, if one runs, and put another edit in place of theirs."""
        session.settle()
        session.replace_edit(change(session.edit))
        return self._show(session, text, picture)

    @plain_errors(outputs=2, line=1)
    def save(self, request: gr.Request):
        """The picture at full size, for the visitor to keep."""
        session = self._session(request)
        edit = session.edit
        picture = png(render(self.generator, edit.ws), edit.facts)
        return gr.update(saved={
            "name": f"draggan-seed{edit.seed}.png", "serial": session.next_serial(),
            "src": to_url("image/png", picture),
        }), gr.skip()

    @plain_errors(outputs=3, line=0)
    def arm(self, value, rate, r1, r2, weight, cap, space, entries, request: gr.Request):
        """Drag was pressed: check everything before the drag waits for the device."""
        session = self._session(request)
        if session.running:
            raise ValueError("A drag is running: wait for its end, or press Stop.")
        session.take_changes(*read_value(value, session.edit.img_size))
        settings = Settings("adam", rate, r1, r2, weight, cap, space.lower(), entries)
        session.edit = replace(session.edit, settings=settings)
        drag(self.generator, session.edit)
        session.armed, session.stop = True, False
        text = "Waiting for another visitor's drag to end …" if self.sessions.busy else "Starting …"
        return status(text, 0.0), gr.update(interactive=False), gr.update(interactive=True)

    def run(self, request: gr.Request):
        """The drag, with a picture and a line of words whenever one is due."""
        yield gr.skip(), gr.skip(), gr.skip(), gr.skip()  # a generator closed before this lives on
        try:
            session = self._session(request)
        except ValueError as error:
            yield gr.skip(), problem(str(error)), *IDLE
            return
        if session.running:
            return
        if not session.armed:  # refused, or stopped while it waited
            yield gr.skip(), gr.skip(), *IDLE
            return
        session.armed, session.running, session.handles = False, True, {}
        way = max((pair.distance for pair in session.edit.points), default=0)
        last, told = None, 0.0
        try:
            for step, send in session.drag(self.generator):
                last = step
                if send or time.monotonic() > told + TELL_SECONDS:
                    canvas = self._frame(session, step, settle=False) if send else gr.skip()
                    told = time.monotonic()
                    yield canvas, how_far(step, way), gr.skip(), gr.skip()
            yield self._frame(session, last), status(how_it_ended(last)), *IDLE
        except ValueError as error:  # the points went while it waited
            yield gr.skip(), problem(str(error)), *IDLE
        except (RuntimeError, MemoryError):
            log.exception("a drag failed")
            yield self._frame(session), problem(wording.FAILED), *IDLE
        finally:
            session.running = False

    def _frame(self, session: Session, step: Step | None = None, settle: bool = True):
        """The canvas with a step's picture; settle: the drag has ended, points stay there."""
        if settle and not (step and step.sharp and step.ws is session.edit.ws):
            picture = render(self.generator, session.edit.ws)
        else:
            picture = step.picture
        return gr.update(frame=to_frame(
            picture, session.next_serial(), quality=95 if settle else 88, run=session.token,
            settle=settle, handles=session.handles))

    @plain_errors(outputs=3, line=0)
    def halt(self, request: gr.Request):
        """Stop was pressed: the drag ends after the step it is at."""
        session = self._session(request)
        waiting, session.stop, session.armed = session.armed, True, False
        if session.running:
            return status("Stopping …"), gr.skip(), gr.skip()
        return (status(how_it_ended(None)) if waiting else gr.skip()), *IDLE

    @plain_errors(outputs=3, line=0)
    def refused(self, request: gr.Request):
        """The queue is full, or the drag could not begin for another reason."""
        self._session(request).armed = False
        return problem(wording.REFUSED), *IDLE

    def _show(self, session: Session, text: str, picture: bool = True):
        """Canvas, seed, truncation and status for a session's edit; picture: render it, too."""
        edit, frame = session.edit, {}
        if picture:
            drawn = render(self.generator, edit.ws)
            frame = {"frame": to_frame(drawn, session.next_serial(), quality=95)}
        canvas = gr.update(value=to_value(edit, session.revision), **frame)
        return canvas, str(edit.seed), edit.truncation_psi, status(text)


def build_demo(generator) -> gr.Blocks:
    """The page around one loaded generator."""
    do = Handlers(generator)

    def acknowledge(message):  # Gradio marks it, which a bound method does not allow
        do.acknowledge(message)

    with gr.Blocks(title="Drag a face", analytics_enabled=False) as demo:
        gr.HTML(wording.TITLE, elem_classes="page-title")
        with gr.Row():
            with gr.Column(scale=7, min_width=320):
                canvas = DragCanvas(elem_id="canvas", server_functions=[acknowledge])
            with gr.Column(scale=4, min_width=300):
                with gr.Row(elem_id="run-row"):
                    go = gr.Button("Drag", variant="primary", elem_id="drag", min_width=120)
                    stop = gr.Button("Stop", variant="stop", interactive=False, elem_id="stop",
                                     min_width=90)
                line = gr.HTML(status(wording.FIRST), elem_id="status")
                with gr.Row(elem_classes="small-row"):
                    undo, reset_points, reset_picture, save = (
                        gr.Button(text, size="sm", min_width=130, elem_id=name) for name, text in
                        {"undo": "Undo last drag", "reset-points": "Reset points",
                         "reset-picture": "Reset picture", "save": "Save picture"}.items())
                with gr.Row():
                    seed = gr.Textbox(label="Seed", elem_id="seed", min_width=120,
                                      info="The number of the picture. Enter shows it.")
                    dice = gr.Button("Dice", elem_id="dice", min_width=96)
                psi = OpenSlider(0, 1, 0.7, step=0.05, label="Truncation", elem_id="psi",
                                 info="Lower: a more average face. Higher: more varied, and odder.")
                with gr.Accordion("Advanced", open=False, elem_id="advanced"):
                    settings = advanced_settings(generator.num_ws)
        gr.HTML(wording.NOTE, elem_classes="page-note")
        token = gr.Textbox(visible=False)

        light = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
        shown = [canvas, seed, psi, line]
        demo.load(do.arrive, token, [*shown, token], js=RECALL, **light).then(
            None, token, None, js=REMEMBER, api_visibility="private")
        demo.unload(do.leave)
        canvas.release(do.change, canvas, line, trigger_mode="multiple", **light)
        ready = gr.on([go.click, canvas.submit], do.arm, [canvas, *settings], [line, go, stop],
                      **light)
        ready.then(do.run, None, [canvas, line, go, stop], show_progress="hidden",
                   concurrency_id="device", concurrency_limit=1, api_visibility="private").failure(
            do.refused, None, [line, go, stop], **light)
        gr.on([stop.click, canvas.stop], do.halt, None, [line, go, stop], **light)
        gr.on([seed.submit, seed.blur], do.resample, [seed, psi], shown, **light)
        psi.input(do.resample, [seed, psi], shown, trigger_mode="always_last", **light)
        dice.click(do.roll, psi, shown, **light)
        undo.click(do.undo, None, shown, **light)
        reset_points.click(do.reset_points, None, shown, **light)
        reset_picture.click(do.reset_picture, None, shown, **light)
        save.click(do.save, None, [canvas, line], **light)
    return demo


def advanced_settings(num_ws: int) -> list[gr.components.Component]:
    """The controls of `Settings`, in its order, with the paper's values."""
    paper = Settings()
    with gr.Row():
        rate = gr.Number(paper.learning_rate, label="Learning rate", step=0.0005, min_width=140)
        cap = gr.Number(paper.max_steps, label="Step limit", precision=0, min_width=140)
        r1 = gr.Number(paper.r1, label="r1, motion", info="px at 512", min_width=140)
        r2 = gr.Number(paper.r2, label="r2, tracking", info="px at 512", min_width=140)
        weight = gr.Number(paper.lambda_mask, label="Lambda, region", min_width=140)
        space = gr.Radio(["W+", "W"], value="W+", label="Latent space", min_width=140)
    entries = OpenSlider(1, num_ws, paper.num_entries, step=1, label="Entries of the latents that "
                        "move", info="Few: shape and pose only. Many: colours and texture too.")
    return [rate, r1, r2, weight, cap, space, entries]


def parse_args() -> argparse.Namespace:
    """The flags of `python app.py`."""
    parser = argparse.ArgumentParser(description="The page, on http://localhost:7860 by default.")
    parser.add_argument("--share", action="store_true", help="also make a public link")
    parser.add_argument("--host", help="address to listen on; 0.0.0.0 for the whole network")
    parser.add_argument("--port", type=int, help="port to listen on (default: 7860 or next free)")
    parser.add_argument("--device", default="auto", choices=["auto", "cuda", "mps", "cpu"])
    return parser.parse_args()


def main() -> int:
    """Load the built-in model, then serve; the exit code is 1 where that cannot be."""
    args = parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        generator = load_generator("builtin", args.device, report_progress)
        demo = build_demo(generator)
        print(f"Model: {CATALOGUE['builtin'].title}, on {generator.w_avg.device}")
        demo.queue(max_size=32).launch(
            share=args.share, server_name=args.host, server_port=args.port, theme=THEME, css=CSS,
            run_history=False, footer_links=[], ssr_mode=False)
    except (ValueError, OSError) as error:
        print(f"app.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
