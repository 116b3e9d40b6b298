"""Drag inside a painted region: what changes outside it, and whether the handles still arrive.

    python -m tests.benchmarks.mask --faces 20

Two tasks. `face`: the nose's tip or a corner of the mouth is dragged by 40 px of 1024 in a random
direction, with a region painted around the face, forehead included. `mouth`: both corners of the
mouth are dragged apart by 35 px, a little upwards, with the lower half of the face painted. Each is
done free, too. `outside` is the mean absolute change of the picture, in levels of 255, 32 px and
more from the region, `beyond` the largest of any pixel 100 px and more from it; `way` is the share
of the way that the landmarks went, by dlib, and `identity` how much it became another person.
"""

import math
from pathlib import Path

import numpy as np
from PIL import Image

from drag import load_generator
from drag.render import render_edit
from networks.terminal import print_anywhere
from tests.benchmarks import faces
from tests.benchmarks.machine import markdown
from tests.judge import face_region

TASKS = "face", "mouth"


def arrows(task: str, landmarks: np.ndarray, random) -> tuple[list[int], np.ndarray]:
    """What is dragged: the numbers of landmarks, and how far each, (N, 2), pixels."""
    if task == "face":
        landmark, angle = random.choice((30, 48, 54)), random.uniform(0, 2 * np.pi)
        return [landmark], 40 * np.array([[np.cos(angle), np.sin(angle)]])
    across = landmarks[54] - landmarks[48]
    across = across / np.linalg.norm(across)
    up = np.array([across[1], -across[0]])
    ways = np.array([-across + 0.3 * up, across + 0.3 * up])
    return [48, 54], 35 * ways / np.linalg.norm(ways[0])


def region(task: str, landmarks: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """What is painted, bool (H, W)."""
    left, top, right, bottom = face_region(landmarks)
    if task == "mouth":
        top = landmarks[30][1]  # the nose's tip
    left, top, right, bottom = (int(max(0, end)) for end in (left, top, right, bottom))
    mask = np.zeros(size, bool)
    mask[top:bottom, left:right] = True
    return mask


def beyond(mask: np.ndarray, pixels: int) -> np.ndarray:
    """What is so many pixels away from a region, bool (H, W)."""
    import cv2

    away = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return away >= pixels


def measure(solver: str, task: str, count: int, first_seed: int, sheet: Path | None) -> dict:
    """Drag on all faces with one solver, free and masked."""
    generator, random = load_generator("builtin"), np.random.RandomState(0)
    records, rows = [], []
    for seed in range(first_seed, first_seed + count):
        edit, source = faces.sampled(generator, seed)
        if source.landmarks is None:
            continue
        numbers, ways = arrows(task, source.landmarks, random)
        handles = source.landmarks[numbers]
        targets, mask = handles + ways, region(task, source.landmarks, edit.img_size)
        record: dict = {"seed": seed}
        row = [faces.draw(source.picture, handles, targets, str(seed))]
        for name, painted in (("free", None), ("masked", mask)):
            placed = faces.place(edit, handles, targets, painted)
            dragged = faces.run_drag(generator, placed, solver)
            after = faces.look(render_edit(generator, dragged.edit))
            change = np.abs(after.picture.astype(float) - source.picture)
            left = math.nan
            if after.landmarks is not None:
                left = np.linalg.norm(after.landmarks[numbers] - targets, axis=1).mean()
            record |= {
                f"{name}_outside": float(change[beyond(mask, 32)].mean()),
                f"{name}_beyond": float(change[beyond(mask, 100)].max()),
                f"{name}_way": 1 - left / np.linalg.norm(ways, axis=1).mean(),
                f"{name}_identity": source.identity_distance(after),
                f"{name}_seconds": dragged.seconds,
                f"{name}_steps": dragged.steps,
            }
            row.append(faces.draw(after.picture, text=f"{name} {record[f'{name}_way']:.2f}"))
        records.append(record)
        rows.append([*row, Image.fromarray(mask).convert("RGB").resize(row[0].size)])
    if sheet is not None:
        faces.contact_sheet(rows, sheet)
    return {"solver": solver, "task": task, "drags": records} | faces.means(records)


def table(results: list[dict]) -> str:
    """The report as a Markdown table."""
    return markdown(
        "task | solver | faces | outside, free | painted | beyond, painted | way, free | painted "
        "| identity, free | painted | seconds, free | painted (median)",
        [
            f"{r['task']} | {r['solver']} | {len(r['drags'])} | {r['free_outside']:.1f} "
            f"| {r['masked_outside']:.2f} | {max(d['masked_beyond'] for d in r['drags']):.0f} "
            f"| {r['free_way']:.2f} | {r['masked_way']:.2f} "
            f"| {r['free_identity']:.2f} | {r['masked_identity']:.2f} | {r['free_seconds']:.1f} "
            f"| {np.median([d['masked_seconds'] for d in r['drags']]):.1f}"
            for r in results
        ],
    )


def main() -> None:
    """Measure and print."""
    parser = faces.parser_of("mask", quick="three faces")
    parser.add_argument("--faces", type=int, default=20)
    parser.add_argument("--task", default=",".join(TASKS), help="of face, mouth (both)")
    parser.add_argument("--sheets", type=Path, metavar="DIR", help="contact sheets go here")
    args = parser.parse_args()
    count = 3 if args.quick else args.faces
    jobs = (
        (measure, solver, task, count, args.seed, faces.sheet(args.sheets, f"{task}-{solver}"))
        for task in args.task.split(",")
        for solver in args.solver.split(",")
    )
    faces.run_benchmark(args, jobs, table)


if __name__ == "__main__":
    print_anywhere()
    main()
