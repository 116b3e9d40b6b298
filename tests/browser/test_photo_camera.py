"""The camera of the photo panel, with Chromium's fake one: it is off as soon as nobody needs it."""

import pytest

from tests.browser.conftest import ARGS, chromium_path
from tests.browser.page import Page
from tests.browser.test_photo_panel import PHOTO, RUNNING, Panel
from tests.browser.waiting import settle

pytestmark = pytest.mark.slow  # a browser with a camera

FAKE = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
# Remembers every track that the browser gave; `window.leave` is a promise to wait for before that,
# as for a person who is asked whether the page may use the camera.
RECORD = """{
  const devices = navigator.mediaDevices, get = devices.getUserMedia.bind(devices);
  window.tracks = [];
  window.leave = null;
  devices.getUserMedia = async (wanted) => {
    const leave = window.leave, stream = await get(wanted);
    await leave;
    window.tracks.push(...stream.getTracks());
    return stream;
  };
}"""
ASK = "() => { window.leave = new Promise((give) => { window.give = give; }); }"
STATES = "() => window.tracks.map(({ readyState }) => readyState)"
FILE = {"name": "me.jpg", "mimeType": "image/jpeg", "buffer": b"x"}


@pytest.fixture(scope="module")
def filmed(chromium):
    """A browser with a camera, which may be used."""
    browser = chromium.browser_type.launch(executable_path=chromium_path(), args=[*ARGS, *FAKE])
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def context(filmed):
    context = filmed.new_context(viewport={"width": 1280, "height": 860}, locale="en-US")
    context.add_init_script(RECORD)
    yield context
    context.close()


@pytest.fixture
def panel(context):
    """A Panel alone; an error in its script fails the test."""
    panel = Panel(context.new_page())
    yield panel
    panel.page.close()
    assert panel.errors == []


def states(panel):
    """Of each track that was ever given: live or ended."""
    return panel.page.evaluate(STATES)


def open_camera(panel):
    """Press Camera, and wait until its picture is shown."""
    panel.page.click("[data-act=camera]")
    panel.page.wait_for_selector("[data-act=snap]:visible")
    assert states(panel)[-1] == "live"


def answer(panel):
    """The person lets the page use the camera."""
    before = len(states(panel))
    panel.page.evaluate("() => window.give()")
    panel.page.wait_for_function("before => window.tracks.length > before", arg=before)
    settle(panel.page)


def all_ended(panel, number):
    """Every one of so many tracks is soon over, and no camera's picture is shown."""
    panel.page.wait_for_function(
        "() => window.tracks.every(({ readyState }) => readyState === 'ended')"
    )
    assert states(panel) == ["ended"] * number
    assert panel.page.locator(".ph-live").is_hidden()
    assert panel.page.evaluate("() => document.querySelector('.ph-live video').srcObject") is None


def cancel(panel):
    panel.page.click("[data-act=cancel]")
    assert panel.focused == "camera"


def choose(panel):
    panel.page.set_input_files(".ph-input", FILE)
    panel.page.wait_for_function("() => window.events.length")


def run(panel):
    panel.set("photo", PHOTO)
    panel.set("fit", RUNNING)


def turn_away(panel):
    panel.page.evaluate("() => { document.querySelector('#photo').style.display = 'none'; }")
    settle(panel.page)


def leave(panel):
    panel.page.evaluate("""() => {  // another tab of the browser is shown
      Object.defineProperty(document, 'hidden', { value: true });
      document.dispatchEvent(new Event('visibilitychange'));
    }""")


ENDS = [choose, run, turn_away, leave]


def test_a_picture_is_taken_and_the_camera_is_off(panel):
    open_camera(panel)
    panel.page.locator("[data-act=snap]").press("Enter")
    panel.page.wait_for_function("() => window.events.length")
    all_ended(panel, 1)
    assert panel.events == ["take"]
    assert len(panel.page.evaluate("() => window.props.value.content")) > 1000
    assert panel.focused == "camera"


@pytest.mark.parametrize("end", [cancel, *ENDS])
def test_the_camera_is_off_after(panel, end):
    open_camera(panel)
    end(panel)
    all_ended(panel, 1)
    assert panel.page.locator(".ph-problem").count() == 0


@pytest.mark.parametrize("end", ENDS)
def test_leave_that_is_given_too_late_turns_no_camera_on(panel, end):
    panel.page.evaluate(ASK)
    panel.page.click("[data-act=camera]")
    end(panel)
    answer(panel)
    all_ended(panel, 1)
    assert panel.page.locator(".ph-problem").count() == 0


def test_a_second_press_leaves_no_camera_on(panel):
    open_camera(panel)
    open_camera(panel)
    panel.page.wait_for_function("() => window.tracks.length === 2")
    panel.page.wait_for_selector("[data-act=cancel]:visible")
    assert states(panel) == ["ended", "live"]
    cancel(panel)
    all_ended(panel, 2)


def test_a_second_press_while_the_browser_asks_opens_it_once(panel):
    panel.page.evaluate(ASK)
    panel.page.click("[data-act=camera]")
    panel.page.click("[data-act=camera]")
    panel.page.evaluate("() => window.give()")
    panel.page.wait_for_selector("[data-act=cancel]:visible")
    panel.page.wait_for_function("() => window.tracks.length === 2")
    assert sorted(states(panel)) == ["ended", "live"]
    cancel(panel)
    all_ended(panel, 2)


def test_a_camera_that_is_refused_is_said_to_be_so(panel):
    panel.page.evaluate("""() => { navigator.mediaDevices.getUserMedia = async () => {
      throw new DOMException('no', 'NotAllowedError'); }; }""")
    panel.page.click("[data-act=camera]")
    panel.page.wait_for_selector(".ph-problem:has-text('camera cannot be used')")
    all_ended(panel, 0)


def test_on_the_page_a_picture_of_the_camera_is_framed_by_hand(context, server):
    page = Page(context.new_page(), server.address)
    page.turn_to("Photo")
    open_camera(page)
    page.turn_to("Picture")
    all_ended(page, 1)
    page.turn_to("Photo")
    assert page.page.locator(".ph-live").is_hidden()
    open_camera(page)
    page.page.click("[data-act=snap]")
    page.page.wait_for_selector(".ph-placing:not([hidden]) image[href]")
    page.page.wait_for_selector(".ph-note:has-text('by hand')")  # it is no face
    assert page.page.is_visible("[data-act=use]")
    all_ended(page, 2)
    assert page.errors == []
