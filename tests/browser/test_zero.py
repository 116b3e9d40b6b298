"""The whole page on a server with the stand-in for `spaces`, as a ZeroGPU Space has it."""

import json
import os
import signal
import time

import pytest

from tests.browser.page import ENDINGS, NOSE, Page
from tests.browser.test_story import go_back_and_forth
from tests.running_app import ROOT, running_app

# A server of its own, whose drags end after 25 s, whatever else keeps the cores busy.
pytestmark = [pytest.mark.slow, pytest.mark.alone]


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    """Where the stand-in writes what happens."""
    return tmp_path_factory.mktemp("spaces") / "log"


@pytest.fixture(scope="module")
def space(generator, hub, tmp_path_factory, log):
    """A RunningApp."""
    folder = tmp_path_factory.mktemp("space")
    with running_app(
        folder,
        PYTHONPATH=str(ROOT / "tests" / "zero"),
        SPACES_ZERO_GPU="1",
        SPACES_LOG=str(log),
        HF_ENDPOINT=hub.url,
        HF_HUB_CACHE=str(folder / "hub"),
    ) as app:
        yield app


@pytest.fixture
def open_here(chromium, space):
    """Opens the page of that Space."""
    contexts = []

    def open_():
        contexts.append(chromium.new_context(viewport={"width": 1280, "height": 860}))
        page = Page(contexts[-1].new_page(), space.address)
        page.touch = False
        return page

    yield open_
    for context in contexts:
        context.close()


def lines(log, key):
    return [line for line in map(json.loads, log.read_text().splitlines()) if key in line]


def test_drags_undo_steps_and_history(open_here, log):
    page = open_here()
    go_back_and_forth(page)
    assert page.errors == []
    runs = lines(log, "run")
    assert len(runs) == 2
    assert all(run["run"] != run["server"] for run in runs)  # no drag in the server itself


def test_stop_a_region_and_a_model_that_came_after_the_worker(open_here):
    page = open_here()
    page.take_long()
    page.page.click("#drag")  # the example, its region painted
    page.wait_for_step(2)
    page.stop()
    assert page.page.is_enabled("#undo")
    page.choose_model("team/nets/square.pkl")
    page.page.wait_for_function("() => document.querySelector('.dc-picture').width === 512")
    page.press_and_drag((250, 250), (270, 250))
    page.page.get_by_role("tab", name="Advanced").click()
    page.set_number("Step limit", 3)
    assert any(word in page.drag() for word in ENDINGS)


def test_a_worker_that_dies_costs_one_visitor_the_rest_of_one_drag(open_here, log):
    one, other = open_here(), open_here()
    for page in (one, other):
        page.clear()
        page.take_long()
        page.press_and_drag(NOSE, (700, 640))
    other.page.click("#drag")
    other.wait_for_step(2)
    one.page.click("#drag")
    one.wait_for_step(2)
    os.kill(lines(log, "run")[-1]["run"], signal.SIGKILL)
    one.wait_for_status("The GPU was taken back")
    assert one.value()["points"]
    other.wait_for_step(other.step + 1)  # nobody else notices
    other.stop()
    one.page.wait_for_selector("#drag:enabled")
    one.page.click("#drag")
    one.wait_for_step(2)
    one.stop()


def test_who_leaves_stops_the_worker(open_here, log):
    page = open_here()
    page.clear()
    page.take_long()
    page.press_and_drag(NOSE, (700, 640))
    ended = len(lines(log, "ended"))
    page.page.click("#drag")
    page.wait_for_step(2)
    began = time.monotonic()
    page.page.close()
    while len(lines(log, "ended")) == ended:
        assert time.monotonic() - began < 4
        time.sleep(0.1)
    print(f"\nthe worker was free {time.monotonic() - began:.1f} s after the page was closed")
