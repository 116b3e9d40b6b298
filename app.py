"""The page: press on a point of a generated picture, drag, and watch the picture follow."""

import argparse
import logging
import os
import sys
from pathlib import Path

import gradio as gr

from drag import Settings, wording
from drag.canvas import DragCanvas, OpenSlider
from drag.loaded import BUDGET, LoadedModels
from drag.models import is_path, local_models, report_progress
from drag.page import Handlers
from drag.solvers import SOLVERS
from drag.wording import status

CSS = (Path(__file__).parent / "assets" / "page.css").read_text("utf-8")
THEME = gr.themes.Soft(  # one look in light and dark, with fonts that are already there
    primary_hue="indigo", secondary_hue="indigo", neutral_hue="slate", radius_size="lg",
    font=["Inter", "ui-sans-serif", "system-ui", "Segoe UI", "Roboto", "sans-serif"],
    font_mono=["ui-monospace", "monospace"],
).set(block_title_background_fill="none", block_title_background_fill_dark="none",
      block_title_padding="0", block_title_text_color="*body_text_color")
NICENESS = 10  # of the server: what it draws for comes first on the same machine
MAX_ENTRIES = 18  # of the latents, of a StyleGAN2 of 1024 px
# A tab's edit survives its reload, where the browser lets a page store anything.
RECALL = "() => { try { return [sessionStorage.draggan || ''] } catch { return [''] } }"
REMEMBER = "(token) => { try { sessionStorage.draggan = token } catch {} }"


def build_demo(models: LoadedModels, first: str = "builtin") -> gr.Blocks:
    """The page for these models; first: name of the one that a new visitor finds."""
    do = Handlers(models, first)

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
                line = gr.HTML(status(do.greeting), elem_id="status")
                with gr.Row(elem_classes="small-row"):
                    undo, reset_points, reset_picture, save = (
                        gr.Button(text, size="sm", min_width=130, elem_id=name) for name, text in
                        {"undo": "Undo last drag", "reset-points": "Reset points",
                         "reset-picture": "Reset picture", "save": "Save picture"}.items())
                model = gr.Dropdown(
                    [(entry.label, entry.name) for entry in models.menu()], value=first,
                    label="Model", info=wording.CUSTOM, allow_custom_value=True, elem_id="model")
                with gr.Row():
                    seed = gr.Textbox(label="Seed", elem_id="seed", min_width=120,
                                      info="The number of the picture. Enter shows it.")
                    dice = gr.Button("Dice", elem_id="dice", min_width=96)
                psi = OpenSlider(0, 1, 0.7, step=0.05, label="Truncation", elem_id="psi",
                                 info="Lower: more average. Higher: more varied, and odder.")
                with gr.Accordion("Advanced", open=False, elem_id="advanced"):
                    settings = advanced_settings()
        gr.HTML(wording.NOTE, elem_classes="page-note")
        token = gr.Textbox(visible=False)

        light = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
        shown = [canvas, seed, psi, line]
        chosen = [*shown, model, settings[1]]
        demo.load(do.arrive, token, [*chosen, token], js=RECALL, **light).then(
            None, token, None, js=REMEMBER, api_visibility="private")
        demo.unload(do.leave)
        canvas.release(do.change, canvas, line, trigger_mode="multiple", **light)
        ready = gr.on([go.click, canvas.submit], do.arm, [canvas, *settings], [line, go, stop],
                      **light)
        ready.then(do.run, None, [canvas, line, go, stop], show_progress="hidden",
                   concurrency_id="device", concurrency_limit=1, api_visibility="private").failure(
            do.refused, None, [line, go, stop], **light)
        gr.on([stop.click, canvas.stop], do.halt, None, [line, go, stop], **light)
        seed.submit(do.resample, [seed, psi], shown, **light)
        seed.blur(do.leave_seed, [seed, psi], shown, **light)
        psi.input(do.resample, [seed, psi], shown, trigger_mode="always_last", **light)
        model.input(do.choose, model, chosen, trigger_mode="multiple", show_progress="hidden",
                    concurrency_id="models", concurrency_limit=8, api_visibility="private")
        dice.click(do.roll, psi, shown, **light)
        undo.click(do.undo, None, shown, **light)
        reset_points.click(do.reset_points, None, shown, **light)
        reset_picture.click(do.reset_picture, None, shown, **light)
        save.click(do.save, None, [canvas, line], **light)
    return demo


def advanced_settings() -> list[gr.components.Component]:
    """The controls of `Settings`, in its order, with the paper's values but for the solver."""
    paper = Settings()
    solver = gr.Radio(
        [(solver.title, name) for name, solver in SOLVERS.items()], value=paper.solver,
        label="Solver", info="Ours takes about ten steps, the paper's up to 300. "
        "With a region painted, the first choice leaves it to the paper's.")
    with gr.Row():
        rate = gr.Number(paper.learning_rate, label="Learning rate", info="of Adam", step=0.0005,
                         min_width=140)
        cap = gr.Number(paper.max_steps, label="Step limit", info="at most", precision=0,
                        min_width=140)
        r1 = gr.Number(paper.r1, label="r1, motion", info="px at 512", min_width=140)
        r2 = gr.Number(paper.r2, label="r2, tracking", info="px at 512", min_width=140)
        weight = gr.Number(paper.lambda_mask, label="Lambda, region", min_width=140)
        space = gr.Radio(["W+", "W"], value="W+", label="Latent space", min_width=140)
    entries = OpenSlider(
        1, MAX_ENTRIES, paper.num_entries, step=1, label="Entries of the latents that move",
        info="Few: shape and pose only. Many: colours and texture too.")
    return [solver, rate, r1, r2, weight, cap, space, entries]


def parse_args() -> argparse.Namespace:
    """The flags of `python app.py`."""
    parser = argparse.ArgumentParser(description="The page, on http://localhost:7860 by default.")
    parser.add_argument("--share", action="store_true", help="also make a public link")
    parser.add_argument("--host", help="address to listen on; 0.0.0.0 for the whole network")
    parser.add_argument("--port", type=int, help="port to listen on (default: 7860 or next free)")
    parser.add_argument("--model", default="builtin", metavar="NAME|FILE|FOLDER",
                        help="what the page starts with: a name of its menu, owner/name/file on "
                        "the Hub, a weight file, or a folder of them (default: builtin)")
    parser.add_argument("--model-memory", type=float, default=BUDGET / 1e9, metavar="GB",
                        help="weights kept in memory at most (default: %(default)g)")
    parser.add_argument("--device", default="auto", choices=["auto", "cuda", "mps", "cpu"])
    return parser.parse_args()


def main() -> int:
    """Load the model, then serve; the exit code is 1 where that cannot be."""
    args = parse_args()
    if hasattr(os, "nice"):  # else a browser on the same cores may stand still while a drag runs
        os.nice(NICENESS)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        models = LoadedModels(args.device, budget=args.model_memory * 1e9)
        if is_path(args.model):
            first, *_ = found = local_models(args.model)
            models.local = {model.name: model for model in found}
        else:
            first = models.find(args.model)
        with models.use(first, report_progress):  # and as long as the page is served
            demo = build_demo(models, first.name)
            print(f"Model: {first.title}, on {models.device}")
            demo.queue(max_size=32).launch(
                share=args.share, server_name=args.host, server_port=args.port, theme=THEME,
                css=CSS, run_history=False, footer_links=[], ssr_mode=False)
    except (ValueError, OSError) as error:
        print(f"app.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
