"""Drags of the built-in faces, judged by dlib: what the benchmarks of dragging share."""

import argparse
import json
import math
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from drag import Edit, PointPair, drag, new_edit
from drag.render import render
from drag.solvers import SOLVERS
from tests.benchmarks.machine import announce
from tests.judge import find_face, identity

LANDMARKS = {1: [30], 5: [36, 45, 30, 48, 54], 68: list(range(68))}  # of the paper's test
MELTED = 0.5  # dlib's detection score below which a face counts as melted
THUMBNAIL = 256  # px of a contact sheet


@dataclass(frozen=True, eq=False)
class Face:
    """A picture, uint8 (H, W, 3), and what dlib says of it: landmarks (68, 2) in pixels and the
    descriptor (128,), or None where it finds no face, and its detection score."""

    picture: np.ndarray
    landmarks: np.ndarray | None
    score: float
    descriptor: np.ndarray | None

    def identity_distance(self, other: "Face") -> float:
        """How much it is another person; not a number where one of both is no face."""
        if self.descriptor is None or other.descriptor is None:
            return math.nan
        return float(np.linalg.norm(self.descriptor - other.descriptor))


@dataclass(frozen=True, eq=False)
class Dragged:
    """A finished drag: the edit, steps, seconds, why it ended, and the mean distance that its own
    tracker sees, in pixels."""

    edit: Edit
    steps: int
    seconds: float
    ending: str
    tracked: float


def look(picture: np.ndarray) -> Face:
    """What dlib says of a picture."""
    landmarks, score = find_face(picture)
    descriptor = None if landmarks is None else identity(picture, landmarks)
    return Face(picture, landmarks, float(score), descriptor)


def sampled(generator, seed: int) -> tuple[Edit, Face]:
    """The face of a seed, at psi 0.7."""
    edit = new_edit(generator, seed=seed)
    return edit, look(render(generator, edit.ws))


def landmark_pairs(generator, points: int, pairs: int, first_seed: int) -> Iterator[tuple]:
    """Pairs of faces, neighbours by seed: (edit with so many landmarks of the first placed to be
    dragged to those of the second, first Face, second Face). A pair one of
    whose faces dlib does not find is left out."""
    wanted = LANDMARKS[points]
    for seed in range(first_seed, first_seed + 2 * pairs, 2):
        (edit, source), (_, target) = (sampled(generator, s) for s in (seed, seed + 1))
        if source.landmarks is not None and target.landmarks is not None:
            yield place(edit, source.landmarks[wanted], target.landmarks[wanted]), source, target


def place(edit: Edit, handles, targets, mask=None) -> Edit:
    """The edit with these points, (N, 2) each, drawn to the picture's border where outside."""
    last = np.array(edit.img_size[::-1]) - 1.0
    ends = [np.clip(np.asarray(points, float), 0, last) for points in (handles, targets)]
    return edit.place([PointPair(tuple(h), tuple(t)) for h, t in zip(*ends, strict=True)], mask)


def run_drag(generator, edit: Edit, solver: str, **settings) -> Dragged:
    """Drag to the end without pictures."""
    edit = replace(edit, settings=replace(edit.settings, solver=solver, **settings))
    began = time.perf_counter()
    *_, step = drag(generator, edit)
    seconds = time.perf_counter() - began
    return Dragged(
        edit.moved(step.ws, step.handles),
        step.number,
        seconds,
        step.ending.value,
        float(np.mean(step.distances)),
    )


def mean_distance(landmarks: np.ndarray | None, targets: np.ndarray, img_size) -> float:
    """The paper's MD: landmarks to targets, both (N, 2), in pixels of a 512 px picture."""
    if landmarks is None:
        return math.nan
    return float(np.linalg.norm(landmarks - targets, axis=1).mean() * 512 / max(img_size))


def draw(picture: np.ndarray, handles=(), targets=(), text: str = "") -> Image.Image:
    """A thumbnail with arrows from handles to targets and a line of text."""
    factor = THUMBNAIL / picture.shape[0]
    image = Image.fromarray(picture).resize((THUMBNAIL, THUMBNAIL), Image.Resampling.LANCZOS)
    pen = ImageDraw.Draw(image)
    for (x0, y0), (x1, y1) in zip(handles, targets, strict=True):
        x0, y0, x1, y1 = (factor * v for v in (x0, y0, x1, y1))
        pen.line((x0, y0, x1, y1), "red", 2)
        pen.ellipse((x1 - 3, y1 - 3, x1 + 3, y1 + 3), "blue")
    if text:
        pen.rectangle((0, THUMBNAIL - 14, THUMBNAIL, THUMBNAIL), "black")
        pen.text((3, THUMBNAIL - 13), text, "white")
    return image


def contact_sheet(rows: list[list[Image.Image]], path) -> None:
    """Rows of thumbnails as one picture file."""
    sheet = Image.new("RGB", (THUMBNAIL * max(map(len, rows)), THUMBNAIL * len(rows)))
    for y, row in enumerate(rows):
        for x, image in enumerate(row):
            sheet.paste(image, (x * THUMBNAIL, y * THUMBNAIL))
    sheet.save(path, quality=85)


def sheet(folder: Path | None, name: str) -> Path | None:
    """Where a contact sheet goes: into a folder, which is made; None where none is wanted."""
    if folder is None:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{name}.jpg"


def mean(records: list[dict], key: str) -> float:
    """The mean of a figure over the drags that have it."""
    values = [r[key] for r in records if not math.isnan(r[key])]
    return float(np.mean(values)) if values else math.nan


def means(records: list[dict]) -> dict[str, float]:
    """The mean of every figure of the drags."""
    return {key: mean(records, key) for key in records[0] if key != "seed"}


def in_a_process(work: Callable, *args):
    """What work(*args) returns, done by a process of its own, so that its memory is its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, *args).result()


def parser_of(benchmark: str, quick: str) -> argparse.ArgumentParser:
    """The options that every benchmark of dragging has; quick: what --quick means there."""
    parser = argparse.ArgumentParser(prog=f"python -m tests.benchmarks.{benchmark}")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="of the first face")
    parser.add_argument(
        "--solver",
        default="adam,gauss-newton",
        help=f"of {', '.join(SOLVERS)} (default: %(default)s)",
    )
    parser.add_argument("--quick", action="store_true", help=quick)
    parser.add_argument("--json", type=Path, metavar="FILE")
    return parser


def run_benchmark(args, jobs: Iterator[tuple], table: Callable[[list[dict]], str]) -> None:
    """Do each job (work, its arguments ...) in a process of its own; print the table of what they
    return, and write what there is so far to args.json."""
    report, results = announce(), []
    for job in jobs:
        results.append(in_a_process(*job))
        if args.json:
            args.json.write_text(json.dumps(report | {"results": results}, indent=1))
    print(table(results))
