"""Drags that nobody checked for sense: a random landmark of a random face, in any direction.

    python -m tests.benchmarks.wild --drags 50 --solver adam,gauss-newton --sheets FOLDER

Seed, landmark, direction and distance (20 to 150 px of the 1024 px picture) are drawn from a fixed
seed; drags whose target is outside the picture are drawn anew. Many ask for more than a face can
do; none should melt it. A face is melted where dlib's detection score is below 0.5. `way` is the
mean share of the way that the landmark went, by dlib, over faces that it still finds.
"""

import math
from pathlib import Path

import numpy as np

from drag import load_generator
from drag.render import render_edit
from networks.terminal import print_anywhere
from tests.benchmarks import faces
from tests.benchmarks.machine import markdown

DISTANCES = (20, 150)  # pixels of 1024


def wild_drags(generator, count: int, seed: int):
    """Yield (edit, its face, landmark) of random drags, points placed."""
    random = np.random.RandomState(seed)
    while count:
        face_seed, landmark = int(random.randint(10_000)), int(random.randint(68))
        angle, distance = random.uniform(0, 2 * np.pi), random.uniform(*DISTANCES)
        edit, face = faces.sampled(generator, face_seed)
        if face.landmarks is None:
            continue
        handle = face.landmarks[landmark]
        target = handle + distance * np.array([np.cos(angle), np.sin(angle)])
        if min(*handle, *target) < 0 or max(*handle, *target) > min(edit.img_size) - 1:
            continue
        count -= 1
        yield faces.place(edit, [handle], [target]), face, landmark


def measure(solver: str, count: int, seed: int, sheet: Path | None) -> dict:
    """Do all drags with one solver."""
    generator, records, row, rows = load_generator("builtin"), [], [], []
    for edit, source, landmark in wild_drags(generator, count, seed):
        (pair,) = edit.points
        dragged = faces.run_drag(generator, edit, solver)
        after = faces.look(render_edit(generator, dragged.edit))
        way = math.nan
        if after.landmarks is not None:
            way = 1 - math.dist(after.landmarks[landmark], pair.target) / pair.distance
        records.append(
            {
                "seed": edit.seed,
                "landmark": landmark,
                "handle": pair.handle,
                "target": pair.target,
                "way": way,
                "score": after.score,
                "score_before": source.score,
                "identity": after.identity_distance(source),
                "steps": dragged.steps,
                "seconds": dragged.seconds,
                "ending": dragged.ending,
                "tracked_way": 1 - dragged.tracked / pair.distance,
            }
        )
        row += [
            faces.draw(source.picture, [pair.handle], [pair.target], f"seed {edit.seed}"),
            faces.draw(
                after.picture,
                text=f"way {way:.2f}, score {after.score:.1f}, identity "
                f"{records[-1]['identity']:.2f}",
            ),
        ]
        if len(row) == 8:
            rows, row = [*rows, row], []
    if sheet:
        faces.contact_sheet([*rows, row] if row else rows, sheet)
    return {"solver": solver, "drags": records} | summary(records)


def summary(records: list[dict]) -> dict:
    """The figures of the table."""
    return {
        "count": len(records),
        "melted": sum(r["score"] < faces.MELTED for r in records),
        "worst_score": min(r["score"] for r in records),
        "way": faces.mean(records, "way"),
        "median_way": float(np.nanmedian([r["way"] for r in records])),
        "tracked_way": faces.mean(records, "tracked_way"),
        "identity": faces.mean(records, "identity"),
        "steps": float(np.median([r["steps"] for r in records])),
        "seconds": float(np.median([r["seconds"] for r in records])),
    }


def table(results: list[dict]) -> str:
    """The report as a Markdown table."""
    return markdown(
        "solver | melted | worst score | way, mean | way, median | way, as tracked "
        "| identity distance | steps, median | seconds, median",
        [
            f"{r['solver']} | {r['melted']} of {r['count']} | {r['worst_score']:.1f} "
            f"| {r['way']:.2f} | {r['median_way']:.2f} | {r['tracked_way']:.2f} "
            f"| {r['identity']:.2f} | {r['steps']:.0f} | {r['seconds']:.1f}"
            for r in results
        ],
    )


def main() -> None:
    """Measure and print."""
    parser = faces.parser_of("wild", quick="eight drags")
    parser.add_argument("--drags", type=int, default=50)
    parser.add_argument("--sheets", type=Path, metavar="FOLDER", help="pictures of all drags")
    args = parser.parse_args()
    count = 8 if args.quick else args.drags
    jobs = (
        (measure, solver, count, args.seed, faces.sheet(args.sheets, f"wild-{solver}"))
        for solver in args.solver.split(",")
    )
    faces.run_benchmark(args, jobs, table)


if __name__ == "__main__":
    print_anywhere()
    main()
