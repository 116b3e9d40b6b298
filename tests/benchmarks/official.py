"""The official code's drag beside ours: the same generator object, faces, handles and targets.

    git clone https://github.com/XingangPan/DragGAN OFFICIAL
    pip install scipy requests tqdm click matplotlib   # what it imports
    python -m tests.benchmarks.official --official OFFICIAL

The drags are those of `landmarks`. Its `viz/renderer.py` runs unmodified, with its defaults, and
drives the built-in generator: what it takes for a network only passes its calls on. It has no step
cap; here it is stopped after --steps, and what it then reached is compared all the same. Each drag
has a process of its own; the two sides take turns, so that a busy machine slows both.
"""

import math
import os
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from PIL import ImageFont
from torch import nn
from torch.utils import cpp_extension

from drag import load_generator
from drag.__main__ import peak_memory_mb
from drag.render import render_edit
from networks.terminal import print_anywhere
from tests.benchmarks import faces
from tests.benchmarks.machine import markdown

FEATURE_INDEX = 5  # of the 128 px block among those that it asks a network for


class AsOfficial(nn.Module):
    """A generator of ours as the official renderer calls a network."""

    c_dim = 0

    def __init__(self, generator):
        super().__init__()
        self.generator, self.synthesis = generator, nn.Module()
        self.img_resolution, self.num_ws = generator.img_resolution, generator.num_ws

    def mapping(self, z, label, truncation_psi=1.0, truncation_cutoff=None):
        """z (N, 512) of any precision, no label and no cutoff: ws (N, num_ws, 512)."""
        return self.generator.mapping(z.float(), truncation_psi)

    def forward(self, ws, label, **options):
        """ws: picture (N, 3, H, W), and features at the place where the renderer looks."""
        features = self.generator.features(ws)
        return self.generator.image(ws, features), [None] * FEATURE_INDEX + [features]


def official_renderer(folder: str):
    """The Renderer of a checkout of the official code.

    All that is put in place from here is what it takes from CUDA without need, a pinned buffer,
    from Pillow before 10, `getsize`, and from PyTorch of its day, that an extension can be imported
    by name once it is built. It changes the working directory: its font is there.
    """
    sys.path.insert(0, folder)
    from viz.renderer import Renderer

    os.chdir(folder)
    ImageFont.FreeTypeFont.getsize = lambda font, text: font.getbbox(text)[2:]
    cpp_extension.load = _found_by_name(cpp_extension.load)
    renderer = Renderer(disable_timing=True)
    if not torch.cuda.is_available():
        renderer._get_pinned_buf = lambda ref: torch.empty(ref.shape, dtype=ref.dtype)
    return renderer


def _found_by_name(load):
    def load_and_tell(name, **options):
        sys.modules[name] = module = load(name=name, **options)
        return module

    return load_and_tell


def drag_officially(generator, folder: str, edit, most_steps: int) -> faces.Dragged:
    """Drag as the official pages do, until all points are within its tolerance or at most so many
    steps."""
    renderer, network = official_renderer(folder), AsOfficial(generator)
    renderer.get_network = lambda pkl, key: network
    handles, targets = (
        [[round(y), round(x)] for x, y in (getattr(pair, end) for pair in edit.points)]
        for end in ("handle", "target")
    )
    began = time.perf_counter()
    for step in range(1, most_steps + 1):  # noqa: B007 - how many there were
        result = renderer.render(
            pkl="built-in",
            w0_seed=edit.seed,
            w_load=None,
            w_plus=True,
            reset_w=False,
            points=handles,
            targets=targets,
            mask=None,
            lambda_mask=20,
            is_drag=True,
        )
        if "error" in result:
            raise RuntimeError(result.error)
        if result.stop:
            break
    seconds = time.perf_counter() - began
    reached = [(float(x), float(y)) for y, x in handles]
    away = [math.dist(here, there[::-1]) for here, there in zip(reached, targets, strict=True)]
    return faces.Dragged(
        edit.moved(result.w[0], reached),
        step,
        seconds,
        "arrived" if result.stop else "step cap",
        float(np.mean(away)),
    )


