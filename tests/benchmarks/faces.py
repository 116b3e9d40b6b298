"""Drags of the built-in faces, judged by dlib: what the benchmarks of dragging share."""

import math
import os
import resource
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context

import numpy as np
from PIL import Image, ImageDraw

from drag import Edit, PointPair, Settings, drag, load_generator, new_edit
from drag.render import render
from tests.judge import find_face, identity

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


def place(edit: Edit, handles, targets, mask=None) -> Edit:
    """The edit with these points, (N, 2) each, drawn to the picture's border where outside."""
    last = np.array(edit.img_size[::-1]) - 1.0
    ends = [np.clip(np.asarray(points, float), 0, last) for points in (handles, targets)]
    return edit.place([PointPair(tuple(h), tuple(t)) for h, t in zip(*ends, strict=True)], mask)


def run_drag(generator, edit: Edit, solver: str) -> Dragged:
    """Drag to the end without pictures."""
    edit = replace(edit, settings=Settings(solver))
    began = time.perf_counter()
    *_, step = drag(generator, edit)
    seconds = time.perf_counter() - began
    return Dragged(edit.moved(step.ws, step.handles), step.number, seconds, step.ending.value,
                   float(np.mean(step.distances)))


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


def mean(records: list[dict], key: str) -> float:
    """The mean of a figure over the drags that have it."""
    values = [r[key] for r in records if not math.isnan(r[key])]
    return float(np.mean(values)) if values else math.nan


def peak_memory_gb() -> float:
    """The most that this process has held, in 10^9 bytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9


def in_a_process(work, *args):
    """What work(*args) returns, done by a process of its own, so that its memory is its own."""
    if os.environ.get("PYTEST_CURRENT_TEST"):  # where importing torch again would take too long
        return work(*args)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, *args).result()


def builtin():
    """The built-in generator, where there is a GPU on it."""
    return load_generator("builtin")
