"""A picture that a photo was fitted to, by the page's handlers: it is shown tuned everywhere."""

import base64
import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from drag.files.project import from_project
from drag.generate import follow
from drag.models.catalogue import local_models
from drag.models.loaded import LoadedModels
from drag.page.components.canvas import to_value
from drag.render import render, render_edit
from tests.page.conftest import (
    CANVAS,
    ENGLISH,
    LINE,
    POINT,
    PageHandlers,
    another,
    canvas_of,
    event,
    pressed,
    visitor,
)
from tests.page.test_files import opened, saved
from tests.tunings import random_tuning


@pytest.fixture
def network(handlers):
    with handlers.desk.models.use("a.pkl") as generator:
        yield generator


@pytest.fixture
def session(handlers, network):
    """A visitor who has had a photo inverted: the same latents as before, and a tuning."""
    session = visitor(handlers)
    before = session.edit
    photo = replace(before, seed=None, change="photo", tuning=random_tuning(network))
    session.replace_edit(follow(before, photo))
    return session


def shown(source):
    """The picture of a frame, or of another data URL."""
    url = source["frame"]["src"] if "frame" in source else source["src"]
    content = base64.b64decode(url.split(",")[1])
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB")).astype(float)


def is_picture(picture, network, edit):
    """Whether it is that of the edit, tuned, and not the other one."""
    right, wrong = render_edit(network, edit), render(network, edit.ws)
    return np.abs(picture - right).mean() < 4 < np.abs(picture - wrong).mean()


def test_undo_and_redo_lead_from_one_to_the_other_although_the_latents_are_the_same(
    handlers, network, session
):
    photo = session.edit
    value = to_value(photo, session.revision)
    back = handlers.history.undo(value, ENGLISH)
    assert np.abs(shown(back[CANVAS]) - render(network, photo.ws)).mean() < 4
    forth = handlers.history.redo(to_value(session.edit, session.revision), ENGLISH)
    assert is_picture(shown(forth[CANVAS]), network, photo)
    row = forth["history"]
    assert [item["label"] for item in row["items"]] == ["Face 0", "Photo"]
    assert len({item["picture"] for item in row["items"]}) == 2
    handlers.history.undo(to_value(session.edit, session.revision), ENGLISH)
    jumped = handlers.history.jump(event(row["items"][1]["id"]), ENGLISH)
    assert is_picture(shown(jumped[CANVAS]), network, photo)


def test_thumbnails_and_the_original_are_tuned(handlers, network, session):
    small = [
        handlers.scripts.thumbnail([session.token, entry.picture_key.hex()])
        for entry in session.edit.timeline
    ]
    assert small[0] != small[1]
    handlers.desk.render(session.edit)
    session.replace_edit(session.edit.remember().moved(session.edit.ws + 0.5, []))
    told = handlers.history.compare(ENGLISH)
    assert is_picture(shown(told[CANVAS]["before"]), network, session.edit.undo())


def test_a_drag_moves_it_and_what_is_mixed_in_leaves_it_tuned(handlers, network, session):
    tuning = session.edit.tuning
    handlers.history.change(canvas_of(session, POINT), ENGLISH)
    handlers.drags.arm(pressed(canvas_of(session, POINT), 3), ENGLISH)
    *_, last = handlers.drags.run(ENGLISH)
    assert session.edit.tuning is tuning
    assert is_picture(shown(last[CANVAS]), network, session.edit)
    handlers.history.scrub(1, ENGLISH)
    assert session.edit.tuning is tuning
    mixed = handlers.pictures.mix("5", 2, ENGLISH)
    assert session.edit.tuning is tuning
    assert is_picture(shown(mixed[CANVAS]), network, session.edit)
    offered = handlers.pictures.looks(2, ENGLISH)
    assert len(offered["offered"]["items"]) == 6
    handlers.history.reset_picture(ENGLISH)
    assert session.edit.tuning is tuning
    handlers.pictures.resample("7", 0.7, ENGLISH)
    assert session.edit.tuning is None


def test_it_is_saved_opened_and_kept_by_a_browser(handlers, folder, network, session):
    photo = session.edit
    image = Image.open(io.BytesIO(saved(handlers, "png", points=False, mark=False)))
    assert is_picture(np.asarray(image).astype(float), network, photo)
    content = saved(handlers, "drag")
    assert from_project(content).tuning.key == photo.tuning.key
    handlers.pictures.resample("7", 0.7, ENGLISH)
    outputs = opened(handlers, "mine.drag", content)
    assert is_picture(shown(outputs[CANVAS]), network, photo)
    assert session.edit.tuning.key == photo.tuning.key
    kept = handlers.scripts.keep([session.token])
    other = PageHandlers(LoadedModels("cpu", local=local_models(folder)), "a.pkl")
    outputs = other.visits.arrive(session.token, kept, None, ENGLISH)
    assert "Welcome back" in outputs[LINE]
    assert is_picture(shown(outputs[CANVAS]), network, photo)
    again = handlers.visits.arrive(session.token, "", None, another("reloaded"))
    assert is_picture(shown(again[CANVAS]), network, photo)