def measure(side: str, folder: str, points: int, seed: int, most_steps: int) -> dict | None:
    """One drag by one side, a solver of ours or "official"; None where dlib finds no face."""
    generator, wanted = load_generator("builtin", "cpu"), faces.LANDMARKS[points]
    pair = next(faces.landmark_pairs(generator, points, 1, seed), None)
    if pair is None:
        return None
    edit, source, target = pair
    if side == "official":
        dragged = drag_officially(generator, folder, edit, most_steps)
    else:
        edit = replace(edit, settings=replace(edit.settings, max_steps=most_steps))
        dragged = faces.run_drag(generator, edit, side)
    after = faces.look(render_edit(generator, dragged.edit))
    found, goal = (
        None if face.landmarks is None else face.landmarks[wanted] for face in (after, target)
    )
    return {
        "side": side,
        "points": points,
        "seed": seed,
        "steps": dragged.steps,
        "seconds": dragged.seconds,
        "ending": dragged.ending,
        "peak_mb": peak_memory_mb(),
        "no_edit": faces.mean_distance(source.landmarks[wanted], goal, edit.img_size),
        "md": faces.mean_distance(found, goal, edit.img_size),
        "identity": after.identity_distance(source),
    }


def table(results: list[dict | None]) -> str:
    """The report as a Markdown table."""
    rows, results = [], list(filter(None, results))
    for points, side in dict.fromkeys((r["points"], r["side"]) for r in results):
        mine = [r for r in results if (r["points"], r["side"]) == (points, side)]
        seconds, steps = (sum(r[key] for r in mine) for key in ("seconds", "steps"))
        theirs = [
            r["seconds"] for r in results if r["points"] == points and r["side"] == "official"
        ]
        arrived = sum(r["ending"] == "arrived" for r in mine)
        there = [r for r in mine if not math.isnan(r["md"])]  # dlib found no face in the others
        share = sum(r["md"] for r in there) / (sum(r["no_edit"] for r in there) or math.nan)
        rows.append(
            f"{points} | {side} | {arrived} of {len(mine)} | {steps / len(mine):.0f} "
            f"| {steps / seconds:.2f} | {seconds / len(mine):.1f} | {sum(theirs) / seconds:.0f} "
            f"| {share:.2f} | {len(mine) - len(there)} | {faces.mean(mine, 'identity'):.2f} "
            f"| {max(r['peak_mb'] for r in mine) / 1000:.1f} GB"
        )
    return markdown(
        "points | side | arrived | steps | steps a second | seconds a drag "
        "| times as fast as official | MD, share left | faces lost | identity distance "
        "| most memory",
        rows,
    )


def main() -> None:
    """Measure and print."""
    parser = faces.parser_of("official", quick="one pair, one point, 12 steps")
    parser.set_defaults(solver="gauss-newton")
    parser.add_argument("--official", required=True, metavar="FOLDER", help="the checkout")
    parser.add_argument("--pairs", type=int, default=1)
    parser.add_argument("--points", default="1,5", help="of 1, 5 and 68 (default: 1,5)")
    parser.add_argument("--steps", type=int, default=300, help="at most so many")
    args = parser.parse_args()
    if args.quick:
        args.pairs, args.points, args.steps = 1, "1", 12
    folder = str(Path(args.official).resolve())
    if not Path(folder, "viz", "renderer.py").is_file():
        parser.error(
            f"{args.official} is no checkout of the official code: it has no viz/renderer.py."
        )
    jobs = (
        (measure, side, folder, int(points), seed, args.steps)
        for points in args.points.split(",")
        for seed in range(args.seed, args.seed + 2 * args.pairs, 2)
        for side in ("official", *args.solver.split(","))
    )
    faces.run_benchmark(args, jobs, table)


if __name__ == "__main__":
    print_anywhere()
    main()
