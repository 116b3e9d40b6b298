"""Each thing of Gradio's server, and of uvicorn below it, that nobody documents and the page needs
(see tests/test_internals.py)."""

import asyncio
import inspect
import re
from types import SimpleNamespace

import gradio as gr
import gradio.blocks
import gradio.http_server
import gradio.networking
import h11
import httpx
import pytest
import uvicorn
import uvicorn.config
from gradio.route_utils import API_PREFIX
from gradio.routes import CustomCORSMiddleware
from starlette.requests import Request
from starlette.routing import Match
from starlette.testclient import TestClient
from uvicorn.protocols.http.h11_impl import H11Protocol

from drag.web import gate as gates
from drag.web import headers, strangers
from drag.web.connections import Connection
from drag.web.internals import keep_file, logged_in, use_connection, use_folder
from drag.web.origins import Origins
from drag.web.serving import Page, app_kwargs
from tests.gates import asked

LOGIN = {"username": "ann", "password": "secret"}


def secret_endpoint(word: str) -> str:
    """What is only for who is logged in."""
    return word


@pytest.fixture(scope="module")
def app():
    """Gradio's application for a page with one endpoint, behind a login, as it would be served."""

    def not_served(*args, **kwargs):
        raise KeyError("everything but the server")

    async def made():  # where no event loop runs, Gradio makes some and leaves them open
        with Page(analytics_enabled=False) as demo:
            gr.api(secret_endpoint)
        kwargs = app_kwargs(None, None, Origins(public=False))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(gradio.http_server, "start_server", not_served)
            with pytest.raises(KeyError, match="but the server"):
                demo.launch(auth=("ann", "secret"), app_kwargs=kwargs, ssr_mode=False, quiet=True)
        return demo.server_app

    return asyncio.run(made())


@pytest.fixture(scope="module")
def client(app):
    """A browser that may keep a login."""
    with TestClient(app, base_url="http://localhost") as client:
        yield client


@pytest.fixture
def no_protocol(monkeypatch):
    """uvicorn as it comes."""
    monkeypatch.setitem(uvicorn.config.HTTP_PROTOCOLS, "auto", "uvicorn...:AutoHTTPProtocol")


def test_what_a_page_gets_and_where_it_posts_is_where_the_gate_thinks(app):
    assert f"{API_PREFIX}/" == gates._API
    gets = "info", "openapi.json", "app_id", "user", "login_check", "startup-events", "file=a"
    gets += "queue/data", "heartbeat/a", "call/a/b"
    posts = "run/a", "call/a", "queue/join", "cancel", "reset", "component_server"
    for method, path in (
        *(("GET", f"/{name}") for name in ("", "config", "theme.css", "logout", "static/a")),
        *(("GET", f"{API_PREFIX}/{name}") for name in gets),
        *(("POST", f"{API_PREFIX}/{name}") for name in posts),
        ("POST", "/login"),
    ):
        scope = asked(path, method)
        assert any(route.matches(scope)[0] is Match.FULL for route in app.routes), path
    assert not any(route.matches(asked("/none"))[0] is Match.FULL for route in app.routes)


def test_what_answers_other_sites_stands_before_all_that_gradio_is_given(app):
    names = [each.cls for each in app.user_middleware]
    assert names.index(CustomCORSMiddleware) < names.index(gates.gate)


def test_something_can_stand_before_all_of_an_app(client):
    for site in ({}, {"origin": "http://localhost"}, {"origin": "https://evil.example"}):
        told = client.get("/config", headers=site).headers
        assert not [name for name in told if name.startswith("access-control")]
        assert told["x-content-type-options"] == "nosniff"
    assert client.get("/", headers={"host": "evil.example"}).status_code == 403


