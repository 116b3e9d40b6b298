"""The page as a stranger starts it, on a machine where much is in the way, and below a path of a
proxy's host: one server for all of it."""

import json
import os

import httpx
import pytest
from gradio_client import Client

from tests.browser.page import Page
from tests.browser.proxy import Proxy
from tests.running_app import running_app

pytestmark = pytest.mark.slow  # a server of its own
DEAD = "127.0.0.1:9"
BELOW = "/below"
IN_THE_WAY = {
    "http_proxy": f"http://{DEAD}",
    "HTTPS_PROXY": f"http://{DEAD}",
    "ALL_PROXY": f"socks5://{DEAD}",
    "PYTHONIOENCODING": "ascii",
    "LC_ALL": "none_NONE.none",
    "COLUMNS": "odd",
    "NO_COLOR": "1",
    "SSL_CERT_FILE": "/none/certificates.pem",
    "GRADIO_SERVER_PORT": "none",
    "GRADIO_NUM_PORTS": "none",
    "GRADIO_DEBUG": "none",
    "WEB_CONCURRENCY": "none",
    "GRADIO_SHARE": "True",
    "GRADIO_MCP_SERVER": "True",
    "GRADIO_VIBE_MODE": "1",
    "GRADIO_WATCH_DIRS": ".",
    "GRADIO_NUM_WORKERS": "1",
    "GRADIO_ALLOWED_PATHS": "/",
}


@pytest.fixture(scope="module")
def app(generator, tmp_path_factory):
    """A RunningApp whose environment has all that, in a folder with a Chinese name."""
    folder = tmp_path_factory.mktemp("人脸")
    with running_app(folder, GRADIO_ROOT_PATH=f"{BELOW}/", **IN_THE_WAY) as app:
        yield app


@pytest.fixture(scope="module")
def address(app):
    """Of the page, behind a proxy."""
    with Proxy([int(app.address.rpartition(":")[2])], BELOW) as proxy:
        yield f"{proxy.address}{BELOW}"


def get(address: str, path: str, **headers: str) -> httpx.Response:
    return httpx.get(f"{address}{path}", headers=headers, timeout=20, trust_env=False)


def test_it_starts_whatever_the_environment_has(app):
    printed = app.text
    assert "Running on local URL" in printed
    assert "Traceback" not in printed
    assert "SSL_CERT_FILE is left out" in printed
    assert "GRADIO_VIBE_MODE" in printed
    assert "Static file workers" not in printed
    assert "public URL" not in printed
    assert get(app.address, "/gradio_api/file=/etc/hostname").status_code == 403


def test_routes_are_there_below_the_path(address, app):
    for base in (address, app.address, f"{app.address}{BELOW}"):  # also where it is left on
        assert get(base, "/healthz").json()["status"] == "ready"
        assert get(base, "/card.jpg").headers["content-type"] == "image/jpeg"
        assert get(base, "/theme.css").status_code == 200
        assert get(base, "/none").status_code == 403
    shown = get(address, "/").text
    assert f'content="{address}/card.jpg"' in shown
    assert json.loads(get(address, "/config").text)["root"] == address
    assert get(address.removesuffix(BELOW), "/healthz").status_code == 404


def test_other_sites_ask_for_nothing_there(address):
    call = {"data": [1, 0.7, "builtin"]}
    here = address.removesuffix(BELOW)
    for origin, status in {here: 200, "https://evil.example": 403, "null": 403}.items():
        told = httpx.post(
            f"{address}/gradio_api/call/sample",
            json=call,
            headers={"origin": origin},
            timeout=20,
            trust_env=False,
        )
        assert told.status_code == status, origin


def test_programs_get_what_they_had_made(address, tmp_path):
    program = Client(f"{address}/", verbose=False, download_files=tmp_path)
    edit = program.predict(seed=3, api_name="/sample")
    made = program.predict(edit, api_name="/render")
    with open(made, "rb") as file:
        assert file.read(4) == b"\x89PNG"
    assert os.path.commonpath([made, tmp_path]) == str(tmp_path)
    program.close()


def test_a_visitor_drags_and_chooses_a_language(address, new_page):
    page = Page(new_page(), f"{address}/")
    assert page.drag()
    assert page.save("png").read_bytes()[1:4] == b"PNG"
    page.page.click("[data-language=zh]")
    page.page.wait_for_function("document.documentElement.lang.startsWith('zh')")
    page.page.wait_for_selector("#drag:has-text('开始拖动')")
    assert page.page.url.startswith(f"{address}/")
    assert page.errors == []
