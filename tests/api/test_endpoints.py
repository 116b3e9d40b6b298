"""The endpoints for programs, as a program calls them: over HTTP."""

import base64
import contextlib
import io
import itertools
import json
import os
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import av
import gradio as gr
import httpx
import numpy as np
import pytest
from gradio_client import Client
from PIL import Image

from drag.files import project
from drag.files.overlays import draw_mark
from drag.loop import Step
from drag.models.loaded import LoadedModels
from drag.render import render
from drag.server.line import Line
from drag.server.shares import TOO_MUCH, Shares
from drag.web.api import Api
from tests.test_readme import example

PAIR = [560, 600, 540, 600]


def to_edit(record: dict):
    return project.from_project(json.dumps(record).encode())


def test_the_api_says_what_it_takes_and_gives(client):
    endpoints = client.view_api(return_format="dict")["named_endpoints"]
    assert set(endpoints) == {"/sample", "/drag", "/render", "/export"}
    taken = {
        name: [
            (each["parameter_name"], each["python_type"]["type"]) for each in endpoint["parameters"]
        ]
        for name, endpoint in endpoints.items()
    }
    given = {
        name: [each["python_type"]["type"] for each in endpoint["returns"]]
        for name, endpoint in endpoints.items()
    }
    assert taken["/sample"] == [("seed", "int"), ("truncation_psi", "float"), ("model", "str")]
    assert taken["/drag"][:3] == [
        ("edit", "dict(str, Any)"),
        ("points", "list[list[float]]"),
        ("mask", "None | str"),
    ]
    assert taken["/render"] == [("edit", "dict(str, Any)"), ("mark", "bool")]
    assert taken["/export"][1][1].startswith("Literal['mp4', 'gif',")
    assert given["/sample"] == ["dict(str, Any)"]
    assert given["/drag"][0].startswith("dict(number: int, handles: list[list[float]], ")
    assert given["/render"] == given["/export"] == ["filepath"]
    assert all(len(endpoint["description"]) > 100 for endpoint in endpoints.values())


def test_a_drag_comes_as_a_stream_of_edits(steps, edit):
    over = [done for done, _ in steps]
    records = [step for _, step in steps]
    assert [step["number"] for step in records] == [0, 1, 2, 3]
    assert not over[0]  # they do not come all at once, at the end
    assert [step["ending"] for step in records] == [None, None, None, "step cap"]
    assert records[0]["handles"] == [[560, 600]]
    assert records[0]["distances"] == [20]
    assert records[1]["distances"][0] < 18
    before = to_edit(edit)
    for step in records:
        reached = to_edit(step["edit"])
        assert [list(pair.handle) for pair in reached.points] == step["handles"]
        assert np.array_equal(reached.ws, before.ws) == (step["number"] == 0)
        assert len(reached.history) == (step["ending"] is not None)
        assert not reached.settings.hold_placement
    np.testing.assert_array_equal(to_edit(records[-1]["edit"]).undo().ws, before.ws)


def test_a_step_that_is_not_the_last_goes_on(client, steps):
    """What a program has that stopped early: the edit, with its points."""
    _, first = steps[1]
    again = list(client.submit(first["edit"], [], max_steps=1, api_name="/drag"))
    assert again[0]["handles"] == first["handles"]
    assert again[-1]["distances"] != first["distances"]


def test_an_edit_is_rendered_with_a_mark_unless_that_is_not_wanted(client, steps, generator):
    _, last = steps[-1]
    picture = render(generator, to_edit(last["edit"]).ws)
    for mark, wanted in {True: draw_mark(picture), False: picture}.items():
        with Image.open(client.predict(last["edit"], mark, api_name="/render")) as shown:
            assert shown.format == "PNG"
            assert shown.size == (1024, 1024)
            assert "AI-generated" in shown.text["Comment"]
            assert json.loads(shown.text["drag"])["seed"] == 3
            np.testing.assert_array_equal(np.asarray(shown), wanted)


@pytest.mark.slow
def test_a_film_and_a_project_are_exported(client, steps):
    _, last = steps[-1]
    path = client.predict(last["edit"], "mp4", 0.5, True, api_name="/export")
    assert path.endswith("draggan-seed3.mp4")
    with av.open(path) as container:
        assert "AI-generated" in container.metadata["comment"]
        assert len(list(container.decode(video=0))) == 12 + 2 * 12
    with open(client.predict(last["edit"], "drag", api_name="/export"), "rb") as file:
        opened = project.from_project(file.read())
    np.testing.assert_array_equal(opened.ws, to_edit(last["edit"]).ws)
    assert len(opened.history) == 1


