"""Prepared edits: points and region placed, so that one press of Drag shows what it does."""

import numpy as np
from PIL import Image, ImageDraw

from drag.edit import Edit, PointPair, new_edit


def smile(generator) -> Edit:
    """A face of the built-in generator whose corners of the mouth are to be drawn apart.

    The region that may move is an ellipse around the face; hair and background stay.
    """
    points = [PointPair((406, 763), (378, 741)), PointPair((617, 760), (645, 738))]
    region = Image.new("1", generator.img_size[::-1])
    ImageDraw.Draw(region).ellipse((240, 200, 790, 930), fill=1)
    return new_edit(generator, "builtin", seed=14).place(points, np.array(region))
