"""The page: press on a point of a generated picture, drag, and watch the picture follow."""

import argparse
import contextlib
import ctypes
import ipaddress
import logging
import math
import os
import shlex
import sys
import threading
import time

import gradio as gr
import torch

from drag import zero  # first: `spaces` must be there before CUDA is used
from drag.api import publish
from drag.engine import Engine
from drag.language import say
from drag.line import LENGTH, SECONDS, Line, slots_for
from drag.models.catalogue import CATALOGUE, Model, is_path, local_models
from drag.models.loaded import BUDGET, LoadedModels
from drag.models.progress import report_progress
from drag.page import Handlers
from drag.page.layout import Layout, word
from drag.page.theme import CSS, THEME
from drag.page.wiring import connect
from drag.serving import Page, app_kwargs

NICENESS = 10  # of the server: what it draws for comes first on the same machine
M_ARENA_MAX, TRIM_SECONDS = -8, 10  # malloc.h; between two looks for memory to give back
FORGET = 600, 3600  # seconds: how often files of programs' answers are looked through; their age
PAGES = 300  # of which Gradio keeps what they were sent last: a picture, some hundred kB each
LIGHT_THREADS = 40  # for all that does not wait for the device


def build_demo(
    models: LoadedModels, first: str = "builtin", line: Line | None = None,
    engine: Engine | None = None,
) -> gr.Blocks:
    """The page for these models; first: name of the one that a new visitor finds; line: drags wait
    there for the device; engine: works them out, this process unless given."""
    line = line or Line(slots_for(models.device.type))
    do = Handlers(models, first, line, engine)
    with Page(title=say("page_title"), analytics_enabled=False, delete_cache=FORGET) as demo:
        connect(demo, Layout(do, first), do)
        publish(models, line, do.engine, do.films)
    return demo


def parse_args(flags: list[str]) -> argparse.Namespace:
    """The flags of `python app.py`; more may stand in DRAG_FLAGS, for a Space passes none."""
    parser = argparse.ArgumentParser(
        description="The page, on http://localhost:7860 by default. Further flags may stand in the "
        "environment variable DRAG_FLAGS; those of the command line count more.")
    parser.add_argument("--share", action="store_true", help="also make a public link")
    parser.add_argument("--host", help="address to listen on; 0.0.0.0 for the whole network")
    parser.add_argument("--port", type=int, help="port to listen on (default: 7860 or next free)")
    parser.add_argument("--model", default="builtin", metavar="NAME|FILE|FOLDER",
                        help="what the page starts with: a name of its menu, owner/name/file on "
                        "the Hub, a weight file, or a folder of them (default: builtin)")
    parser.add_argument("--model-memory", type=float, default=BUDGET / 1e9, metavar="GB",
                        help="weights kept in memory at most (default: %(default)g)")
    parser.add_argument("--device", default="auto", choices=["auto", "cuda", "mps", "cpu"])
    parser.add_argument("--drags", type=_whole(1), metavar="N", help="drags at once (default: one "
                        "on a GPU, on a CPU one for each core, at most four)")
    parser.add_argument("--line", type=_whole(0), default=LENGTH, metavar="N",
                        help="drags that wait at most (default: %(default)s)")
    parser.add_argument("--drag-seconds", type=_seconds, default=SECONDS, metavar="S",
                        help="that a drag takes at most (default: %(default)g)")
    parser.add_argument("--allow-custom-models", action=argparse.BooleanOptionalAction,
                        help="let visitors load any weight file of the Hub by owner/name/file "
                        "(default: only where the page is just for this machine)")
    parser.add_argument("--auth", type=_login, nargs="+", action="extend", metavar="USER:PASSWORD",
                        help="let in only who has one of these")
    try:
        flags = [*shlex.split(os.environ.get("DRAG_FLAGS", "")), *flags]
    except ValueError as error:
        parser.error(f"DRAG_FLAGS cannot be read: {str(error).lower()}")
    args, rest = parser.parse_known_args(flags)
    if rest:  # without their values, among which may be a password
        unknown = [flag.partition("=")[0] for flag in rest if flag.startswith("-")]
        parser.error(f"unknown: {', '.join(unknown) or 'words that belong to no flag'}")
    if args.auth and len(dict(args.auth)) < len(args.auth):
        parser.error("argument --auth: a user is named twice")
    if args.allow_custom_models is None:
        args.allow_custom_models = not args.share and _only_here(args.host)
    return args


