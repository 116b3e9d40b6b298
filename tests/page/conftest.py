"""The page's handlers over three small random networks, and a visitor who calls them."""

import contextlib
import functools
import inspect
import json
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, fields, replace
from types import SimpleNamespace
from typing import ClassVar, NamedTuple
from unittest.mock import patch

import gradio as gr
import numpy as np
import pytest

from drag import PointPair, Settings, new_edit
from drag.models.catalogue import local_models
from drag.models.loaded import LoadedModels
from drag.page import wiring
from drag.page.components.canvas import to_value
from drag.page.controls import Controls
from drag.page.handlers import Desk, Handlers
from drag.page.handlers.scripts import Scripts
from drag.photo import inversion
from drag.photo.inversion import Fit
from drag.server.drags import Drag
from drag.server.jobs import Job, Kind
from tests.checkpoint_files import random_state, write_nvidia

ENGLISH = SimpleNamespace(session_hash="visitor", headers={"accept-language": "en-GB,zh;q=0.5"})
CHINESE = SimpleNamespace(session_hash="visitor", headers={"accept-language": "zh-CN,en;q=0.5"})
LINE, CANVAS, SEED, STEPS, UNDO, REDO = "status", "canvas", "seed", "steps", "undo", "redo"
POINT = PointPair((8, 8), (24, 24))


class Wire(NamedTuple):
    """A handler that runs at an event of a component, or after another handler, by their names."""

    source: str
    event: str
    handler: Callable
    outputs: set


class Named(str):
    """Stands for a component: it is its name, by which a test reads what a handler changes. What
    its events are wired to is noted."""

    noted: ClassVar[list[Wire]] = []

    def __getattr__(self, event: str):
        if event.startswith("_"):
            raise AttributeError(event)

        def note(handler, inputs=None, outputs=(), **_):
            named = {outputs} if isinstance(outputs, str) else set(outputs or ())
            Named.noted.append(Wire(str(self), event, handler, named))
            return Named(getattr(handler, "__name__", ""))

        return note


PAGE = Controls(
    **{field.name: Named(field.name) for field in fields(Controls)}
    | {
        "advanced": {
            field.name: Named(field.name) for field in fields(Settings) if field.name != "reach"
        }
    }
)


class PageHandlers(Handlers):
    """The handlers of a page whose components are names, and what they share. A handler that
    changes what is not among its outputs, as they are wired, fails: Gradio refuses that, too."""

    def __init__(self, models: LoadedModels, first: str = "builtin"):
        self.desk = Desk(models, first)
        self.scripts = Scripts(self.desk)
        super().__init__(self.desk, PAGE)
        self.wires = wired(self)
        for wire in self.wires:
            handler = getattr(wire.handler.__self__, wire.handler.__name__)  # held already, perhaps
            setattr(wire.handler.__self__, wire.handler.__name__, checked(handler, wire.outputs))


def wired(handlers: Handlers) -> list[Wire]:
    """How the handlers are wired, but for what runs in the browser alone."""
    with (
        patch.object(Named, "noted", []),
        patch.object(
            wiring.gr, "on", lambda events, *args, **how: [on(*args, **how) for on in events][-1]
        ),
    ):
        wiring.connect(Named("demo"), PAGE, handlers)
        return [wire for wire in Named.noted if wire.handler]


def checked(handler, outputs: set):
    """The handler, held to its outputs."""

    def held(changed):
        others = set(changed or ()) - outputs
        assert not others, f"{handler.__qualname__} has no outputs {others}"
        return changed

    def each(told):
        with contextlib.closing(told):
            yield from map(held, told)

    @functools.wraps(handler)
    def call(*args):
        told = handler(*args)
        return each(told) if inspect.isgenerator(told) else held(told)

    return call


@pytest.fixture
def folder(tmp_path):
    """Three networks of this machine."""
    for seed, (name, w_dim) in enumerate({"a.pkl": 24, "b.pkl": 32, "c.pkl": 24}.items()):
        write_nvidia(tmp_path / name, random_state(w_dim=w_dim, seed=seed), layout="G_ema")
    return tmp_path


@pytest.fixture
def handlers(folder):
    """The page of these models, and a visitor who looks at the first."""
    handlers = PageHandlers(LoadedModels("cpu", local=local_models(folder)), "a.pkl")
    handlers.visits.arrive("", "", None, ENGLISH)
    return handlers


class Fits:
    """Stands for the engine's inversion: so many fits, from one edit's latents to another's."""

    def __init__(self, handlers, count=4, distance=0.9, error=None, pause=0.0):
        self.handlers, self.count, self.distance = handlers, count, distance
        self.error, self.pause, self.calls, self.closed = error, pause, [], threading.Event()
        self.begun = []  # what each went on from

    def __call__(self, model, picture, seconds, begun=None):
        self.calls.append((model, picture.shape, seconds))
        self.begun.append(begun)
        try:
            with self.handlers.desk.models.use(model) as generator:
                start, end = (new_edit(generator, model, seed).ws for seed in (3, 5))
            start = begun.ws if begun else start
            for i in range(self.count):
                share = i / (self.count - 1)
                ws = ((1 - share) * start + share * end).astype(np.float32)
                stage = ("encoder", "latents", "weights")[min(i, 2)]
                yield Fit(
                    stage,
                    share,
                    9 * (1 - share),
                    ws,
                    None,
                    self.distance - 0.8 * share,
                    np.full((32, 32, 3), 99, np.uint8),
                    i == self.count - 1,
                    self.distance,
                )
                time.sleep(self.pause)
                if self.error and i == 1:
                    raise self.error
        finally:
            self.closed.set()


@pytest.fixture
def fits(handlers, monkeypatch):
    """The engine's inversion, which is quick here."""
    monkeypatch.setattr(inversion, "is_far", lambda fit, face: fit.strangeness > 1)
    monkeypatch.setattr(inversion, "verdict", lambda distance: "close" if distance < 0.3 else "far")
    fits = Fits(handlers)
    monkeypatch.setattr(handlers.desk.engine, "invert", fits)
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
    return handlers.desk.sessions.get("visitor")


def another(name):
    """The request of another page."""
    return SimpleNamespace(session_hash=name, headers={})


def canvas_of(session, *points):
    """What the canvas sends after the visitor has placed these points."""
    value = to_value(replace(session.edit, points=points), session.revision + 1)
    return json.loads(json.dumps(value))


def pressed(value, steps=3, at=None, rate=1e-3):
    """What is sent when Drag is pressed: of the canvas, of the slider through the last drag, and
    the settings; steps: to take at most."""
    settings = Settings("adam", learning_rate=rate, max_steps=steps)
    return {CANVAS: value, STEPS: at, **asdict(settings)}


def event(item):
    """A press on this item of a row."""
    return gr.EventData(None, {"id": item})


def dragged(handlers, steps=3):
    """The visitor's edit after a drag of some steps, stopped."""
    session = visitor(handlers)
    handlers.history.change(canvas_of(session, POINT), ENGLISH)
    handlers.drags.arm(pressed(canvas_of(session, POINT), steps), ENGLISH)
    *_, last = handlers.drags.run(ENGLISH)
    return session, last
