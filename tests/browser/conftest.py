"""The real page in a real browser: the app in a process of its own, Chromium by Playwright."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.browser.bench import Bench
from tests.browser.page import Page
from tests.checkpoint_files import random_state, write_nvidia
from tests.hub import FakeHub

ROOT = Path(__file__).parent.parent.parent
ARGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync"]


class Server(NamedTuple):
    """A running `python app.py`: its address, and the seconds until it answered."""

    address: str
    seconds: float


@pytest.fixture(scope="session")
def hub(tmp_path_factory):
    """A Hub on this machine, with two random networks: of 512 px, and twice as high as wide."""
    folder = tmp_path_factory.mktemp("hub")
    with FakeHub() as hub:
        for name, shape in {"square": {"resolution": 512}, "tall": {"sides": (4, 2)}}.items():
            write_nvidia(folder / name, random_state(**shape), layout="G_ema")
            hub.add(f"team/nets/{name}.pkl", (folder / name).read_bytes(), seconds=0.1)
        yield hub


@pytest.fixture(scope="session")
def server(generator, hub, tmp_path_factory):
    """A Server; the built-in model is in the cache when it starts, nothing of the Hub is."""
    folder = tmp_path_factory.mktemp("cache")
    with serve(free_port(), HF_ENDPOINT=hub.url, HF_HUB_CACHE=str(folder / "hub"),
               GRADIO_TEMP_DIR=str(folder / "gradio")) as server:
        yield server
    assert not list((folder / "gradio").rglob("*.*"))  # no visitor's file was ever left there


def free_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextlib.contextmanager
def serve(port: int, **environment):
    """Run `python app.py` on this port, with these environment variables, as a Server."""
    started = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "app.py", "--port", str(port), "--device", "cpu"], cwd=ROOT,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        env={**os.environ, **environment})
    address = f"http://127.0.0.1:{port}"
    try:
        while not _answers(address):
            assert process.poll() is None, process.stderr.read()
            assert time.monotonic() - started < 60, "the app did not answer within a minute"
            time.sleep(0.1)
        yield Server(address, time.monotonic() - started)
    finally:
        process.terminate()
        process.communicate(timeout=20)


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


@pytest.fixture(scope="package")
def chromium():
    """A browser; without one these tests are skipped, in CI they fail. It is closed before the
    tests of other folders: Playwright's event loop runs until then, and there can't be another."""
    from playwright.sync_api import Error, sync_playwright

    found = [shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome")]
    path = os.environ.get("CHROMIUM") or next(filter(None, found), None)
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=path, args=ARGS)
        except Error as error:
            if os.environ.get("CI"):
                raise
            pytest.skip("no Chromium here: `apt-get install chromium` or `playwright install "
                        f"chromium`, or set CHROMIUM to its path ({str(error).splitlines()[0]})")
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium, server):
    """Opens the page: open_page(width=..., touch=..., dark=..., example=..., locale=...) -> Page,
    without the example of a new visitor unless asked for. An error in the page's console fails the
    test."""
    pages = []

    def open_(width=1280, height=860, touch=False, dark=False, example=False, locale="en-US"):
        context = chromium.new_context(
            viewport={"width": width, "height": height}, has_touch=touch, is_mobile=touch,
            accept_downloads=True, locale=locale,
        )
        pages.append(Page(context.new_page(), server.address + ("/?__theme=dark" if dark else "")))
        if not example:
            pages[-1].clear()
        return pages[-1]

    yield open_
    errors = [error for page in pages for error in page.errors]
    for page in pages:
        page.page.context.close()
    assert errors == []


@pytest.fixture
def open_bench(chromium):
    """Opens a Bench; an error in its console fails the test."""
    benches = []

    def open_(width=1280, height=860, touch=False, locale="en-US", context=None, **kwargs):
        context = context or chromium.new_context(
            viewport={"width": width, "height": height}, has_touch=touch, is_mobile=touch,
            locale=locale, accept_downloads=True)
        benches.append(Bench(context, **kwargs))
        return benches[-1]

    yield open_
    errors = [error for bench in benches for error in bench.errors]
    for context in {bench.page.context for bench in benches}:
        context.close()
    assert errors == []
