"""A balancer before several servers, as a Space with replicas has: one address, and a cookie that
keeps a page with the server that it was loaded from."""

import asyncio
import contextlib
import re
import threading

COOKIE = "replica"


class Proxy:
    """Serves from a thread of its own, as a context manager.

    servers: ports of this machine; they may be replaced.   first: where the next page without a
    cookie is loaded from.   moved: where requests for a server go instead.   loaded: the server of
    each page, in order.   sticky: whether a page that is loaded again goes by its cookie.
    stalled: servers to and from which nothing gets through, and nothing is closed, as over a
    network that is gone.   below: the path of its own below which it has them, and takes off; there
    is nothing else.
    """

    def __init__(self, servers: list[int], below: str = ""):
        self.servers, self.first, self.moved, self.loaded = servers, 0, {}, []
        self.below = below.encode()
        self.sticky, self.stalled, self.port = True, set(), 0
        self._loop, self._ready, self._flows = asyncio.new_event_loop(), threading.Event(), set()
        self._thread = threading.Thread(
            target=self._loop.run_until_complete, args=(self._serve(),), daemon=True
        )

    def __enter__(self):
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)
        self._loop.close()

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def cut(self) -> None:
        """Break off all that is under way, as a server that goes does."""
        self._loop.call_soon_threadsafe(lambda: [flow.cancel() for flow in self._flows])

    async def _serve(self) -> None:
        self._stop = asyncio.Event()
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        for flow in self._flows:
            flow.cancel()
        await asyncio.gather(*self._flows, return_exceptions=True)

    async def _accept(self, reader, writer) -> None:
        flow = asyncio.current_task()
        self._flows.add(flow)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await self._answer(reader, writer)
        finally:
            self._flows.discard(flow)
            writer.close()

    async def _answer(self, reader, writer) -> None:
        """One request, after which both connections end."""
        head = await reader.readuntil(b"\r\n\r\n")
        method, path, rest = head.split(b" ", 2)
        if not (path + b"/").startswith(self.below + b"/"):
            writer.write(b"HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n")
            return
        path = path.removeprefix(self.below)
        head = b" ".join((method, path if path.startswith(b"/") else b"/" + path, rest))
        page, number = head.startswith((b"GET / ", b"GET /?")), self.first
        cookie = re.search(rb"%b=(\d)" % COOKIE.encode(), head)
        if cookie and not (page and not self.sticky):
            number = int(cookie[1])
        number = self.moved.get(number, number)
        if page:
            self.loaded.append(number)
        head = re.sub(rb"(?i)\r\nconnection:[^\r]*", b"", head)[:-2] + b"Connection: close\r\n\r\n"
        try:
            from_server, to_server = await asyncio.open_connection(
                "127.0.0.1", self.servers[number]
            )
        except OSError:
            writer.write(b"HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\n\r\n")
            await writer.drain()
            return
        try:
            while number in self.stalled:
                await asyncio.sleep(0.05)
            to_server.write(head)
            up = asyncio.ensure_future(self._pump(number, reader, to_server))
            down = asyncio.ensure_future(self._down(number, page, from_server, writer))
            try:  # whoever ends first: the server has answered, or the browser has gone
                await asyncio.wait((up, down), return_when=asyncio.FIRST_COMPLETED)
            finally:
                for each in (up, down):
                    each.cancel()
                await asyncio.gather(up, down, return_exceptions=True)
        finally:
            to_server.close()

    async def _down(self, number: int, page: bool, reader, writer) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if page:
            head = head[:-2] + f"Set-Cookie: {COOKIE}={number}\r\n\r\n".encode()
        writer.write(head)
        await self._pump(number, reader, writer)

    async def _pump(self, number: int, reader, writer) -> None:
        while content := await reader.read(65536):
            while number in self.stalled:
                await asyncio.sleep(0.05)
            writer.write(content)
            await writer.drain()
