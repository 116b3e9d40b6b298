"""What the READMEs and the packages' docstrings say is so."""

import ast
import importlib.util
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parent.parent
MOST_LINES = 170  # of the README, its front matter included
PAGES = {
    name: (ROOT / name).read_text("utf-8")
    for name in ("README.md", "drag/web/README.md", "tests/benchmarks/README.md")
}
README = PAGES["README.md"]
PACKAGES = sorted(
    path.parent for folder in ("drag", "networks") for path in (ROOT / folder).rglob("__init__.py")
)


def example(word: str) -> str:
    """The one Python example in which this word stands, of ten lines at most."""
    codes = re.findall(r"```python\n(.*?)```", "".join(PAGES.values()), re.DOTALL)
    (code,) = (code for code in codes if word in code)
    assert len([line for line in code.splitlines() if line]) <= 10
    return code


def test_the_python_example_drags(generator, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(example("load_generator"), names)
    edit, first = names["edit"], names["new_edit"](generator, seed=14)
    assert np.abs(edit.ws - first.ws).max() > 0.01
    assert edit.points[0].distance < 20
    assert edit.undo().points[0].distance > 30
    assert Image.open(tmp_path / "after.png").text["Source"] == "AI-generated"
    assert len(capsys.readouterr().out.splitlines()) == names["step"].number


def test_the_readme_is_short():
    assert len(README.splitlines()) <= MOST_LINES


def test_every_folder_of_the_tree_is_there_and_every_package_in_it():
    (tree,) = re.findall(r"## What is where\n.*?```\n(.*?)```", README, re.DOTALL)
    named, above = set(), ""
    for line in tree.splitlines():
        names = re.split(r"\s{2,}", line.strip())[0].split(", ")  # several are set off by commas
        depth = (len(line) - len(line.lstrip())) // 2
        above = "/".join([*above.split("/")[:depth], ""])
        named.update(above + name for name in names)
        above += names[0]
    assert [path for path in named if not (ROOT / path).exists()] == []
    assert {f"{package.relative_to(ROOT)}/" for package in PACKAGES} <= named


@pytest.mark.parametrize(
    "package", [*PACKAGES, ROOT / "tests"], ids=lambda package: str(package.relative_to(ROOT))
)
def test_a_packages_docstring_says_what_each_of_its_modules_is(package):
    words = ast.get_docstring(ast.parse((package / "__init__.py").read_text("utf-8")), clean=False)
    lines = re.findall(r"^    (\w+(?:, \w+)*)  +\S", words, re.MULTILINE)
    named = [name for line in lines for name in line.split(", ")]
    modules = {path.stem for path in package.glob("*.py")} - {"__init__"}
    assert len(named) == len(set(named))
    assert set(named) <= modules
    if package.name != "tests":  # there only what others share is named
        assert modules <= set(named)


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_names_is_there(page):
    text = PAGES[page]
    commands = {
        name
        for name in re.findall(r"python -m ([\w.]+)", text)
        if name.split(".")[0] in ("drag", "networks", "tests")
    }
    paths = {
        path
        for path in re.findall(r"`([\w./]+)`", text)
        if re.match(r"(drag|networks|assets|tests|\.ci)/", path)
    }
    links = {path for path in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in path}
    assert commands | paths
    assert [name for name in commands if importlib.util.find_spec(name) is None] == []
    assert [path for path in paths if not (ROOT / path).exists()] == []
    assert [path for path in links if not (ROOT / page).parent.joinpath(path).exists()] == []


def test_ci_runs_the_test_command():
    (command,) = re.findall(r"tests/requirements\.txt && (.+)\n", README)
    assert command in (ROOT / ".ci" / "run").read_text("utf-8").splitlines()


def test_the_space_runs_the_gradio_that_is_pinned():
    (version,) = re.findall(r"^sdk_version: (.+)$", README, re.MULTILINE)
    assert f"gradio=={version}" in (ROOT / "requirements.txt").read_text().splitlines()
