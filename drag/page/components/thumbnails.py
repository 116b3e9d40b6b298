"""Thumbnails: a row of small pictures to press on (examples, faces to choose from, the history)."""

from drag.page.components.base import JsonComponent, read_asset

_HTML, _CSS = read_asset("thumbnails.html"), read_asset("thumbnails.css")
_JS = read_asset("language.js", "keep.js", "thumbnails.js")


class Thumbnails(JsonComponent):
    """A row of pictures; its value is that of assets/thumbnails.js. Event: pick, with an id.

    server_functions: `thumbnail` and `keep` of assets/thumbnails.js and keep.js, where needed.
    """

    TRIGGERS = ("pick",)

    def __init__(
        self,
        value=None,
        *,
        html_template=_HTML,
        css_template=_CSS,
        js_on_load=_JS,
        apply_default_css=False,
        **kwargs,
    ):
        super().__init__(
            value,
            html_template=html_template,
            css_template=css_template,
            js_on_load=js_on_load,
            apply_default_css=apply_default_css,
            **kwargs,
        )
