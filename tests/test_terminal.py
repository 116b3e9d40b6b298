"""What is printed comes out on every terminal."""

import ast
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from networks.terminal import print_anywhere

ROOT = Path(__file__).parent.parent
WORDS = "Wrote C:\\人脸\\été.png, \udcff"  # the last as Python has a byte that is no text


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"PYTHONIOENCODING": "cp1252"}, b"Wrote C:\\\\u4eba\\u8138\\\xe9t\xe9.png, \\udcff"),
        ({"PYTHONIOENCODING": "ascii"}, b"Wrote C:\\\\u4eba\\u8138\\\\xe9t\\xe9.png, \\udcff"),
        ({"PYTHONIOENCODING": "utf-8"}, "Wrote C:\\人脸\\été.png, \\udcff".encode()),
        ({"LC_ALL": "C"}, "Wrote C:\\人脸\\été.png, ".encode() + b"\xff"),
        ({"LC_ALL": "none_NONE.none"}, None),  # whatever Python makes of it
    ],
)
def test_a_program_ends_well_in_any_encoding(variables, said):
    program = (
        "import logging, sys; from networks.terminal import print_anywhere; print_anywhere()\n"
        f"logging.basicConfig(); logging.warning({WORDS!a}); print({WORDS!a})"
    )
    environment = {name: value for name, value in os.environ.items() if name[:3] != "LC_"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**environment, "PYTHONUTF8": "", "PYTHONIOENCODING": "", **variables},
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr
    assert said is None or done.stdout.strip() == said
    assert b"Traceback" not in done.stderr
    assert b"WARNING:root:Wrote" in done.stderr


def test_what_is_no_stream_is_left_alone(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)  # as without a console on Windows
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    print_anywhere()
    assert sys.stdout is None


def test_every_program_begins_so():
    programs = [
        ROOT / "app.py",
        *(
            path
            for part in ("drag", "networks", "tests")
            for path in sorted((ROOT / part).rglob("*.py"))
        ),
    ]
    found = 0
    for path in programs:
        text = path.read_text("utf-8")
        if '\nif __name__ == "__main__":' not in text:
            continue
        found += 1
        guards = [node for node in ast.parse(text).body if isinstance(node, ast.If)]
        calls = [ast.unparse(node) for node in guards[0].body if isinstance(node, ast.Expr)]
        assert calls[0] == "print_anywhere()", path
    assert found > 20
