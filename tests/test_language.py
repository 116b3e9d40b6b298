"""Both languages have all the words, and all that is said to visitors has words in both."""

import ast
import copy
import pickle
import re
import string
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from types import SimpleNamespace

import pytest

from drag import PointPair, Settings, drag, new_edit
from drag.files.arrays import from_npz
from drag.files.opening import read_content
from drag.files.project import from_project
from drag.generate import at_step, mix, parse_seed, parse_truncation
from drag.models.catalogue import CATALOGUE, FACE_FINDER
from drag.models.wheel import Wheel
from drag.server.language import (
    LANGUAGES,
    MOST,
    NAMES,
    SENTENCES,
    TRANSLATIONS,
    WORDS,
    language_of,
    name_in,
    say,
    translated,
)
from networks.checkpoints.errors import NOT_REAL, CheckpointError
from networks.errors import Message, UserError

CHINESE = re.compile(r"[\u4e00-\u9fff]")
ROOT = Path(__file__).parent.parent
ERRORS = (
    "UserError",
    "BusyError",
    "CheckpointError",
    "ForgottenError",
    "GoneError",
    "ModelUnavailableError",
    "NoMemoryError",
)
KEY_AT = {"Message": 0, "RefusedError": 1} | dict.fromkeys(ERRORS, 0)  # which argument is the key
SETTINGS = {spec.metadata["words"] for spec in fields(Settings) if spec.metadata}
FOR_PROGRAMS = "drag/web/api.py", "drag/web/agents.py"  # which are answered in English


def places(text):
    """What stands in braces, and how it is written there."""
    return sorted((name, form) for _, name, form, _ in string.Formatter().parse(text) if name)


def test_every_word_is_there_in_both_languages():
    for key, texts in WORDS.items():
        assert len(texts) == len(LANGUAGES), key
        english, chinese = texts
        assert places(english) == places(chinese), key
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


def keys_said(root: Path) -> Iterator[tuple[str, str]]:
    """Where a Message or an error is made in the project at root, and its key; "" for one that is
    not a constant, so that nobody can look it up here."""
    trees = {
        path.relative_to(root): ast.parse(path.read_text("utf-8"))
        for wing in ("drag", "networks")
        for path in root.glob(f"{wing}/**/*.py")
    }
    constants = {
        path: {
            node.targets[0].id: node.value.value
            for node in tree.body
            if isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and isinstance(node.value, ast.Constant)
        }
        for path, tree in trees.items()
    }
    for path, tree in trees.items():
        known = dict(constants[path])
        for node in tree.body:
            if isinstance(node, ast.ImportFrom):
                other = constants.get(Path(*node.module.split(".")).with_suffix(".py"), {})
                known |= {name.name: other[name.name] for name in node.names if name.name in other}
        for node in ast.walk(tree):
            at = KEY_AT.get(getattr(node.func, "id", "")) if isinstance(node, ast.Call) else None
            if at is not None and len(node.args) > at:
                yield from ((f"{path}:{node.lineno}", key) for key in _keys(node.args[at], known))


def _keys(node: ast.expr, known: dict[str, str]) -> list[str]:
    match node:
        case ast.Constant(str(key)):
            return [key]
        case ast.Name(name):
            return [known.get(name, "")]
        case ast.IfExp():
            return _keys(node.body, known) + _keys(node.orelse, known)
    return [""]


def test_all_that_is_said_has_chinese_and_all_chinese_is_said():
    said = [(where, key) for where, key in keys_said(ROOT) if not where.startswith(FOR_PROGRAMS)]
    nameless = [where.partition(":")[0] for where, key in said if not key]
    assert nameless == ["drag/settings.py"]  # of SETTINGS
    assert [(where, key) for where, key in said if key and key not in SENTENCES] == []
    assert set(SENTENCES) - {key for _, key in said} - SETTINGS == set()


def test_a_key_that_has_no_chinese_would_be_found(tmp_path):
    (tmp_path / "drag").mkdir()
    (tmp_path / "drag" / "a.py").write_text(
        'A = "One."\nraise UserError(A if a else "Two {n}.", n=1)\nraise UserError(f"{a}")\n'
        "raise UserError(a)\nraise ValueError('Three.')\n"
    )
    (tmp_path / "drag" / "b.py").write_text("from drag.a import A\nRefusedError(403, A)\n")
    assert list(keys_said(tmp_path)) == [
        ("drag/a.py:2", "One."),
        ("drag/a.py:2", "Two {n}."),
        ("drag/a.py:3", ""),
        ("drag/a.py:4", ""),
        ("drag/b.py:2", "One."),
    ]


