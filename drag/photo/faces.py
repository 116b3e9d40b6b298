"""Faces in a photo: where they are, and five points on each."""

import copy
import math
import threading
import time
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image

from drag.models import wheel
from drag.models.catalogue import FACE_FINDER
from drag.models.progress import ModelUnavailableError, Progress
from networks.mtcnn import MTCNN

LONGEST, FINE = 640, 2048  # side of what is searched, pixels: any way up; upright, if need be
SMALLEST = 24  # side of a face in it
SURE, SURE_TURNED = 0.93, 0.98  # scores from which it is a face; aligned ones have 0.95 at least
# Degrees, clockwise, tried in this order until something is found; on its head with the first, for
# MTCNN takes many a face on its head for an upright one, though a less sure one.
TURNS = ((0, 180), (90, 270), (45, -45), (135, -135))
RETRY_SECONDS = 300.0  # after the finder could not be fetched, and pip took its time over that
_loading = threading.Lock()
_finder: "FaceFinder | None" = None
_failed = -math.inf  # when, seconds of time.monotonic
_why: ModelUnavailableError | None = None  # what was said of it


@dataclass(frozen=True)
class Face:
    """A face in a photo; places are photo pixels, whole numbers at the middle of one."""

    box: tuple[float, float, float, float]  # left, top, right, bottom
    # (x, y) of the left and the right eye, the nose, the left and the right corner of the mouth,
    # left as seen with the face upright.
    points: tuple[tuple[float, float], ...]
    score: float  # 0 to 1


class FaceFinder:
    """Finds faces with MTCNN, on the CPU. Safe between threads."""

    def __init__(self, network: MTCNN):
        self.network = network

    def find(self, pixels: np.ndarray) -> list[Face]:
        """The faces in a photo, uint8 (H, W, 3), the largest first.

        Where none is upright for sure, it is searched on its sides, on its head and aslant; then,
        for those of a group, upright again with its own pixels, which takes as long as all that.
        """
        photo = Image.fromarray(pixels)
        small, scale = _reduced(photo, LONGEST)
        found: list[Face] = []
        for turns in TURNS:  # a face on its side may be taken for one upright, but a less sure one
            found = max(found, *(self._turned(small, scale, turn) for turn in turns), key=_weight)
            if _weight(found) > SURE_TURNED:
                break
        else:
            if max(photo.size) > LONGEST:
                found = max(found, self._turned(*_reduced(photo, FINE)), key=_weight)
        return sorted(found, key=_side, reverse=True)

    def _turned(self, photo: Image.Image, scale: np.ndarray, turn: int = 0) -> list[Face]:
        """Sure faces in a photo that is turned clockwise first; places are in it unturned."""
        turned = (
            photo.rotate(-turn, Image.Resampling.BILINEAR, expand=True, fillcolor=(128, 128, 128))
            if turn
            else photo
        )
        image = torch.from_numpy(np.array(turned)).permute(2, 0, 1)[None].float()
        sure = SURE_TURNED if turn else SURE
        found = self.network.detect((image - 127.5) / 128, SMALLEST, sure)
        cos, sin = math.cos(math.radians(turn)), math.sin(math.radians(turn))
        back = np.array([[cos, sin], [-sin, cos]])
        middle, old = np.array(turned.size) / 2, np.array(photo.size) / 2

        def place(points: np.ndarray) -> np.ndarray:
            return ((points - middle) @ back.T + old) * scale - 0.5

        faces = []
        for box, score, points in zip(found.boxes, found.scores, found.points, strict=True):
            if not _is_upright(points):
                continue
            corners = place(np.array([[box[i], box[j]] for i in (0, 2) for j in (1, 3)]))
            left, top, right, bottom = map(float, (*corners.min(0), *corners.max(0)))
            faces.append(
                Face(
                    (left, top, right, bottom),
                    tuple((float(x), float(y)) for x, y in place(points)),
                    float(score),
                )
            )
        return faces


def _reduced(photo: Image.Image, most: int) -> tuple[Image.Image, np.ndarray]:
    """The photo with neither side above `most`, and its pixels (x, y) to one of that."""
    shrink = min(1.0, most / max(photo.size))
    width, height = (max(1, round(n * shrink)) for n in photo.size)
    size = width, height
    small = photo.resize(size, Image.Resampling.BOX if shrink < 1 else None, reducing_gap=2.0)
    return small, np.array(photo.size) / size


def _is_upright(points: np.ndarray) -> bool:
    """Whether five points (5, 2) lie as those of a face whose eyes are above its mouth."""
    down = points[3:].mean(0) - points[:2].mean(0)
    across = points[1] - points[0]
    return bool(
        down[1] > 0
        and across[0] > 0
        and abs(down[0]) < 1.2 * down[1]
        and 0.25 < np.hypot(*across) / np.hypot(*down) < 2.0
    )


def _side(face: Face) -> float:
    left, top, right, bottom = face.box
    return max(right - left, bottom - top)


def _weight(faces: list[Face]) -> float:
    """Of one way to turn a photo, against the others."""
    return max((face.score for face in faces), default=0.0) + 0.001 * len(faces)


def load_finder(progress: Progress | None = None) -> FaceFinder:
    """The finder of this process, fetched from the package index the first time on a machine.

    progress: told what is being done. Raises ModelUnavailableError where it cannot be had, in words
    for who runs this, which may name paths.
    """
    global _finder, _failed, _why
    with _loading:
        if _finder is None and time.monotonic() - _failed > RETRY_SECONDS:
            try:
                weights = wheel.read_weights(FACE_FINDER, progress or (lambda words, share: None))
                _finder = FaceFinder(MTCNN.from_weights(weights))
            except ModelUnavailableError as error:
                _failed, _why = time.monotonic(), error
        if _finder is None:
            assert _why is not None
            raise copy.copy(_why)  # without the traceback, which would grow
        return _finder
