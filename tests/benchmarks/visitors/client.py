"""A client that speaks to the page as a browser does.

gradio_client does not: it refuses the page's own events (they are private), sends all through the
queue where a browser posts directly what does not wait in it, and knows neither what an event has
to say (which picture of the history was pressed) nor the functions of components.
"""

import asyncio
import contextlib
import secrets
import time
from collections.abc import AsyncIterator, Callable

import httpx
import orjson
from gradio_client.utils import apply_diff

API = "/gradio_api"
ANSWER_SECONDS = 60  # for an answer to what does not wait in a queue
LONG = httpx.Timeout(ANSWER_SECONDS, read=None)  # streams say when they end


class PageError(Exception):
    """The server did not answer as it answers a page."""


class QueueFullError(PageError):
    """It says that too many wait."""


class Wiring:
    """Which events the page has, and what goes in and comes out: read from its /config."""

    def __init__(self, config: dict):
        self.components = {each["id"]: each for each in config["components"]}
        self.events = config["dependencies"]

    def component(self, elem_id: str) -> int:
        """The number of a component."""
        return next(
            number
            for number, each in self.components.items()
            if each["props"].get("elem_id") == elem_id
        )

    def on(self, elem_id: str, event: str) -> dict:
        """What happens first on an event of a component."""
        target = [self.component(elem_id), event]
        return next(each for each in self.events if target in each["targets"])

    def loads(self) -> list[dict]:
        """What the server does when the page is opened: first for whom, then in which words."""
        return [
            each
            for each in self.events
            if each["backend_fn"] and any(event == "load" for _, event in each["targets"])
        ]

    def then(self, event: dict, failed: bool = False) -> dict:
        """What follows it, or its failure."""
        return next(
            each
            for each in self.events
            if each["trigger_after"] == event["id"] and each["trigger_only_on_failure"] == failed
        )

    def defaults(self, event: dict) -> list:
        """The values that its inputs have on a page that was just opened."""
        return [self.components[number]["props"].get("value") for number in event["inputs"]]

    def named(self, event: dict, outputs: list) -> dict[str, dict]:
        """Its outputs by their elem_id: which properties change."""
        changes = {}
        for number, output in zip(event["outputs"], outputs, strict=True):
            elem_id = self.components[number]["props"].get("elem_id")
            if isinstance(output, dict) and output.get("__type__") == "update":
                change = output | output.get("props", {})  # those of gr.HTML's templates
                change = {name: change[name] for name in change.keys() - {"__type__", "props"}}
            else:
                change = {"value": output}
            if elem_id and change:
                changes[elem_id] = change
        return changes


class PageClient:
    """One open page: an asynchronous context manager, which is the page until it is closed.

    Raises PageError where an answer is none.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        wiring: Wiring,
        heard: Callable[[str, float], None] = lambda kind, seconds: None,
    ):
        """http: with the server as its base_url.   heard: told the kind of each answer to what
        does not wait in a queue, and after how many seconds all of it was here."""
        self.http, self.wiring, self.heard = http, wiring, heard
        self.session_hash = secrets.token_hex(6)
        self._alive: asyncio.Task | None = None

    async def __aenter__(self):
        self._alive = asyncio.create_task(self._stay())
        return self

    async def __aexit__(self, *_):
        self._alive.cancel()
        with contextlib.suppress(asyncio.CancelledError, httpx.HTTPError):
            await self._alive

    async def reload(self) -> None:
        """The page goes, whatever it was in, and is opened once more."""
        await self.__aexit__()
        self.session_hash = secrets.token_hex(6)
        await self.__aenter__()

    async def _stay(self) -> None:
        """The stream by whose end the server sees that the page was closed."""
        url = f"{API}/heartbeat/{self.session_hash}"
        async with self.http.stream("GET", url, timeout=LONG) as stream:
            async for _ in stream.aiter_raw():
                pass

    async def post(self, kind: str, path: str, **body):
        """What the server answers, from JSON."""
        began = time.monotonic()
        try:
            answer = await self.http.post(
                f"{API}/{path}",
                content=orjson.dumps(body | {"session_hash": self.session_hash}),
                timeout=ANSWER_SECONDS,
                headers={"content-type": "application/json"},
            )
        except httpx.HTTPError as error:
            raise PageError(
                f"{kind}: {type(error).__name__} after {time.monotonic() - began:.1f} s"
            ) from error
        if answer.status_code == 503:
            raise QueueFullError(f"{kind}: {answer.text[:200]}")
        if answer.status_code != 200:
            raise PageError(f"{kind}: {answer.status_code} {answer.text[:200]}")
        self.heard(kind, time.monotonic() - began)
        return orjson.loads(answer.content)

    async def call(self, kind: str, event: dict, *inputs, says: dict | None = None) -> dict:
        """Have an event happen that does not wait in a queue, and get its named outputs; says:
        what the event has to say."""
        answer = await self.post(
            kind,
            "run/predict",
            data=inputs,
            event_data=says,
            fn_index=event["id"],
            trigger_id=self._trigger(event),
        )
        return self.wiring.named(event, answer["data"])

    async def server(self, elem_id: str, function: str, message):
        """What a function of a component answers."""
        return await self.post(
            function,
            "component_server/",
            data=message,
            fn_name=function,
            component_id=self.wiring.component(elem_id),
        )

    async def queued(self, event: dict, *inputs, says: dict | None = None) -> AsyncIterator[dict]:
        """Have an event happen that waits in the queue: its named outputs as often as they come;
        says: as in `call`."""
        joined = await self.post(
            "join",
            "queue/join",
            data=inputs,
            event_data=says,
            fn_index=event["id"],
            trigger_id=self._trigger(event),
        )
        outputs, over = None, False
        async with contextlib.aclosing(self._messages()) as messages:
            async for message in messages:  # to its end, which comes when nothing of it waits
                if message.get("event_id") not in (joined["event_id"], None):
                    continue
                if message["msg"] == "unexpected_error":
                    raise PageError(f"queue: {message.get('message')}")
                data = (message.get("output") or {}).get("data")
                if message["msg"] == "process_generating" and message.get("success", True):
                    outputs = (
                        data
                        if outputs is None
                        else [apply_diff(*pair) for pair in zip(outputs, data, strict=True)]
                    )
                    yield self.wiring.named(event, outputs)
                if message["msg"] in ("process_completed", "process_generating"):
                    if not message.get("success", True):
                        raise PageError(f"queue: {str(message.get('output'))[:200]}")
                    over = message["msg"] == "process_completed"
                    if over and outputs is None and data is not None:  # not a generator's
                        yield self.wiring.named(event, data)
        if not over:
            raise PageError("queue: it said nothing more")

    async def _messages(self) -> AsyncIterator[dict]:
        """What the queue says to this page."""
        chunks, params = [], {"session_hash": self.session_hash}
        try:
            async with self.http.stream(
                "GET", f"{API}/queue/data", params=params, timeout=LONG
            ) as stream:
                async for chunk in stream.aiter_bytes():
                    chunks.append(chunk)
                    if not chunk.endswith(b"\n\n"):
                        continue
                    for part in b"".join(chunks).split(b"\n\n"):
                        if part.startswith(b"data:"):
                            yield orjson.loads(part[5:])
                    chunks.clear()
        except httpx.HTTPError as error:
            raise PageError(f"queue: {type(error).__name__}") from error

    def _trigger(self, event: dict) -> int | None:
        return event["targets"][0][0] if event["targets"] else None