def test_sentences_have_the_same_places_in_both_languages():
    for english, chinese in SENTENCES.items():
        assert places(english) == places(chinese), english
        assert CHINESE.search(chinese.replace("{file} {why}。", "无")), english
        assert not CHINESE.search(english)
    wheels = [*(model.source for model in CATALOGUE.values()), FACE_FINDER]
    for label in (wheel.label for wheel in wheels if isinstance(wheel, Wheel)):
        assert {label, label[:1].upper() + label[1:]} <= set(NAMES)


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("ZH", "zh"),
        ("en-US,en;q=0.9,zh;q=0.1", "en"),
        ("de-DE", "en"),
        ("", "en"),
        ("*", "en"),
    ],
)
def test_the_browsers_first_language_counts(header, language):
    assert language_of(SimpleNamespace(headers={"accept-language": header})) == language
    assert language_of(SimpleNamespace()) == "en"


def test_what_is_said_has_its_values():
    assert say("entry_sample", "zh", seed=5) == "人脸 5"
    assert say("stop") == "Stop"


def errors(toy):
    """What the library says of all sorts of bad input."""
    edit = new_edit(toy, "toy")
    full = new_edit(toy, "toy", settings=Settings(num_entries=10))
    for work in (
        lambda: parse_seed("x"),
        lambda: parse_truncation(7),
        lambda: Settings(r1=900),
        lambda: Settings(latent_space="z"),
        lambda: edit.jump(7),
        lambda: at_step(edit, 1),
        lambda: mix(toy, full, 1),
        lambda: drag(toy, edit),
        lambda: read_content("a.png", b""),
        lambda: from_project(b"{"),
        lambda: from_npz(b""),
        lambda: from_project(bytes(30_000_000)),
        lambda: from_project(b'{"format": "drag project"}'),
        lambda: edit.place([PointPair((1, 1), (500, 1))]),
        lambda: edit.place([PointPair((-1, 1), (5, 1))]),
        lambda: edit.place([PointPair((1, 1), (5, 1))] * 101),
        lambda: drag(toy, edit.place([PointPair((1, 1), (1, 1))])),
    ):
        with pytest.raises(UserError) as caught:
            work()
        yield caught.value


def test_bad_input_is_answered_in_both_languages(toy):
    said = list(errors(toy))
    assert len(said) == 17
    for error in said:
        assert isinstance(error, ValueError)  # as the Python API says
        assert translated(error, "en") == str(error)
        chinese = translated(error, "zh")
        assert CHINESE.search(chinese), error
        assert "{" not in chinese + str(error)
    assert str(said[-3]).startswith("Point 1 starts outside the picture, which is 128 x 128 ")
    assert re.match("点 1 的起点在图片之外.图片为 128 x 128 像素", translated(said[-3], "zh"))


@pytest.mark.parametrize(
    "spec", [spec for spec in fields(Settings) if spec.metadata], ids=lambda spec: spec.name
)
def test_every_setting_is_named_in_both_languages(spec):
    with pytest.raises(UserError, match=f"^The {spec.metadata['words']} must be a num") as caught:
        Settings(**{spec.name: -1})
    chinese = translated(caught.value, "zh")
    assert chinese.startswith(SENTENCES[spec.metadata["words"]])
    assert "必须是 " in chinese
    assert chinese.endswith("而不是 -1。")


def test_a_message_within_a_message_is_in_the_same_language():
    error = CheckpointError(
        "{file} {why}.", file="a.pkl", why=CheckpointError(NOT_REAL, name="x", kind="int8")
    )
    assert str(error) == translated(error) == "a.pkl has x as int8, not as real numbers."
    assert re.fullmatch("a.pkl 中 x 的类型为 int8.不是实数。", translated(error, "zh"))
    line = Message(
        "{download}: after those of others", download=Message("Downloading {model}", model="Lions")
    )
    assert str(line) == "Downloading Lions: after those of others"
    assert re.fullmatch("正在下载 狮子.排在其他访客之后.", translated(line, "zh"))


@pytest.mark.parametrize(
    "of", [copy.copy, lambda error: pickle.loads(pickle.dumps(error))], ids=["copy", "pickle"]
)
def test_an_error_crosses_between_processes(of):
    error = of(
        CheckpointError("{file} {why}.", file="a.pkl", why=UserError("is no number {n:.1f}", n=2))
    )
    assert type(error) is CheckpointError
    assert str(error) == "a.pkl is no number 2.0."


def test_braces_in_a_value_are_no_places():
    assert translated(UserError("{file} is empty; fetch it again.", file="{why}.pkl")) == (
        "{why}.pkl is empty; fetch it again."
    )


def test_a_long_name_in_a_file_is_cut():
    name = "There is no " + " on the Hub, or it is private" * 4000
    with pytest.raises(UserError) as caught:
        read_content(name, b"")
    for language in LANGUAGES:
        assert len(translated(caught.value, language)) == MOST
        assert translated(caught.value, language).endswith(" …")
