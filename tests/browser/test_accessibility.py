"""axe-core finds no serious problem; nothing is cut in either language."""

from pathlib import Path

import axe_playwright_python
import pytest

pytestmark = pytest.mark.slow  # axe and every width take a minute

AXE = Path(axe_playwright_python.__file__).parent / "axe.min.js"
SHOWN = ("Picture", "Photo", "Files", "Advanced")


def problems(page):
    """What axe-core (from npm, in a package for Python) calls serious or critical."""
    if not page.page.evaluate("() => Boolean(window.axe)"):
        page.page.evaluate(AXE.read_text("utf-8"))
    found = page.page.evaluate("() => window.axe.run()")["violations"]
    return [
        (each["id"], [node["html"][:200] for node in each["nodes"]][:4])
        for each in found
        if each["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize(
    ("width", "dark"),
    [
        (390, True),  # what is where goes by the width, colours by the theme
        (1280, False),
    ],
)
def test_axe_finds_no_serious_problem(open_page, width, dark):
    page = open_page(width=width, dark=dark, example=True, touch=width < 500)
    found = {}
    for tab in SHOWN:
        page.turn_to(tab)
        page.settle()
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
    for tab in ("图片", "照片", "文件", "高级"):
        page.turn_to(tab)
        page.settle()
        assert page.page.evaluate(cut) == []
        assert page.page.evaluate("document.documentElement.scrollWidth") <= width
    text = page.page.inner_text("body")
    assert "开始拖动" in text
    assert "Drag" not in text.replace("Drag Your GAN", "")


def test_every_control_has_a_name_and_a_word_on_what_it_does(open_page):
    page = open_page(example=True)
    unexplained = """() => [...document.querySelectorAll('button, input, textarea')].filter(each =>
      each.offsetParent && each.tabIndex >= 0 && !each.title
      && !each.closest('.block:has([data-testid=block-info])') && each.role !== 'tab'
      && !each.closest('fieldset, .form, label'))
      .map(each => each.outerHTML.slice(0, 120))"""
    for tab in SHOWN:
        page.turn_to(tab)
        page.settle()
        assert page.page.evaluate(unexplained) == []
    page.turn_to("Picture")
    order, parts = [], ["#history", "#drag", "#reset-points", "#examples", "#seed", "#exchange"]
    page.page.locator(".dc-stage").focus()
    for _ in range(40):
        page.page.keyboard.press("Tab")
        order.append(
            page.page.evaluate(
                "parts => document.activeElement.closest(parts)?.id", ", ".join(parts)
            )
        )
    assert [f"#{name}" for name in dict.fromkeys(order) if name] == parts
