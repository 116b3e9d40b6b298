"""What the endpoints refuse: in one sentence, and nothing is read or printed."""

import base64

import gradio as gr
import httpx
import numpy as np
import pytest
from gradio_client.exceptions import AppError

from drag.models.loaded import LoadedModels
from drag.server.line import Line
from drag.server.shares import Shares
from drag.web.api import Api

PAIR = [560, 600, 540, 600]
NO_PROJECT = "not a project that was saved here"


def changed(edit: dict, **changes) -> dict:
    """An edit by whoever changes it by hand: its only entry has these values."""
    return edit | {"entries": [edit["entries"][0] | changes]}


def with_nan(edit: dict) -> dict:
    """An edit whose latents are not numbers."""
    data = base64.b64decode(edit["data"][0])
    bad = np.full(len(data) // 4, np.nan, "<f4").tobytes()
    return edit | {"data": [base64.b64encode(bad).decode(), *edit["data"][1:]]}


BAD_EDITS = {
    "none": (lambda edit: None, NO_PROJECT),
    "text": (lambda edit: "cake", NO_PROJECT),
    "a list": (lambda edit: [edit], NO_PROJECT),
    "empty": (lambda edit: {}, NO_PROJECT),
    "no entries": (lambda edit: edit | {"entries": []}, NO_PROJECT),
    "no data": (lambda edit: edit | {"data": []}, NO_PROJECT),
    "10 MB of nonsense": (lambda edit: edit | {"data": ["A" * 10_000_000]}, NO_PROJECT),
    "30 MB": (lambda edit: edit | {"more": "A" * 30_000_000}, "larger than 20 MB"),
    "very deep": (lambda edit: edit | {"more": deep(300)}, None),
    "latents that are none": (with_nan, "not finite"),
    "another model's": (
        lambda edit: changed(edit, img_size=[64, 64]),
        "here, and this model makes",
    ),
    "a model that is a path": (lambda edit: changed(edit, model="/etc/passwd"), "no such file"),
    "a model that is a folder": (lambda edit: changed(edit, model="."), "no such file here"),
    "an odd solver": (
        lambda edit: changed(edit, settings=edit["entries"][0]["settings"] | {"solver": ["x"]}),
        NO_PROJECT,
    ),
}


def deep(levels: int) -> list:
    """Lists within lists."""
    value: list = []
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize("name", BAD_EDITS)
def test_an_edit_that_is_none_is_answered_in_one_sentence(client, quiet, edit, name):
    spoil, words = BAD_EDITS[name]
    if words is None:  # what else an edit holds is no matter
        assert client.predict(spoil(edit), api_name="/render").endswith(".png")
        return
    with pytest.raises(AppError, match=words) as caught:
        client.predict(spoil(edit), api_name="/render")
    assert_plain(caught.value)


def assert_plain(error: AppError) -> None:
    said = str(error)
    assert "Traceback" not in said
    assert len(said) < 400
    assert said.endswith(".")
    assert "\n" not in said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"points": []}, "No point is placed"),
        ({"points": [[5, 5, 5, 5]]}, "already at its target"),
        ({"points": [[5, 5, 2000, 5]]}, "Point 1 ends outside"),
        ({"points": [[-1, 5, 20, 5]]}, "Point 1 starts outside"),
        ({"points": [[5, 5, 10**400, 5]]}, "Point 1 ends outside"),
        ({"points": [PAIR] * 1000}, "At most 100 points"),
        ({"points": [[1, 2, 3]]}, r"list of \[x, y, target x, target y\]"),
        ({"points": [["1", 2, 3, 4]]}, r"list of \[x, y, target x, target y\]"),
        ({"points": [{"x": 1}]}, r"list of \[x, y, target x, target y\]"),
        ({"points": "cake"}, r"list of \[x, y, target x, target y\]"),
        ({"mask": "cake"}, "must be a PNG in base64"),
        ({"mask": "é"}, "must be a PNG in base64"),
        ({"mask": 5}, "must be a PNG in base64"),
        ({"mask": base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(50)).decode()}, "must be a PNG"),
        ({"max_steps": 0}, "step limit must be a number"),
        ({"max_steps": 10**9}, "step limit must be a number"),
        ({"max_steps": "many"}, "step limit must be a number"),
        ({"solver": "magic"}, "solver must be one of"),
        ({"solver": ["adam"]}, "solver must be one of"),
    ],
)
def test_a_drag_that_cannot_be_is_answered_in_one_sentence(client, quiet, edit, arguments, words):
    sent = {"edit": edit, "points": [PAIR], "max_steps": 1} | arguments
    with pytest.raises(AppError, match=words) as caught:
        client.predict(**sent, api_name="/drag")
    assert_plain(caught.value)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"seed": -1}, "whole number from 0"),
        ({"seed": "face"}, "whole number from 0"),
        ({"seed": 1.5}, "whole number from 0"),
        ({"truncation_psi": 7}, "from 0 to 1"),
        ({"truncation_psi": [1]}, "from 0 to 1"),
        ({"model": "kittens"}, "no model of that name"),
        ({"model": "/etc/passwd"}, "no such file here"),
        ({"model": "../networks"}, "no such file here"),
        ({"model": 5}, "no model of that name"),
    ],
)
def test_a_sample_that_cannot_be_is_answered_in_one_sentence(client, quiet, arguments, words):
    with pytest.raises(AppError, match=words) as caught:
        client.predict(**arguments, api_name="/sample")
    assert_plain(caught.value)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"kind": "exe"}, "no such kind of file"),
        ({"kind": "../../x.png"}, "no such kind of file"),
        ({"kind": None}, "no such kind of file"),
        ({"seconds": 1e9}, r"takes 0\.5 to 20 seconds"),
        ({"seconds": "long"}, r"takes 0\.5 to 20 seconds"),
        ({}, "nothing to film"),
    ],
)
def test_an_export_that_cannot_be_is_answered_in_one_sentence(
    client, quiet, edit, arguments, words
):
    with pytest.raises(AppError, match=words) as caught:
        client.predict(edit, **arguments, api_name="/export")
    assert_plain(caught.value)


@pytest.mark.parametrize("kind", [RuntimeError, ValueError])
def test_what_fails_within_is_answered_in_one_sentence_too(edit, monkeypatch, caplog, kind):
    def fail(*_, **__):
        raise kind("CUDA out of memory at /home/someone/secret.py")

    monkeypatch.setattr("drag.files.export.render_edit", fail)
    with pytest.raises(gr.Error) as caught:
        Api(LoadedModels("cpu"), None, Shares(Line(), Line())).render(edit)
    assert "lack of memory" in caught.value.message
    assert "secret.py" not in caught.value.message
    assert "secret.py" in caplog.text  # for whoever runs the server


def test_no_call_reads_files_of_the_server(address, edit):
    """Raw requests, for the client uploads what it takes to be a file."""
    for record in (
        {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}},
        edit | {"more": {"path": "/etc/hosts", "meta": {"_type": "gradio.FileData"}}},
    ):
        call = httpx.post(f"{address}gradio_api/call/render", json={"data": [record, True]})
        answer = httpx.get(f"{address}gradio_api/call/render/{call.json()['event_id']}")
        assert "event: error" in answer.text
        assert "root:" not in answer.text
        assert "localhost" not in answer.text
