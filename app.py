"""The page: press on a point of a generated picture, drag, and watch the picture follow."""

import argparse
import contextlib
import ctypes
import logging
import os
import sys
from pathlib import Path

import gradio as gr

from drag.api import publish
from drag.language import say
from drag.line import LENGTH, Line, slots_for
from drag.loaded import BUDGET, LoadedModels
from drag.models import is_path, local_models, report_progress
from drag.page import Handlers
from drag.page.layout import Layout, word
from drag.page.wiring import connect

CSS = (Path(__file__).parent / "assets" / "page.css").read_text("utf-8")
THEME = gr.themes.Soft(  # one look in light and dark, with fonts that are already there
    primary_hue="indigo", secondary_hue="indigo", neutral_hue="slate", radius_size="lg",
    font=["Inter", "ui-sans-serif", "system-ui", "Segoe UI", "Roboto", "sans-serif"],
    font_mono=["ui-monospace", "monospace"],
).set(block_title_background_fill="none", block_title_background_fill_dark="none",
      block_title_padding="0", block_title_text_color="*body_text_color",
      input_border_width="1px", input_border_color="*neutral_300",
      checkbox_border_color="*neutral_400", button_secondary_border_color="*neutral_200",
      # Gradio's own greys and indigo are too pale to be read by everyone (WCAG AA).
      body_text_color_subdued="*neutral_500", block_info_text_color="*neutral_500",
      checkbox_label_background_fill_selected="*primary_600",
      checkbox_label_background_fill_selected_dark="*primary_600",
      color_accent="*primary_600", link_text_color="*primary_600",
      button_primary_background_fill="*primary_600",
      button_primary_background_fill_hover="*primary_700",
      button_primary_background_fill_dark="*primary_600",
      button_primary_background_fill_hover_dark="*primary_700")
NICENESS = 10  # of the server: what it draws for comes first on the same machine
M_ARENA_MAX = -8  # malloc.h
FORGET = 600, 3600  # seconds: how often files of programs' answers are looked through; their age
PAGES = 300  # of which Gradio keeps what they were sent last: a picture, some hundred kB each


def build_demo(
    models: LoadedModels, first: str = "builtin", line: Line | None = None
) -> gr.Blocks:
    """The page for these models; first: name of the one that a new visitor finds; line: drags wait
    there for the device."""
    line = line or Line(slots_for(models.device.type))
    do = Handlers(models, first, line)
    with gr.Blocks(title=say("page_title"), analytics_enabled=False, delete_cache=FORGET) as demo:
        connect(demo, Layout(do, first), do)
        publish(models, line, do.engine)
    return demo


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


def share_memory_between_threads() -> None:
    """Have glibc keep one pool of freed memory, not one for each of the threads that pictures are
    made in: those grew to 1.4 GB where half of that is enough. Elsewhere nothing is done."""
    with contextlib.suppress(OSError, TypeError, AttributeError):
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, 1)


def main() -> int:
    """Load the model, then serve; the exit code is 1 where that cannot be."""
    args = parse_args()
    share_memory_between_threads()
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
            demo.queue(max_size=4 * LENGTH).launch(
                max_threads=40 + 2 * LENGTH,
                share=args.share, server_name=args.host, server_port=args.port, theme=THEME,
                css=CSS, run_history=False, footer_links=[], ssr_mode=False,
                state_session_capacity=PAGES, i18n=word)
    except (ValueError, OSError) as error:
        print(f"app.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
