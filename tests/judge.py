"""An independent judge of faces, from PyPI packages: dlib's detector, 68 landmarks and identity."""

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np

NOSE_TIP = 30


def _models_folder() -> Path:
    # The package's own import needs setuptools' pkg_resources; its files are all that is wanted.
    return Path(find_spec("face_recognition_models").origin).parent / "models"


@lru_cache
def _models():
    import dlib

    predictor = dlib.shape_predictor(
        str(_models_folder() / "shape_predictor_68_face_landmarks.dat")
    )
    return dlib.get_frontal_face_detector(), predictor


@lru_cache
def _recogniser():
    import dlib

    return dlib.face_recognition_model_v1(
        str(_models_folder() / "dlib_face_recognition_resnet_model_v1.dat")
    )


def find_face(picture: np.ndarray) -> tuple[np.ndarray | None, float]:
    """Landmarks (68, 2) of the surest face in uint8 (H, W, 3), None if there is none, and how sure
    the detector is: 2 to 4 for good faces here, below 0 for a melted one."""
    detector, predictor = _models()
    picture = np.ascontiguousarray(picture)
    boxes, scores, _ = detector.run(picture, 0, -1.5)
    if not boxes:
        return None, -2.0
    best = int(np.argmax(scores))
    parts = predictor(picture, boxes[best]).parts()
    return np.array([(part.x, part.y) for part in parts], float), scores[best]


def identity(picture: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """Who it is: 128 numbers of dlib's face recognition, for the face with these landmarks.

    The Euclidean distance of two is their identity distance: below 0.6 dlib calls them one person.
    """
    import dlib

    (left, top), (right, bottom) = landmarks.min(0), landmarks.max(0)
    points = [dlib.point(int(x), int(y)) for x, y in landmarks]
    box = dlib.rectangle(int(left), int(top), int(right), int(bottom))
    shape = dlib.full_object_detection(box, points)
    return np.array(_recogniser().compute_face_descriptor(np.ascontiguousarray(picture), shape))


def face_region(landmarks: np.ndarray) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of a face with its forehead, as a person would paint it."""
    (left, top), (right, bottom) = landmarks.min(0), landmarks.max(0)
    return left - 20, top - 140, right + 20, bottom + 20
