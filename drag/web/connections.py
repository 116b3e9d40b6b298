"""Connections that are let go where no whole request comes: uvicorn waits for one for ever."""

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEADER_SECONDS = 20  # from a connection, or its next request, until that says all that it asks


class Connection(H11Protocol):
    """uvicorn's, with an end to headers that come in part, and to what still comes of a request
    that was answered before all of it had."""

    _until: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:
        """As asyncio.Protocol's."""
        super().connection_made(transport)
        self._look()

    def data_received(self, data: bytes) -> None:
        """As asyncio.Protocol's."""
        super().data_received(data)
        self._look()

    def connection_lost(self, error: Exception | None) -> None:
        """As asyncio.Protocol's."""
        self._stop()
        super().connection_lost(error)

    def on_response_complete(self) -> None:
        """As uvicorn's."""
        super().on_response_complete()
        if self._is_dropped():
            self._look()

    def _is_dropped(self) -> bool:
        """Whether more is to come of a request that was answered."""
        return self.conn.their_state is h11.SEND_BODY and self.conn.our_state is h11.DONE

    def _look(self) -> None:
        """Have the time run while a request has begun and not said what it asks, or has its answer
        and goes on, and only then; that more of it comes gives it no more time."""
        if self.conn.their_state is not h11.IDLE and not self._is_dropped():
            self._stop()
        elif self._until is None:
            self._until = self.loop.call_later(HEADER_SECONDS, self._give_up)

    def _give_up(self) -> None:
        self._until = None
        if not self.transport.is_closing():
            self.transport.close()

    def _stop(self) -> None:
        if self._until is not None:
            self._until.cancel()
            self._until = None