def test_the_page_for_the_login_has_its_description_where_it_is_taken_out(app, client):
    stranger = TestClient(app, base_url="http://localhost")
    shown = stranger.get("/").content
    assert strangers.LOGIN in shown
    assert strangers.NOTHING.removeprefix(rb"\1") in shown
    assert b"secret_endpoint" not in shown
    assert stranger.post("/login", data=LOGIN).status_code == 200
    shown = stranger.get("/").content
    assert strangers.LOGIN not in shown
    assert b"/secret_endpoint" in strangers.DESCRIPTION.search(shown)[0]
    assert stranger.get("/logout", follow_redirects=False).status_code == 403
    assert stranger.get("/config").status_code == 200
    assert stranger.post("/logout", follow_redirects=False).status_code == 302
    assert stranger.get("/config").status_code == 401


def test_what_is_said_of_the_only_page_is_kept_for_no_host(client):
    client.post("/login", data=LOGIN)
    for path in ("/", f"{API_PREFIX}/info"):
        first = client.get(path, headers={"host": "first.localhost"}).text
        assert "http://first.localhost" in first
        assert "first.localhost" not in client.get(path).text
    schema = client.get(f"{API_PREFIX}/openapi.json").text
    assert "localhost" not in schema  # kept for all


def test_gradio_asks_itself_in_two_places_as_it_starts():
    launch = inspect.getsource(gr.Blocks.launch)
    assert launch.count("httpx.") == 1
    assert 'httpx.get(\n                f"{self.local_api_url}startup-events' in launch
    assert "networking.url_ok(self.local_url)" in launch
    url_ok = inspect.getsource(gradio.networking.url_ok)
    assert "httpx.head(url" in url_ok
    for module in (gradio.blocks, gradio.networking):
        assert module.httpx is httpx


def test_a_shared_page_has_its_scripts_where_browsers_are_told():
    source = gradio.routes.templates.get_template("frontend/share.html")
    with open(source.filename, encoding="utf-8") as file:
        hosts = re.findall(r'(?:src|href)="(https://[^/"]+)[^"]*\.(?:js|css)"', file.read())
    assert set(hosts) == {headers.CDN}


def test_files_lie_where_the_gate_looks_for_them(tmp_path):
    with use_folder(str(tmp_path)):
        path = keep_file(b"content", "draggan-seed1.png")
        assert gates.is_answer(f"{API_PREFIX}/file={path}")
    assert not gates.is_answer(f"{API_PREFIX}/file={path}")


def test_who_has_logged_in_is_known_by_a_cookie(app):
    browser = TestClient(app, base_url="http://localhost")
    assert not logged_in(app, Request(asked()))
    assert not logged_in(app, Request(asked(cookie=f"access-token-{app.cookie_id}=guess")))
    browser.post("/login", data=LOGIN)
    for name, value in browser.cookies.items():
        assert logged_in(app, Request(asked(cookie=f"{name}={value}")))
    assert len(browser.cookies) == 2
    assert logged_in(SimpleNamespace(cookie_id="a", tokens={}, auth=None), Request(asked()))


def test_gradio_has_uvicorn_choose_its_connections(no_protocol):
    assert "http=" not in inspect.getsource(gradio.http_server.start_server).replace("http://", "")
    use_connection("drag.web.connections:Connection")
    config = uvicorn.Config(None)
    config.load_app = lambda: None
    assert uvicorn.config.import_from_string(uvicorn.config.HTTP_PROTOCOLS[config.http]) is (
        Connection
    )
    assert "config.http_protocol_class" in inspect.getsource(uvicorn.Server)


def test_connections_know_whether_a_request_has_said_all():
    assert issubclass(Connection, H11Protocol)
    source = inspect.getsource(H11Protocol)
    for name in ("self.conn = h11.Connection", "self.loop", "self.transport"):
        assert name in source
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(b"GET / HTTP/1.1\r\nHost: a\r\n")
    assert connection.next_event() is h11.NEED_DATA
    assert connection.their_state is h11.IDLE
    connection.receive_data(b"\r\n")
    connection.next_event()
    assert connection.their_state is not h11.IDLE
