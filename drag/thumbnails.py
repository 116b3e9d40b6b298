"""Thumbnails: a row of small pictures to press on (examples, faces to choose from, the history)."""

import numpy as np
import torch
from PIL import Image

from drag.component import JsonComponent, read_asset, to_url
from drag.edit import Edit
from drag.files.images import jpeg
from drag.render import render, to_picture
from networks.tuning import tuned

SIDE = 128  # px
_HTML, _CSS = read_asset("thumbnails.html"), read_asset("thumbnails.css")
_JS = read_asset("language.js", "keep.js", "thumbnails.js")


class Thumbnails(JsonComponent):
    """A row of pictures; its value is that of assets/thumbnails.js. Event: pick, with an id.

    server_functions: `thumbnail` and `keep` of assets/thumbnails.js and keep.js, where needed.
    """

    TRIGGERS = "pick",

    def __init__(self, value=None, *, html_template=_HTML, css_template=_CSS, js_on_load=_JS,
                 apply_default_css=False, **kwargs):
        super().__init__(value, html_template=html_template, css_template=css_template,
                         js_on_load=js_on_load, apply_default_css=apply_default_css, **kwargs)


@torch.no_grad()
def thumbnail(generator, edit: Edit, mask: np.ndarray | None = None) -> str:
    """A small picture of an edit as a data URL, by the generator as the edit tunes it.

    mask: bool (H, W), True = may move; the rest is dimmed. Soft where a generator can do that
    quickly: who looks at something so small sees no difference.
    """
    generator = tuned(generator, edit.tuning)
    if hasattr(generator, "preview"):
        on_device = torch.from_numpy(edit.ws).to(generator.w_avg.device)[None]
        picture = to_picture(generator.preview(on_device))
    else:
        picture = render(generator, edit.ws)
    return shrink(Image.fromarray(picture), mask)


def shrink(picture: Image.Image, mask: np.ndarray | None = None) -> str:
    """A small copy of a picture as a data URL; mask: bool (H, W), what is False is dimmed."""
    picture.draft("RGB", (2 * SIDE, 2 * SIDE))  # a JPEG is not decoded larger than that
    small = picture.copy()
    small.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    if mask is not None:
        moves = Image.fromarray(mask).convert("L").resize(small.size, Image.Resampling.BOX)
        small = Image.composite(small, small.point(lambda value: value // 3), moves)
    return to_url("image/jpeg", jpeg(np.asarray(small), 80))
