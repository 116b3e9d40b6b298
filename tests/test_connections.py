"""Connections on which no whole request comes, to a server of uvicorn's."""

import asyncio
import contextlib

import pytest
import uvicorn
from uvicorn.server import ServerState

from drag.web import connections
from drag.web.connections import Connection

HEADERS = b"GET / HTTP/1.1\r\nHost: demo.example\r\n"
PATIENCE = 10  # seconds for what should take some tenths


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    """Headers have two tenths of a second."""
    monkeypatch.setattr(connections, "HEADER_SECONDS", 0.2)


async def answer(scope, receive, send):
    """An application that takes its time."""
    await asyncio.sleep(0.5)
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body"})


@contextlib.asynccontextmanager
async def connected():
    """A connection: what it gives and what it takes."""
    config = uvicorn.Config(answer, lifespan="off", log_level="critical")
    config.load()
    loop = asyncio.get_running_loop()
    state = ServerState()
    server = await loop.create_server(lambda: Connection(config, state, {}), "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    try:
        yield reader, writer
    finally:
        writer.close()
        server.close()


async def rest(reader) -> bytes:
    """What comes until the server lets go."""
    return await asyncio.wait_for(reader.read(), PATIENCE)


@pytest.mark.parametrize("sent", [b"", b"G", HEADERS])
def test_who_says_nothing_whole_is_let_go(sent):
    async def run():
        async with connected() as (reader, writer):
            writer.write(sent)
            return await rest(reader)

    assert asyncio.run(run()) == b""


def test_a_byte_now_and_then_gives_no_more_time():
    async def trickle(writer):
        with contextlib.suppress(ConnectionError):
            for number in range(1000):
                writer.write(b"A%d: b\r\n" % number)
                await writer.drain()
                await asyncio.sleep(0.05)

    async def run():
        async with connected() as (reader, writer):
            writer.write(HEADERS)
            sending = asyncio.ensure_future(trickle(writer))
            try:
                with contextlib.suppress(ConnectionError):  # what it sent last was not read
                    assert await rest(reader) == b""
            finally:
                sending.cancel()

    asyncio.run(run())


def test_an_answer_may_take_longer_and_the_next_request_has_no_more_time_than_the_first():
    async def run():
        async with connected() as (reader, writer):
            for _ in range(2):
                writer.write(HEADERS)
                writer.write(b"\r\n")
                head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE)
                assert head.startswith(b"HTTP/1.1 204")
            writer.write(HEADERS)
            return await rest(reader)

    assert asyncio.run(run()) == b""
