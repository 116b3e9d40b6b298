"""What the README says is so."""

import re
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")


def test_the_python_example_drags(generator):
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    names = {}
    exec(code, names)
    edit, first = names["edit"], names["new_edit"](generator, seed=14)
    assert np.abs(edit.ws - first.ws).max() > 0.01
    assert edit.points[0].distance < 20


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
