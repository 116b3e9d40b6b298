"""DragCanvas: the picture on which a person places points and paints, and watches it follow.

It knows nothing of the method. What the visitor made travels as one JSON value (see
assets/canvas/canvas.js), pictures go the other way as a prop of their own.
"""

import base64
import math

import numpy as np

from drag.edit import Edit, PointPair
from drag.masks import decode_mask
from drag.page.components.base import JsonComponent, read_asset, to_url
from networks.errors import UserError

_HTML, _CSS = read_asset("canvas/canvas.html"), read_asset("canvas/canvas.css")
_JS = read_asset(  # one function body: what a file does at once needs what stands before it
    "language.js",
    "canvas/words.js",
    "canvas/paint.js",
    "canvas/mask.js",
    "canvas/state.js",
    "canvas/view.js",
    "canvas/points.js",
    "canvas/follow.js",
    "canvas/region.js",
    "canvas/face.js",
    "canvas/pointer.js",
    "canvas/compare.js",
    "canvas/photo.js",
    "canvas/keys.js",
    "canvas/canvas.js",
)
_MAX_MASK_CHARACTERS = 4_000_000
_PNG_URL = "data:image/png;base64,"


class DragCanvas(JsonComponent):
    """The canvas component. Its value is the JSON value of assets/canvas/canvas.js, unchecked: what
    comes from a browser goes through `read_value`. Events: release, submit, stop, undo, redo,
    compare (the picture as sampled is wanted: answer with before={"src": ..., "sample": ...}), face
    (a part of it is wanted as a region: answer with region=`to_region`), hold (the picture is to
    follow the pointer: answer with live={"id": ..., "run": the visitor's token}, or with
    refused=True)."""

    TRIGGERS = "release", "submit", "stop", "undo", "redo", "compare", "face", "hold"

    def __init__(
        self,
        value=None,
        *,
        frame=None,
        before=None,
        region=None,
        live=None,
        html_template=_HTML,
        css_template=_CSS,
        js_on_load=_JS,
        apply_default_css=False,
        **kwargs,
    ):
        super().__init__(
            value,
            frame=frame,
            before=before,
            region=region,
            live=live,
            html_template=html_template,
            css_template=css_template,
            js_on_load=js_on_load,
            apply_default_css=apply_default_css,
            **kwargs,
        )


def read_value(value, img_size: tuple[int, int]) -> tuple[list[PointPair], np.ndarray | None, int]:
    """What a browser sent, as points, mask (bool (H, W) or None) and revision.

    img_size: (H, W) of the picture that it shows.

    Points may still lie outside the picture: `Edit.place` checks that. Raises ValueError, in words
    fit for a visitor, if the value is not one that the canvas could have sent.
    """
    try:
        revision = _count(value["revision"])
        points = [
            PointPair(_point(pair["handle"]), _point(pair["target"]), _count(pair.get("key", 0)))
            for pair in value["points"]
        ]
        mask = _read_mask(value["mask"], img_size) if value.get("mask") else None
    except (TypeError, KeyError, AttributeError, ValueError, OverflowError) as error:
        raise UserError("What the canvas sent cannot be read: reload the page.") from error
    return points, mask, revision


def _point(numbers) -> tuple[float, float]:
    x, y = (float(number) for number in numbers)
    if not (math.isfinite(x) and math.isfinite(y)):
        raise ValueError("not a point")
    return x, y


def _count(number) -> int:
    if not 0 <= number < 2**53:  # what JavaScript counts exactly
        raise ValueError("not a count")
    return int(number)


def _read_mask(url: str, img_size: tuple[int, int]) -> np.ndarray | None:
    if not url.startswith(_PNG_URL) or len(url) > _MAX_MASK_CHARACTERS:
        raise ValueError("not a mask")
    mask = decode_mask(base64.b64decode(url[len(_PNG_URL) :]), img_size)
    return mask if mask.any() else None


def to_value(edit: Edit, revision: int) -> dict:
    """The canvas's value for an edit: its points and its mask."""
    height, width = edit.img_size
    mask = None if edit.mask_png is None else to_url("image/png", edit.mask_png)
    points = [
        {"handle": list(pair.handle), "target": list(pair.target), "key": pair.key}
        for pair in edit.points
    ]
    return {"width": width, "height": height, "points": points, "mask": mask, "revision": revision}


def to_region(mask_png: bytes, serial: int) -> dict:
    """The canvas's region that is taken as if the visitor had painted it.   serial: it is of
    the picture of the frames with lower ones."""
    return {"src": to_url("image/png", mask_png), "serial": serial}


def to_frame(
    picture: bytes, img_size: tuple[int, int], serial: int, *, handles: dict | None = None, **extra
) -> dict:
    """The canvas's frame for a picture, a JPEG.

    img_size: (H, W), pixels.   serial: of two frames the canvas shows the one with the higher.
    handles: (x, y) by the key of their point, where a drag has moved them.   extra: run, settle,
    sample, original, as assets/canvas/canvas.js has them.
    """
    height, width = img_size
    places = {str(key): place for key, place in (handles or {}).items()}  # keys of JSON are text
    return {
        "src": to_url("image/jpeg", picture),
        "serial": serial,
        "width": width,
        "height": height,
        "handles": places,
        **extra,
    }