def _whole(least: int):
    def number(text: str) -> int:
        if not text.isdecimal() or not least <= int(text) <= 1000:
            raise argparse.ArgumentTypeError(f"must be a whole number from {least} to 1000")
        return int(text)
    return number


def _seconds(text: str) -> float:
    with contextlib.suppress(ValueError):
        if 1 <= float(text) < math.inf:
            return float(text)
    raise argparse.ArgumentTypeError("must be a number of seconds, at least 1")


def _login(text: str) -> tuple[str, str]:
    user, _, password = text.partition(":")
    if not user.strip() or user != user.strip() or not password:  # never say what it was
        raise argparse.ArgumentTypeError("must be user:password, neither of them empty")
    return user, password


def _only_here(host: str | None) -> bool:
    """Whether a page at this host is just for this machine, as without one it is, but on Spaces."""
    host = host or os.environ.get("GRADIO_SERVER_NAME") or "localhost"
    with contextlib.suppress(ValueError):
        return "SPACE_ID" not in os.environ and ipaddress.ip_address(host).is_loopback
    return "SPACE_ID" not in os.environ and host == "localhost"


def keep_memory_low() -> None:
    """Have glibc keep one pool of freed memory, not one for each of the threads that pictures are
    made in, and give back what lies free in it: it grew by 60 MB a minute where many visitors came.
    Elsewhere nothing is done."""
    with contextlib.suppress(OSError, TypeError, AttributeError):
        libc = ctypes.CDLL(None)
        libc.mallopt(M_ARENA_MAX, 1)

        def give_back(trim=libc.malloc_trim):
            while True:
                time.sleep(TRIM_SECONDS)
                trim(0)

        threading.Thread(target=give_back, daemon=True, name="trim").start()


def choose_models(args: argparse.Namespace) -> tuple[LoadedModels, Model]:
    """What the page offers, and what it starts with. Raises ValueError where there is no such."""
    device = "cpu" if zero.on_zero_gpu() else args.device  # the server itself has no GPU there
    models = LoadedModels(device, budget=args.model_memory * 1e9)
    # Whoever starts the page may name any model: it is in the menu then.
    found = local_models(args.model) if is_path(args.model) else [models.find(args.model)]
    models.local = {model.name: model for model in found if model.name not in CATALOGUE}
    models.custom = args.allow_custom_models
    return models, found[0]


def banner(models: LoadedModels, first: Model, line: Line, login: bool) -> str:
    """What is served, for whoever started it."""
    if zero.on_zero_gpu():
        device = "ZeroGPU for drags, the CPU for pictures"
    elif models.device.type == "cuda":
        device = torch.cuda.get_device_name(models.device)
    else:
        device = (f"{models.device.type.upper()}, {os.cpu_count()} cores, "
                  f"{torch.get_num_threads()} threads of PyTorch")
    return "\n".join([
        f"Device: {device}",
        f"Model:  {first.label} (licence: {first.licence})",
        f"Memory: {models.nbytes / 1e6:.0f} MB of weights, {models.budget / 1e6:.0f} at most",
        f"Line:   {line.slots} at once, {line.length} wait, {line.seconds:g} seconds a drag",
        f"Open:   {'by login' if login else 'to all who reach it'}; custom models "
        f"{'allowed' if models.custom else 'not allowed'}"])


def main() -> int:
    """Load the model, then serve; the exit code is 1 where that cannot be."""
    args = parse_args(sys.argv[1:])
    keep_memory_low()
    if hasattr(os, "nice"):  # else a browser on the same cores may stand still while a drag runs
        os.nice(NICENESS)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        models, first = choose_models(args)
        engine, slots = None, slots_for(models.device.type)
        if zero.on_zero_gpu():
            engine, slots = zero.ZeroEngine(models), zero.SLOTS
            engine.place(first.name)
        line = Line(args.drags or slots, args.line, args.drag_seconds)
        places = line.slots + line.length
        with models.use(first, report_progress):  # and as long as the page is served
            demo = build_demo(models, first.name, line, engine)
            print(banner(models, first, line, bool(args.auth)), flush=True)
            demo.queue(max_size=4 * places).launch(
                share=args.share, server_name=args.host, server_port=args.port, auth=args.auth,
                max_threads=LIGHT_THREADS + 2 * places, app_kwargs=app_kwargs(models, line),
                theme=THEME, css=CSS, run_history=False, footer_links=[], ssr_mode=False,
                enable_monitoring=False, state_session_capacity=PAGES, i18n=word)
    except (ValueError, OSError) as error:
        print(f"app.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
