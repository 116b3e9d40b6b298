"""Drag the landmarks of one face to those of another: the paper's own test (Sec. 4.2, Table 1).

    python -m tests.benchmarks.landmarks --pairs 100 --solver adam,gauss-newton --json report.json

Pair k is the faces of seeds S + 2k and S + 2k + 1. Handles are dlib's landmarks of the first,
targets those of the second: the nose's tip (1 point), corners of the eyes and the mouth besides
(5), or all 68. After the drag dlib looks again. MD is the mean distance of those landmarks to the
targets in pixels of a 512 px picture, `no edit` what it was before. The share that is left is over
pairs whose face dlib still finds; the others are counted as lost, and as melted those whose
detection score is below 0.5. `arrived` counts drags that came within the paper's 1 px (2 px) by
their own tracker, `steps` are to the end of a drag. Pairs one of whose faces dlib does not find to
begin with are left out, and counted.
"""

import math
from pathlib import Path

import numpy as np

from drag import load_generator
from drag.__main__ import peak_memory_mb
from drag.render import render_edit
from networks.terminal import print_anywhere
from tests.benchmarks import faces
from tests.benchmarks.machine import markdown


def measure(solver: str, points: int, pairs: int, first_seed: int, sheet: Path | None) -> dict:
    """Drag all pairs with one solver and number of points."""
    generator, wanted = load_generator("builtin"), faces.LANDMARKS[points]
    records, rows = [], []
    for edit, source, target in faces.landmark_pairs(generator, points, pairs, first_seed):
        handles, targets = (
            np.array([getattr(pair, end) for pair in edit.points]) for end in ("handle", "target")
        )
        dragged = faces.run_drag(generator, edit, solver)
        after = faces.look(render_edit(generator, dragged.edit))
        found = None if after.landmarks is None else after.landmarks[wanted]
        record = {
            "seed": edit.seed,
            "no_edit": faces.mean_distance(handles, targets, edit.img_size),
            "md": faces.mean_distance(found, targets, edit.img_size),
            "score": after.score,
            "identity": after.identity_distance(source),
            "steps": dragged.steps,
            "seconds": dragged.seconds,
            "ending": dragged.ending,
            "tracked": dragged.tracked * 512 / max(edit.img_size),
        }
        records.append(record)
        rows.append(
            [
                faces.draw(source.picture, handles, targets, f"seed {edit.seed}"),
                faces.draw(
                    after.picture,
                    text=f"MD {record['no_edit']:.1f} > {record['md']:.1f}, "
                    f"identity {record['identity']:.2f}, {record['steps']} steps",
                ),
                faces.draw(target.picture),
            ]
        )
    if sheet:
        faces.contact_sheet(rows, sheet)
    return {
        "solver": solver,
        "points": points,
        "left_out": pairs - len(records),
        "drags": records,
        "peak_mb": peak_memory_mb(),
    } | summary(records)


def summary(records: list[dict]) -> dict:
    """The figures of the table."""
    there = [r for r in records if not math.isnan(r["md"])]
    md, no_edit = faces.mean(there, "md"), faces.mean(there, "no_edit")
    return {
        "pairs": len(records),
        "no_edit": faces.mean(records, "no_edit"),
        "md": md,
        "share": md / no_edit,
        "lost": len(records) - len(there),
        "melted": sum(r["score"] < faces.MELTED for r in records),
        "arrived": sum(r["ending"] == "arrived" for r in records),
        "identity": faces.mean(there, "identity"),
        "steps": float(np.median([r["steps"] for r in records])),
        "seconds": float(np.median([r["seconds"] for r in records])),
    }


def table(results: list[dict]) -> str:
    """The report as a Markdown table."""
    return markdown(
        "points, pairs | solver | MD, no edit | MD | share | lost | melted | identity distance "
        "| arrived | steps, median | seconds, median | most memory",
        [
            f"{r['points']}, {r['pairs']} | {r['solver']} | {r['no_edit']:.1f} | {r['md']:.1f} "
            f"| {r['share']:.2f} | {r['lost']} | {r['melted']} | {r['identity']:.2f} "
            f"| {r['arrived']} | {r['steps']:.0f} | {r['seconds']:.1f} "
            f"| {r['peak_mb'] / 1000:.1f} GB"
            for r in results
        ],
    )


def main() -> None:
    """Measure and print."""
    parser = faces.parser_of("landmarks", quick="four pairs, 1 and 5 points")
    parser.add_argument("--pairs", type=int, default=100)
    parser.add_argument("--points", default="1,5,68", help="of 1, 5 and 68 (default: 1,5,68)")
    parser.add_argument("--sheets", type=Path, metavar="FOLDER", help="pictures of all drags")
    args = parser.parse_args()
    if args.quick:
        args.pairs, args.points = 4, "1,5"
    jobs = (
        (
            measure,
            solver,
            int(points),
            args.pairs,
            args.seed,
            faces.sheet(args.sheets, f"landmarks-{points}-{solver}"),
        )
        for points in args.points.split(",")
        for solver in args.solver.split(",")
    )
    faces.run_benchmark(args, jobs, table)


if __name__ == "__main__":
    print_anywhere()
    main()
