"""Both languages have all the words, and sentences of the library are known."""

import re
import string
import time
from types import SimpleNamespace

import pytest

from drag import PointPair, Settings, drag, new_edit
from drag.files.arrays import from_npz
from drag.files.opening import read_content
from drag.files.project import from_project
from drag.generate import at_step, mix, parse_seed, parse_truncation
from drag.models.catalogue import CATALOGUE
from drag.server.language import (
    ERRORS,
    LANGUAGES,
    TRANSLATIONS,
    WORDS,
    language_of,
    name_in,
    say,
    translated,
)

CHINESE = re.compile(r"[\u4e00-\u9fff]")


def fields(text):
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name)


def test_every_word_is_there_in_both_languages():
    for key, texts in WORDS.items():
        assert len(texts) == len(LANGUAGES), key
        english, chinese = texts
        assert fields(english) == fields(chinese), key
        assert CHINESE.search(chinese), key
        assert not CHINESE.search(english), key
        assert re.findall(r"</?\w+>", english) == re.findall(r"</?\w+>", chinese), key
    assert set(TRANSLATIONS["en"]) == set(TRANSLATIONS["zh-CN"]) == set(WORDS)


def test_every_model_of_the_menu_and_its_licence_have_a_name_in_chinese():
    for model in CATALOGUE.values():
        assert CHINESE.search(name_in(model.title, "zh")), model.title
        assert name_in(model.title, "en") == model.title
    licences = {model.licence for model in CATALOGUE.values()} - {"Apache-2.0", "CC0-1.0"}
    assert all(CHINESE.search(name_in(licence, "zh")) for licence in licences)


def test_errors_have_places_for_all_that_stands_in_them():
    for english, chinese in ERRORS.items():
        assert chinese.count("{}") <= english.count("{}"), english
        assert CHINESE.search(chinese), english


@pytest.mark.parametrize(("header", "language"), [
    ("zh-CN,zh;q=0.9,en;q=0.8", "zh"), ("ZH", "zh"), ("en-US,en;q=0.9,zh;q=0.1", "en"),
    ("de-DE", "en"), ("", "en"), ("*", "en"),
])
def test_the_browsers_first_language_counts(header, language):
    assert language_of(SimpleNamespace(headers={"accept-language": header})) == language
    assert language_of(SimpleNamespace()) == "en"


def test_what_is_said_has_its_values():
    assert say("entry_sample", "zh", seed=5) == "种子 5"
    assert say("stop") == "Stop"


def sentences(toy):
    """What the library says of all sorts of bad input."""
    edit = new_edit(toy, "toy")
    full = new_edit(toy, "toy", settings=Settings(num_entries=10))
    for work in (
        lambda: parse_seed("x"), lambda: parse_truncation(7), lambda: Settings(r1=900),
        lambda: Settings(latent_space="z"), lambda: edit.jump(7), lambda: at_step(edit, 1),
        lambda: mix(toy, full, 1), lambda: drag(toy, edit), lambda: read_content("a.png", b""),
        lambda: from_project(b"{"), lambda: from_npz(b""), lambda: from_project(bytes(30_000_000)),
        lambda: from_project(b'{"format": "drag project"}'),
        lambda: edit.place([PointPair((1, 1), (500, 1))]),
        lambda: edit.place([PointPair((-1, 1), (5, 1))]),
        lambda: edit.place([PointPair((1, 1), (5, 1))] * 101),
        lambda: drag(toy, edit.place([PointPair((1, 1), (1, 1))])),
    ):
        with pytest.raises(ValueError) as caught:  # noqa: PT011
            work()
        yield str(caught.value)


def test_bad_input_is_answered_in_chinese(toy):
    said = list(sentences(toy))
    assert len(said) == 17
    for sentence in said:
        assert translated(sentence, "en") == sentence
        chinese = translated(sentence, "zh")
        assert CHINESE.search(chinese), sentence
        assert "{}" not in chinese
    filled = translated("Point 2 ends outside the picture, which is 8 x 9 pixels; move it inside.",
                        "zh")
    assert filled.startswith("点 2 的终点在图片之外")
    assert "8 x 9" in filled
    odd = translated("What nobody translated.", "zh")
    assert CHINESE.search(odd)
    assert odd.endswith("What nobody translated.")
    assert translated(odd, "zh") == odd  # once is enough


def test_a_long_name_in_a_file_takes_no_time():
    # Patterns with several places took minutes over a name of 100,000 letters, for everyone.
    name = "There is no " + " on the Hub, or it is private" * 4000
    begun = time.monotonic()
    said = translated(f"{name} cannot be opened: it is neither.", "zh")
    assert time.monotonic() - begun < 1
    assert len(said) < 500
