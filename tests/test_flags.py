"""What `python app.py` makes of its flags, and of those of the environment."""

import sys

import pytest

from drag.server.line import LENGTH, SECONDS
from drag.web.flags import parse_args, split


@pytest.fixture(autouse=True)
def nobody_elses_flags(monkeypatch):
    """No variable that this machine may have set."""
    for name in ("DRAG_FLAGS", "GRADIO_SERVER_NAME", "SPACE_ID"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("flags", "environment", "allowed"),
    [
        ([], {}, True),
        (["--host", "127.0.0.1"], {}, True),
        (["--host", "localhost"], {}, True),
        (["--host", "::1"], {}, True),
        (["--host", "[::1]"], {}, True),
        (["--host", "127.9.9.9"], {}, True),
        (["--share"], {}, False),
        (["--host", "0.0.0.0"], {}, False),
        (["--host", "::"], {}, False),
        (["--host", "192.168.0.5"], {}, False),
        (["--host", "my-machine"], {}, False),
        ([], {"GRADIO_SERVER_NAME": "0.0.0.0"}, False),
        ([], {"SPACE_ID": "a/b"}, False),
        (["--host", "localhost"], {"GRADIO_SERVER_NAME": "0.0.0.0"}, True),
        (["--host", "127.0.0.1"], {"SPACE_ID": "a/b"}, False),
        (["--share", "--allow-custom-models"], {}, True),
        (["--no-allow-custom-models"], {}, False),
        ([], {"SPACE_ID": "a/b", "DRAG_FLAGS": "--allow-custom-models"}, True),
    ],
)
def test_strangers_may_load_any_model_only_where_the_operator_says_so(
    monkeypatch, flags, environment, allowed
):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert parse_args(flags).allow_custom_models is allowed


def test_flags_of_the_environment_come_before_those_of_the_command_line(monkeypatch):
    monkeypatch.setenv("DRAG_FLAGS", "--line 3 --drags 2 --auth 'ann:a b' --drag-seconds 30")
    args = parse_args(["--line", "9", "--auth", "bob:c:d"])
    assert (args.line, args.drags, args.drag_seconds) == (9, 2, 30)
    assert args.auth == [("ann", "a b"), ("bob", "c:d")]
    monkeypatch.delenv("DRAG_FLAGS")
    args = parse_args([])
    assert (args.line, args.drags, args.drag_seconds, args.auth) == (LENGTH, None, SECONDS, None)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (r"--model C:\models\face.pkl", ["--model", r"C:\models\face.pkl"]),
        (
            r'--model "C:\My models\n.pkl" --line 3',
            ["--model", r"C:\My models\n.pkl", "--line", "3"],
        ),
        (r"--model \\server\share\x.pkl", ["--model", r"\\server\share\x.pkl"]),
        (r"--model C:\Users\O'Brien\x.pkl", ["--model", r"C:\Users\O'Brien\x.pkl"]),
        ('--model "C:\\models\\"', ["--model", "C:\\models\\"]),
        ("--auth ann:#1", ["--auth", "ann:#1"]),
    ],
)
def test_paths_of_windows_keep_their_backslashes(text, words):
    assert split(text, windows=True) == words
    assert split(r"a\ b 'c d' #e", windows=False) == ["a b", "c d", "#e"]


@pytest.mark.parametrize(
    ("flags", "environment", "words"),
    [
        (["--auth", "secret"], "", "--auth: must be user:password"),
        (["--auth", ":secret"], "", "--auth: must be user:password"),
        (["--auth", "secret:"], "", "--auth: must be user:password"),
        (["--auth", " secret:x"], "", "--auth: must be user:password"),
        (["--auth"], "", "--auth: expected at least one argument"),
        (["--auth", "ann:secret", "ann:secret2"], "", "--auth: a user is named twice"),
        (["--auht=ann:secret"], "", "unknown: --auht"),
        (["--auht", "ann:secret"], "", "unknown: --au"),
        (["ann:secret"], "", "unknown: words that belong to no flag"),
        ([], "--auth 'ann:secret", "DRAG_FLAGS cannot be read: no closing quotation"),
        ([], "--auth secret", "--auth: must be user:password"),
        (["--port", "0"], "", "--port: must be a whole number from 1 to 65535"),
        (["--port", "70000"], "", "--port: must be a whole number from 1 to 65535"),
        (["--drags", "0"], "", "--drags: must be a whole number from 1"),
        (["--line", "-1"], "", "--line: must be a whole number from 0"),
        (["--line", "many"], "", "--line: must be a whole number from 0"),
        (["--drag-seconds", "inf"], "", "--drag-seconds: must be a number"),
        (["--drag-seconds", "0"], "", "--drag-seconds: must be a number"),
        (["--mcp"], "", '--mcp: a package is missing: pip install "mcp'),
    ],
)
def test_a_flag_that_is_wrong_is_answered_in_one_sentence_that_repeats_no_password(
    monkeypatch, capsys, flags, environment, words
):
    monkeypatch.setenv("DRAG_FLAGS", environment)
    monkeypatch.setitem(sys.modules, "mcp", None)  # as if it were not installed
    with pytest.raises(SystemExit) as caught:
        parse_args(flags)
    assert caught.value.code == 2
    said = capsys.readouterr().err
    assert words in said.splitlines()[-1]
    assert "secret" not in said
