"""Drag there and back again: how far the picture then is from the first (FreeDrag's CCSD).

    python -m tests.benchmarks.ccsd --pairs 20 --solver adam,gauss-newton

The drags of `landmarks`; then each handle is dragged from where it was left to where it began. The
distance is the mean absolute difference of the two pictures in levels of 255, `there` that after
the first drag. One that hardly moves comes back easily: `way` is the share of the way that dlib saw
the landmarks go, `back` the share of that which they came back.
"""

import numpy as np

from drag import PointPair, load_generator
from drag.render import render_edit
from networks.terminal import print_anywhere
from tests.benchmarks import faces
from tests.benchmarks.machine import markdown


def measure(solver: str, points: int, pairs: int, first_seed: int) -> dict:
    """Drag all pairs there and back with one solver."""
    generator, wanted, records = load_generator("builtin"), faces.LANDMARKS[points], []
    for edit, source, target in faces.landmark_pairs(generator, points, pairs, first_seed):
        there = faces.run_drag(generator, edit, solver).edit
        back = there.place(
            [
                PointPair(now.handle, first.handle)
                for now, first in zip(there.points, edit.points, strict=True)
            ]
        )
        if any(pair.distance for pair in back.points):
            back = faces.run_drag(generator, back, solver).edit
        first = source.picture.astype(float)
        seen = [faces.look(render_edit(generator, e)) for e in (there, back)]
        left = [
            faces.mean_distance(
                None if face.landmarks is None else face.landmarks[wanted],
                goal.landmarks[wanted],
                edit.img_size,
            )
            for face, goal in zip(seen, (target, source), strict=True)
        ]
        whole = faces.mean_distance(
            source.landmarks[wanted], target.landmarks[wanted], edit.img_size
        )
        records.append(
            {
                "seed": edit.seed,
                "there": float(np.abs(seen[0].picture - first).mean()),
                "distance": float(np.abs(seen[1].picture - first).mean()),
                "way": 1 - left[0] / whole,
                "back": 1 - left[1] / whole,
                "identity": seen[1].identity_distance(source),
            }
        )
    return {"solver": solver, "points": points, "drags": records} | faces.means(records)


def table(results: list[dict]) -> str:
    """The report as a Markdown table."""
    return markdown(
        "points | solver | pairs | picture there | picture back | way there | way back "
        "| identity distance, back",
        [
            f"{r['points']} | {r['solver']} | {len(r['drags'])} | {r['there']:.1f} "
            f"| {r['distance']:.1f} | {r['way']:.2f} | {r['back']:.2f} | {r['identity']:.2f}"
            for r in results
        ],
    )


def main() -> None:
    """Measure and print."""
    parser = faces.parser_of("ccsd", quick="four pairs, one point")
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--points", default="1,5", help="of 1, 5 and 68 (default: 1,5)")
    args = parser.parse_args()
    if args.quick:
        args.pairs, args.points = 4, "1"
    jobs = (
        (measure, solver, int(points), args.pairs, args.seed)
        for points in args.points.split(",")
        for solver in args.solver.split(",")
    )
    faces.run_benchmark(args, jobs, table)


if __name__ == "__main__":
    print_anywhere()
    main()
