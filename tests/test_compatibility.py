"""What the program of commit 8a9dfdf wrote opens today, with all that was in it: projects, one with
a photo's tuning, and the copy of an edit that a browser keeps. data/compatibility/README.txt says
how the files were made; they are not to be made anew."""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

import drag.__main__ as command
from drag.files.opening import read
from drag.files.project import from_project, to_project
from drag.generate import check_model
from drag.models.loaded import LoadedModels
from drag.render import render, render_edit
from drag.settings import WHOLE
from tests.page.conftest import PageHandlers

DATA = Path(__file__).parent / "data" / "compatibility"
EXPECTED = json.loads((DATA / "expected.json").read_text("utf-8"))
REQUEST = SimpleNamespace(session_hash="visitor", headers={"accept-language": "en"})
# Settings that came later, as what was saved before has them.
NEWER = ("reach", WHOLE), ("hold_placement", True)
NEAR = 0.5  # of 255, mean: the same picture on another machine


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def facts(edit):
    """What expected.json has of an entry."""
    return {
        "model": edit.model,
        "seed": edit.seed,
        "truncation_psi": edit.truncation_psi,
        "style_seed": edit.style_seed,
        "change": edit.change,
        "ws": sha(edit.ws.astype("<f4").tobytes()),
        "origin": sha(edit.origin.astype("<f4").tobytes()),
        "mask": None if edit.mask is None else sha(np.packbits(edit.mask).tobytes()),
        "tuning": edit.tuning and edit.tuning.key,
        "points": [[*pair.handle, *pair.target, pair.key] for pair in edit.points],
        "settings": {k: v for k, v in asdict(edit.settings).items() if (k, v) not in NEWER},
    }


def check(edit, expected):
    """That edit and history are as they were."""
    assert len(edit.history) == expected["at"]
    assert [facts(entry) for entry in edit.timeline] == [
        entry | {"settings": entry["settings"] | {"solver": "gauss-newton"}}  # that has regions now
        if entry["settings"]["solver"] == "gauss-newton-region"
        else entry
        for entry in expected["entries"]
    ]


def away(picture, name):
    """How far a picture is from the small one that was kept, of 255."""
    with Image.open(DATA / f"{name}.png") as kept:
        small = Image.fromarray(picture).resize(kept.size, Image.Resampling.BOX)
        return np.abs(np.asarray(small, float) - np.asarray(kept, float)).mean()


@pytest.mark.parametrize("name", ["project", "photo"])
def test_a_project_of_the_commit_before_the_rebuild_opens_as_it_was(generator, name):
    edit, expected = read(str(DATA / f"{name}.drag")), EXPECTED[name]
    check_model(generator, edit)
    check(edit, expected)
    check(from_project(to_project(edit)), expected)
    assert away(render_edit(generator, edit), name) < NEAR
    whole = edit
    while whole.history:
        whole = whole.undo()
    for entry in expected["entries"]:
        assert facts(whole)["ws"] == entry["ws"]
        assert facts(whole)["points"] == entry["points"]
        whole = whole.redo()


def test_the_pictures_kept_tell_one_entry_from_another_and_tuned_from_not(generator):
    project, photo = (read(str(DATA / f"{name}.drag")) for name in ("project", "photo"))
    assert away(render(generator, photo.ws), "photo") > 2 * NEAR
    assert away(render(generator, project.origin), "project") > 2 * NEAR
    assert away(render(generator, project.redo().redo().ws), "project") > 2 * NEAR


def test_the_command_line_opens_the_photo(generator, tmp_path):
    out = tmp_path / "out.png"
    report = command.run(
        command.build_parser().parse_args(
            ["--open", str(DATA / "photo.drag"), "--device", "cpu", "--out", str(out)]
        )
    )
    assert report["tuned"]
    with Image.open(out) as picture:
        assert away(np.asarray(picture), "photo") < NEAR


@pytest.fixture
def page(generator):
    """The handlers of a server that was started anew."""
    models = LoadedModels("cpu")
    models.put(models.find("builtin"), generator)
    return PageHandlers(models)


def arrived(page, placed):
    """The edit of a browser that comes back with its copy, as recall.js hands it over."""
    stored = json.loads((DATA / "copy.json").read_text("utf-8"))
    page.visits.arrive(
        stored["draggan"],
        stored["draggan_edit"],
        json.loads(stored["draggan_placed"]) if placed else None,
        REQUEST,
    )
    return page.desk.sessions.get("visitor").edit


def test_the_copy_of_a_browser_is_shown_by_a_server_that_does_not_know_it(page, generator):
    edit = arrived(page, placed=False)
    check(edit, EXPECTED["copy"])
    assert away(render_edit(generator, edit), "copy") < NEAR
    assert away(render(generator, edit.origin), "copy") > 2 * NEAR


def test_what_was_on_its_canvas_is_put_back(page):
    edit, expected = arrived(page, placed=True), EXPECTED["copy"]
    assert facts(edit) | {"change": "drag"} == expected["placed"]
    earlier = [facts(entry) for entry in edit.timeline]
    assert earlier[: expected["at"] + 1] == expected["entries"]
