"""FileExchange: files that a visitor opens and saves, without a trace of them on the server."""

import base64

from drag.page.components.base import JsonComponent, read_asset
from networks.errors import UserError

_HTML, _CSS = read_asset("exchange.html"), read_asset("exchange.css")
_JS = read_asset("language.js", "base64.js", "exchange.js")
LINK = "link"  # name of what is no file, but was in the page's address


class FileExchange(JsonComponent):
    """A button that opens a file, and the way by which files are saved and links are copied and
    followed. Its value is that of assets/exchange.js, unchecked: `read_file` reads it. Events:
    open; save and address (a link is wanted), which the status line offers."""

    TRIGGERS = "open", "save", "address"

    def __init__(
        self,
        value=None,
        *,
        saved=None,
        link=None,
        html_template=_HTML,
        css_template=_CSS,
        js_on_load=_JS,
        apply_default_css=False,
        **kwargs,
    ):
        super().__init__(
            value,
            saved=saved,
            link=link,
            html_template=html_template,
            css_template=css_template,
            js_on_load=js_on_load,
            apply_default_css=apply_default_css,
            **kwargs,
        )


def read_file(value) -> tuple[str, bytes]:
    """Name and content of the file in a FileExchange's value, for `drag.files.opening`.

    Raises ValueError, in words fit for a visitor, if it is none.
    """
    match value:
        case {"name": str(name), "content": str(content)}:
            try:
                return name[:200], base64.b64decode(content, validate=True)
            except ValueError:
                pass
    raise UserError("The file cannot be read: choose another.")
