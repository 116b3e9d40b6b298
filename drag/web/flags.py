"""The flags of `python app.py`, and the models that they name."""

import argparse
import contextlib
import ipaddress
import math
import os
import shlex
from importlib.util import find_spec

from drag.models.catalogue import CATALOGUE, Model, is_path, local_models
from drag.models.loaded import BUDGET, LoadedModels
from drag.server.line import LENGTH, SECONDS
from drag.server.trial import fit_device
from drag.web import zero
from drag.web.listening import bare
from drag.web.origins import origin_of

MCP = 'pip install "mcp>=1.21,<2"'  # as gradio[mcp] has it, which wants an older pydantic besides


def parse_args(flags: list[str]) -> argparse.Namespace:
    """The flags of `python app.py`; more may stand in DRAG_FLAGS, for a Space passes none."""
    parser = argparse.ArgumentParser(
        description="The page, on http://localhost:7860 by default. Further flags may stand in the "
        "environment variable DRAG_FLAGS; those of the command line count more."
    )
    parser.add_argument("--share", action="store_true", help="also make a public link")
    parser.add_argument("--host", help="address to listen on; 0.0.0.0 for the whole network")
    parser.add_argument(
        "--port",
        type=_whole(1, 65535),
        metavar="N",
        help="port to listen on (default: 7860, or the next that is free)",
    )
    parser.add_argument(
        "--model",
        default="builtin",
        metavar="NAME|FILE|FOLDER",
        help="what the page starts with: a name of its menu, owner/name/file on "
        "the Hub, a weight file, or a folder of them (default: builtin)",
    )
    parser.add_argument(
        "--model-memory",
        type=float,
        default=BUDGET / 1e9,
        metavar="GB",
        help="weights kept in memory at most (default: %(default)g)",
    )
    parser.add_argument(
        "--device",
        default="auto",
        choices=["auto", "cuda", "mps", "cpu"],
        help="hardware (default: the first of CUDA, MPS and the CPU that passes a self-test)",
    )
    parser.add_argument(
        "--drags",
        type=_whole(1),
        metavar="N",
        help="drags at once (default: one on a GPU, on a CPU one for each core, at most four)",
    )
    parser.add_argument(
        "--line",
        type=_whole(0),
        default=LENGTH,
        metavar="N",
        help="drags that wait at most (default: %(default)s)",
    )
    parser.add_argument(
        "--drag-seconds",
        type=_seconds,
        default=SECONDS,
        metavar="S",
        help="that a drag takes at most (default: %(default)g); a photo half as "
        "long again, 170 at most",
    )
    parser.add_argument(
        "--allow-custom-models",
        action=argparse.BooleanOptionalAction,
        help="let visitors load any weight file of the Hub by owner/name/file "
        "(default: only where the page is just for this machine)",
    )
    parser.add_argument(
        "--auth",
        type=_login,
        nargs="+",
        action="extend",
        metavar="USER:PASSWORD",
        help="let in only who has one of these",
    )
    parser.add_argument(
        "--mcp",
        action="store_true",
        help="also serve the endpoints for programs as tools for agents (MCP) at /gradio_api/mcp; "
        f"needs a package: {MCP}",
    )
    parser.add_argument(
        "--origin",
        type=_origin,
        nargs="+",
        action="extend",
        default=[],
        metavar="URL",
        help="further sites whose pages may call this one and have it in a frame, and its own "
        "address behind a proxy that this machine cannot know, such as https://example.com",
    )
    try:
        flags = [*split(os.environ.get("DRAG_FLAGS", "")), *flags]
    except ValueError as error:
        parser.error(f"DRAG_FLAGS cannot be read: {str(error).lower()}")
    args, rest = parser.parse_known_args(flags)
    if rest:  # without their values, among which may be a password
        unknown = [flag.partition("=")[0] for flag in rest if flag.startswith("-")]
        parser.error(f"unknown: {', '.join(unknown) or 'words that belong to no flag'}")
    if args.mcp and find_spec("mcp") is None:
        parser.error(f"argument --mcp: a package is missing: {MCP}")
    if args.auth and len(dict(args.auth)) < len(args.auth):
        parser.error("argument --auth: a user is named twice")
    args.public = args.share or not _only_here(args.host)
    if args.allow_custom_models is None:
        args.allow_custom_models = not args.public
    return args


def split(text: str, windows: bool = os.name == "nt") -> list[str]:
    """The flags in a text, as a shell has them. On Windows a backslash is part of a path, and only
    double quotes keep words together, as its own shells have it. Raises ValueError where a
    quotation does not end."""
    lexer = shlex.shlex(text, posix=True, punctuation_chars=False)
    lexer.whitespace_split, lexer.commenters = True, ""
    if windows:
        lexer.escape, lexer.quotes = "", '"'
    return list(lexer)


def _whole(least: int, most: int = 1000):
    def number(text: str) -> int:
        if not text.isdecimal() or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"must be a whole number from {least} to {most}")
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


def _origin(text: str) -> str:
    try:
        return origin_of(text)
    except ValueError:
        raise argparse.ArgumentTypeError("must be http:// or https:// and a name") from None


def _only_here(host: str | None) -> bool:
    """Whether a page at this host is just for this machine, as without one it is, but on Spaces."""
    host = bare(host or os.environ.get("GRADIO_SERVER_NAME") or "localhost")
    with contextlib.suppress(ValueError):
        return "SPACE_ID" not in os.environ and ipaddress.ip_address(host).is_loopback
    return "SPACE_ID" not in os.environ and host == "localhost"


def choose_models(args: argparse.Namespace) -> tuple[LoadedModels, Model]:
    """What the page offers, and what it starts with. Raises ValueError where there is no
    such, or the device is not fit for use."""
    # On ZeroGPU the server itself has no GPU, and there is nothing to try.
    device, unfit = fit_device("cpu" if zero.on_zero_gpu() else args.device)
    models = LoadedModels(device.type, budget=args.model_memory * 1e9)
    models.unfit = unfit
    # Whoever starts the page may name any model: it is in the menu then.
    found = local_models(args.model) if is_path(args.model) else [models.find(args.model)]
    models.local = {model.name: model for model in found if model.name not in CATALOGUE}
    models.custom = args.allow_custom_models
    return models, found[0]
