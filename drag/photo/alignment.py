"""The square of a photo that becomes the picture: by a face as FFHQ's are aligned, or by hand."""

import math
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image, ImageFilter

from drag.photo.faces import Face
from drag.photo.reading import read_photo
from networks.errors import UserError

SMALLEST = 32.0  # side of a frame, photo pixels
LARGEST = 3.0  # side of a frame, in the photo's longer sides
# FFHQ was aligned by dlib's points. By MTCNN's, frames of the built-in generator's pictures, whose
# right frame is all of them, came out too large and too high by these on average (seeds 30000 to
# 30159, psi 1); sideways and in angle by nothing, and pose explains nothing of what is left.
_SIZE, _LOWER = 0.9875, 0.0050  # factor; shares of the side
_FADE, _BLUR = 0.10, 0.02  # of the side: how soon what lies beyond the photo blurs, and how much


@dataclass(frozen=True)
class Frame:
    """A square of a photo."""

    x: float  # of its centre, photo pixels, whole numbers at the middle of one
    y: float
    side: float  # photo pixels
    angle: float = 0.0  # radians, clockwise as seen, by which it is turned against the photo


def frame_of(face: Face) -> Frame:
    """The frame that FFHQ's alignment gives a face (StyleGAN, arXiv 1812.04948, appendix A)."""
    points = np.array(face.points, float)
    eyes, mouth = points[:2].mean(0), points[3:].mean(0)
    across, down = points[1] - points[0], mouth - eyes
    x = across + np.array([down[1], -down[0]])  # the eyes' line, and what is square to eyes-mouth
    angle = math.atan2(x[1], x[0])
    side = 2 * _SIZE * max(2.0 * np.hypot(*across), 1.8 * np.hypot(*down))
    lower = np.array([-math.sin(angle), math.cos(angle)]) * _LOWER * side
    centre = eyes + 0.1 * down + lower
    return Frame(float(centre[0]), float(centre[1]), float(side), angle)


def middle(size: tuple[int, int]) -> Frame:
    """The largest square in the middle of a photo of this size (H, W)."""
    height, width = size
    return Frame((width - 1) / 2, (height - 1) / 2, float(min(height, width)))


def shows(frame: Frame, face: Frame) -> bool:
    """Whether a frame shows the face of this other frame, about where it should be."""
    beside = math.hypot(frame.x - face.x, frame.y - face.y)
    return beside < 0.25 * face.side and 0.5 < frame.side / face.side < 2.0


def scaled(frame: Frame, factor: float) -> Frame:
    """The same frame on the same photo with so many pixels to one of its own."""
    x, y = ((place + 0.5) * factor - 0.5 for place in (frame.x, frame.y))
    return replace(frame, x=x, y=y, side=frame.side * factor)


def checked(frame: Frame, size: tuple[int, int]) -> Frame:
    """The frame, its numbers as floats and its angle within a turn, where it fits a photo of this
    size (H, W).

    Raises ValueError, in words fit for a visitor, where it does not: it may come from anyone.
    """
    height, width = size
    try:
        x, y, side, angle = map(float, (frame.x, frame.y, frame.side, frame.angle))
    except (TypeError, ValueError, OverflowError):
        x = y = side = angle = math.nan
    if not all(map(math.isfinite, (x, y, side, angle))):
        raise UserError("The frame is not given in numbers; place it anew.")
    if not (-width / 2 <= x <= 1.5 * width and -height / 2 <= y <= 1.5 * height):
        raise UserError("The frame lies beside the photo; move it onto the face.")
    if side < SMALLEST:
        raise UserError(
            "The frame is smaller than {least:.0f} pixels of the photo; make it larger.",
            least=SMALLEST,
        )
    if side > LARGEST * max(height, width):
        raise UserError(
            "The frame is more than {most:.0f} times as large as the photo; make it smaller.",
            most=LARGEST,
        )
    return Frame(x, y, side, math.remainder(angle, math.tau))


def cut(content: bytes, whole: tuple[int, int], frame: Frame, size: tuple[int, int]) -> np.ndarray:
    """As `crop`, of the pixels of a photo's file, which may be far more than those that are shown
    and searched; no other part of it is looked at.

    content, whole: the file, and its size (H, W) when it is upright. Raises as `read_photo`, too.
    """
    frame = checked(frame, whole)
    (height, width), step = size, frame.side / max(size)
    cos, sin = abs(math.cos(frame.angle)), abs(math.sin(frame.angle))
    margin = 8 + 4 * step  # what filters look at
    across, down = (
        step / 2 * (one * cos + other * sin) + margin
        for one, other in ((width, height), (height, width))
    )
    left, right = _needed(frame.x + 0.5 - across, frame.x + 0.5 + across, whole[1])
    top, bottom = _needed(frame.y + 0.5 - down, frame.y + 0.5 + down, whole[0])
    part = read_photo(content, (left, top, right, bottom))
    beside = replace(frame, x=frame.x - part.box[0], y=frame.y - part.box[1])
    return _cropped(part.pixels, scaled(beside, 1 / part.scale), size)


