"""Drags done again in this process, with nobody else about: is that what the visitors got?"""

import base64
import io
from dataclasses import replace

import numpy as np
from PIL import Image

from drag.edit import Edit
from drag.loop import drag
from drag.render import render_edit


def compare(generator, done: dict[int, tuple[Edit, Edit, str]], count: int) -> list[dict]:
    """How far some drags went from what they are alone; done: as in `Notes`.

    visitor: number.   ws: largest difference of the latents, of the largest change that the drag
    made.   picture: mean difference of its last frame from the picture of its latents, of 255.
    """
    found = []
    for visitor, (placed, after, frame) in list(done.items())[:count]:
        before = replace(placed, settings=after.settings)
        reached = after.latents_of(before.inside)
        away = min(_most(step.ws, reached) for step in drag(generator, before))
        with Image.open(io.BytesIO(base64.b64decode(frame.partition(",")[2]))) as picture:
            shown = np.asarray(picture.convert("RGB"), np.float32)
        found.append(
            {
                "visitor": visitor,
                "ws": away / _most(before.latents, reached),
                "picture": float(np.abs(shown - render_edit(generator, after)).mean()),
            }
        )
    return found


def _most(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one - other).max())
