"""Regions of a face: what may move where only its mouth, its eyes, its nose are to change."""

from dataclasses import dataclass

import numpy as np

from drag.photo.faces import Face

LEAST = 0.9  # of the way from the eyes to the mouth, the eyes are apart in a face seen from before


@dataclass(frozen=True)
class Oval:
    """In the frame of a face: downwards the eyes are at 0 and the mouth is at 1, sideways 1 is as
    far as the eyes are apart, and 0 the line from between them to the middle of the mouth."""

    top: float
    bottom: float
    width: float  # half of it
    aside: float = 0.0  # its middle, to where the nose's tip is; turned aside, a head is behind it
    power: float = 2.4  # 2 is an ellipse, more is squarer


# Chosen by looking, so that what is dragged by 40 px of 1024 has room: soft edges take some 16 px
# of the inside, and what is thinner than some 175 px is stiff.
PARTS = {
    "mouth": Oval(0.52, 1.80, 0.84),
    "eyes": Oval(-0.70, 0.42, 1.20, -0.4, 3.0),
    "nose": Oval(-0.32, 0.96, 0.54, 1.0),
    "face": Oval(-1.10, 2.10, 1.40, -0.6, 2.2),
    "head": Oval(-1.90, 2.40, 1.80, -1.2, 2.2),
}


def face_part(name: str, face: Face, img_size: tuple[int, int]) -> np.ndarray:
    """What may move, bool (H, W), where only this part of a face is to.

    name: of PARTS.   face: its points, pixels.   img_size: (H, W) of the picture, which clips it.
    """
    oval, points = PARTS[name], np.array(face.points, float)
    eyes, mouth = points[:2].mean(0), points[3:].mean(0)
    across, down = points[1] - points[0], mouth - eyes
    x = across + np.array([down[1], -down[0]])  # as FFHQ is aligned (alignment.frame_of)
    x /= np.hypot(*x)
    axes = np.array([x, [-x[1], x[0]]])
    units = np.array([max(np.hypot(*across), LEAST * np.hypot(*down)), axes[1] @ down])
    (lean, _), (u, v) = ((place - eyes) @ axes.T / units for place in (mouth, points[2]))
    nose = u - lean * v  # beside the line from the eyes to the mouth
    at = np.stack(np.meshgrid(*(np.arange(n) for n in img_size[::-1])), -1)  # (H, W, 2)
    u, v = np.moveaxis((at - eyes) @ axes.T / units, -1, 0)
    middle, half = (oval.top + oval.bottom) / 2, (oval.bottom - oval.top) / 2
    beside = (u - lean * middle - oval.aside * nose) / oval.width
    return np.abs(beside) ** oval.power + np.abs((v - middle) / half) ** oval.power <= 1
