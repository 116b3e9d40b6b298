"""Models of the Hub on the page: chosen, dragged, left and come back to, and refused."""

import numpy as np
import pytest

from tests.browser.page import NOSE
from tests.checkpoint_files import random_state, write_nvidia
from tests.hostile_files import PROTO, STOP, called, text

pytestmark = pytest.mark.slow  # a Hub of its own

SQUARE, TALL = "team/nets/square.pkl", "team/nets/tall.pkl"

URL = "document.querySelector('.dc-picture').toDataURL('image/png')"
# Each line that the page says from now on, and the picture that is shown with it: some are there
# for a moment only.
SAID = """() => {
  window.said = [];
  const line = document.querySelector('#status');
  new MutationObserver(() => window.said.push([line.innerText, URL])).observe(
    line, { childList: true, subtree: true, characterData: true });
}""".replace("URL", URL)


def test_a_model_of_the_hub_is_fetched_dragged_and_come_back_to(open_page):
    page = open_page()
    page.press_and_drag(NOSE, (520, 500))
    face, before_it = page.picture(), page.page.evaluate("() => " + URL)
    page.page.evaluate(SAID)
    page.choose_model(SQUARE)
    page.page.wait_for_function(
        "() => window.said.some(([line]) => line.includes('Downloading team/nets/square.pkl'))"
    )
    page.wait_for_status("Press on the picture")
    said = page.page.evaluate("() => window.said")
    shown = [url for line, url in said if "Downloading" in line]
    assert shown == [before_it] * len(shown)  # until the other one is there
    assert page.size == (512, 512)
    assert page.value()["points"] == []
    assert page.model == SQUARE

    before = page.picture().astype(int)
    page.choose_solver("Adam")
    page.press_and_drag((200, 200), (230, 210))
    page.page.click("#drag")
    page.wait_for_step(3)
    if page.page.is_enabled("#stop"):
        page.stop()
    page.settle()
    dragged = page.picture()
    assert np.abs(dragged - before).mean() > 1
    (pair,) = page.value()["points"]
    assert np.allclose(pair["target"], (230, 210), atol=1)

    page.choose_model("Faces, built in")
    page.wait_for_status("Press on the picture")
    assert page.size == (1024, 1024)
    (nose,) = page.value()["points"]
    assert np.allclose([nose["handle"], nose["target"]], [NOSE, (520, 500)], atol=2)
    assert np.abs(page.picture().astype(int) - face).mean() < 1
    shown = page.serial
    page.choose_model(SQUARE)
    page.wait_for_frame(shown)
    assert page.value()["points"] == [pair]
    assert np.abs(page.picture().astype(int) - dragged).mean() < 2
    page.page.reload()
    page.wait_for_frame(0)
    page.errors.clear()  # Gradio reports the stream that the reload cut off
    page.settle()
    assert page.model == SQUARE
    assert page.value()["points"] == [pair]


@pytest.mark.parametrize(
    ("width", "height", "touch"),
    [(1280, 860, False), (390, 844, True)],
)
def test_a_picture_that_is_not_square_keeps_its_shape_and_fits_the_window(
    open_page, width, height, touch
):
    page = open_page(width=width, height=height, touch=touch)
    page.choose_model(TALL)
    page.wait_for_status("Press on the picture")
    page.page.wait_for_function("() => document.querySelector('.dc-picture').height === 32")
    assert page.size == (16, 32)
    box = page.page.locator(".dc-overlay").bounding_box()
    assert box["height"] == pytest.approx(2 * box["width"], rel=0.02)
    assert box["height"] < height
    (page.touch_and_drag if touch else page.press_and_drag)((4, 4), (8, 28))
    (pair,) = page.value()["points"]
    assert np.allclose(pair["target"], (8, 28), atol=0.5)


def test_a_file_that_changed_is_fetched_anew_over_a_connection_that_breaks(
    open_page, hub, tmp_path
):
    for side, commit in {32: "2" * 40, 64: "3" * 40}.items():
        write_nvidia(tmp_path / "net", random_state(side), layout="G_ema")
        content = (tmp_path / "net").read_bytes()
        hub.add("team/nets/new.pkl", content, commit=commit, cut=len(content) // 2, cuts=1)
        if side == 32:
            page = open_page()
            page.choose_model("team/nets/new.pkl")
        else:  # as a model that is not in memory
            page.choose_model(f"team/nets@{commit}/new.pkl")
        page.page.wait_for_function(
            f"() => document.querySelector('.dc-picture').height === {side}"
        )
        assert hub.files["team/nets/new.pkl"].cuts == 0
        assert page.size == (side, side)


def test_what_goes_wrong_with_a_model_is_said_and_leaves_the_page_as_it_is(open_page, hub):
    evil = PROTO + called("os", "system", text("false") + b"\x85") + STOP
    hub.add("team/nets/evil.pkl", evil)
    hub.add("team/nets/gated.pkl", b"", status=403, code="GatedRepo")
    hub.add("team/nets/busy.pkl", b"", status=503)
    hub.add("team/nets/text.pkl", b"hello world, this is no network")
    hub.add("team/nets/half.pkl", hub.files[TALL].content[:-500])
    hub.add("team/nets/wrong.pkl", hub.files[TALL].content, etag="ab" * 32)
    page = open_page()
    page.press_and_drag(NOSE, (520, 500))
    picture, points, entries = page.picture(), page.value()["points"], page.entries
    for name, words in {
        "nobody/nets/x.pkl": "There is no nobody/nets on the Hub, or it is private",
        "team/nets/none.pkl": "team/nets has no file none.pkl",
        "team/nets/gated.pkl": "accept its terms at huggingface.co/team/nets",
        "team/nets/busy.pkl": "could not give team/nets/busy.pkl (status 503)",
        "team/nets/evil.pkl": "evil.pkl names os.system",
        "team/nets/text.pkl": "text.pkl is no file of weights or latents",
        "team/nets/half.pkl": "half.pkl is cut short",
        "team/nets/wrong.pkl": "SHA-256 is wrong, twice",
        "/etc/passwd": "no such file here",
    }.items():
        page.choose_model(name)
        assert words in page.wait_for_status(words)
        assert words in page.problem()
        assert page.model == "Free to use: Faces, built in, 1024 px"
    hub.stopped.set()  # no network
    try:
        page.choose_model("team/nets/never.pkl")
        page.wait_for_status("the Hub cannot be reached for team/nets/never.pkl")
    finally:
        hub.stopped.clear()
    assert np.array_equal(page.picture(), picture)
    assert page.value()["points"] == points
    assert page.entries == entries
