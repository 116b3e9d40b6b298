"""The real page in a real browser: the app in a process of its own, Chromium by Playwright."""

import os
import shutil
from collections import defaultdict

import pytest

from tests.browser.bench import Bench
from tests.browser.page import Page
from tests.checkpoint_files import random_state, write_nvidia
from tests.hub import FakeHub
from tests.running_app import running_app

BROWSERS = "chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"
ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def chromium_path() -> str | None:
    """Where Chromium is: rather one without windows, which take as much of the cores as pages."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)


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
    with running_app(
        folder,
        "--drag-seconds",
        "600",  # on a busy machine 120 may be too short
        HF_ENDPOINT=hub.url,
        HF_HUB_CACHE=str(folder / "hub"),
    ) as app:
        yield app
    assert not list((folder / "gradio").rglob("*.*"))  # no visitor's file was ever left there


@pytest.fixture(scope="package")
def chromium():
    """A browser; without one these tests are skipped, in CI they fail. It is closed before the
    tests of other folders: Playwright's event loop runs until then, and there can't be another.
    """
    from playwright.sync_api import Error, sync_playwright

    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=chromium_path(), args=ARGS)
        except Error as error:
            if os.environ.get("CI"):
                raise
            pytest.skip(
                "no Chromium here: `apt-get install chromium-headless-shell` or `playwright "
                f"install chromium`, or set CHROMIUM to its path ({str(error).splitlines()[0]})"
            )
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def idle(chromium):
    """Contexts that nobody uses, by what they were made with. One for each test would cost more
    than most of them: another process, and the page's scripts over the network once more."""
    return defaultdict(list)


@pytest.fixture
def new_page(chromium, idle):
    """Makes a Playwright page of a visitor's own, who has never been here:
    new_page(width=..., height=..., touch=..., locale=...)."""
    lent = []

    def new_page(width=1280, height=860, touch=False, locale="en-US"):
        contexts = idle[touch, locale]
        context = (
            contexts.pop()
            if contexts
            else chromium.new_context(
                has_touch=touch, is_mobile=touch, locale=locale, accept_downloads=True
            )
        )
        lent.append((contexts, context))
        page = context.new_page()
        page.set_viewport_size({"width": width, "height": height})
        return page

    yield new_page
    for contexts, context in lent:
        if forget(context):
            contexts.append(context)
        else:
            context.close()


def forget(context) -> bool:
    """Close a context's pages, with all that they have stored; False where that cannot be, or the
    clock was stopped, which is one of the whole context."""
    from playwright.sync_api import Error

    try:
        for page in context.pages:
            if page.evaluate("() => { localStorage.clear(); return Boolean(window.stopped); }"):
                return False
            page.close()
        context.clear_cookies()
    except Error:
        return False
    return True


@pytest.fixture
def open_page(new_page, server):
    """Opens the page: open_page(width=..., touch=..., dark=..., example=..., locale=...) -> Page,
    without the example of a new visitor unless asked for. An error in the page's console fails the
    test."""
    pages = []

    def open_(dark=False, example=False, page=None, **kwargs):
        page = page or new_page(**kwargs)
        pages.append(Page(page, server.address + ("/?__theme=dark" if dark else "")))
        if not example:
            pages[-1].clear()
        return pages[-1]

    yield open_
    assert [error for page in pages for error in page.errors] == []


@pytest.fixture
def open_bench(new_page):
    """Opens a Bench: open_bench(value=..., frame=..., and what new_page takes, or page=...); an
    error in its console fails the test."""
    benches = []

    def open_(value=None, frame=None, page=None, **kwargs):
        benches.append(Bench(page or new_page(**kwargs), value, frame))
        return benches[-1]

    yield open_
    assert [error for bench in benches for error in bench.errors] == []
