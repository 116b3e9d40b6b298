"""axe-core finds no serious problem; nothing is cut in either language."""

from pathlib import Path

import axe_playwright_python
import pytest

AXE = Path(axe_playwright_python.__file__).parent / "axe.min.js"
SHOWN = ("Picture", "Files", "Advanced")


def problems(page):
    """What axe-core (from npm, in a package for Python) calls serious or critical."""
    if not page.page.evaluate("() => Boolean(window.axe)"):
        page.page.evaluate(AXE.read_text("utf-8"))
    found = page.page.evaluate("() => window.axe.run()")["violations"]
    return [(each["id"], [node["html"][:200] for node in each["nodes"]][:4])
            for each in found if each["impact"] in ("serious", "critical")]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_no_serious_problem(open_page, width, dark):
    page = open_page(width=width, dark=dark, example=True, touch=width < 500)
    found = {}
    for tab in SHOWN:
        page.turn_to(tab)
        page.page.wait_for_timeout(300)
        found[tab] = problems(page)
    page.page.click("[data-act=help]")
    found["help"] = problems(page)
    assert not any(found.values()), found


@pytest.mark.parametrize("width", [390, 820, 1440])
def test_no_word_is_cut_in_chinese(open_page, width):
    page = open_page(width=width, example=True, locale="zh-CN")
    cut = """() => [...document.querySelectorAll('button, label, .status, h1, p')].filter(each =>
      each.offsetParent && each.scrollWidth > each.clientWidth + 1 && each.clientWidth > 0 &&
      getComputedStyle(each).display !== 'inline').map(each => each.innerText)"""
    for tab in ("图片", "文件", "高级"):
        page.turn_to(tab)
        page.page.wait_for_timeout(300)
        assert page.page.evaluate(cut) == []
        assert page.page.evaluate("document.documentElement.scrollWidth") <= width
    text = page.page.inner_text("body")
    assert "开始拖动" in text
    assert "Drag" not in text.replace("Drag Your GAN", "")
