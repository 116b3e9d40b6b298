"""Drag inside a painted region: what changes outside it, and whether the handle still arrives.

    python -m tests.benchmarks.mask --faces 20 --solver adam,gauss-newton-region

On each face the nose's tip or a corner of the mouth is dragged by 40 px of 1024 in a random
direction, free and with a region painted around the face, forehead included. `outside` is the mean
absolute change of the picture outside that region, in levels of 255; `way` is the share of the way
that the landmark went, by dlib.
"""

import math

import numpy as np

from drag import load_generator
from drag.render import render
from tests.benchmarks import faces
from tests.benchmarks.machine import markdown
from tests.judge import face_region

LANDMARKS = (30, 48, 54)
DISTANCE = 40  # pixels of 1024


def measure(solver: str, count: int, first_seed: int) -> dict:
    """Drag on all faces with one solver, free and masked."""
    generator, random, records = load_generator("builtin"), np.random.RandomState(0), []
    for seed in range(first_seed, first_seed + count):
        landmark, angle = random.choice(LANDMARKS), random.uniform(0, 2 * np.pi)
        edit, source = faces.sampled(generator, seed)
        if source.landmarks is None:
            continue
        handle = source.landmarks[landmark]
        target = handle + DISTANCE * np.array([np.cos(angle), np.sin(angle)])
        left, top, right, bottom = (int(max(0, end)) for end in face_region(source.landmarks))
        mask = np.zeros(edit.img_size, bool)
        mask[top:bottom, left:right] = True
        record = {"seed": seed}
        for name, region in (("free", None), ("masked", mask)):
            dragged = faces.run_drag(
                generator, faces.place(edit, [handle], [target], region), solver
            )
            after = faces.look(render(generator, dragged.edit.ws))
            change = np.abs(after.picture.astype(float) - source.picture)
            away = (
                math.nan
                if after.landmarks is None
                else math.dist(after.landmarks[landmark], target)
            )
            record |= {
                f"{name}_outside": float(change[~mask].mean()),
                f"{name}_way": 1 - away / DISTANCE,
                f"{name}_seconds": dragged.seconds,
            }
        records.append(record)
    return {"solver": solver, "drags": records} | faces.means(records)


def table(results: list[dict]) -> str:
    """The report as a Markdown table."""
    return markdown(
        "solver | faces | outside, free | outside, masked | ratio | way, free | way, masked "
        "| seconds, free | masked",
        [
            f"{r['solver']} | {len(r['drags'])} | {r['free_outside']:.1f} "
            f"| {r['masked_outside']:.1f} | {r['masked_outside'] / r['free_outside']:.2f} "
            f"| {r['free_way']:.2f} | {r['masked_way']:.2f} | {r['free_seconds']:.1f} "
            f"| {r['masked_seconds']:.1f}"
            for r in results
        ],
    )


def main() -> None:
    """Measure and print."""
    parser = faces.parser_of("mask", quick="three faces")
    parser.set_defaults(solver="adam,gauss-newton-region")
    parser.add_argument("--faces", type=int, default=20)
    args = parser.parse_args()
    count = 3 if args.quick else args.faces
    jobs = ((measure, solver, count, args.seed) for solver in args.solver.split(","))
    faces.run_benchmark(args, jobs, table)


if __name__ == "__main__":
    main()
