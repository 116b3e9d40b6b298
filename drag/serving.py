"""The page as it is served: what it takes for a call and keeps of it, whether it is ready, the gate
before it."""

import asyncio
import logging
import os
import time

import gradio as gr
from fastapi.exceptions import RequestValidationError
from starlette.middleware import Middleware
from starlette.responses import JSONResponse
from starlette.routing import Route

from drag.gate import NO_CALL, answer, gate
from drag.line import Line
from drag.models.loaded import LoadedModels

CHEAP = {  # Gradio sums up its last 10,000 events by pandas after each, and nobody reads that
    "GRADIO_ANALYTICS_MAX_EVENTS": "1", "GRADIO_ANALYTICS_CACHE_FREQUENCY": str(10**12)}
MAX_SESSIONS = 2000  # whose results Gradio keeps until they are fetched
MAX_UNREAD, MAX_UNREAD_BYTES = 200, 100_000_000  # messages of one session; bytes of all of them
MAX_KEPT = 10_000  # bytes of a property that a session may have of its own
log = logging.getLogger("drag")


class Mailbox(asyncio.Queue):
    """The messages that a session has not fetched, and how much memory they take."""

    def __init__(self, session: str, boxes: "Mailboxes"):
        super().__init__()
        self.session, self.boxes = session, boxes

    def _put(self, message) -> None:  # these two are for subclasses, as asyncio.Queue says
        weight = _weight(vars(message))
        self.boxes.weight += weight
        super()._put((time.monotonic(), weight, message))

    def _get(self):
        _, weight, message = super()._get()
        self.boxes.weight -= weight
        return message

    def put_nowait(self, message) -> None:
        super().put_nowait(message)
        self.boxes.judge(self)

    @property
    def since(self) -> float:
        """When the first message came; forever where there is none."""
        return self._queue[0][0] if self._queue else float("inf")


class Mailboxes(dict):
    """Gradio's `pending_messages_per_session`, with an end to what nobody fetches: whoever leaves
    too much there loses it, and its calls end, lest a few lock everybody out."""

    def __init__(self, queue):
        super().__init__()
        self.queue, self.weight = queue, 0

    def __setitem__(self, session: str, _) -> None:
        if len(self) >= MAX_SESSIONS:
            busy = {event.session_hash for event in self._events()}
            self.end(next((each for each in self if each not in busy), None) or self._stalest())
        super().__setitem__(session, Mailbox(session, self))

    def __delitem__(self, session: str) -> None:
        box = self[session]
        super().__delitem__(session)
        while not box.empty():  # a late reader gets nothing more
            box.get_nowait()

    def judge(self, box: Mailbox) -> None:
        """End what is too much, after a message was put into this box."""
        if box.qsize() > MAX_UNREAD:
            self.end(box.session)
        while self.weight > MAX_UNREAD_BYTES:
            self.end(self._stalest())

    def end(self, session: str) -> None:
        """Drop a session's messages and end its calls, as Gradio does where a page went."""
        for event in self._events():
            if event.session_hash == session:
                event.alive = False  # not run, or closed at its next step
        self.queue.pending_event_ids_session.pop(session, None)
        if session in self:
            del self[session]

    def _stalest(self) -> str:
        return min(self, key=lambda session: self[session].since)

    def _events(self) -> list:
        return list(self.queue.event_ids_to_events.values())


class Page(gr.Blocks):
    """gr.Blocks that keeps of its visitors what the page needs, and whose components need not
    understand all that is sent: what they refuse is answered in one sentence, without the traceback
    that Gradio prints."""

    def __init__(self, **kwargs):
        for name, value in CHEAP.items():
            os.environ.setdefault(name, value)
        super().__init__(**kwargs)

    def queue(self, *args, **kwargs):
        """gr.Blocks.queue, with mailboxes that do not overflow."""
        super().queue(*args, **kwargs)
        self._queue.pending_messages_per_session = Mailboxes(self._queue)
        return self

    async def preprocess_data(self, block_fn, inputs, state, *args, **kwargs):
        """The values that a handler takes."""
        try:
            if block_fn.fn is None:
                raise ValueError("what runs in the browser only")
            return await super().preprocess_data(block_fn, inputs, state, *args, **kwargs)
        except Exception as error:
            log.debug("a call of %s was refused", block_fn.name, exc_info=error)
            raise gr.Error(NO_CALL, print_exception=False) from None
        finally:
            _forget_values(state, block_fn.inputs)

    async def postprocess_data(self, block_fn, predictions, state):
        """What a handler returned, for the browser."""
        try:
            return await super().postprocess_data(block_fn, predictions, state)
        finally:
            _forget_values(state, block_fn.outputs)
            for block in block_fn.outputs:
                _forget_properties(state, block)


def _forget_values(state, blocks) -> None:
    """Have a session's state let go of the values of components: Gradio keeps the last ones, of
    whatever size, for deep links, which there are none of here."""
    for block in blocks if state is not None else ():
        if not block.stateful and block._id in state.config_values:
            state._update_value_in_config(block._id, None)


def _forget_properties(state, block) -> None:
    """And of large properties that an update gave a component, such as a file to be saved: the
    browser has them, and no later update repeats them."""
    now = None if state is None or block.stateful else state.get(block._id)
    if now is None or now is block:
        return
    args, before = now.constructor_args, block.constructor_args
    large = {name for name, value in args.items()
             if value is not before.get(name) and _weight(value) > MAX_KEPT}
    if large:
        args = {name: before.get(name) if name in large else value for name, value in args.items()
                if name in before or name not in large}
        now = state[block._id] = type(block)(**args | {"render": False})
        _forget_values(state, [block])
    now._id = block._id  # it has a new one, by which Gradio would keep values besides


def _weight(value) -> int:
    """About how many bytes of memory a value of JSON, or a message with one, takes."""
    weight, rest = 1000, [value]
    while rest:
        value = rest.pop()
        weight += 50
        if isinstance(value, (str, bytes)):
            weight += len(value)
        elif isinstance(value, dict):
            weight += 100 * len(value)
            rest.extend(value.values())
        elif isinstance(value, (list, tuple)):
            rest.extend(value)
    return weight


def app_kwargs(models: LoadedModels, line: Line) -> dict:
    """What gr.Blocks.launch(app_kwargs=...) takes: readiness at /healthz, and the gate."""
    async def healthz(_) -> JSONResponse:
        return JSONResponse({
            "status": "ready", "device": models.device.type, "models": len(models.loaded),
            "running": line.running, "waiting": line.waiting,
            "room": max(0, line.length - line.waiting)})

    async def no_call(request, _) -> JSONResponse:  # FastAPI would repeat all that was sent
        return answer(request.scope, 422, NO_CALL)

    return {"routes": [Route("/healthz", healthz)], "middleware": [Middleware(gate)],
            "exception_handlers": {RequestValidationError: no_call}}
