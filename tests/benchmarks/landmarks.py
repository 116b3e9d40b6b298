"""Drag the landmarks of one face to those of another: the paper's own test (Sec. 4.2, Table 1).

    python -m tests.benchmarks.landmarks --pairs 100 --solver adam,gauss-newton --json report.json

Pair k is the faces of seeds S + 2k and S + 2k + 1. Handles are dlib's landmarks of the first,
targets those of the second: the nose's tip (1 point), corners of the eyes and the mouth besides
(5), or all 68. After the drag dlib looks again. MD is the mean distance of those landmarks to the
targets in pixels of a 512 px picture, `no edit` what it was before. The share that is left is over
pairs whose face dlib still finds; the others are counted as lost. Pairs one of whose faces dlib
does not find to begin with are left out, and counted.
"""

import argparse
import json
import math
from pathlib import Path

import numpy as np

from drag.solvers import SOLVERS
from tests.benchmarks import faces
from tests.benchmarks.machine import describe_machine

LANDMARKS = {1: [30], 5: [36, 45, 30, 48, 54], 68: list(range(68))}
QUICK = {"pairs": 4, "points": "1,5"}


def measure(solver: str, points: int, pairs: int, first_seed: int, sheet: str | None) -> dict:
    """Drag all pairs with one solver and number of points."""
    generator, wanted = faces.builtin(), LANDMARKS[points]
    records, rows, left_out = [], [], 0
    for k in range(pairs):
        seed = first_seed + 2 * k
        (edit, source), (_, target) = (faces.sampled(generator, s) for s in (seed, seed + 1))
        if source.landmarks is None or target.landmarks is None:
            left_out += 1
            continue
        edit = faces.place(edit, source.landmarks[wanted], target.landmarks[wanted])
        handles, targets = (np.array([getattr(pair, end) for pair in edit.points])
                            for end in ("handle", "target"))
        dragged = faces.run_drag(generator, edit, solver)
        after = faces.look(faces.render(generator, dragged.edit.ws))
        found = None if after.landmarks is None else after.landmarks[wanted]
        record = {
            "seed": seed, "no_edit": faces.mean_distance(handles, targets, edit.img_size),
            "md": faces.mean_distance(found, targets, edit.img_size), "score": after.score,
            "identity": after.identity_distance(source), "steps": dragged.steps,
            "seconds": dragged.seconds, "ending": dragged.ending,
            "tracked": dragged.tracked * 512 / max(edit.img_size)}
        records.append(record)
        if sheet:
            rows.append([
                faces.draw(source.picture, handles, targets, f"seed {seed}"),
                faces.draw(after.picture, text=f"MD {record['no_edit']:.1f} > {record['md']:.1f}, "
                           f"identity {record['identity']:.2f}, {record['steps']} steps"),
                faces.draw(target.picture)])
    if rows:
        faces.contact_sheet(rows, sheet)
    return {"solver": solver, "points": points, "left_out": left_out, "drags": records,
            "peak_gb": faces.peak_memory_gb()} | summary(records)


def summary(records: list[dict]) -> dict:
    """The figures of the table."""
    there = [r for r in records if not math.isnan(r["md"])]
    md, no_edit = faces.mean(there, "md"), faces.mean(there, "no_edit")
    return {
        "pairs": len(records), "no_edit": faces.mean(records, "no_edit"), "md": md,
        "share": md / no_edit, "lost": len(records) - len(there),
        "identity": faces.mean(there, "identity"),
        "steps": float(np.median([r["steps"] for r in records])),
        "seconds": float(np.median([r["seconds"] for r in records]))}


def table(results: list[dict]) -> str:
    """The report as a Markdown table."""
    lines = ["| points | solver | MD, no edit | MD | share | faces lost | identity distance "
             "| steps, median | seconds, median | most memory |", "| --- " * 10 + "|"]
    lines += [
        f"| {r['points']} | {r['solver']} | {r['no_edit']:.1f} | {r['md']:.1f} | {r['share']:.2f} "
        f"| {r['lost']} of {r['pairs']} | {r['identity']:.2f} | {r['steps']:.0f} "
        f"| {r['seconds']:.1f} | {r['peak_gb']:.1f} GB |" for r in results]
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.landmarks")
    parser.add_argument("--pairs", type=int, default=100)
    parser.add_argument("--points", default="1,5,68", help="of 1, 5 and 68 (default: 1,5,68)")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="of the first face")
    parser.add_argument("--solver", default=",".join(SOLVERS), help="default: %(default)s")
    parser.add_argument("--quick", action="store_true", help="four pairs, 1 and 5 points")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--sheets", type=Path, metavar="FOLDER", help="pictures of all drags")
    args = parser.parse_args()
    if args.quick:
        parser.set_defaults(**QUICK)
        args = parser.parse_args()
    report = describe_machine()
    print(f"{report['command']}\n{report['machine']}, {report['date']}\n", flush=True)
    results = []
    for points in map(int, args.points.split(",")):
        for solver in args.solver.split(","):
            sheet = None
            if args.sheets:
                args.sheets.mkdir(parents=True, exist_ok=True)
                sheet = str(args.sheets / f"landmarks-{points}-{solver}.jpg")
            results.append(faces.in_a_process(
                measure, solver, points, args.pairs, args.seed, sheet))
            if args.json:  # what there is so far
                args.json.write_text(json.dumps(report | {"results": results}, indent=1))
    print(table(results))


if __name__ == "__main__":
    main()
