"""What Gradio is asked for, and what of its answers strangers get."""

import asyncio
from urllib.parse import parse_qs

import pytest

from drag.web.strangers import one_page
from tests.gates import Sender, asked

LOCKED = b'<script>window.gradio_config = {"auth_required":true,"page":{}};</script>'
OPEN = b'<script>window.gradio_config = {"version":"6","auth_required":false};</script>'
DESCRIBED = (
    b'<script>window.gradio_api_info = {"named_endpoints":{"/sample":1}};</script><p>end</p>'
)


def answered(path="/", method="GET", query=b"", chunks=(LOCKED, DESCRIBED)):
    """The query that Gradio is asked, and what is sent where it answers in these chunks."""
    seen, sender = [], Sender()

    async def app(scope, receive, send):
        seen.append(parse_qs(scope["query_string"].decode(), keep_blank_values=True))
        length = str(sum(map(len, chunks))).encode()
        start = {"type": "http.response.start", "status": 200}
        await send(start | {"headers": [(b"content-length", length), (b"x", b"y")]})
        for chunk in chunks:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body"})

    scope = asked(path, method) | {"query_string": query}
    asyncio.run(one_page(app)(scope, sender.receive, sender.send))
    return seen[0], sender


@pytest.mark.parametrize("chunks", [(LOCKED, DESCRIBED), (LOCKED + DESCRIBED,)])
def test_who_must_log_in_is_not_told_what_there_is(chunks):
    _, sender = answered(chunks=chunks)
    assert b"/sample" not in sender.body
    assert sender.body.startswith(LOCKED)
    assert sender.body.endswith(b"<p>end</p>")
    headers = dict(sender.sent[0]["headers"])
    assert headers == {b"content-length": str(len(sender.body)).encode(), b"x": b"y"}


def test_who_is_let_in_is_told_all():
    _, sender = answered(chunks=(OPEN, DESCRIBED))
    assert sender.body == OPEN + DESCRIBED
    _, sender = answered("/assets/index.js")
    assert sender.body == LOCKED + DESCRIBED


@pytest.mark.parametrize(
    ("path", "query", "asks"),
    [
        ("/", b"", {"page": [""]}),
        ("/", b"page=other&view=api", {"view": ["api"], "page": [""]}),
        ("/gradio_api/info", b"all_endpoints=true", {"all_endpoints": ["true"], "page": [""]}),
        ("/gradio_api/info/", b"page=%FF&page=x", {"page": [""]}),
        ("/config", b"", {"page": [""]}),
        ("/gradio_api/queue/data", b"session_hash=a", {"session_hash": ["a"]}),
    ],
)
def test_gradio_is_asked_for_the_only_page_by_its_name(path, query, asks):
    assert answered(path, query=query)[0] == asks
