"""Who asks for something, and whether they still wait for the answer: what shares go by.

Gradio works on what it was asked for to the end, whether or not anybody is there to hear of it. So
the page notes it for the handler: of a call that is answered at once, that its connection has
ended; of one that waits in the queue, that Gradio has given it up, or that nobody fetches what it
says.
"""

import asyncio
import contextlib
import ipaddress
import os
import time
from collections.abc import Callable

import gradio as gr

from drag.server.shares import Asker, asking, nobody_left
from drag.web.internals import call_of, messages_of

FETCH_SECONDS = 30.0  # without anybody who fetches the messages of a session: it has gone
WITHIN = "127.0.0.1,::1,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16"  # what no visitor comes from


def attended(app):
    """The ASGI application, whose posted calls know by `asker()` where they come from, and whether
    they were left."""

    async def attending(scope, receive, send):
        if scope["type"] != "http" or scope["method"] != "POST":
            await app(scope, receive, send)
            return
        read, left = asyncio.Event(), asyncio.Event()

        async def receiving():
            if read.is_set():
                await left.wait()
                return {"type": "http.disconnect"}
            message = await receive()
            if not message.get("more_body", False):
                read.set()
            return message

        async def watch():
            await read.wait()
            while (await receive())["type"] != "http.disconnect":
                pass
            left.set()

        watching = asyncio.create_task(watch())
        who = Asker("", address_of(scope), left.is_set)
        scope["drag.asker"] = who
        try:
            with asking(who):
                await app(scope, receiving, send)
        finally:
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching

    return attending


def address_of(scope) -> str:
    """The network address of a request; empty where the server does not say. The server is told of
    those behind a proxy by the proxies that it trusts. Of IPv6 it is the network: who has one
    address there has as many as they like."""
    host, *_ = scope.get("client") or ("",)
    if ":" in host:
        with contextlib.suppress(ValueError):
            address = ipaddress.IPv6Address(host.partition("%")[0])
            return str(address.ipv4_mapped or ipaddress.ip_network((address, 64), strict=False))
    return host


def trust_proxy_of_space() -> None:
    """Where this is a Space, nobody but its proxy reaches the server, from some address within:
    have it say where visitors come from. Elsewhere nothing is done."""
    if os.environ.get("SPACE_ID"):
        os.environ.setdefault("FORWARDED_ALLOW_IPS", WITHIN)


def asker_of(blocks: gr.Blocks, request: gr.Request | None, event_id: str | None) -> Asker:
    """Who asks for what a handler is to do.   event_id: of the call, where it was in the queue."""
    scope = getattr(getattr(request, "request", None), "scope", None)
    if request is None or scope is None:
        return Asker()
    direct = scope.get("drag.asker", Asker("", address_of(scope)))
    gone = direct.gone if event_id is None else _unfetched(blocks, event_id)
    return Asker(request.session_hash or "", direct.address, gone)


def _unfetched(blocks: gr.Blocks, event_id: str) -> Callable[[], bool]:
    """Whether a call was given up, or nobody fetches what it says."""
    call = call_of(blocks, event_id)
    if call is None:
        return nobody_left

    def gone() -> bool:
        box = messages_of(blocks, call.session_hash)
        asked = time.monotonic() - call.enqueue_time  # whoever asks comes for it a moment later
        return not call.alive or box is None or min(asked, box.unfetched()) > FETCH_SECONDS

    return gone
