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


@contextlib.asynccontextmanager
async def connected(app=None):
    """A connection to an application: what it gives, what it takes, and the server's end of it."""
    config = uvicorn.Config(app, lifespan="off", log_level="critical")
    state, made = ServerState(), []
    config.load()

    def make():
        made.append(Connection(config, state, {}))
        return made[0]

    server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    await until(lambda: made)
    try:
        yield reader, writer, made[0]
    finally:
        writer.close()
        server.close()


async def until(there) -> None:
    """Wait for there() to be true."""
    ends = asyncio.get_running_loop().time() + PATIENCE
    while not there():
        assert asyncio.get_running_loop().time() < ends
        await asyncio.sleep(0.005)


async def rest(reader) -> bytes:
    """What comes until the server lets go."""
    with contextlib.suppress(ConnectionError):  # what was sent last was not read
        return await asyncio.wait_for(reader.read(), PATIENCE)
    return b""


@pytest.mark.parametrize("sent", [b"", b"G", HEADERS])
def test_who_says_nothing_whole_is_let_go(sent, monkeypatch):
    monkeypatch.setattr(connections, "HEADER_SECONDS", 0.05)

    async def run():
        async with connected() as (reader, writer, _):
            writer.write(sent)
            return await rest(reader)

    assert asyncio.run(run()) == b""


def test_a_byte_now_and_then_gives_no_more_time(monkeypatch):
    monkeypatch.setattr(connections, "HEADER_SECONDS", 0.05)

    async def trickle(writer):
        with contextlib.suppress(ConnectionError):
            for number in range(1000):
                writer.write(b"A%d: b\r\n" % number)
                await writer.drain()
                await asyncio.sleep(0.01)

    async def run():
        async with connected() as (reader, writer, _):
            writer.write(HEADERS)
            sending = asyncio.ensure_future(trickle(writer))
            try:
                assert await rest(reader) == b""
            finally:
                sending.cancel()

    asyncio.run(run())


def test_an_answer_may_take_longer_and_the_next_request_has_no_more_time_than_the_first():
    waits, connection = [], None

    async def answer(scope, receive, send):
        waits.append(connection._until)
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    async def run():
        nonlocal connection
        async with connected(answer) as (reader, writer, connection):
            for _ in range(2):
                writer.write(HEADERS)
                await until(lambda: connection._until)
                writer.write(b"\r\n")
                head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE)
                assert head.startswith(b"HTTP/1.1 204")
                assert connection._until is None
            writer.write(HEADERS)
            await until(lambda: connection._until)
        await until(lambda: connection._until is None)  # it is gone

    asyncio.run(run())
    assert waits == [None, None]  # that of the headers has ended


def test_what_still_comes_of_a_request_that_was_answered_has_an_end(monkeypatch):
    """One byte of a refused body now and then held a connection for ever."""
    monkeypatch.setattr(connections, "HEADER_SECONDS", 0.1)

    async def refuse(scope, receive, send):
        await send({"type": "http.response.start", "status": 429, "headers": []})
        await send({"type": "http.response.body", "body": b"no"})

    async def trickle(writer):
        with contextlib.suppress(ConnectionError):
            for _ in range(1000):
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.01)

    async def run():
        async with connected(refuse) as (reader, writer, connection):
            writer.write(b"POST / HTTP/1.1\r\nHost: demo.example\r\nContent-Length: 4\r\n\r\nab")
            head = await asyncio.wait_for(reader.readuntil(b"no\r\n0\r\n\r\n"), PATIENCE)
            assert head.startswith(b"HTTP/1.1 429")
            assert connection._until
            writer.write(b"cd")  # all of it: the next request is answered as ever
            writer.write(b"POST / HTTP/1.1\r\nHost: demo.example\r\nContent-Length: 9999\r\n\r\n")
            monkeypatch.setattr(connections, "HEADER_SECONDS", 0.1)
            await asyncio.wait_for(reader.readuntil(b"no\r\n0\r\n\r\n"), PATIENCE)
            sending = asyncio.ensure_future(trickle(writer))
            try:
                assert await rest(reader) == b""
            finally:
                sending.cancel()

    asyncio.run(run())
