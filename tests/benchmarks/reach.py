"""How far a drag may reach where nothing is painted: a hundred ordinary drags, judged by dlib.

    python -m tests.benchmarks.reach --faces 20 --reach 50,75,100,256

On each face a corner of the mouth is drawn out, a brow up, the chin down, the tip of the nose
anywhere and the hairline up or down, by 20 to 60 px of 1024, each from the face as it was. reach:
pixels of a 512 px picture around the arrow that may change; 256 is all of it. `way` is the share of
the way that the landmark went (the hairline has none), `identity` how much it became another
person, `rim` the mean change, in levels of 255, of the picture's sides and top: mostly background
and hair.
"""

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from drag import load_generator
from drag.render import render_edit
from networks.terminal import print_anywhere
from tests.benchmarks import faces
from tests.benchmarks.machine import markdown

RIM = 1 / 8  # of the picture's side


def ordinary(landmarks: np.ndarray, random) -> Iterator[tuple[str, list[int], np.ndarray]]:
    """(what, the landmarks that are dragged, how far (2,)), in pixels; none for the hairline."""

    def way(angle: float, spread: float) -> np.ndarray:
        angle = np.radians(angle + random.uniform(-spread, spread))
        return random.uniform(20, 60) * np.array([np.cos(angle), np.sin(angle)])

    yield ("mouth", [48], way(200, 20)) if random.rand() < 0.5 else ("mouth", [54], way(-20, 20))
    yield "brow", [int(random.choice((19, 24)))], way(-90, 20)
    yield "chin", [8], way(90, 20)
    yield "nose", [30], way(0, 180)
    yield "hairline", [], way(random.choice((-90, 90)), 10)


def measure(solver: str, reach: float, count: int, first: int, sheet: Path | None) -> dict:
    """Drag all of these on so many faces."""
    generator, random = load_generator("builtin"), np.random.RandomState(1)
    records, rows = [], []
    for seed in range(first, first + count):
        edit, source = faces.sampled(generator, seed)
        if source.landmarks is None:
            continue
        row = [faces.draw(source.picture, text=str(seed))]
        for what, numbers, way in ordinary(source.landmarks, random):
            handle = source.landmarks[numbers[0]] if numbers else hairline(source.landmarks)
            placed = faces.place(edit, [handle], [handle + way])
            dragged = faces.run_drag(generator, placed, solver, reach=reach)
            after = faces.look(render_edit(generator, dragged.edit))
            change = np.abs(after.picture.astype(float) - source.picture).mean(2)
            rim = round(RIM * len(change))
            edge = np.concatenate(
                [change[:rim].ravel(), change[rim:, :rim].ravel(), change[rim:, -rim:].ravel()]
            )
            went = math.nan
            if numbers and after.landmarks is not None:
                left = np.linalg.norm(after.landmarks[numbers[0]] - handle - way)
                went = 1 - left / np.linalg.norm(way)
            records.append(
                {
                    "seed": seed,
                    "what": what,
                    "way": float(went),
                    "tracked": 1 - dragged.tracked / float(np.linalg.norm(way)),
                    "identity": source.identity_distance(after),
                    "rim": float(edge.mean()),
                    "score": after.score,
                    "seconds": dragged.seconds,
                }
            )
            row.append(faces.draw(after.picture, [handle], [handle + way], f"{what} {went:.2f}"))
        rows.append(row)
    if sheet is not None:
        faces.contact_sheet(rows, sheet)
    figures = [{k: v for k, v in record.items() if k != "what"} for record in records]
    return {"solver": solver, "reach": reach, "drags": records} | faces.means(figures)


def hairline(landmarks: np.ndarray) -> np.ndarray:
    """About where it is: as far above the brows as the nose's tip is below them."""
    brows = landmarks[17:27].mean(0)
    return brows - (landmarks[30] - brows)


def table(results: list[dict]) -> str:
    """The report as a Markdown table."""
    return markdown(
        "solver | reach | drags | way | tracked | identity | rim | melted | seconds (median)",
        [
            f"{r['solver']} | {r['reach']:.0f} | {len(r['drags'])} | {r['way']:.2f} "
            f"| {r['tracked']:.2f} | {r['identity']:.2f} | {r['rim']:.1f} "
            f"| {sum(d['score'] < faces.MELTED for d in r['drags'])} "
            f"| {np.median([d['seconds'] for d in r['drags']]):.1f}"
            for r in results
        ],
    )


def main() -> None:
    """Measure and print."""
    parser = faces.parser_of("reach", quick="one face")
    parser.set_defaults(solver="gauss-newton")
    parser.add_argument("--faces", type=int, default=20)
    parser.add_argument("--reach", default="50,75,100,256", metavar="R,R,...")
    parser.add_argument("--sheets", type=Path, metavar="DIR", help="contact sheets go here")
    args = parser.parse_args()
    count = 1 if args.quick else args.faces
    jobs = (
        (measure, args.solver, float(reach), count, args.seed, faces.sheet(args.sheets, reach))
        for reach in args.reach.split(",")
    )
    faces.run_benchmark(args, jobs, table)


if __name__ == "__main__":
    print_anywhere()
    main()
