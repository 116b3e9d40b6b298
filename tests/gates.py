"""Requests that go through the gate, with an application behind it that says what it was given."""

import asyncio
import json
from types import SimpleNamespace

from drag.web.gate import gate

CALL = "/gradio_api/run/predict"
FOLDER = "0" * 64


class Sender:
    """A connection: gives a body in these parts, and keeps what is answered."""

    def __init__(self, *parts: bytes, leaves: bool = False, seconds: float = 0.0):
        self.parts, self.leaves, self.seconds, self.sent = list(parts), leaves, seconds, []

    async def receive(self) -> dict:
        await asyncio.sleep(self.seconds)
        if not self.parts or (self.leaves and len(self.parts) == 1):
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": self.parts.pop(0), "more_body": bool(self.parts)}

    async def send(self, message: dict) -> None:
        self.sent.append(message)

    @property
    def status(self) -> int:
        return self.sent[0]["status"]

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent[1:])


def held(*sizes: int) -> SimpleNamespace:
    """Gradio, with calls in its queue whose bodies have these sizes."""
    events = {
        str(number): SimpleNamespace(request=SimpleNamespace(scope={"drag.size": size}))
        for number, size in enumerate(sizes)
    }
    queue = SimpleNamespace(event_ids_to_events=events)
    return SimpleNamespace(get_blocks=lambda: SimpleNamespace(_queue=queue))


def asked(path: str = CALL, method: str = "POST", app=None, **headers: str) -> dict:
    """The scope of a request."""
    return {
        "type": "http",
        "method": method,
        "path": path,
        "app": app or held(),
        "query_string": b"",
        "headers": [
            (name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()
        ],
    }


async def repeat(scope, receive, send) -> None:
    """An application that answers how much it was sent."""
    size, more = 0, scope["method"] == "POST"
    while more:
        message = await receive()
        size, more = size + len(message["body"]), message["more_body"]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(size).encode()})


def through(sender: Sender, scope: dict, app=repeat, agents: bool = False) -> Sender:
    """A request that goes through a gate of its own."""
    asyncio.run(gate(app, agents)(scope, sender.receive, sender.send))
    return sender


def parts(size: int) -> list[bytes]:
    """A call of this many bytes, as it comes."""
    text = json.dumps({"data": []})[:-2] + '"' + "A" * (size - 14) + '"]}'
    body = text.encode()
    return [body[at : at + 65_536] for at in range(0, size, 65_536)]
