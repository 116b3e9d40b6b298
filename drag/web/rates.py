"""How much an address may ask for in a short time, and have open: what is more is refused before
anything of it is read.

A call costs Gradio 10 to 20 ms until a handler may refuse it, so that 300 at once keep everybody
waiting for seconds. Here each address has a bucket of tokens that fills up again; a call takes one,
or waits for it a moment, or is told when to come back. The bucket is large enough for a school
behind one address, and no person alone finds its end.
"""

import asyncio
import contextlib
import math
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from drag.web.addresses import path_of
from drag.web.askers import address_of
from drag.web.gate import answer
from drag.web.headers import FOR_GOOD
from networks.errors import Message

CALLS, CALLS_A_SECOND = 120, 40.0  # tokens in a full bucket; that come back
WAIT_SECONDS = 2.0  # that a call waits for its token at most
WORD = 1 / 4  # of a token, for the function of a component: a page that follows a pointer calls
# one 20 times a second, and for each frame that it draws
OPEN = 200  # requests at a time: an open page has two, and six while it loads
ADDRESSES = 10_000  # that are remembered
HEALTH = "/healthz"
WORDS = re.compile(r"/gradio_api/component_server/?")
TOO_MANY = (
    "Too much was asked for from your network address at once: wait some seconds, then try again."
)


@dataclass
class _Bucket:
    """Of an address; tokens are less than none where calls wait for theirs."""

    tokens: float
    at: float  # when there were so many
    open: int = 0


class TooManyError(Exception):
    """There is no token to be had soon.   seconds: until there is."""

    def __init__(self, seconds: float):
        super().__init__()
        self.seconds = max(1, math.ceil(seconds))


class Rates:
    """The buckets of all addresses, for one event loop."""

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        """clock: seconds."""
        self.clock = clock
        self._buckets: dict[str, _Bucket] = {}  # those used last at the end

    @contextlib.contextmanager
    def opened(self, address: str) -> Iterator[_Bucket]:
        """A request of an address is open while this lasts. Raises TooManyError."""
        bucket = self._buckets.pop(address, None)
        if bucket is None:
            self._forget()
            bucket = _Bucket(CALLS, self.clock())
        self._buckets[address] = bucket
        if bucket.open >= OPEN:
            raise TooManyError(WAIT_SECONDS)
        bucket.open += 1
        try:
            yield bucket
        finally:
            bucket.open -= 1

    def take(self, bucket: _Bucket, cost: float) -> float:
        """Take so many tokens; the seconds to wait until they are there. Raises TooManyError."""
        if not cost:
            return 0.0
        now = self.clock()
        bucket.tokens = min(CALLS, bucket.tokens + CALLS_A_SECOND * (now - bucket.at))
        bucket.at = now
        wait = (cost - bucket.tokens) / CALLS_A_SECOND
        if wait > WAIT_SECONDS:
            raise TooManyError(wait)
        bucket.tokens -= cost
        return max(0.0, wait)

    def _forget(self) -> None:
        """Have room for one more address, if need be; those with open requests stay."""
        for _ in range(2):
            if len(self._buckets) >= ADDRESSES:
                address = next(iter(self._buckets))
                bucket = self._buckets.pop(address)
                if bucket.open:
                    self._buckets[address] = bucket


def cost_of(path: str) -> float:
    """Tokens that a request for this path takes."""
    return WORD if WORDS.fullmatch(path) else 1.0


def paced(app, clock: Callable[[], float] = time.monotonic, sleep=asyncio.sleep):
    """The ASGI application, of which each address has its share; all may ask how it is.

    clock, sleep: seconds.
    """
    rates = Rates(clock)

    async def counted(scope, receive, send):
        path = path_of(scope) if scope["type"] == "http" else HEALTH
        if path == HEALTH or path.startswith(FOR_GOOD):  # a page that lacks a script stays blank
            await app(scope, receive, send)
            return
        with contextlib.ExitStack() as held:
            try:
                bucket = held.enter_context(rates.opened(address_of(scope)))
                wait = rates.take(bucket, cost_of(path))
            except TooManyError as refused:
                answered = answer(scope, 429, Message(TOO_MANY))
                answered.headers["retry-after"] = str(refused.seconds)
                await answered(scope, receive, send)
                return
            if wait:
                await sleep(wait)
            await app(scope, receive, send)

    return counted
