"""Drags and inversions on ZeroGPU, where a GPU is lent to a process of its own for so long.

`spaces`, which a ZeroGPU Space has, is optional; it must be imported before CUDA is used. Its GPU
decorator forks the server and sends arguments and yielded values between the two by pickle, so all
that crosses is an Edit without history or a photo's part as PNG, and Steps or Fits with pictures
as JPEG. The server itself never has the GPU: other pictures are made by the models on its CPU.
"""

import html
import io
import logging
import os
import re
import time
from collections.abc import Iterator
from dataclasses import replace

import gradio as gr
import numpy as np
import torch
from PIL import Image

from drag.edit import Edit
from drag.files.images import jpeg, png
from drag.loop import Step
from drag.models import hub
from drag.models.catalogue import Model
from drag.models.loaded import LoadedModels
from drag.models.reading import choose_device, read_generator
from drag.photo.inversion import Fit
from drag.server.engine import Engine
from drag.solvers.replay import Recorder
from networks.errors import UserError

try:
    from spaces import GPU
except ImportError:  # not a ZeroGPU Space
    GPU = None

SLOTS = 4  # drags at once: ZeroGPU has many GPUs, and a line of its own
STARTING_SECONDS, LOADING_SECONDS = 5, 10  # until a worker has a GPU; and another model on it
MOST_SECONDS = 25  # lent for one drag: a visitor without an account has two minutes a day
# By solver: seconds a step, and steps within which drags of it end. Guesses, no GPU was at hand;
# too small ones end a drag early, with what it reached, and another press goes on.
STEPS = {"adam": (0.1, 300)}
OTHER_STEPS = 0.25, 60
ABORTED = "GPU task aborted"  # what spaces says of a worker that died
LOST = (
    "The GPU was taken back before the drag had ended; what it reached is kept: press Drag again."
)
LOST_PHOTO = (
    "The GPU was taken back before your photo was done; the best so far is kept: press "
    "“Improve further”."
)
LOST_EARLY = (
    "The GPU was taken back before there was a picture of your photo: press “Use this photo” again."
)
USED_UP = (
    "Your share of the GPU is used up for now: come back later, or sign in to Hugging Face "
    "for more."
)
NO_GPU = "No GPU is free just now: try again in a minute."
log = logging.getLogger("drag")
_placed: dict[Model, torch.nn.Module] = {}  # before the fork, for all workers
_there: LoadedModels | None = None  # of a worker


def on_zero_gpu() -> bool:
    """Whether this is a ZeroGPU Space."""
    said = os.environ.get("SPACES_ZERO_GPU", "").lower()
    return GPU is not None and said in ("1", "t", "true")


def lent_seconds(edit: Edit) -> float:
    """Seconds that a drag of this edit may take, by its solver and its step limit."""
    seconds, most = STEPS.get(edit.settings.solver, OTHER_STEPS)
    return min(MOST_SECONDS, max(5.0, seconds * min(edit.settings.max_steps, most)))


class ZeroEngine:
    """As drag.server.engine.Engine; its steps are worked out by a worker of ZeroGPU, which can be
    told nothing once it runs."""

    follows = False

    def __init__(self, models: LoadedModels):
        """models: on the CPU, of the server."""
        self.models = models

    def place(self, name: str) -> None:
        """Have this model on the GPU of every worker; before the page is launched."""
        model = self.models.find(name)
        _placed[model] = read_generator(model, choose_device("auto"), lambda *told: None)

    def steps(self, edit: Edit, seconds: float = MOST_SECONDS, view: bool = True) -> Iterator[Step]:
        """As Engine.steps. Raises ValueError, in words fit for a visitor, also where no GPU is to
        be had or it was taken back."""
        with self.models.use(edit.model):  # its weights are on this machine, for the worker, too
            pass
        model, seconds = self.models.find(edit.model), min(seconds, lent_seconds(edit))
        try:
            for said in _lent(model, edit.bare, seconds, view):
                if isinstance(said, UserError):
                    raise said
                yield _unpacked(said)
        except gr.Error as error:
            raise _in_words(error, UserError(LOST)) from error

    def invert(
        self, model: str, picture: np.ndarray, seconds: float, begun: Fit | None = None
    ) -> Iterator[Fit]:
        """As Engine.invert, in the seconds that ZeroGPU lends at most; raises as `steps`."""
        with self.models.use(model):
            pass
        found, seconds = self.models.find(model), min(seconds, MOST_SECONDS)
        any_fit = False
        try:
            for said in _lent_fits(found, png(picture), seconds, begun):
                if isinstance(said, UserError):
                    raise said
                any_fit = True
                yield _unpacked(said)
        except gr.Error as error:
            raise _in_words(error, UserError(LOST_PHOTO if any_fit else LOST_EARLY)) from error


def _duration(model: Model, work, seconds: float, *more) -> int:
    loading = 0 if model in _placed else LOADING_SECONDS
    return round(STARTING_SECONDS + loading + seconds)


def _steps_there(
    model: Model, edit: Edit, seconds: float, view: bool
) -> Iterator[Step | UserError]:
    """The steps of a drag, in a worker; a UserError is yielded, for those raised lose their words
    on the way."""
    yield from _worked_out(model, seconds, lambda engine, left: engine.steps(edit, left, view))


def _fits_there(
    model: Model, photo: bytes, seconds: float, begun: Fit | None
) -> Iterator[Fit | UserError]:
    """The fits of a photo, a PNG, in a worker; as `_steps_there`."""
    picture = np.asarray(Image.open(io.BytesIO(photo)))
    yield from _worked_out(
        model, seconds, lambda engine, left: engine.invert(model.name, picture, left, begun)
    )


def _worked_out(model: Model, seconds: float, work) -> Iterator:
    """What work(engine, seconds left) yields in a worker, packed."""
    global _there
    until = time.monotonic() + seconds + (0 if model in _placed else LOADING_SECONDS)
    if _there is None:
        hub.after_fork()
        Recorder.allowed = False  # what is recorded pays in a process that lives for many drags
        torch.set_num_threads(1)  # those of OpenMP did not survive the fork, and are waited for
        _there = LoadedModels("auto")
        for placed, generator in _placed.items():
            _there.put(placed, generator)
    _there.local[model.name] = model
    try:
        with _there.use(model):
            left = until - time.monotonic()  # of what is lent; a model may have had to be read
            for step in work(Engine(_there), max(1.0, left)):
                shown = None if step.picture is None else jpeg(step.picture, 95)
                yield replace(step, picture=shown)
    except UserError as error:
        yield error


def _unpacked(step: Step | Fit) -> Step | Fit:
    if step.picture is None:
        return step
    return replace(step, picture=np.asarray(Image.open(io.BytesIO(step.picture))))


_lent = GPU(duration=_duration)(_steps_there) if GPU else _steps_there
_lent_fits = GPU(duration=_duration)(_fits_there) if GPU else _fits_there


def _in_words(error: gr.Error, lost: UserError) -> Exception:
    """What spaces raises as a sentence, or as an error of ours where it is one."""
    text = html.unescape(re.sub(r"<[^>]*>", "", str(error.message))).strip()
    if text == ABORTED:
        return lost
    title = str(error.title).lower()
    if "worker" in title:
        return RuntimeError(f"a ZeroGPU worker failed: {text}")
    log.warning("ZeroGPU lent nothing: %s", text)
    return UserError(NO_GPU if "queue" in title or "client" in title else USED_UP)
