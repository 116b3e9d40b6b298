"""Bad input on the real page: one sentence that says what to do, and nothing is lost."""

import pytest

from drag import PointPair
from drag.files.project import to_project
from tests.browser.page import NOSE

pytestmark = pytest.mark.slow  # each waits for what the page says; tests/page has the handlers

NO_PROBLEM = "() => !document.querySelector('#status .problem')"


def test_bad_seeds_are_refused_and_the_picture_stays(open_page):
    # Leaving the box refused the seed once more, sometimes after the next button's own answer.
    page = open_page()
    before = page.serial
    for seed in ("face", "-3", str(2**40)):
        page.page.fill("#seed textarea, #seed input", seed)
        page.page.press("#seed textarea, #seed input", "Enter")
        assert "whole number" in page.problem()
        page.reset_points()  # takes the sentence away
        page.page.wait_for_function(NO_PROBLEM)
    assert page.serial == before


def test_truncation_changes_the_picture_and_is_refused_out_of_range(open_page):
    # Gradio's own slider answered with an error that the page did not show.
    page = open_page()
    field = page.page.locator("#psi input[type=number]")
    for typed, good in {"3": "0.3", "-1": "0.4", "": "0.5"}.items():
        before = page.serial
        field.fill(typed)
        field.press("Tab")
        page.page.wait_for_function(
            "before => +document.querySelector('.dc-stage').dataset.serial > before"
            " || document.querySelector('#status .problem')",
            arg=before,
        )
        if page.serial == before:  # else the browser's part of the slider has put it into range
            assert "from 0 to 1" in page.problem()
        else:
            assert field.input_value() in ("0", "1")
        before = page.serial
        field.fill(good)
        field.press("Tab")
        page.wait_for_frame(before)
        page.page.wait_for_function(NO_PROBLEM)


def test_a_point_too_many_is_answered_in_a_sentence(open_page):
    page = open_page()
    page.press_and_drag((40, 40), (65, 60))
    edit = page.kept("points")
    places = [(40 + 90 * (i % 11), 40 + 95 * (i // 11)) for i in range(101)]
    pairs = [PointPair((x, y), (x + 25, y + 20)) for x, y in places]
    project = to_project(edit.place(pairs[:100]))
    page.open({"name": "many.drag", "mimeType": "application/json", "buffer": project})
    page.wait_for_status("Opened")
    page.settle()
    page.press_and_drag(pairs[100].handle, pairs[100].target)
    assert "At most 100 points" in page.problem()
    assert len(page.value()["points"]) == 101  # none is lost: the visitor deletes one


def test_drag_without_a_point_says_what_to_do(open_page):
    page = open_page()
    assert page.page.is_disabled("#drag")
    page.press("Enter")
    assert "press on the picture and drag" in page.problem()
    page.press_and_drag(NOSE)  # a pair of no length
    page.wait_for_status("Press on the picture and drag")  # what was said before is no longer so
    assert page.page.is_disabled("#drag")
    page.press("Enter")
    page.wait_for_status("drag one to where it should go")
    assert len(page.value()["points"]) == 1


def test_a_file_that_cannot_be_one_is_refused_before_it_is_sent(open_page, tmp_path):
    page = open_page()
    before, entries = page.serial, page.entries
    for name, content, words in (
        ("face.txt", b"x", "Only projects"),
        ("face.drag", bytes(20_000_001), "larger than 20 MB"),
    ):
        (tmp_path / name).write_bytes(content)
        page.open(tmp_path / name)
        page.page.wait_for_function(
            "words => document.querySelector('.ex-note').innerText.includes(words)", arg=words
        )
        assert (page.serial, page.entries) == (before, entries)


def test_a_damaged_project_dropped_on_the_page_is_refused_and_the_edit_stays(open_page):
    page = open_page()
    page.press_and_drag(NOSE, (560, 600))
    value, address = page.value(), page.page.url
    page.page.evaluate("""() => {
      const files = new DataTransfer();
      files.items.add(new File(['what else lay there'], 'notes.txt'));  // which spoils nothing
      files.items.add(new File(['{"format": "drag project", "version": 2}'], 'mine.drag'));
      document.querySelector('.dc-stage').dispatchEvent(
        new DragEvent('drop', {dataTransfer: files, bubbles: true, cancelable: true}));
    }""")
    assert "not a project" in page.problem()
    assert (page.value(), page.page.url) == (value, address)


def test_a_browser_whose_storage_is_full_says_so_and_the_edit_stays(open_page):
    page = open_page()
    page.page.evaluate("""() => { Storage.prototype.setItem = () => {
      throw new DOMException('full', 'QuotaExceededError'); }; }""")
    page.press_and_drag(NOSE, (560, 600))
    page.page.wait_for_selector(".th-note:has-text('save it as a project')")
    assert len(page.value()["points"]) == 1
