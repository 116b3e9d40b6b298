"""What the command line does with faces: `python -m drag --photo` and `--region`."""

import math
import sys
from pathlib import Path

import numpy as np

from drag.edit import Edit, Settings
from drag.models.catalogue import Model, is_of_faces
from drag.models.progress import ModelUnavailableError, report_progress
from drag.photo.alignment import Frame, checked, cut, frame_of, middle, scaled
from drag.photo.face_parts import face_part
from drag.photo.faces import load_finder
from drag.photo.inversion import invert, is_far, photo_edit
from drag.photo.reading import Photo, read_photo
from drag.render import render_edit
from networks.generator import Generator


def parse_frame(text: str, photo: Photo) -> Frame:
    """The Frame that "x,y,side,angle" names, the angle in degrees; raises ValueError that says what
    was expected."""
    try:
        x, y, side, angle = (float(number) for number in text.split(","))
    except ValueError:
        raise ValueError(f"--frame takes four numbers x,y,side,angle, not {text!r}.") from None
    try:
        return checked(Frame(x, y, side, math.radians(angle)), photo.size)
    except ValueError as error:
        raise ValueError(f"--frame {text}: {error}") from None


def frame_words(frame: Frame) -> str:
    """What --frame takes for a frame."""
    numbers = frame.x, frame.y, frame.side, math.degrees(frame.angle)
    return "--frame=" + ",".join(f"{number:.0f}" for number in numbers)


def read_file(path: str) -> Photo:
    """The photo in a file; raises ValueError, which names it, where there is none."""
    try:
        return read_photo(Path(path).read_bytes())
    except OSError as error:
        raise ValueError(f"--photo {path} cannot be read ({error.strerror}).") from None
    except ValueError as error:
        raise ValueError(f"--photo {path}: {error}") from None


def find_frame(model: Model, photo: Photo) -> Frame:
    """The frame of the largest face, or the middle of the photo for models of other things."""
    if not is_of_faces(model):
        return middle(photo.size)
    try:
        faces = load_finder(report_progress).find(photo.pixels)
    except ModelUnavailableError as error:
        raise ValueError(f"{error} Or say with --frame where the face is.") from None
    if not faces:
        raise ValueError(
            "No face was found in the photo: say with --frame where it is, or choose "
            "a photo that shows one from the front."
        )
    frames = [scaled(frame_of(face), photo.scale) for face in faces]
    if len(frames) > 1:
        others = ", ".join(frame_words(frame) for frame in frames[1:])
        print(
            f"{len(frames)} faces were found, and the largest is taken; the others: {others}",
            file=sys.stderr,
        )
    return frames[0]


def part_of(name: str, generator: Generator, edit: Edit) -> np.ndarray:
    """This part of the largest face in the picture of an edit, bool (H, W)."""
    pixels = render_edit(generator, edit)
    try:
        faces = load_finder(report_progress).find(pixels)
    except ModelUnavailableError as error:
        raise ValueError(f"{error} Or give a --mask.") from None
    if not faces:
        raise ValueError(f"No face was found in the picture, so no {name}: give a --mask.")
    return face_part(name, faces[0], edit.img_size)


def inverted(
    generator: Generator, model: Model, photo: Photo, by_hand: Frame | None, settings: Settings
) -> Edit:
    """The edit that a photo begins; how far it is goes to the terminal."""
    found = by_hand is None and is_of_faces(model)
    frame = by_hand or find_frame(model, photo)
    picture = cut(photo.content, photo.size, frame, generator.img_size)
    for fit in invert(generator, picture):
        report_progress(f"Inverting ({fit.stage}), {fit.distance:.2f} from the photo", fit.share)
        if fit.stage == "encoder" and is_far(fit, found or None):
            print(
                f"This photo is far from what the model makes ({fit.strangeness:.2f}; about "
                "1 is anything else): the picture "
                "will not be much like it.",
                file=sys.stderr,
            )
    return photo_edit(generator, model.name, fit, settings)
