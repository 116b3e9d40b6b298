"""The gate between the network and Gradio: which addresses there are, how much is read, and which
calls no page or program of ours makes.

Gradio reads whatever it is sent, however large, keeps uploads on the disk, fetches addresses that
a call names, and answers much that this page has no use for. Nothing of that is for strangers.
"""

import asyncio
import contextlib
import logging
import re
import time
from collections.abc import Iterator
from pathlib import Path

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse

from drag.server.language import language_of, translated
from drag.web.addresses import path_of
from drag.web.headers import FOR_GOOD
from drag.web.internals import requests_of, upload_folder
from networks.errors import Message, UserError

MAX_BODY = 30_000_000  # bytes; a project of 20 MB has 27 million in base64
SMALL, LARGE = 20_000, 600_000  # bytes; what a browser kept of its edit has 400,000
MAX_COMING = 120_000_000  # bytes of large bodies that have come in part
MAX_HELD = 60_000_000  # bytes of bodies whose calls wait or run; double that without large ones
MAX_VALUES = 300_000  # in a body: each becomes an object of 50 bytes or more
MAX_LOGIN = 10_000  # bytes of a form with a name and a password
READ_SECONDS, ROOM_SECONDS = 60, 30  # for a body to come; for those of others to go
LOOK_SECONDS = 1.0  # between two looks at what Gradio's queue holds
PACE, PACE_SECONDS = 100_000, 5  # of a large body, so many more bytes come within that
_API, _NAME = "/gradio_api/", r"[\w.-]{1,100}"
FILE = f"{_API}file="
AGENTS = re.compile(rf"{_API}mcp/?")  # with the flag; see drag/web/agents.py
READ = re.compile(  # what a page and gradio_client get; files besides, see `is_answer`
    r"/|/(healthz|card\.jpg|config/?|theme\.css|favicon\.ico|robots\.txt|manifest\.json|logout)"
    rf"|({'|'.join(FOR_GOOD)}).*"
    rf"|{_API}(info/?|openapi\.json|app_id/?|user/?|login_check/?|startup-events|theme\.css"
    rf"|heartbeat/{_NAME}|queue/(data|status)|call/(v2/)?{_NAME}/{_NAME})"
)
CALLED = re.compile(  # and where they post
    rf"/login/?|{_API}((run|api|call|call/v2)/{_NAME}/?|queue/join|cancel|reset/?"
    r"|component_server/?)"
)
NOTHING_HERE = "Nothing is offered at this address."
TOO_LARGE = "This was too large to be read: send less."
TOO_SLOW = "This took too long to come: try again."
NO_ROOM = "This page is busy with what others sent: try again in a minute."
NO_CALL = "This call cannot be read: reload the page, or see its API description."
log = logging.getLogger("drag")


class RefusedError(UserError):
    """A request that is answered with this status and sentence."""

    def __init__(self, status: int, sentence: str):
        super().__init__(sentence)
        self.status, self.sentence = status, sentence


class Bodies:
    """Bytes of the bodies that are held: by request, for large ones that come, and of those that
    are being answered."""

    def __init__(self):
        self.coming: dict[object, int] = {}  # the first to come first
        self.answered = 0
        self.gone = asyncio.Event()  # the next one has

    def let_go(self, answered: int = 0) -> None:
        """One has gone, of which so many bytes were being answered: have those look who wait."""
        self.answered -= answered
        gone, self.gone = self.gone, asyncio.Event()
        gone.set()


def gate(app, agents: bool = False):
    """The ASGI application behind a gate that lets through what the page and programs need, and
    agents where there are tools for them."""
    bodies = Bodies()

    async def guarded(scope, receive, send):
        if scope["type"] != "http":
            await (app if scope["type"] == "lifespan" else _hang_up)(scope, receive, send)
            return
        try:
            posted = _check_address(scope, agents)
            async with contextlib.AsyncExitStack() as held:
                if posted:
                    body = await _body(scope, receive, bodies, held)
                    if body is None:  # nobody waits for an answer
                        return
                    receive = _replayed(body, receive)
                await _in_words(app, scope, receive, send)
        except RefusedError as refused:
            await answer(scope, refused.status, refused)(scope, receive, send)

    return guarded


async def _hang_up(scope, receive, send) -> None:
    await send({"type": "websocket.close", "code": 1008})


def answer(scope, status: int, message: Message) -> JSONResponse:
    """One sentence, in the language that the browser prefers."""
    sentence = translated(message, language_of(Request(scope)))
    close = {"connection": "close"} if status in (408, 413) else None  # more of it may come
    return JSONResponse({"detail": sentence}, status, close)


def _check_address(scope, agents: bool) -> bool:
    """Whether it is posted to; raises RefusedError where there is nothing for anyone."""
    path = path_of(scope)
    tools = agents and AGENTS.fullmatch(path)
    if scope["method"] in ("GET", "HEAD"):
        if tools or READ.fullmatch(path) or is_answer(path):
            return False
    elif scope["method"] == "POST" and (tools or CALLED.fullmatch(path)):
        return True
    raise RefusedError(403, NOTHING_HERE)


def is_answer(path: str) -> bool:
    """Whether it is the address of a file that `api` made: FOLDER/HASH/draggan-seed1.png."""
    if not path.startswith(FILE) or "\0" in path:
        return False
    file = Path(path.removeprefix(FILE))
    return (
        file.parent.parent == Path(upload_folder()).resolve()
        and re.fullmatch(r"[0-9a-f]{40,}", file.parent.name) is not None
        and re.fullmatch(r"draggan[\w-]*\.\w+", file.name) is not None
    )


