"""The page's handlers over three small random networks, and a visitor who calls them."""

import contextlib
import json
import threading
import time
from dataclasses import replace
from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest

from drag import PointPair, new_edit
from drag.models.catalogue import local_models
from drag.models.loaded import LoadedModels
from drag.page.components.canvas import to_value
from drag.page.handlers import Handlers
from drag.photo import inversion
from drag.photo.inversion import Fit
from drag.server.drags import Drag
from drag.server.jobs import Job, Kind
from tests.checkpoint_files import random_state, write_nvidia

ENGLISH = SimpleNamespace(session_hash="visitor", headers={"accept-language": "en-GB,zh;q=0.5"})
CHINESE = SimpleNamespace(session_hash="visitor", headers={"accept-language": "zh-CN,en;q=0.5"})
LINE, CANVAS, SEED, STEPS, UNDO, REDO = 0, 1, 2, 5, 6, 7  # of a handler's outputs
POINT = PointPair((8, 8), (24, 24))


@pytest.fixture
def folder(tmp_path):
    """Three networks of this machine."""
    for seed, (name, w_dim) in enumerate({"a.pkl": 24, "b.pkl": 32, "c.pkl": 24}.items()):
        write_nvidia(tmp_path / name, random_state(w_dim=w_dim, seed=seed), layout="G_ema")
    return tmp_path


@pytest.fixture
def handlers(folder):
    """The page of these models, and a visitor who looks at the first."""
    handlers = Handlers(LoadedModels("cpu", local=local_models(folder)), "a.pkl")
    handlers.arrive("", "", None, ENGLISH)
    return handlers


class Fits:
    """Stands for the engine's inversion: so many fits, from one edit's latents to another's."""

    def __init__(self, handlers, count=4, distance=0.9, error=None, pause=0.0):
        self.handlers, self.count, self.distance = handlers, count, distance
        self.error, self.pause, self.calls, self.closed = error, pause, [], threading.Event()

    def __call__(self, model, picture, seconds):
        self.calls.append((model, picture.shape, seconds))
        try:
            with self.handlers.models.use(model) as generator:
                start, end = (new_edit(generator, model, seed).ws for seed in (3, 5))
            for i in range(self.count):
                share = i / (self.count - 1)
                ws = ((1 - share) * start + share * end).astype(np.float32)
                stage = ("encoder", "latents", "weights")[min(i, 2)]
                yield Fit(stage, share, 9 * (1 - share), ws, None, self.distance - 0.8 * share,
                          np.full((32, 32, 3), 99, np.uint8), i == self.count - 1,
                          self.distance)
                time.sleep(self.pause)
                if self.error and i == 1:
                    raise self.error
        finally:
            self.closed.set()


@pytest.fixture
def fits(handlers, monkeypatch):
    """The engine's inversion, which is quick here."""
    monkeypatch.setattr(inversion, "is_far", lambda fit, face: fit.strangeness > 1)
    monkeypatch.setattr(inversion, "verdict", lambda distance: (
        "close" if distance < 0.3 else "far"))
    fits = Fits(handlers)
    monkeypatch.setattr(handlers.engine, "invert", fits)
    return fits


@contextlib.contextmanager
def held(line):
    """The device of this line is taken until this ends, or the event that it gives is set."""
    free = threading.Event()

    def steps():
        yield "begun"
        free.wait(60)

    with contextlib.closing(line.run(Job(Kind.DRAG, steps))) as run:
        next(run)
        try:
            yield free
        finally:
            free.set()


def ask(session, engine=None):
    """A drag that a visitor has asked for."""
    drag = Drag(session, engine)
    assert session.arm(drag, session.edit, session.edit)
    return drag


def visitor(handlers):
    """That visitor's session."""
    return handlers.sessions.get("visitor")


def another(name):
    """The request of another page."""
    return SimpleNamespace(session_hash=name, headers={})


def canvas_of(session, *points):
    """What the canvas sends after the visitor has placed these points."""
    value = to_value(replace(session.edit, points=points), session.revision + 1)
    return json.loads(json.dumps(value))


def event(item):
    """A press on this item of a row."""
    return gr.EventData(None, {"id": item})


def dragged(handlers, steps=3):
    """The visitor's edit after a drag of some steps, stopped."""
    session = visitor(handlers)
    handlers.change(canvas_of(session, POINT), ENGLISH)
    handlers.arm(canvas_of(session, POINT), None, "adam", 1e-3, 3, 12, 20, steps, "W+", 6, ENGLISH)
    *_, last = handlers.run(ENGLISH)
    return session, last
