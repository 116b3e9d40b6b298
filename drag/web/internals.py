"""What the page needs of Gradio beyond what Gradio documents: all of it is in this file, and
tests/test_internals.py names each, so that a Gradio that has changed one fails there."""

import contextlib
import functools
import os
from collections.abc import Callable, Iterable, Iterator
from types import SimpleNamespace

import gradio as gr
import gradio.blocks
import gradio.networking
import httpx
import uvicorn.config
from gradio.processing_utils import save_bytes_to_cache
from gradio.utils import get_upload_folder
from starlette.requests import Request

CHEAP = {  # Gradio sums up its last 10,000 events by pandas after each, and nobody reads that
    "GRADIO_ANALYTICS_MAX_EVENTS": "1",
    "GRADIO_ANALYTICS_CACHE_FREQUENCY": str(10**12),
}

FOLDER = "GRADIO_TEMP_DIR"  # in the environment


def use_mailboxes(blocks: gr.Blocks, made_for: Callable) -> None:
    """Have the messages of sessions wait in what made_for(queue) returns, in place of a dict of
    queues."""
    queue = blocks._queue
    queue.pending_messages_per_session = made_for(queue)


def calls_of(queue) -> list:
    """The calls that wait in Gradio's queue, or run: each has its session_hash."""
    return list(queue.event_ids_to_events.values())


def call_of(blocks: gr.Blocks, event_id: str):
    """The call of this id that waits in the queue of a page, or runs, with its session_hash, its
    enqueue_time (time.monotonic) and whether it is alive; None where there is none."""
    return blocks._queue.event_ids_to_events.get(event_id)


def messages_of(blocks: gr.Blocks, session: str):
    """What `use_mailboxes` has for a session; None where it has none."""
    return dict.get(blocks._queue.pending_messages_per_session, session)


def end_calls(queue, session: str) -> None:
    """End the calls of a session, as Gradio does where a page went."""
    for call in calls_of(queue):
        if call.session_hash == session:
            call.alive = False  # not run, or closed at its next step
    queue.pending_event_ids_session.pop(session, None)


def requests_of(app) -> list[dict]:
    """The ASGI scopes of the requests whose calls wait in the queue of an app, or run."""
    return [call.request.scope for call in calls_of(app.get_blocks()._queue)]


def forget_values(state, blocks: Iterable) -> None:
    """Have a session's state let go of the values of components: Gradio keeps the last ones, of
    whatever size, for deep links, which there are none of here."""
    for block in blocks if state is not None else ():
        if not block.stateful and block._id in state.config_values:
            state._update_value_in_config(block._id, None)


def forget_properties(state, block, large: Callable[[object], bool]) -> None:
    """And of properties that an update gave a component, such as a file to be saved, where they are
    large: the browser has them, and no later update repeats them."""
    now = None if state is None or block.stateful else state.get(block._id)
    if now is None or now is block:
        return
    args, before = now.constructor_args, block.constructor_args
    gone = {name for name, value in args.items() if value is not before.get(name) and large(value)}
    if gone:
        args = {
            name: before.get(name) if name in gone else value
            for name, value in args.items()
            if name in before or name not in gone
        }
        now = state[block._id] = type(block)(**args | {"render": False})
        forget_values(state, [block])
    now._id = block._id  # it has a new one, by which Gradio would keep values besides


def wrap(app, outermost: Callable) -> None:
    """Have outermost(application) stand before all of an app that starts. Gradio puts what answers
    other sites before whatever it is given."""
    app.middleware_stack = outermost(app.middleware_stack)


def use_connection(name: str) -> None:
    """Have connections be of this class, "module:name": Gradio makes its server itself."""
    uvicorn.config.HTTP_PROTOCOLS["auto"] = name


@contextlib.contextmanager
def asked_directly() -> Iterator[None]:
    """Have Gradio ask its own server, as it does twice when it starts, by no proxy of the
    environment, and with none of its certificates."""
    asks = {gradio.blocks: "get", gradio.networking: "head"}
    for module, name in asks.items():
        directly = functools.partial(getattr(httpx, name), trust_env=False)
        module.httpx = SimpleNamespace(**vars(httpx) | {name: directly})
    try:
        yield
    finally:
        for module in asks:
            module.httpx = httpx


@contextlib.contextmanager
def use_folder(path: str) -> Iterator[None]:
    """Have Gradio keep files there."""
    before = os.environ.get(FOLDER)
    os.environ[FOLDER] = path
    try:
        yield
    finally:
        if before is None:
            del os.environ[FOLDER]
        else:
            os.environ[FOLDER] = before


def upload_folder() -> str:
    """Where Gradio keeps files; it serves those of programs' answers from there."""
    return get_upload_folder()


def keep_file(content: bytes, name: str) -> str:
    """Have Gradio keep a file until somebody removes it; returns its path. Raises OSError where
    there is no room."""
    return save_bytes_to_cache(content, name, upload_folder())


def logged_in(app, request: Request) -> bool:
    """Whether a request to an app is of somebody who is logged in, or nobody has to be."""
    names = f"access-token-{app.cookie_id}", f"access-token-unsecure-{app.cookie_id}"
    tokens = (request.cookies.get(name) for name in names)
    return app.auth is None or any(token in app.tokens for token in tokens if token)
