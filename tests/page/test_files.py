"""Files saved and opened, and what a browser keeps, by the page's handlers."""

import base64
import io
import json
import pickle
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from drag import new_edit
from drag.files.arrays import from_npz, to_npz
from drag.files.project import from_project, to_project
from drag.models.catalogue import local_models
from drag.models.loaded import LoadedModels
from drag.page import examples
from drag.page.handlers.pictures import examples_row
from drag.page.handlers.scripts import KEEP_BYTES
from tests.page.conftest import (
    ENGLISH,
    LINE,
    POINT,
    SEED,
    PageHandlers,
    another,
    ask,
    dragged,
    visitor,
)


def saved(handlers, kind, **options):
    """The file that is handed to the visitor, or what is said where there is none."""
    arguments = {"seconds": 0.5, "size": 512, "points": True, "mark": True} | options
    *_, last = handlers.files.save(kind, *arguments.values(), ENGLISH)
    if "exchange" not in last:
        return last[LINE]
    return base64.b64decode(last["exchange"]["saved"]["src"].split(",")[1])


def opened(handlers, name, content):
    """What the page is told after a file was opened."""
    value = {"name": name, "content": base64.b64encode(content).decode()}
    return list(handlers.files.open(value, ENGLISH))[-1]


def test_files_are_saved_and_opened_again(handlers):
    session, _ = dragged(handlers)
    before = session.edit
    picture = saved(handlers, "png")
    assert Image.open(io.BytesIO(picture)).text["Source"] == "AI-generated"
    assert Image.open(io.BytesIO(saved(handlers, "gif"))).is_animated
    np.testing.assert_array_equal(from_npz(saved(handlers, "npz")), before.ws)
    content = saved(handlers, "drag")
    assert len(from_project(content).history) == 2
    handlers.pictures.resample("7", 0.7, ENGLISH)
    outputs = opened(handlers, "mine.drag", content)
    assert "Opened <b>mine.drag</b>" in outputs[LINE]
    assert outputs["exchange"] is None
    np.testing.assert_array_equal(session.edit.ws, before.ws)
    assert session.edit.points == before.points
    assert outputs["solver"] == "adam"  # the settings on the page are those of the project
    assert session.edit.undo().undo().undo().seed == 7  # and what was here is not lost
    handlers.pictures.resample("8", 0.7, ENGLISH)
    assert "Opened <b>face.png</b>" in opened(handlers, "face.png", picture)[LINE]
    np.testing.assert_array_equal(session.edit.ws, before.ws)


def test_a_link_is_copied_and_followed_elsewhere(handlers):
    session, _ = dragged(handlers)
    link = handlers.files.share(ENGLISH)["exchange"]["link"]["href"]
    there = another("elsewhere")
    handlers.visits.arrive("", "", None, there)
    value = {"name": "link", "content": base64.b64encode(link[1:].encode()).decode()}
    *_, outputs = handlers.files.open(value, there)
    assert "what whoever sent this link did" in outputs[LINE]
    points = outputs["canvas"]["value"]["points"]
    assert [point["handle"] for point in points] == [list(POINT.handle)]
    assert handlers.desk.sessions.get("elsewhere").edit.same_picture(session.edit.history[0])
    for text, words in (("edit=x", "damaged"), ("model=a/b/c.pkl", "not in the menu")):
        value["content"] = base64.b64encode(text.encode()).decode()
        *_, outputs = handlers.files.open(value, there)
        assert words in outputs[LINE]


def test_only_what_a_kind_of_file_can_have_is_asked_for(handlers):
    seen = {
        kind: [each["visible"] for each in handlers.files.choose_kind(kind).values()]
        for kind in ("png", "gif", "npz", None)
    }
    assert seen["png"] == [False, False, True, True]
    assert seen["gif"] == [True, True, True, True]
    assert seen["npz"] == [False, False, False, False]


