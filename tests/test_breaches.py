"""What `breaches` of test_layers finds in small projects: each rule broken, and none."""

import pytest

from tests.test_layers import MOST_FILES, breaches


@pytest.mark.parametrize(
    ("path", "text", "rule"),
    [
        ("networks/a.py", "import drag.loop", "networks may not import drag (drag.loop)"),
        ("networks/a.py", "import networks.checkpoints", "networks may not import networks.checkp"),
        ("networks/checkpoints/a.py", "from drag.edit import Edit", "networks.checkpoints may not"),
        ("drag/a.py", "from drag.files import film", "drag may not import drag.files"),
        (
            "drag/a.py",
            "def f():\n    from drag import models  # here",
            "drag may not import drag.m",
        ),
        (
            "drag/a.py",
            "from drag import load_generator",
            "drag may not import drag.__init__ (drag)",
        ),
        (
            "drag/solvers/a.py",
            "from networks.checkpoints import read",
            "drag may not import network",
        ),
        (
            "drag/__init__.py",
            "from drag.photo import faces",
            "drag.__init__ may not import drag.photo",
        ),
        ("drag/__main__.py", "from drag.server import line", "drag.__main__ may not import drag.s"),
        ("drag/models/a.py", "import drag.edit", "drag.models may not import drag (drag.edit)"),
        ("drag/files/a.py", "import drag.models.hub", "drag.files may not import drag.models"),
        ("drag/photo/a.py", "import drag.server.line", "drag.photo may not import drag.server"),
        ("drag/server/a.py", "import drag.page.wording", "drag.server may not import drag.page"),
        ("drag/web/a.py", "import drag.page.wording", "drag.web may not import drag.page"),
        (
            "drag/page/a.py",
            "import drag.web.api",
            "drag.page may not import drag.web (drag.web.api)",
        ),
        ("drag/page/a.py", "import app", "drag.page may not import app"),
        ("drag/edit.py", "from . import loop", "imports name their module in full"),
        ("drag/server/a.py", "import gradio as gr", "drag.server may not import gradio"),
        ("drag/files/a.py", "from gradio_client import Client", "drag.files may not import gradio"),
        ("drag/loop.py", "import threading", "the method may not import threading"),
        ("drag/solvers/a.py", "from os import environ", "the method may not import os"),
        (
            "drag/photo/a.py",
            "from networks.stylegan2 import StyleGAN2",
            "may not name a concrete netw",
        ),
        (
            "drag/server/a.py",
            "from networks import mobile_stylegan",
            "may not name a concrete network",
        ),
        ("drag/page/a.py", "import networks.mtcnn", "may not name a concrete network"),
        ("drag/a.py", "print(1)", "importing a module does no work"),
        ("drag/a.py", "for i in range(3):  # here\n    pass", "importing a module does no work"),
        ("drag/a.py", "if hasattr(o, 'x'):  # here\n    o.x()", "importing a module does no work"),
        ("drag/a.py", "A = start_a_thread()", "importing a module does no work (start_a_thread)"),
        (
            "drag/a.py",
            "def a():\n    go()\nA = a()  # here",
            "importing a module does no work (go)",
        ),
        ("drag/a.py", "class A:\n    B = open('c')  # here", "does no work (open)"),
        ("drag/a.py", "try:\n    go()  # here\nexcept ImportError:\n    x = 1", "does no work"),
        ("app.py", "import torch\ntorch.flag = 1  # here", "importing a module changes no other"),
        ("assets/a.js", "//\n" * 301, "a file has 300 lines at most"),
        ("tests/a.py", "#\n" * 301, "a file has 300 lines at most"),
    ],
)
def test_what_breaks_a_rule_is_named_with_its_file_and_line(tmp_path, path, text, rule):
    for folder in ("drag/models", "drag/photo", "drag/server", "drag/files", "networks"):
        (tmp_path / folder).mkdir(parents=True)
    for module in ("networks/mobile_stylegan", "drag/files/film", "drag/server/line"):
        (tmp_path / f"{module}.py").touch()
    assert breaches(tmp_path) == []
    (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / path).write_text(text)
    line = next(
        (number for number, each in enumerate(text.splitlines(), 1) if "# here" in each),
        max(1, text.count("\n")),
    )
    (found,) = {each.partition(": ")[::2] for each in breaches(tmp_path)}
    assert found[0] == f"{path}:{line}"
    assert rule in found[1]


def test_files_that_stand_in_the_middle_are_counted(tmp_path):
    (tmp_path / "drag").mkdir()
    for number in range(MOST_FILES + 1):
        (tmp_path / "drag" / f"a{number}.py").touch()
    assert breaches(tmp_path) == ["drag:19: at most 18 files stand directly in drag/"]


def test_what_may_be_done_at_import_is_not_refused(tmp_path):
    (tmp_path / "drag").mkdir()
    (tmp_path / "drag" / "a.py").write_text(
        '"""A module."""\nimport re\nfrom typing import TYPE_CHECKING\n\n'
        "if TYPE_CHECKING:\n    from drag.edit import Edit\nA, B = 1, re.compile('b')\n"
        "def _made():\n    return 1\n\n\nC: int = _made()\nD = lambda: start()\n"
        "try:\n    import spaces\nexcept ImportError:\n    spaces = None\n"
        "if __name__ == '__main__':\n    start()\n"
    )
    assert breaches(tmp_path) == []
