"""python -m drag: a drag from the command line, without a page."""

import argparse
import functools
import json
import re
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from drag.edit import Edit, PointPair, Settings
from drag.files import arrays, film, opening
from drag.files.export import MEDIA_TYPES, as_file
from drag.generate import check_model, from_latents, new_edit
from drag.loop import Step, drag
from drag.models.catalogue import CATALOGUE, named
from drag.models.loaded import load_generator
from drag.models.progress import report_progress
from drag.photo.command import inverted, parse_frame, part_of, read_file
from drag.photo.face_parts import PARTS
from drag.solvers import SOLVERS, solver_for
from networks.generator import Generator
from networks.terminal import print_anywhere


def build_parser() -> argparse.ArgumentParser:
    """The command line, with the paper's values as defaults."""
    parser = argparse.ArgumentParser(
        prog="python -m drag",
        description="Drag points of a generated picture to their targets (arXiv 2305.10973).",
        epilog="Example: python -m drag --seed 3 --drag 560,600,500,600 --out after.png",
    )
    add = parser.add_argument
    add(
        "--model",
        metavar="NAME|FILE",
        help=f"one of: {', '.join(CATALOGUE)}; or owner/name/file on the Hugging Face Hub; or a "
        "weight file, or a folder that has one (default: that of --open, or builtin)",
    )
    add("--seed", default="0", help="which picture, 0 to 4294967295 (default: 0)")
    add(
        "--photo",
        metavar="FILE",
        help="a photo in place of --seed and --psi: its face is found, "
        "aligned and inverted, which takes minutes without a GPU; without --drag it stays as it is",
    )
    add(
        "--frame",
        metavar="X,Y,SIDE,ANGLE",
        help="the square of the --photo to take where its "
        "face is not found, or is not meant, or the model makes other things: centre and side in "
        "pixels of the upright photo, and degrees clockwise; write --frame=-5,... where X is "
        "negative",
    )
    add(
        "--open",
        metavar="DRAG|NPZ|PT",
        help="go on from a project, or from latents as NVIDIA's tools (.npz, .npy) or PTI and e4e "
        "(.pt) write them, in place of --seed and --psi; without --drag the picture stays as it is",
    )
    add("--psi", help="truncation, 0 (average) to 1 (all variety) (default: the model's own)")
    add(
        "--drag",
        action="append",
        default=[],
        metavar="X0,Y0,X1,Y1",
        help="a handle and its target in pixels of the picture; give it once a point",
    )
    add("--mask", metavar="PNG", help="picture of the same size: white may move, black must stay")
    add("--region", choices=PARTS, help="in place of a --mask: this part of the largest face")
    add(
        "--solver",
        choices=SOLVERS,
        help="gauss-newton (ours, the default: what is outside a --mask stays as it is) or adam "
        "(the paper's, in which the outside hardly changes)",
    )
    add(
        "--reach",
        type=float,
        metavar="PX",
        help="without a --mask: how far from arrows a picture of 512 px may change (default: 256)",
    )
    add(
        "--hold-placement",
        action=argparse.BooleanOptionalAction,
        help="of StyleGAN3: hold what shifts and turns the whole picture (default: held)",
    )
    add("--max-steps", type=int, metavar="N", help=f"at most (default: {Settings.max_steps})")
    add("--device", default="auto", choices=["auto", "cuda", "mps", "cpu"])
    add("--out", metavar="PNG", help="the picture after the drag")
    add(
        "--export",
        action="append",
        default=[],
        metavar="FILE",
        help="the result by its suffix: .png the picture; .mp4, .gif or .webp the way there; .drag "
        "the whole edit, which --open takes again; .npz its latents; may be given several times",
    )
    add("--seconds", type=float, default=3.0, help="that a film takes (default: 3)")
    add("--size", type=int, choices=film.SIZES, default=512, help="px of its side (default: 512)")
    add("--with-points", action="store_true", help="draw the points on pictures and films")
    mark = 'write "AI-generated" on pictures and films, whose metadata say so in any case'
    add("--mark", action="store_true", help=mark)
    add("--before", metavar="PNG", help="the picture before it")
    add("--frames", metavar="DIR", help="a picture of every step")
    add("--json", metavar="FILE", help="a report: handles, distances, steps, seconds, memory")
    return parser


def parse_pair(text: str) -> PointPair:
    """A PointPair from "x0,y0,x1,y1"; raises ValueError that says what was expected."""
    try:
        x0, y0, x1, y1 = (float(number) for number in text.split(","))
    except ValueError:
        raise ValueError(f"--drag takes four numbers x0,y0,x1,y1, not {text!r}.") from None
    return PointPair((x0, y0), (x1, y1))


def read_mask(path: str) -> np.ndarray:
    """A mask from a picture file, bool (H, W), True where it is white."""
    try:
        with Image.open(path) as image:
            return np.asarray(image.convert("L")) > 127
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise ValueError(f"--mask {path} cannot be read as a picture ({error}).") from None


def suffix_of(path: str) -> str:
    """What kind of file to write; raises ValueError where there is none such."""
    suffix = Path(path).suffix.lower()
    if suffix not in MEDIA_TYPES:
        *kinds, last = MEDIA_TYPES
        raise ValueError(f"{path} cannot be written: --export takes {', '.join(kinds)} and {last}.")
    return suffix