@pytest.mark.parametrize("name", ["projected_w.npz", "latent.npy", "0.pt"])
def test_latents_of_other_tools_are_opened_for_the_model_that_is_shown(handlers, name):
    session = visitor(handlers)
    other = replace(session.edit, ws=session.edit.ws + 0.5, origin=None)
    content = io.BytesIO()
    if name.endswith(".pt"):
        torch.save(torch.from_numpy(other.ws[None]), content)
    else:
        np.save(content, other.ws[None])
    outputs = opened(handlers, name, to_npz(other) if "npz" in name else content.getvalue())
    assert f"Opened <b>{name}</b>" in outputs[LINE]
    assert outputs[SEED] == ""
    np.testing.assert_array_equal(session.edit.ws, other.ws)
    assert "has no number" in handlers.pictures.resample("", 0.5, ENGLISH)[LINE]
    assert handlers.pictures.leave_seed("", 0.5, ENGLISH) == {}
    handlers.history.reset_picture(ENGLISH)
    np.testing.assert_array_equal(session.edit.ws, other.ws)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("face.drag", b"{", "not a project"),
        ("face.drag", b"", "not a project"),
        ("face.npz", b"PK", "no latents"),
        ("face.npy", b"", "no latents"),
        ("face.npy", pickle.dumps([1]), "no latents"),
        ("face.png", b"", "holds no edit"),
        ("face.gif", b"", "neither a project"),
        ("../../etc/passwd", b"", "neither a project"),
        ("old.drag", b'{"format": "drag project", "version": 1}', "another version"),
        ("other.npz", "wrong", "are 3 x "),
        ("gone.drag", "gone", "no such file here"),
    ],
)
def test_a_file_that_is_none_is_refused_and_the_edit_stays(handlers, name, content, words):
    session = visitor(handlers)
    session.take_changes([POINT], None, session.revision + 1)
    edit = session.edit
    if content == "wrong":
        content = to_npz(replace(edit, ws=edit.ws[:3]))
    if content == "gone":
        content = to_project(replace(edit, model="gone.pkl", history=()))
    outputs = opened(handlers, name, content)
    assert words in outputs[LINE]
    assert "problem" in outputs[LINE]
    assert outputs["exchange"] is None
    assert session.edit.ws is edit.ws
    assert session.edit.points == edit.points


def test_no_file_makes_the_server_fetch_a_model(handlers, monkeypatch):
    monkeypatch.setattr(handlers.desk.models, "fetch", None)  # would fail
    session = visitor(handlers)
    content = to_project(replace(session.edit, model="stranger/repo/weights.pkl"))
    line = opened(handlers, "mine.drag", content)[LINE]
    assert "stranger/repo/weights.pkl, which is not in the menu" in line


def test_an_opened_edit_has_one_name_of_its_model(handlers):
    session, _ = dragged(handlers)
    odd = replace(
        session.edit,
        model=" A.PKL",
        history=tuple(replace(entry, model=" A.PKL") for entry in session.edit.history),
    )
    opened(handlers, "mine.drag", to_project(odd))
    assert {entry.model for entry in session.edit.timeline} == {"a.pkl"}
    assert len(from_project(to_project(session.edit)).timeline) == len(session.edit.timeline)


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {},
        {"name": 1, "content": ""},
        {"name": "a.drag", "content": "%%%"},
        {"name": "a.drag", "content": "\u00e9"},
        {"name": "a.drag", "content": "A" * 27_000_000},
    ],
)
def test_what_no_file_button_sends_is_refused(handlers, value):
    line = list(handlers.files.open(value, ENGLISH))[-1][LINE]
    assert "choose another" in line


def test_nothing_is_saved_while_a_drag_runs_and_nothing_that_cannot_be(handlers):
    assert "nothing to film" in saved(handlers, "mp4")
    session, _ = dragged(handlers)
    assert "0.5 to 20 seconds" in saved(handlers, "mp4", seconds=1e9)
    assert "number of seconds" in saved(handlers, "mp4", seconds=None)
    assert "512 or 1024 pixels" in saved(handlers, "mp4", size=4096)
    assert "no such kind" in saved(handlers, "exe")
    drag = ask(session)
    assert drag.enter()
    assert drag.begin()
    assert "wait for its end, or press Stop, then save" in saved(handlers, "png")
    drag.end()
    assert saved(handlers, "png").startswith(b"\x89PNG")