def _needed(low: float, high: float, count: int) -> tuple[int, int]:
    """What must be there of a line of so many pixels to see it from low to high, where it is its
    reflection beyond its ends."""
    low, high = (min(low, 2 * count - high), max(high, -low))
    return max(0, math.floor(low)), min(count, math.ceil(high))


def crop(pixels: np.ndarray, frame: Frame, size: tuple[int, int]) -> np.ndarray:
    """What the frame shows, uint8 (H, W, 3), of a photo that is read already, as in
    benchmarks; `cut` reads no more of a file than that takes.

    pixels: the photo, uint8.   size: (H, W); where they differ, the frame's side is the longer one.
    What lies beyond the photo is its reflection, soon blurred, as in FFHQ. Raises as `checked`.
    """
    return _cropped(pixels, checked(frame, pixels.shape[:2]), size)


def _cropped(pixels: np.ndarray, frame: Frame, size: tuple[int, int]) -> np.ndarray:
    height, width = size
    step = frame.side / max(size)  # photo pixels to one of the picture
    photo, centre = Image.fromarray(pixels), np.array([frame.x, frame.y]) + 0.5
    if step > 2:  # reduced first: filters of a transform are of a fixed size
        reduced = [max(1, round(n * 2 / step)) for n in photo.size]
        shares = np.array(reduced) / photo.size
        photo = photo.resize(reduced, Image.Resampling.LANCZOS, reducing_gap=3.0)
        centre, steps = centre * shares, step * shares
    else:
        steps = np.array([step, step])
    fine = 2 if step > 1 else 1  # samples to a side of a pixel
    cos, sin = math.cos(frame.angle), math.sin(frame.angle)
    axes = np.array([[cos, -sin], [sin, cos]]) * steps[:, None]  # of the picture, in the photo
    corners = np.array([[u, v] for u in (-width / 2, width / 2) for v in (-height / 2, height / 2)])
    corners = corners @ axes.T + centre
    photo, origin = _beyond(photo, corners.min(0), corners.max(0), float(max(size) * steps.max()))
    axes /= fine
    start = centre - origin - axes @ np.array([width, height]) * fine / 2
    matrix = (axes[0, 0], axes[0, 1], start[0], axes[1, 0], axes[1, 1], start[1])
    picture = photo.transform(
        (width * fine, height * fine), Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC
    )
    return np.array(picture.resize((width, height), Image.Resampling.LANCZOS))


def _beyond(
    photo: Image.Image, low: np.ndarray, high: np.ndarray, side: float
) -> tuple[Image.Image, np.ndarray]:
    """The part of a photo between two corners (x, y), continued where it ends.

    side: of the frame, pixels. Returns it with a little around it, and the place of its corner.
    """
    low = np.floor(low).astype(int) - 4  # what bicubic looks at, and more
    high = np.ceil(high).astype(int) + 4
    photo_size = np.array(photo.size)
    if (low >= 0).all() and (high <= photo_size).all():
        return photo.crop((*low, *high)), low
    place = [np.arange(a, b) for a, b in zip(low, high, strict=True)]  # x, then y
    inside = [_reflected(p, n) for p, n in zip(place, photo_size, strict=True)]
    continued = np.asarray(photo)[inside[1][:, None], inside[0]]
    out = [np.maximum(-p, p - n + 1).clip(0) for p, n in zip(place, photo_size, strict=True)]
    far = np.hypot(out[1][:, None], out[0]) / side  # from the photo's edge, in sides
    sharp = Image.fromarray(continued)
    soft = sharp.filter(ImageFilter.GaussianBlur(_BLUR * side))
    softer = sharp.filter(ImageFilter.GaussianBlur(4 * _BLUR * side))
    for blurred, reach in ((soft, _FADE), (softer, 4 * _FADE)):
        share = np.rint(255 * np.clip(far / reach, 0, 1)).astype(np.uint8)
        sharp = Image.composite(blurred, sharp, Image.fromarray(share))
    return sharp, low


def _reflected(places: np.ndarray, count: int) -> np.ndarray:
    """Places of a line as those of its pixels 0 to count - 1, to and fro."""
    period = max(1, 2 * (count - 1))
    places = places % period
    return np.minimum(places, period - places)
