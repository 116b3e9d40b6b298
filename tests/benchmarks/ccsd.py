"""Drag there and back again: how far the picture then is from the first (FreeDrag's CCSD).

    python -m tests.benchmarks.ccsd --pairs 20 --solver adam,gauss-newton

The drags of `landmarks`; then each handle is dragged from where it was left to where it began. The
distance is the mean absolute difference of the two pictures in levels of 255, `there` that after
the first drag. One that hardly moves comes back easily: `way` is the share of the way that dlib saw
the landmarks go, `back` the share of that which they came back.
"""

import argparse
import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np

from drag import PointPair
from drag.solvers import SOLVERS
from tests.benchmarks import faces
from tests.benchmarks.landmarks import LANDMARKS
from tests.benchmarks.machine import describe_machine


def measure(solver: str, points: int, pairs: int, first_seed: int) -> dict:
    """Drag all pairs there and back with one solver."""
    generator, wanted, records = faces.builtin(), LANDMARKS[points], []
    for seed in range(first_seed, first_seed + 2 * pairs, 2):
        (edit, source), (_, target) = (faces.sampled(generator, s) for s in (seed, seed + 1))
        if source.landmarks is None or target.landmarks is None:
            continue
        edit = faces.place(edit, source.landmarks[wanted], target.landmarks[wanted])
        there = faces.run_drag(generator, edit, solver).edit
        back = replace(there, points=tuple(
            PointPair(now.handle, first.handle) for now, first in zip(
                there.points, edit.points, strict=True)))
        if any(pair.distance for pair in back.points):
            back = faces.run_drag(generator, back, solver).edit
        first = source.picture.astype(float)
        seen = [faces.look(faces.render(generator, e.ws)) for e in (there, back)]
        left = [faces.mean_distance(None if face.landmarks is None else face.landmarks[wanted],
                                    goal.landmarks[wanted], edit.img_size)
                for face, goal in zip(seen, (target, source), strict=True)]
        whole = faces.mean_distance(
            source.landmarks[wanted], target.landmarks[wanted], edit.img_size)
        records.append({
            "seed": seed, "there": float(np.abs(seen[0].picture - first).mean()),
            "distance": float(np.abs(seen[1].picture - first).mean()),
            "way": 1 - left[0] / whole, "back": 1 - left[1] / whole,
            "identity": seen[1].identity_distance(source)})
    return {"solver": solver, "points": points, "drags": records} | {
        key: faces.mean(records, key) for key in records[0] if key != "seed"}


def table(results: list[dict]) -> str:
    """The report as a Markdown table."""
    lines = ["| points | solver | pairs | picture there | picture back | way there | way back "
             "| identity distance, back |", "| --- " * 8 + "|"]
    lines += [
        f"| {r['points']} | {r['solver']} | {len(r['drags'])} | {r['there']:.1f} "
        f"| {r['distance']:.1f} | {r['way']:.2f} | {r['back']:.2f} | {r['identity']:.2f} |"
        for r in results if not math.isnan(r["distance"])]
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.ccsd")
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--points", default="1,5", help="of 1, 5 and 68 (default: 1,5)")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="of the first face")
    parser.add_argument("--solver", default=",".join(SOLVERS), help="default: %(default)s")
    parser.add_argument("--quick", action="store_true", help="four pairs, one point")
    parser.add_argument("--json", type=Path, metavar="FILE")
    args = parser.parse_args()
    if args.quick:
        args.pairs, args.points = 4, "1"
    report = describe_machine()
    print(f"{report['command']}\n{report['machine']}, {report['date']}\n", flush=True)
    results = [faces.in_a_process(measure, solver, int(points), args.pairs, args.seed)
               for points in args.points.split(",") for solver in args.solver.split(",")]
    if args.json:
        args.json.write_text(json.dumps(report | {"results": results}, indent=1))
    print(table(results))


if __name__ == "__main__":
    main()
