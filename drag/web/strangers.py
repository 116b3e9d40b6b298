"""What Gradio is asked for, and says to those who are not logged in.

It has one description of the endpoints for all, with the Host of whoever asked first in it, and
writes it into the page with which strangers log in, too.
"""

import re
from urllib.parse import parse_qsl, urlencode

from drag.web.addresses import path_of
from drag.web.front import introduced

PAGES = re.compile(r"/|/config/?|/gradio_api/info/?")  # that are asked for by the name of a page
LOGIN = b'window.gradio_config = {"auth_required":true'
DESCRIPTION = re.compile(rb"(window\.gradio_api_info = ).*?;</script>", re.DOTALL)
NOTHING = rb'\1{"named_endpoints":{},"unnamed_endpoints":{}};</script>'


def one_page(app):
    """An ASGI application that is asked for the only page that there is, by its empty name: what it
    says of that one it makes anew for each Host; and that describes itself to no strangers."""

    async def asked(scope, receive, send):
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        path = path_of(scope)
        if PAGES.fullmatch(path):
            query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
            query = [(name, value) for name, value in query if name != "page"]
            scope = scope | {"query_string": urlencode([*query, ("page", "")]).encode()}
            if path == "/" and scope["method"] == "GET":
                send = _changed(send, lambda body: introduced(scope, _without_description(body)))
        await app(scope, receive, send)

    return asked


def _without_description(body: bytes) -> bytes:
    """The HTML of the page; of that for the login without what the endpoints are."""
    return DESCRIPTION.sub(NOTHING, body) if LOGIN in body else body


def _changed(send, change):
    """A `send` that changes the HTML of a page, bytes to bytes."""
    start, chunks = {}, []

    async def sending(message):
        if message["type"] == "http.response.start":
            start.update(message)
            return
        if not start:
            await send(message)
            return
        chunks.append(message.get("body", b""))
        if message.get("more_body", False):
            return
        body = change(b"".join(chunks))
        length = b"content-length", str(len(body)).encode()
        start["headers"] = [
            length if name == length[0] else (name, value) for name, value in start["headers"]
        ]
        await send(dict(start))
        start.clear()
        await send({"type": "http.response.body", "body": body})

    return sending
