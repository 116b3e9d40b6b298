"""The canvas alone: words in both languages, the hint, the list of keys, the toolbar."""

import re

import pytest

from drag.page.components.canvas import _HTML, _JS
from tests.browser.bench import flat

pytestmark = pytest.mark.slow  # both languages, and every hint

AFTER_WORDS = "function say"


def words(bench):
    source = _JS[_JS.index("const WORDS") : _JS.index(AFTER_WORDS)]
    return bench.page.evaluate(f"() => {{ {source}; return WORDS; }}")


def test_both_tables_have_the_same_words_and_the_page_needs_no_other(open_bench):
    bench = open_bench()
    tables = words(bench)
    assert tables["en"].keys() == tables["zh"].keys()
    for key, text in tables["en"].items():
        assert text.strip()
        assert tables["zh"][key].strip()
        assert sorted(_places(text)) == sorted(_places(tables["zh"][key])), key
    used = re.findall(r'data-(?:word|title|label)="(\w+)"', _HTML)
    assert set(used) <= tables["en"].keys()
    written = " ".join([_HTML, _JS[_JS.index(AFTER_WORDS) :]])
    computed = {"hide", "show", "hideTip", "showTip", "pinAt", "handleAt", "targetAt"}
    unused = [
        key
        for key in tables["en"]
        if key not in computed and not re.search(rf'["]{key}["]', written)
    ]
    assert unused == []


def _places(text):
    return [part.split("}")[0] for part in text.split("{")[1:]]


SPOKEN = """() => [...document.querySelectorAll('#canvas button, #canvas [role], #canvas input')]
  .filter(each => each.getAttribute('role') !== 'status')
  .map(each => [each.className, each.dataset.act ?? each.dataset.tool ?? '',
    each.getAttribute('aria-label') || each.textContent.trim(), each.title])"""


@pytest.mark.parametrize("locale", ["en-US", "zh-CN", "zh-TW", "de-DE"])
def test_every_control_has_a_name_and_a_tooltip_in_the_browsers_language(open_bench, locale):
    bench = open_bench(locale=locale)
    chinese = locale.startswith("zh")
    bench.page.click("[data-act=help]")
    for _, act, name, title in bench.page.evaluate(SPOKEN):
        assert name, act
        has_chinese = any("一" <= letter <= "鿿" for letter in name + title)
        assert has_chinese == chinese, (act, name, title)
    for button in bench.page.locator("#canvas button[data-act], #canvas button[data-tool]").all():
        if button.get_attribute("data-act") != "close":
            assert len(button.get_attribute("title")) >= 6
    assert bench.page.get_attribute("#canvas", "lang") == ("zh-Hans" if chinese else "en")
    visible = bench.page.inner_text("#canvas")
    assert any("一" <= letter <= "鿿" for letter in visible) == chinese
    assert "undefined" not in visible


def test_the_hint_goes_at_the_first_change_and_stays_away(open_bench):
    bench = open_bench()
    hint = bench.page.locator(".dc-hint")
    assert hint.is_visible()
    assert "then press Drag" in hint.inner_text()  # one thing at a time: an arrow, here
    bench.press("g")
    assert hint.inner_text() == "Press on the face and drag"
    bench.press("g", "b")
    assert hint.inner_text() == "Paint what may move; the rest stays as it is"
    bench.press("k")
    assert "Paint what stays as it is" in hint.inner_text()
    bench.press("k", "p")
    bench.press_and_drag((100, 120), (200, 220))
    bench.settle()
    assert not hint.is_visible()
    bench.press("Delete")
    bench.settle()
    assert not hint.is_visible()
    again = open_bench(page=bench.page.context.new_page())
    assert not again.page.locator(".dc-hint").is_visible()


def test_the_hint_does_not_lie_over_what_a_drag_made(open_bench):
    bench = open_bench()
    hint = bench.page.locator(".dc-hint")
    bench.show(flat((20, 20, 200)), 2, sample="a", original=False)
    bench.settle()
    assert not hint.is_visible()
    bench.show(flat((20, 20, 200)), 3, sample="b", original=True)  # another picture, untouched
    bench.settle()
    assert hint.is_visible()


def test_the_canvas_works_where_nothing_may_be_stored(open_bench, new_page):
    page = new_page()
    page.add_init_script(
        "Object.defineProperty(window, 'localStorage', "
        "{ get() { throw new DOMException('denied', 'SecurityError') } })"
    )
    bench = open_bench(page=page)
    assert bench.page.locator(".dc-hint").is_visible()
    bench.press_and_drag((100, 120), (200, 220))
    bench.settle()
    assert not bench.page.locator(".dc-hint").is_visible()


FOCUS = "() => document.activeElement.dataset.act ?? document.activeElement.className"


def test_the_list_of_keys_takes_the_focus_and_gives_it_back(open_bench):
    bench = open_bench(width=390, height=844)
    dialog = bench.page.locator(".dc-help")
    assert not dialog.is_visible()
    bench.page.click("[data-act=help]")
    assert dialog.is_visible()
    assert dialog.get_attribute("aria-label")
    assert bench.page.evaluate(FOCUS) == "close"
    assert bench.page.evaluate("document.documentElement.scrollWidth") <= 390
    bench.page.keyboard.press("Escape")
    assert not dialog.is_visible()
    assert bench.page.evaluate(FOCUS) == "help"
    bench.press("?")
    assert dialog.is_visible()
    bench.page.click("[data-act=close]")
    assert bench.page.evaluate(FOCUS) == "dc-stage"
    assert bench.events == []  # Escape stopped nothing


VISIBLE = """buttons => buttons.filter((each) => each.checkVisibility({ visibilityProperty: true }))
  .map((each) => each.getBoundingClientRect())
  .map(({ x, y, width, height }) => ({ x, y, width, height }))"""


@pytest.mark.parametrize("width", [320, 390, 820, 1280])
@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_the_toolbar_fits_and_the_stage_stays_where_it_is(open_bench, width, locale):
    bench = open_bench(width=width, locale=locale)
    where = "() => JSON.stringify(document.querySelector('.dc-stage').getBoundingClientRect())"
    before = bench.page.evaluate(where)
    for tool in ("paint", "lasso", "erase", "point"):
        bench.page.click(f"[data-tool={tool}]")
        assert bench.page.evaluate(where) == before
        assert bench.page.evaluate("document.documentElement.scrollWidth") <= width
        bar = bench.page.locator(".dc-bar").bounding_box()
        boxes = bench.page.eval_on_selector_all(".dc-bar button", VISIBLE)
        assert boxes
        for box in boxes:
            assert box["height"] >= 40
            assert box["x"] >= bar["x"] - 0.5
            assert box["x"] + box["width"] <= bar["x"] + bar["width"] + 0.5
        for i, one in enumerate(boxes):
            assert not any(_overlap(one, other) for other in boxes[i + 1 :])
    if width == 1280:
        box = bench.page.locator(".dc-stage").bounding_box()
        assert box["y"] + box["height"] < 860


def _overlap(one, other):
    return all(
        one[x] + 0.5 < other[x] + other[side] and other[x] + 0.5 < one[x] + one[side]
        for x, side in (("x", "width"), ("y", "height"))
    )