def test_a_region_is_taken_as_a_png_and_stays_with_the_edit(client, edit):
    mask = Image.new("1", (1024, 1024))
    mask.paste(1, (300, 250, 750, 900))
    buffer = io.BytesIO()
    mask.save(buffer, "PNG")
    text = base64.b64encode(buffer.getvalue()).decode()
    for sent in (text, f"data:image/png;base64,{text}"):
        job = client.submit(edit, [PAIR], sent, 1, api_name="/drag")
        *_, last = job
        np.testing.assert_array_equal(to_edit(last["edit"]).mask, np.asarray(mask))
    further = list(client.submit(last["edit"], [], None, 1, api_name="/drag"))
    assert to_edit(further[-1]["edit"]).mask_png == to_edit(last["edit"]).mask_png


def test_a_drag_ends_when_nobody_listens_any_more(client, edit):
    settings = edit["entries"][0]["settings"] | {"learning_rate": 1e-5}  # it takes minutes
    slow = edit | {"entries": [edit["entries"][0] | {"settings": settings}]}
    job = client.submit(slow, [PAIR], None, 2000, "adam", api_name="/drag")
    for step in job:
        if step["number"] == 1:
            break
    job.cancel()
    begun = time.monotonic()  # the device is free again, long before so many steps are taken
    after = client.submit(edit, [PAIR], None, 1, api_name="/drag").result(timeout=60)
    assert after["ending"] == "step cap"
    assert time.monotonic() - begun < 20


class Endless:
    """An engine whose drags end when they are closed."""

    def __init__(self):
        self.ended = threading.Event()

    def steps(self, edit, seconds, view):
        try:
            for number in itertools.count(1):
                yield Step(number, edit.ws, ((560.0, 600.0),), (20.0,))
        finally:
            self.ended.set()


def test_a_stream_that_is_closed_closes_the_drag_and_frees_the_device(edit):
    models, engine, line = LoadedModels("cpu"), Endless(), Line(1)
    api = Api(models, engine, Shares(line, Line()))
    with pytest.raises(gr.Error, match="sample a picture of it first"):
        list(api.drag(edit, [PAIR]))  # no drag waits for a download
    with models.use("builtin"):
        pass
    steps = api.drag(edit, [PAIR])
    assert [next(steps)["number"] for _ in range(4)] == [0, 1, 2, 3]
    assert line.running == 1
    steps.close()
    assert engine.ended.wait(5)
    assert [entry.users for entry in models._entries.values()] == [0]


def test_a_program_sees_its_place_and_has_one_drag_at_a_time(edit, monkeypatch):
    monkeypatch.setattr("drag.web.api.WAITING_SECONDS", 0)
    models, line = LoadedModels("cpu"), Line(1)
    api, (one, two) = (
        Api(models, Endless(), Shares(line, Line())),
        (SimpleNamespace(session_hash=name) for name in ("one", "two")),
    )
    with models.use("builtin"), contextlib.closing(api.drag(edit, [PAIR], request=one)) as first:
        assert [next(first)["number"] for _ in range(2)] == [0, 1]
        again = api.drag(edit, [PAIR], request=one)
        next(again)
        with pytest.raises(gr.Error, match=TOO_MUCH):
            next(again)
        with contextlib.closing(api.drag(edit, [PAIR], request=two)) as second:
            assert [(step["number"], step["waiting"]) for step in itertools.islice(second, 2)] == [
                (0, 0),
                (0, 1),
            ]
            first.close()
            assert next(step["number"] for step in second if not step["waiting"]) == 1


@pytest.mark.slow
def test_files_that_were_sent_are_removed_after_a_while(address, client, edit):
    """An hour, here three seconds."""
    with contextlib.closing(Client(address, verbose=False, download_files=False)) as other:
        sent = other.predict(edit, True, api_name="/render")
    assert httpx.get(sent["url"]).status_code == 200
    until = time.monotonic() + 20
    while httpx.get(sent["url"]).status_code == 200 and time.monotonic() < until:
        time.sleep(0.5)
    assert httpx.get(sent["url"]).status_code != 200


@pytest.mark.slow
def test_the_readmes_script_streams_a_drag(address, tmp_path):
    code = example("gradio_client").replace("http://localhost:7860", address)
    ran = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    *steps, picture, film = [line for line in ran.stdout.splitlines() if "Loaded as" not in line]
    assert [int(step.split()[0]) for step in steps] == list(range(len(steps)))
    assert len(steps) > 3
    assert Image.open(picture).text["Source"] == "AI-generated"
    with av.open(film) as opened:
        assert opened.duration / av.time_base == pytest.approx(2, abs=0.1)  # both ends stand still
