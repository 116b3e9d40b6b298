"""The real page in a real browser: the app in a process of its own, Chromium by Playwright."""

import os
import shutil

import pytest

from tests.browser.bench import Bench
from tests.browser.page import Page
from tests.checkpoint_files import random_state, write_nvidia
from tests.hub import FakeHub
from tests.running_app import running_app

ARGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync"]


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
    """A RunningApp; the built-in model is in the cache when it starts, nothing of the Hub is."""
    folder = tmp_path_factory.mktemp("server")
    with running_app(folder, "--drag-seconds", "600",  # on a busy machine 120 may be too short
                     HF_ENDPOINT=hub.url, HF_HUB_CACHE=str(folder / "hub")) as app:
        yield app
    assert not list((folder / "gradio").rglob("*.*"))  # no visitor's file was ever left there


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
