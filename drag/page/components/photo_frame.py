"""PhotoFrame: a photo that a visitor chooses, and the frame on it."""

import base64
import json

from drag.page.components.base import JsonComponent, read_asset
from drag.photo.alignment import Frame
from drag.server.language import LANGUAGES, WORDS
from networks.errors import UserError

_HTML, _CSS = read_asset("photo/photo.html"), read_asset("photo/photo.css")
_PREFIX = "frame_"  # of the words of its script
_TEXTS = {
    language: {
        key.removeprefix(_PREFIX): texts[number]
        for key, texts in WORDS.items()
        if key.startswith(_PREFIX)
    }
    for number, language in enumerate(LANGUAGES)
}
_JS = "\n".join(
    [
        read_asset("language.js", "base64.js"),
        f"const WORDS = {json.dumps(_TEXTS)};",
        read_asset("photo/stage.js", "photo/photo.js"),
    ]
)
UNREADABLE = "The photo cannot be read: choose another."
NO_FRAME = "The frame cannot be read: choose the photo once more."


class PhotoFrame(JsonComponent):
    """The component. Its value, photo and fit are those of assets/photo/photo.js; the value is
    unchecked: `read_content` and `read_frame` read it. Events: take, use, stop."""

    TRIGGERS = "take", "use", "stop"

    def __init__(
        self,
        value=None,
        *,
        photo=None,
        fit=None,
        html_template=_HTML,
        css_template=_CSS,
        js_on_load=_JS,
        apply_default_css=False,
        **kwargs,
    ):
        super().__init__(
            value,
            photo=photo,
            fit=fit,
            html_template=html_template,
            css_template=css_template,
            js_on_load=js_on_load,
            apply_default_css=apply_default_css,
            **kwargs,
        )


def read_content(value) -> bytes:
    """The file in a PhotoFrame's value. Raises ValueError, in words fit for a visitor, if it is
    none."""
    match value:
        case {"content": str(content)}:
            try:
                return base64.b64decode(content, validate=True)
            except ValueError:
                pass
    raise UserError(UNREADABLE)


def wants_more(value) -> bool:
    """Whether what was reached of the photo is to be improved, in its frame, by a PhotoFrame's
    value."""
    return isinstance(value, dict) and value.get("further") is True


def read_frame(value) -> tuple[Frame, bool]:
    """The frame in a PhotoFrame's value, unchecked, and whether the photo is to be inverted however
    unlike the model's pictures it is. Raises ValueError, in words fit for a visitor."""
    match value:
        case {"frame": {"x": x, "y": y, "side": side, "angle": angle}}:
            return Frame(x, y, side, angle), value.get("anyway") is True
    raise UserError(NO_FRAME)