async def _body(scope, receive, bodies: Bodies, held) -> bytes | None:
    """What is posted, checked; None where the sender has gone. held: keeps its room until the
    request is answered."""
    headers = dict(scope["headers"])
    form = headers.get(b"content-type", b"").lower().startswith(b"multipart/")
    login = path_of(scope).rstrip("/") == "/login"
    if form and not login:  # Starlette writes it to the disk
        raise RefusedError(403, NOTHING_HERE)
    most, length = MAX_LOGIN if login else MAX_BODY, headers.get(b"content-length", b"")
    if length.isdigit() and int(length[:20]) > most:
        raise RefusedError(413, TOO_LARGE)
    me = object()
    try:
        body = await asyncio.wait_for(_read(receive, most, bodies, me), READ_SECONDS)
        if body is not None:
            await _hold(scope, len(body), bodies, held)
    except (TimeoutError, asyncio.TimeoutError):
        raise RefusedError(408, TOO_SLOW) from None
    finally:
        bodies.coming.pop(me, None)
        bodies.let_go()
    if body is not None and not login:
        check_call(body)
    return body


async def _read(receive, most: int, bodies: Bodies, me) -> bytes | None:
    """All that is posted. Raises RefusedError, or TimeoutError where it comes too slowly: a few
    who stall must not keep the room of all."""
    chunks, size, more, since, reached = [], 0, True, 0, 0
    while more:
        left = since + PACE_SECONDS - time.monotonic() if me in bodies.coming else None
        message = await asyncio.wait_for(receive(), left)
        if message["type"] == "http.disconnect":
            return None
        chunks.append(message.get("body", b""))
        more = message.get("more_body", False)
        size += len(chunks[-1])
        if size > most:
            raise RefusedError(413, TOO_LARGE)
        if size > LARGE:
            bodies.coming[me] = size
            if not _fits(bodies, me):
                await _until(bodies, lambda: _fits(bodies, me))
                reached = 0  # it could not come meanwhile
            if size >= reached:
                since, reached = time.monotonic(), size + PACE
    return b"".join(chunks)


def _fits(bodies: Bodies, me) -> bool:
    """Whether a body may go on coming; the first always does, lest all wait for each other."""
    return sum(bodies.coming.values()) <= MAX_COMING or me is next(iter(bodies.coming))


async def _hold(scope, size: int, bodies: Bodies, held) -> None:
    """Wait until few other bodies are held, then have room for one of this size."""
    if size <= SMALL:
        return
    app, most = scope["app"], MAX_HELD if size > LARGE else 2 * MAX_HELD
    if bodies.answered + _queued(app) > most:
        await _until(bodies, lambda: bodies.answered + _queued(app) <= most)
    bodies.answered += size
    held.callback(bodies.let_go, size)
    scope["drag.size"] = size  # for as long as Gradio keeps the request of the call


def _queued(app) -> int:
    """Bytes of bodies whose calls wait in Gradio's queue, or run."""
    return sum(scope.get("drag.size", 0) for scope in requests_of(app))


async def _until(bodies: Bodies, room) -> None:
    """Wait for room() to be true; raises RefusedError where that takes long."""
    until = time.monotonic() + ROOM_SECONDS
    while not room():
        left = until - time.monotonic()
        if left <= 0:
            raise RefusedError(503, NO_ROOM)
        with contextlib.suppress(TimeoutError, asyncio.TimeoutError):  # Gradio's queue tells nobody
            await asyncio.wait_for(bodies.gone.wait(), min(left, LOOK_SECONDS))


def check_call(body: bytes) -> None:
    """Raises RefusedError where a body is not JSON as a page or a program sends it.

    Gradio would look for files on the disk, or fetch them, by what it takes to be their names, and
    keeps the name of a session for good, however long.
    """
    if body.count(b",") > MAX_VALUES:
        raise RefusedError(413, TOO_LARGE)
    try:
        call = orjson.loads(body or b"{}")  # strict: no NaN, no half characters, 1,024 levels
    except ValueError:
        raise RefusedError(400, NO_CALL) from None
    if not isinstance(call, dict):
        raise RefusedError(422, NO_CALL)
    for name in ("session_hash", "event_id", "fn_name"):
        value = call.get(name)
        if value is not None and not (isinstance(value, str) and re.fullmatch(_NAME, value)):
            raise RefusedError(422, NO_CALL)
    for name in ("fn_index", "trigger_id", "component_id"):
        if type(call.get(name)) not in (int, type(None)):
            raise RefusedError(422, NO_CALL)
    if any("path" in record and "meta" in record for record in _records(call)):
        raise RefusedError(422, NO_CALL)


def _records(value) -> Iterator[dict]:
    """All objects within a value of JSON."""
    rest = [value]
    while rest:
        value = rest.pop()
        if isinstance(value, dict):
            yield value
            rest.extend(value.values())
        elif isinstance(value, list):
            rest.extend(value)


def _replayed(body: bytes, receive):
    """A `receive` that gives a body that was read already, then what comes after it."""
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay():
        return messages.pop() if messages else await receive()

    return replay


async def _in_words(app, scope, receive, send) -> None:
    """Have a request answered; one on which Gradio stumbles, in one sentence, and without the
    traceback that the server would print."""
    begun = ended = False

    async def sending(message):
        nonlocal begun, ended
        begun = True
        ended = message["type"] == "http.response.body" and not message.get("more_body", False)
        await send(message)

    try:
        await app(scope, receive, sending)
    except Exception as error:
        log.warning(
            "%s %.80r was not answered: %s", scope["method"], scope["path"], type(error).__name__
        )
        log.debug("because", exc_info=True)
        if not begun:
            raise RefusedError(400, NO_CALL) from None
        if not ended:
            await send({"type": "http.response.body"})
