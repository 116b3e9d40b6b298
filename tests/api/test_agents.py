"""The tools for agents, called by a client of the Model Context Protocol."""

import base64
import io
import json

import anyio
import av
import httpx
import pytest
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client
from PIL import Image

from drag.files.project import from_project
from tests.running_app import running_app

PAIR = [560, 600, 540, 600]
MCP = "/gradio_api/mcp"
HELLO = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
TAKES = {"accept": "application/json, text/event-stream"}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def app(generator, tmp_path_factory):
    """A page with tools, behind a login."""
    with running_app(tmp_path_factory.mktemp("agents"), "--mcp", "--auth", "ann:secret") as app:
        yield app


@pytest.fixture(scope="module")
def cookie(app):
    """That of a login, as a header."""
    login = {"username": "ann", "password": "secret"}
    cookies = httpx.post(f"{app.address}/login", data=login).cookies
    return {"cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}


def as_agent(app, cookie, work):
    """What work(session) returns, within a session."""

    async def run():
        async with (
            httpx.AsyncClient(headers=cookie, timeout=300) as http,
            streamable_http_client(f"{app.address}{MCP}", http_client=http) as (read, write, _),
            ClientSession(read, write) as session,
        ):
            await session.initialize()
            return await work(session)

    return anyio.run(run)


def told(result) -> dict:
    """The record in what a tool returned."""
    assert not result.isError, result.content
    return json.loads(result.content[-1].text)


def test_an_agent_samples_drags_looks_and_films(app, cookie):
    heard = []

    async def hear(done, total, words):
        heard.append((done, words))

    async def work(session):
        tools = (await session.list_tools()).tools
        sampled = told(await session.call_tool("sample", {"seed": 3}))
        how = {"edit": sampled["edit"], "points": [PAIR], "max_steps": 2}
        dragged = told(await session.call_tool("drag", how, progress_callback=hear))
        seen = await session.call_tool("render", {"edit": dragged["edit"]})
        how = {"edit": dragged["edit"], "kind": "mp4", "seconds": 0.5}
        filmed = told(await session.call_tool("export", how))
        passwd = f"{app.address}/gradio_api/file=/etc/passwd"
        wrong = [
            await session.call_tool("render", {"edit": passwd}),
            await session.call_tool("sample", {"truncation_psi": 7}),
            await session.call_tool("drag", {"edit": sampled["edit"], "points": [[1, 2]]}),
            await session.call_tool("resample", {}),
        ]
        return tools, dragged, seen, filmed, wrong

    tools, dragged, seen, filmed, wrong = as_agent(app, cookie, work)
    assert [tool.name for tool in tools] == ["sample", "drag", "render", "export"]
    assert dragged["number"] == 2
    assert dragged["ending"] == "step cap"
    assert dragged["distances"][0] < 18
    assert [done for done, _ in heard] == [0, 1, 2]
    assert heard[0][1] == "20.0 px to go"
    edit = from_project(httpx.get(dragged["edit"], headers=cookie).content)
    assert [list(pair.handle) for pair in edit.points] == dragged["handles"]
    picture = Image.open(io.BytesIO(base64.b64decode(seen.content[0].data)))
    assert picture.size == (1024, 1024)  # points are pixels of it
    assert b"AI-generated" in picture.info["comment"]
    whole = Image.open(io.BytesIO(httpx.get(told(seen)["file"], headers=cookie).content))
    assert json.loads(whole.text["drag"])["seed"] == 3
    film = httpx.get(filmed["file"], headers=cookie).content
    assert len(film) == filmed["bytes"]
    with av.open(io.BytesIO(film)) as opened:
        assert opened.streams.video[0].width == 512
    words = [result.content[0].text for result in wrong]
    assert all(result.isError for result in wrong)
    assert words[0].startswith("This is no edit: give the address")
    assert "must be a number from 0 to 1" in words[1]
    assert "[x, y, target x, target y]" in words[2]
    assert "no such tool" in words[3]
    assert "Traceback" not in app.text


@pytest.mark.parametrize(
    ("headers", "logged_in", "status"),
    [
        ({}, True, 200),
        ({}, False, 401),
        ({"origin": "https://evil.example"}, True, 403),
        ({"sec-fetch-site": "cross-site"}, True, 403),
        ({"host": "evil.example"}, True, 403),
    ],
)
def test_tools_are_called_by_those_whom_the_page_lets_in(app, cookie, headers, logged_in, status):
    sent = TAKES | headers | (cookie if logged_in else {})
    answer = httpx.post(f"{app.address}{MCP}", json=HELLO, headers=sent)
    assert answer.status_code == status
    assert ("sample" in answer.text) == (status == 200)


def test_nothing_else_of_gradios_own_tools_is_there(app, cookie):
    assert httpx.get(f"{app.address}{MCP}", headers=TAKES | cookie).status_code == 405
    for path in ("/schema", "/sse", "/http", "/messages/"):
        assert httpx.get(f"{app.address}{MCP}{path}", headers=cookie).status_code == 403
