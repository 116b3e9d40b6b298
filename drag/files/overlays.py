"""What may be drawn on a picture before it is kept: the points as on the canvas, and a mark."""

import itertools
import math
from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from drag.edit import Edit, PointPair

HANDLE, TARGET, WHITE, DARK = COLOURS = "#f43f5e", "#3b82f6", "#ffffff", "#0b1120"
CANVAS_SIDE = 640  # px at which the lengths below, those of assets/canvas/paint.js, look right
LEAST_SCALE = 0.5  # of them: where a picture is smaller, points stay large enough to be seen
TOGETHER_AT_512 = 1.0  # px of a 512 px picture between handle and target: with less, no arrow
PLACED_TOGETHER = 0.05  # px: what a person has put there, not a handle that has arrived
CHUNK = 64  # px of a line that are drawn at once, for a slanted line fills little of its box
MARK, SHORT_MARK, NARROW = "AI-generated", "AI", 96  # px below which there is only room for this
MARK_SHARE, LEAST_MARK = 1 / 40, 12  # of the picture's height; px
Point = tuple[float, float]  # (x, y)


def pinned(*entries: Edit) -> set[int]:
    """Keys of the pairs of the last of these entries that hold a point where it is: in one of them
    handle and target were together. A drag may have moved it a little since, and what only arrived
    at its target is no pin."""
    last = {pair.key: pair.target for pair in entries[-1].points}
    return {
        pair.key
        for entry in entries
        for pair in entry.points
        if pair.distance < PLACED_TOGETHER and last.get(pair.key) == pair.target
    }


def scaled(
    pairs: Sequence[PointPair], full: tuple[int, int], small: tuple[int, int]
) -> list[PointPair]:
    """The pairs on a picture of another size; full, small: (W, H)."""

    def place(point: Point) -> Point:
        x, y = ((at + 0.5) * to / of - 0.5 for at, of, to in zip(point, full, small, strict=True))
        return x, y

    return [replace(pair, handle=place(pair.handle), target=place(pair.target)) for pair in pairs]