def test_a_film_tells_how_far_it_is(handlers):
    dragged(handlers)
    lines = [
        each.get(LINE, "") for each in handlers.files.save("webp", 1, 512, False, False, ENGLISH)
    ]
    told = [line for line in lines if "Making the film" in line]
    assert len(told) > 5
    assert "width:" in told[0]


def test_stop_ends_a_film(handlers):
    dragged(handlers)
    film = handlers.files.save("webp", 5, 512, False, False, ENGLISH)
    told = next(each for each in film if "Making the film" in each.get(LINE, ""))
    assert told["stop"]["interactive"]
    assert "Stopping" in handlers.drags.halt(ENGLISH)[LINE]
    *_, last = film
    assert "not finished" in last[LINE]
    assert not last["stop"]["interactive"]


def test_what_a_browser_keeps_is_shown_by_a_server_that_was_started_anew(handlers, folder):
    session, _ = dragged(handlers)
    kept = handlers.scripts.keep([session.token])
    assert len(kept) < KEEP_BYTES
    assert handlers.scripts.keep(["guess"]) is None
    other = PageHandlers(LoadedModels("cpu", local=local_models(folder)), "a.pkl")
    outputs = other.visits.arrive(session.token, kept, None, ENGLISH)
    assert "Welcome back" in outputs[LINE]
    back = visitor(other).edit
    np.testing.assert_array_equal(back.ws, session.edit.ws)
    assert back.points == session.edit.points
    assert [entry.change for entry in back.timeline] == ["sample", "points", "drag"]
    # The server that knows the token goes by its own edit.
    outputs = handlers.visits.arrive(session.token, kept, None, another("again"))
    assert "as you left it" in outputs[LINE]


@pytest.mark.parametrize("kept", ["", "{", "null", "\ud800", "x" * 100_000])
def test_what_a_browser_kept_and_is_damaged_is_left_out(handlers, kept):
    assert "Press on the picture" in handlers.visits.arrive("", kept, None, another("two"))[LINE]


def test_what_was_kept_of_another_model_waits_for_it_and_of_an_unknown_is_left_out(handlers):
    with handlers.desk.models.use("b.pkl") as generator:
        edit = new_edit(generator, "b.pkl", seed=5)
    handlers.desk.models._entries.clear()
    kept = to_project(edit).decode()
    line = handlers.visits.arrive("", kept, None, another("two"))[LINE]
    assert "of the model b.pkl" in line
    assert visitor(handlers).edit.model == "a.pkl"
    request = another("two")
    assert list(handlers.pictures.choose("b.pkl", request))[-1][SEED] == "5"
    wrong = replace(edit, ws=edit.ws[:, :3], origin=None)
    handlers.visits.arrive("", to_project(wrong).decode(), None, another("three"))
    assert list(handlers.pictures.choose("b.pkl", another("three")))[-1][SEED] == "0"  # a fresh one
    gone = to_project(replace(edit, model="gone.pkl")).decode()
    assert "Press on the picture" in handlers.visits.arrive("", gone, None, another("four"))[LINE]


def test_a_damaged_entry_spoils_no_other_of_a_file_or_a_browsers_copy(handlers):
    session, _ = dragged(handlers)
    content = to_project(session.edit)
    record = json.loads(content)
    record["entries"][0]["change"] = "magic"
    damaged = json.dumps(record).encode()
    line = opened(handlers, "mine.drag", damaged)[LINE]
    assert "Opened <b>mine.drag</b>" in line
    assert "as damaged: 1" in line
    other = PageHandlers(handlers.desk.models, "a.pkl")
    assert "Welcome back" in other.visits.arrive("", damaged.decode(), None, ENGLISH)[LINE]
    assert len(visitor(other).edit.timeline) == 2


def test_an_example_without_its_picture_leaves_the_others(monkeypatch, tmp_path, caplog):
    # A file that is not there kept the page from starting.
    first, *others = examples.EXAMPLES
    for name in others:
        (tmp_path / f"{name}.jpg").write_bytes(b"\xff\xd8")
    monkeypatch.setattr(examples, "FOLDER", tmp_path)
    assert [item["id"] for item in examples_row("en")["items"]] == others
    assert first in caplog.text
    assert "photo has no picture" in caplog.text
