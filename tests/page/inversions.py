"""What the page does with a photo of the visitor's own, for tests."""

import base64
import io

import numpy as np
from PIL import Image

from drag.photo.faces import Face
from tests.page.conftest import ENGLISH, LINE

PHOTO = "photo"
FRAME = {"x": 150, "y": 100, "side": 160, "angle": 0.1}
FACE = Face((100, 50, 200, 150), ((130, 80), (170, 80), (150, 100), (135, 125), (165, 125)), 0.99)


def file_of(width=300, height=200, kind="PNG"):
    """The content of a photo's file, which compresses badly."""
    pixels = np.random.RandomState(7).randint(0, 255, (height, width, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind)
    return buffer.getvalue()


def taken(handlers, content=None, request=ENGLISH):
    """What is said and shown of a photo that was chosen: status line and photo."""
    content = base64.b64encode(file_of() if content is None else content).decode()
    *_, last = handlers.photos.take_photo({"content": content}, request)
    return last


def use(handlers, frame=FRAME, request=ENGLISH, **more):
    """The button was pressed; its outputs."""
    return handlers.inversions.use_photo({"frame": frame, **more}, request)


def running(handlers):
    """An inversion of a photo that has begun: what it yields."""
    taken(handlers)
    use(handlers)
    run = handlers.inversions.invert(ENGLISH)
    while "%" not in str(next(run).get(LINE)):
        pass
    return run
