"""Paired image reconstruction, the paper's second table (DragGAN, Sec. 4.2).

    python -m tests.benchmarks.paired --pairs 100

A picture of latents w1, another of w2, a small random step away in W, and the dense optical flow
between both: 32 random points of the first are dragged to where the flow says that they are in the
second. How near to the second is the picture that comes of it? `MSE` is of pixels in [-1, 1], as
the paper's; `perceptual` the distance that inversion uses (drag/photo/perception.py), for the
paper's LPIPS has someone else's weights; `MD` how far the points are off by the flow from what came
of it to the second, pixels of 512. "no edit" is the first picture itself. Points are taken where
the flow there and back agree, with their places in the second picture inside it.
"""

import cv2
import numpy as np
import torch

from drag import load_generator, new_edit
from drag.photo.perception import eye
from drag.render import render, render_edit
from networks.terminal import print_anywhere
from tests.benchmarks import faces
from tests.benchmarks.machine import markdown

NO_EDIT, POINTS = "no edit", 32
STEP = 0.1  # of the way in W to another sample
FLOW_SIDE = 512  # px at which flow is worked out
SAME = 2.0  # px of those: flow there and back leads so near to where it began


def flow(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Where each pixel of the first picture went, (h, w, 2), pixels at FLOW_SIDE."""
    grey = [
        cv2.cvtColor(
            cv2.resize(each, (FLOW_SIDE, FLOW_SIDE), interpolation=cv2.INTER_AREA),
            cv2.COLOR_RGB2GRAY,
        )
        for each in (first, second)
    ]
    finder = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    return finder.calc(*grey, None)


def chosen(first: np.ndarray, second: np.ndarray, random) -> tuple[np.ndarray, np.ndarray]:
    """Points (32, 2) of the first picture and where they are in the second, pixels of FLOW_SIDE."""
    there, back = flow(first, second), flow(second, first)
    y, x = np.mgrid[:FLOW_SIDE, :FLOW_SIDE].astype(np.float32)
    ends = np.stack([x, y], 2) + there
    inside = ((ends >= 0) & (ends <= FLOW_SIDE - 1)).all(2)
    returned = cv2.remap(back, ends[..., 0], ends[..., 1], cv2.INTER_LINEAR)
    sure = inside & (np.linalg.norm(there + returned, axis=2) < SAME)
    rows, columns = sure.nonzero()
    taken = random.choice(len(rows), POINTS, replace=False)
    handles = np.stack([columns[taken], rows[taken]], 1).astype(float)
    return handles, handles + there[rows[taken], columns[taken]]


def compared(found: np.ndarray, wanted: np.ndarray, targets: np.ndarray) -> dict[str, float]:
    """How far a picture is from the wanted one.   targets: (32, 2) there, pixels of FLOW_SIDE."""
    one, other = (
        torch.from_numpy(each).permute(2, 0, 1)[None] / 127.5 - 1 for each in (found, wanted)
    )
    back = flow(wanted, found)  # where what is at a target is in what was found
    x, y = targets.round().astype(int).clip(0, FLOW_SIDE - 1).T
    return {
        "mse": (one - other).square().mean().item(),
        "perceptual": eye(torch.device("cpu")).distance(one, other),
        "md": float(np.linalg.norm(back[y, x], axis=1).mean()),
    }


def measure(solver: str, pairs: int, first_seed: int) -> dict:
    """Reconstruct so many pictures with one solver, or with "no edit"."""
    generator, random, records = load_generator("builtin"), np.random.RandomState(2), []
    for seed in range(first_seed, first_seed + 2 * pairs, 2):
        edit, other = (new_edit(generator, seed=each) for each in (seed, seed + 1))
        wanted = render(generator, edit.ws + np.float32(STEP) * (other.ws - edit.ws))
        first = render(generator, edit.ws)
        handles, targets = chosen(first, wanted, random)
        found, seconds = first, 0.0
        if solver != NO_EDIT:
            factor = max(edit.img_size) / FLOW_SIDE
            placed = faces.place(edit, factor * handles, factor * targets)
            dragged = faces.run_drag(generator, placed, solver)
            found, seconds = render_edit(generator, dragged.edit), dragged.seconds
        records.append({"seed": seed, "seconds": seconds} | compared(found, wanted, targets))
    return {"solver": solver, "drags": records} | faces.means(records)


def table(results: list[dict]) -> str:
    """The report as a Markdown table."""
    return markdown(
        "solver | pairs | MSE | perceptual | MD | seconds (median)",
        [
            f"{r['solver']} | {len(r['drags'])} | {r['mse']:.4f} | {r['perceptual']:.3f} "
            f"| {r['md']:.2f} | {np.median([d['seconds'] for d in r['drags']]):.1f}"
            for r in results
        ],
    )


def main() -> None:
    """Measure and print."""
    parser = faces.parser_of("paired", quick="one pair")
    parser.add_argument("--pairs", type=int, default=20)
    args = parser.parse_args()
    count = 1 if args.quick else args.pairs
    solvers = [NO_EDIT, *args.solver.split(",")]
    faces.run_benchmark(args, ((measure, solver, count, args.seed) for solver in solvers), table)


if __name__ == "__main__":
    print_anywhere()
    main()
