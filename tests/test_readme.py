"""What the README says is so."""

import re
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")


def example(word: str) -> str:
    """The one Python example in which this word stands, of ten lines at most."""
    codes = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
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


def test_every_file_of_the_tree_is_there_and_every_module_in_it():
    (tree,) = re.findall(r"## What is where\n\n```\n(.*?)```", README, re.DOTALL)
    named, folders = set(), {}
    for line in tree.splitlines():
        names = re.split(r"\s{2,}", line.strip())[0].split(", ")  # several are set off by commas
        depth = (len(line) - len(line.lstrip())) // 2
        paths = [folders.get(depth - 1, "") + name for name in names]
        folders[depth] = paths[0]
        named.update(paths)
    missing = [path for path in named if not (ROOT / path).exists()]
    assert missing == []
    modules = {str(path.relative_to(ROOT)) for folder in ("drag", "networks")
               for path in (ROOT / folder).rglob("*.py") if path.name != "__init__.py"}
    assert modules <= named


def test_the_space_runs_the_gradio_that_is_pinned():
    (version,) = re.findall(r"^sdk_version: (.+)$", README, re.MULTILINE)
    assert f"gradio=={version}" in (ROOT / "requirements.txt").read_text().splitlines()