def draw_points(
    picture: np.ndarray, pairs: Sequence[PointPair], pins: Collection[int] | None = None
) -> np.ndarray:
    """The picture with an arrow from each handle to its target, or a pin, as on the canvas.

    picture: uint8 (H, W, 3), which stays as it is.   pairs: in pixels of this picture.   pins:
    keys of those that are pins; unless given, those whose handle and target coincide.
    """
    if not pairs:
        return picture
    shown, side = Image.fromarray(picture), max(picture.shape[:2])
    scale = max(side / CANVAS_SIDE, LEAST_SCALE)
    edge, shaft = (np.zeros(picture.shape[:2], np.uint8) for _ in range(2))
    together = TOGETHER_AT_512 * side / 512
    held = [
        pair for pair in pairs if (pair.distance <= together if pins is None else pair.key in pins)
    ]
    loose = [(_centre(pair.handle), _centre(pair.target)) for pair in pairs if pair not in held]
    arrows = [two for two in loose if math.dist(*two) > together]
    for handle, target in arrows:
        for start, end in _arrow(handle, target, scale):
            _stroke(edge, start, end, 5 * scale)
            _stroke(shaft, start, end, 2.5 * scale)
    if arrows:
        shown.paste("black", mask=Image.fromarray(edge // 5 * 3))  # translucent
        shown.paste(WHITE, mask=Image.fromarray(shaft))
    for handle, target in loose:
        if (handle, target) in arrows:
            _ring(shown, target, 6 * scale, 2 * scale, TARGET)
        _ring(shown, handle, 6.5 * scale, 2 * scale, HANDLE)
    for pair in held:
        _pin(shown, _centre(pair.handle), scale)
    return np.asarray(shown)


def draw_mark(picture: np.ndarray) -> np.ndarray:
    """The picture with a small mark in its lower right corner that says what it is.

    picture: uint8 (H, W, 3), which stays as it is.
    """
    height, width = picture.shape[:2]
    text = MARK if width >= NARROW else SHORT_MARK
    tall = max(LEAST_MARK, round(height * MARK_SHARE))
    font = ImageFont.load_default(size=0.75 * tall)
    wide = round(font.getlength(text) + 0.9 * tall)
    left, top = width - wide - tall // 2, height - tall - tall // 2
    shown = Image.fromarray(picture)
    pill = np.zeros((tall, wide), np.uint8)
    _stroke(pill, (tall / 2, tall / 2), (wide - tall / 2, tall / 2), tall)
    shown.paste(DARK, (left, top), Image.fromarray(pill // 3 * 2))  # translucent
    for _ in range(2):  # small letters are thin: once more makes them bolder
        ImageDraw.Draw(shown).text(
            (left + wide / 2, top + tall / 2), text, WHITE, font, anchor="mm"
        )
    return np.asarray(shown)


def _centre(point: Point) -> Point:
    """Of the pixel that has these coordinates, as distances from the picture's corner."""
    return point[0] + 0.5, point[1] + 0.5


def _arrow(handle: Point, target: Point, scale: float) -> list[tuple[Point, Point]]:
    """The three lines (start, end) of an arrow: its shaft and the two sides of its head."""
    length = math.dist(handle, target)
    ux, uy = ((b - a) / length for a, b in zip(handle, target, strict=True))
    gap = min(8 * scale, length / 3)
    tip = target[0] - ux * gap, target[1] - uy * gap
    lines, head = [(handle, tip)], 11 * scale
    if length >= 36 * scale:
        lines += [
            (
                tip,
                (tip[0] - head * (ux + side * 0.55 * uy), tip[1] - head * (uy - side * 0.55 * ux)),
            )
            for side in (1, -1)
        ]
    return lines


def _stroke(layer: np.ndarray, start: Point, end: Point, width: float) -> None:
    """Add a line with round ends to a layer of coverage, uint8 (H, W)."""
    pieces = max(1, math.ceil(math.dist(start, end) / CHUNK))
    stops = np.linspace(start, end, pieces + 1)
    for (ax, ay), (bx, by) in itertools.pairwise(stops):
        box, x, y = _around(layer.shape, (ax, bx), (ay, by), width / 2 + 1)
        dx, dy = bx - ax, by - ay
        along = ((x - ax) * dx + (y - ay) * dy) / max(dx * dx + dy * dy, 1e-9)
        along = along.clip(0, 1)
        distance = np.hypot(x - ax - along * dx, y - ay - along * dy)
        np.maximum(layer[box], _covered(width / 2 - distance), out=layer[box])


def _ring(shown: Image.Image, centre: Point, radius: float, width: float, fill: str) -> None:
    """Draw a disc with a white edge."""
    x0, y0 = centre
    box, x, y = _around(shown.size[::-1], (x0, x0), (y0, y0), radius + width / 2 + 1)
    distance = np.hypot(x - x0, y - y0)
    at = box[1].start, box[0].start
    shown.paste(fill, at, Image.fromarray(_covered(radius - distance)))
    shown.paste(WHITE, at, Image.fromarray(_covered(width / 2 - np.abs(distance - radius))))


def _pin(shown: Image.Image, centre: Point, scale: float) -> None:
    """Draw a disc with a padlock: this point is held where it is."""
    _ring(shown, centre, 10 * scale, 2 * scale, HANDLE)
    x0, y0 = centre
    box, x, y = _around(shown.size[::-1], (x0, x0), (y0, y0), 10 * scale)
    top, left = box[0].start, box[1].start
    body = np.minimum(4.2 * scale - np.abs(x - x0), 2.9 * scale - np.abs(y - y0 - 2.3 * scale))
    lock = _covered(body)
    turns = np.linspace(-np.pi, 0, 9)
    bow = [(-2.6, 0), *zip(2.6 * np.cos(turns), 2.6 * np.sin(turns) - 1.2, strict=True), (2.6, 0)]
    bow = [(x0 - left + scale * u, y0 - top + scale * v) for u, v in bow]
    for start, end in itertools.pairwise(bow):
        _stroke(lock, start, end, 1.6 * scale)
    shown.paste(WHITE, (left, top), Image.fromarray(lock))


def _around(
    shape: Sequence[int], xs: Point, ys: Point, margin: float
) -> tuple[tuple[slice, slice], np.ndarray, np.ndarray]:
    """The part of a picture (H, W) around these coordinates, and its pixels' centres x and y."""
    (top, bottom), (left, right) = (
        (max(0, math.floor(min(values) - margin)), min(length, math.ceil(max(values) + margin)))
        for values, length in ((ys, shape[0]), (xs, shape[1]))
    )
    y, x = np.ogrid[top:bottom, left:right]
    return (slice(top, bottom), slice(left, right)), x + 0.5, y + 0.5


def _covered(inside: np.ndarray) -> np.ndarray:
    """How much of pixels is covered, uint8, by how far inside the shape their centres are, px."""
    return ((inside + 0.5).clip(0, 1) * 255).astype(np.uint8)
