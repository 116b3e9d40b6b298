"""The endpoints as tools for agents, by the Model Context Protocol (MCP), with the flag --mcp.

Gradio has a server of tools of its own, which calls the page from this machine, past the login, as
one visitor for all agents, and has them repeat an edit of 50,000 characters. Here the endpoints are
called at once, for whoever asks, and an edit has an address: that of its file, there for an hour.
"""

import base64
import inspect
import json
import re
import typing
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import anyio
import gradio as gr
import numpy as np
from PIL import Image
from pydantic import TypeAdapter
from starlette.requests import Request

from drag.files.images import jpeg
from drag.server.shares import Asker, asker, asking
from drag.web.addresses import page_address, path_of
from drag.web.api import Api
from drag.web.askers import address_of
from drag.web.gate import AGENTS, FILE, answer, is_answer
from drag.web.internals import logged_in
from networks.errors import Message, UserError

ABOUT = (
    "Drag points of a generated picture to where they should go, and the picture follows "
    "(DragGAN): a smile, a turned head, closed eyes. First sample a picture and look at it by "
    "render; then drag, and look again. Points are pixels of the picture, x to the right and y "
    "down from its top left. An edit is named by the address that sample and drag return, the "
    "latter of its last step."
)
EDIT = "the address that sample or drag returned as edit, good for an hour, or a project as JSON."
NO_EDIT = "This is no edit: give the address that sample or drag returned, or sample a new picture."
NO_TOOL = "There is no such tool."
LOG_IN = "Log in first: a call needs the cookie that /login gives."
POST = "Tools for agents (MCP) are called here, by POST."
Tell = Callable[[float, str], None]  # how far a call is, to whoever made it


class Agents:
    """The tools, for all agents of a page. Nothing is kept between two calls, but for files."""

    def __init__(self, api: Api, threads: int):
        """threads: for calls that work, or wait in a line; shares say which."""
        from mcp import types  # here, for nothing else needs the package
        from mcp.server.lowlevel import Server
        from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

        self.api, self.types, self.limiter = api, types, anyio.CapacityLimiter(threads)
        self.server = Server("drag", instructions=ABOUT)
        self.manager = StreamableHTTPSessionManager(self.server, stateless=True)
        self.calls = {
            "sample": self._sample,
            "drag": self._drag,
            "render": self._render,
            "export": self._export,
        }
        tools = [types.Tool(**described(getattr(api, name))) for name in self.calls]

        async def listed():
            return tools

        self.server.list_tools()(listed)
        self.server.call_tool()(self._called)

    def before(self, app):
        """The ASGI application with the tools at an address of their own, for who is logged in
        where that is asked for."""

        async def serving(scope, receive, send):
            if scope["type"] != "http" or not AGENTS.fullmatch(path_of(scope)):
                await app(scope, receive, send)
            elif scope["method"] != "POST":  # with which a client asks whether it is told of news
                await answer(scope, 405, Message(POST))(scope, receive, send)
            elif not logged_in(scope["app"], Request(scope)):
                await answer(scope, 401, Message(LOG_IN))(scope, receive, send)
            else:
                await self.manager.handle_request(scope, receive, send)

        return serving

    async def _called(self, name: str, arguments: dict[str, Any]) -> list:
        """What a tool returns; raises ValueError, of which an agent reads the sentence."""
        if name not in self.calls:
            raise ValueError(NO_TOOL)
        context = self.server.request_context
        request, token = context.request, context.meta and context.meta.progressToken
        address = address_of(request.scope)
        who = Asker(f"agents at {address}", address, request.scope["drag.asker"].gone)

        def tell(done: float, words: str) -> None:
            if token is not None:
                told = token, done, None, words, str(context.request_id)
                anyio.from_thread.run(context.session.send_progress_notification, *told)

        def work() -> list:
            with asking(who):
                return self.calls[name](page_address(request.scope), tell, **arguments)

        try:
            return await anyio.to_thread.run_sync(work, limiter=self.limiter)
        except gr.Error as error:
            raise ValueError(error.message) from None
        except UserError as error:
            raise ValueError(str(error)) from None

    def _sample(self, root: str, tell: Tell, **how) -> list:
        return [self._told({"edit": self._kept(root, self.api.sample(**how))})]

    def _drag(self, root: str, tell: Tell, edit, points: list, **how) -> list:
        with closing(self.api.drag(_edit(edit), points, **how)) as steps:
            for step in steps:
                asker().check()  # else it would go on for an agent that has left
                tell(step["number"], f"{max(step['distances'], default=0):.1f} px to go")
        told = {name: step[name] for name in ("number", "handles", "distances", "ending")}
        return [self._told(told | {"edit": self._kept(root, step["edit"])})]

    def _render(self, root: str, tell: Tell, edit, **how) -> list:
        file = self.api.render(_edit(edit), **how)
        with Image.open(file.path) as shown:  # as large, for points are pixels of it
            small = base64.b64encode(jpeg(np.asarray(shown.convert("RGB")))).decode()
        picture = self.types.ImageContent(type="image", data=small, mimeType="image/jpeg")
        return [picture, self._told({"file": _address(root, file.path)})]

    def _export(self, root: str, tell: Tell, edit, **how) -> list:
        file = self.api.export(_edit(edit), **how)
        return [self._told({"file": _address(root, file.path), "bytes": file.size})]

    def _told(self, record: dict):
        return self.types.TextContent(type="text", text=json.dumps(record))

    def _kept(self, root: str, record: dict) -> str:
        """The address of an edit."""
        return _address(root, self.api.keep(json.dumps(record).encode(), "draggan-edit.drag"))


def described(endpoint: Callable) -> dict[str, Any]:
    """What an agent is told of an endpoint: its docstring, and of each parameter what that says of
    it, with a schema of its type."""
    text = " ".join((inspect.getdoc(endpoint) or "").split())
    hints, properties, required = typing.get_type_hints(endpoint), {}, []
    for name, parameter in inspect.signature(endpoint).parameters.items():
        if name == "request":  # which Gradio gives
            continue
        schema = TypeAdapter(hints[name]).json_schema()
        said = re.search(rf"\b{name}: (.*?\.)(?= |$)", text)
        about = said[1] if said else ""
        if name == "edit":
            schema, about = {"anyOf": [{"type": "string"}, {"type": "object"}]}, EDIT
        if parameter.default is parameter.empty:
            required.append(name)
        else:
            schema["default"] = parameter.default
        properties[name] = schema | {"description": about}
    schema = {"type": "object", "properties": properties, "required": required}
    schema["additionalProperties"] = False
    return {"name": endpoint.__name__, "description": text, "inputSchema": schema}


def _edit(given) -> Any:
    """An edit as the endpoints take it, from its address or as it is."""
    if not isinstance(given, str):
        return given
    try:
        if given.lstrip().startswith("{"):
            return json.loads(given)
        path = unquote(given.partition(FILE)[2])
        if is_answer(f"{FILE}{path}") and path.endswith(".drag"):
            return json.loads(Path(path).read_bytes())
    except (OSError, ValueError, RecursionError):
        pass
    raise UserError(NO_EDIT)


def _address(root: str, path: str) -> str:
    return f"{root}{FILE}{quote(path)}"