def begin(args: argparse.Namespace) -> tuple[Generator, Edit]:
    """The generator and the edit that the command line names, with its points placed."""
    points = [parse_pair(text) for text in args.drag]
    mask = read_mask(args.mask) if args.mask else None
    if args.mask and args.region:
        raise ValueError("--mask and --region name two regions: give one of them.")
    if args.open and args.photo:
        raise ValueError("--open and --photo name two pictures to go on with: give one of them.")
    if args.frame is not None and not args.photo:
        raise ValueError("--frame is the part of a --photo to take: name that too.")
    photo = read_file(args.photo) if args.photo else None
    frame = parse_frame(args.frame, photo) if photo and args.frame is not None else None
    lost: list[int] = []
    found = opening.read(args.open, lost) if args.open else None  # an edit, or latents
    if lost:
        print(f"{len(lost)} damaged entries of its history are left out.", file=sys.stderr)
    saved = found if isinstance(found, Edit) else None
    if saved and not args.model and saved.model not in CATALOGUE:  # no file chooses what is loaded
        raise ValueError(
            f"{args.open} is of the model {saved.model!r}: say with --model where that is."
        )
    model = named(args.model or (saved.model if saved else "builtin"))
    given = {
        name: value
        for name in ("solver", "max_steps", "reach", "hold_placement")
        if (value := getattr(args, name)) is not None
    }
    first = saved.settings if saved else Settings(learning_rate=model.learning_rate)
    settings = replace(first, **given)
    generator = load_generator(args.model or model.name, args.device, progress=report_progress)
    if saved:
        edit = replace(saved, settings=settings)
    elif photo:
        edit = inverted(generator, model, photo, frame, settings)
    else:
        psi = model.truncation_psi if args.psi is None else args.psi
        edit = new_edit(generator, model.name, args.seed, psi, settings)
        if isinstance(found, np.ndarray):
            edit = from_latents(generator, model.name, found, edit.truncation_psi, settings)
    check_model(generator, edit)
    mask = part_of(args.region, generator, edit) if args.region else mask
    if points or mask is not None or not (args.open or args.photo):
        edit = edit.place(points or edit.points, edit.mask if mask is None else mask)
    return generator, edit


def run(args: argparse.Namespace) -> dict:
    """Do what the command line asks for and return the report."""
    outputs = [(path, suffix_of(path)) for path in args.export]
    outputs += [(args.out, ".png")] if args.out else []
    if not outputs:
        raise ValueError("Nothing would be kept: say with --out or --export where to.")
    outputs.sort(key=lambda output: output[1] in film.KINDS)  # what takes long, and can fail, last
    if outputs[-1][1] in film.KINDS:
        film.check_seconds(args.seconds)
    generator, edit = begin(args)
    steps: Iterable[Step] = ()
    step: Step | None = None
    each, frames = [], args.frames
    how = functools.partial(as_file, points=args.with_points, mark=args.mark)
    keep = functools.partial(how, seconds=args.seconds, size=args.size)
    if args.drag or not (args.open or args.photo):
        steps, edit = drag(generator, edit), edit.remember()
    failed: list[str] = []  # one file that cannot be written spoils neither the others nor the drag
    if args.before:
        _keep(failed, args.before, keep, ".png", generator, edit)
    begun, start = edit, (at := time.perf_counter())
    for step in steps:
        each.append(time.perf_counter() - at)
        edit = begun.moved(step.ws, step.handles)
        if frames:
            frame = Path(frames) / f"{step.number:04d}.png"
            frames = _keep(failed, frame, keep, ".png", generator, edit) and frames
        at = time.perf_counter()
    seconds = time.perf_counter() - start
    for path, suffix in outputs:
        _keep(failed, path, keep, suffix, generator, edit)
    report: dict[str, Any] = edit.facts | {
        "device": str(generator.w_avg.device),
        "peak_memory_mb": peak_memory_mb(),
    }
    if step is not None and step.ending:
        report |= {
            "solver": solver_for(edit).name,
            "handles": step.handles,
            "targets": [pair.target for pair in edit.points],
            "distances": step.distances,
            "steps": step.number,
            "seconds": round(seconds, 3),
            "seconds_a_step": round(statistics.median(each), 3),
            "ending": step.ending.value,
        }
    if edit.regions and any(suffix == ".npz" for _, suffix in outputs):
        report["note"] = arrays.WITHOUT_REGIONS
    if args.json:
        _keep(failed, args.json, lambda: json.dumps(report, indent=2).encode())
    if failed:
        raise ValueError(" ".join(failed))
    return report


def peak_memory_mb() -> int | None:
    """The most memory this process has held, in 10^6 bytes; None where the system won't tell."""
    status = Path("/proc/self/status")
    if status.exists():  # Linux, whose getrusage may tell of the process that started this one
        (kilobytes,) = re.findall(r"VmHWM:\s*(\d+) kB", status.read_text())
        return round(int(kilobytes) * 1024 / 1e6)
    try:
        import resource
    except ImportError:  # Windows
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6)


def _keep(failed: list[str], path: str | Path, make: Callable[..., bytes], *how: Any) -> bool:
    """Write a file, or have `failed` take why it cannot be made or written; whether it is there."""
    try:
        content = make(*how)
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_bytes(content)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error).removesuffix(".")
        failed.append(f"{path} cannot be written: {why}.")
        return False
    return True


def main() -> int:
    """Exit code 0 unless the input was bad."""
    args = build_parser().parse_args()
    try:
        report = run(args)
    except ValueError as error:
        print(f"drag: {error}", file=sys.stderr)
        return 2
    done = "Not dragged."
    if "steps" in report:
        done = (
            f"{report['ending'].capitalize()} after {report['steps']} steps, "
            f"{report['seconds']} s ({report['seconds_a_step']} s a step, "
            f"{report['peak_memory_mb'] or '?'} MB); {max(report['distances']):.1f} px left "
            "at most."
        )
    print(f"{done} Wrote {', '.join(filter(None, [args.out, *args.export]))}")
    if "note" in report:
        print(report["note"])
    return 0


if __name__ == "__main__":
    print_anywhere()
    sys.exit(main())
