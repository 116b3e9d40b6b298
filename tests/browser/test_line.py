"""More visitors than the device has room for."""

import pytest

from drag.server.line import slots_for
from tests.browser.page import ENDINGS, NOSE


@pytest.mark.slow
def test_who_waits_sees_their_place_goes_on_editing_and_can_stop(open_page):
    busy = [open_page() for _ in range(slots_for("cpu"))]
    for page in busy:
        page.take_long()
        page.press_and_drag(NOSE, (700, 640))
        page.page.click("#drag")
        page.wait_for_step(1)
    first, second = open_page(), open_page(locale="zh-CN")
    for page in (first, second):
        page.press_and_drag(NOSE, (540, 600))
        page.page.click("#drag")
    first.wait_for_status("Your place in the line: 1")
    assert "It takes about" in first.status
    second.wait_for_status("排队位置")
    second.page.click("#stop")
    second.wait_for_status("在第一步之前已停止")
    second.page.wait_for_selector("#drag:enabled")
    first.press_and_drag((400, 400), (430, 400))  # placing and undo do not wait
    first.page.click("#undo")
    first.wait_for_status("Went back one change", seconds=5)
    first.page.wait_for_selector("#drag:enabled")  # another edit than was asked for
    first.page.click("#drag")
    first.wait_for_status("Your place in the line: 1")
    busy[0].stop()
    first.wait_for_status(*ENDINGS)
    for page in busy[1:]:
        page.stop()
