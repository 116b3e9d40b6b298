"""python -m drag: a drag from the command line, without a page."""

import argparse
import json
import statistics
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from drag import export
from drag.edit import PointPair, Settings, new_edit
from drag.loaded import load_generator
from drag.loop import drag
from drag.models import CATALOGUE, named, report_progress
from drag.render import render
from drag.solvers import SOLVERS, solver_for


def build_parser() -> argparse.ArgumentParser:
    """The command line, with the paper's values as defaults."""
    parser = argparse.ArgumentParser(
        prog="python -m drag",
        description="Drag points of a generated picture to their targets (arXiv 2305.10973).",
        epilog="Example: python -m drag --seed 3 --drag 560,600,500,600 --out after.png",
    )
    add = parser.add_argument
    add("--model", default="builtin", metavar="NAME|FILE",
        help=f"one of: {', '.join(CATALOGUE)}; or owner/name/file on the Hugging Face Hub; or a "
        "weight file, or a folder that has one (default: builtin)")
    add("--seed", default="0", help="which picture, 0 to 4294967295 (default: 0)")
    add("--psi", help="truncation, 0 (average) to 1 (all variety) (default: what suits the model, "
        "0.7 for most)")
    add("--drag", action="append", default=[], metavar="X0,Y0,X1,Y1",
        help="a handle and its target in pixels of the picture; give it once a point")
    add("--mask", metavar="PNG", help="picture of the same size: white may move, black must stay")
    add("--solver", default=Settings.solver, choices=SOLVERS,
        help="gauss-newton (ours, the default) or adam (the paper's, and with --mask in any case)")
    add("--max-steps", type=int, default=Settings.max_steps, metavar="N")
    add("--device", default="auto", choices=["auto", "cuda", "mps", "cpu"])
    add("--out", metavar="PNG", required=True, help="the picture after the drag")
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


def run(args: argparse.Namespace) -> dict:
    """Do what the command line asks for and return the report."""
    points = [parse_pair(text) for text in args.drag]
    mask = read_mask(args.mask) if args.mask else None
    model = named(args.model)
    settings = Settings(args.solver, model.learning_rate, max_steps=args.max_steps)
    generator = load_generator(args.model, args.device, progress=report_progress)
    psi = model.truncation_psi if args.psi is None else args.psi
    edit = new_edit(generator, model.name, args.seed, psi, settings).place(points, mask)
    steps = drag(generator, edit)
    if args.before:
        _write(args.before, export.png(render(generator, edit.ws), edit.facts))
    start = at = time.perf_counter()
    each = []
    for step in steps:
        each.append(time.perf_counter() - at)
        edit = edit.moved(step.ws, step.handles)
        if args.frames:
            picture = render(generator, step.ws)
            _write(Path(args.frames) / f"{step.number:04d}.png", export.png(picture, edit.facts))
        at = time.perf_counter()
    seconds = time.perf_counter() - start
    _write(args.out, export.png(render(generator, edit.ws), edit.facts))
    report = {
        "model": model.name,
        "seed": edit.seed,
        "truncation_psi": edit.truncation_psi,
        "solver": solver_for(edit).name,
        "device": str(generator.w_avg.device),
        "handles": step.handles,
        "targets": [pair.target for pair in edit.points],
        "distances": step.distances,
        "steps": step.number,
        "seconds": round(seconds, 3),
        "seconds_a_step": round(statistics.median(each), 3),
        "peak_memory_mb": peak_memory_mb(),
        "ending": step.ending.value,
    }
    if args.json:
        _write(args.json, json.dumps(report, indent=2).encode())
    return report


def peak_memory_mb() -> int | None:
    """The most memory this process has held, in 10^6 bytes; None where the system won't tell."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6)


def _write(path, content: bytes) -> None:
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_bytes(content)
    except OSError as error:
        raise ValueError(f"{path} cannot be written: {error.strerror}.") from None


def main() -> int:
    """Exit code 0 unless the input was bad."""
    args = build_parser().parse_args()
    try:
        report = run(args)
    except ValueError as error:
        print(f"drag: {error}", file=sys.stderr)
        return 2
    left = max(report["distances"])
    print(f"{report['ending'].capitalize()} after {report['steps']} steps, {report['seconds']} s "
          f"({report['seconds_a_step']} s a step, {report['peak_memory_mb'] or '?'} MB); "
          f"{left:.1f} px left at most. Wrote {args.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
