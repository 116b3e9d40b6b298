"""The page's endpoints for programs: an edit goes out as JSON and comes back with each call, and
the server keeps nothing between them."""

import base64
import contextlib
import inspect
import json
import logging
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Literal, TypedDict

import gradio as gr
import numpy as np

from drag.edit import MAX_POINTS, Edit, PointPair, Settings
from drag.files import export
from drag.files.film import SMALL
from drag.files.project import NO_PROJECT, from_project, to_project
from drag.generate import check_model, new_edit
from drag.loop import Step
from drag.masks import decode_mask
from drag.models.catalogue import Model
from drag.models.loaded import LoadedModels
from drag.server.drags import account
from drag.server.engine import Engine
from drag.server.jobs import Job, Kind
from drag.server.line import Place
from drag.server.process import apart
from drag.server.shares import Asker, Shares, asker, asking
from drag.web.answers import Answers
from networks.errors import UserError

MAX_MASK = 4_000_000  # characters
NO_POINTS = (
    "The points must be a list of [x, y, target x, target y], in pixels of the picture, "
    "or empty for those of the edit."
)
NO_MASK = "The mask must be a PNG in base64, black and white, of the picture's size."
FAILED = "The server could not do that, for lack of memory perhaps: try again, or a smaller model."
NOT_LOADED = "The model of this edit is not in memory: sample a picture of it first."
NO_ROOM = "The server has no room for the file: try again in some minutes."
WAITING_SECONDS = 1  # between two words on where a drag waits
log = logging.getLogger("drag")


class StepRecord(TypedDict):
    """A step of a drag, for programs."""

    number: int
    handles: list[list[float]]
    distances: list[float]
    ending: str | None
    waiting: int
    edit: dict


def _each(record: type):
    """Have Gradio show the type of one result where a function yields several."""

    def typed(function):
        function.__signature__ = inspect.signature(function).replace(return_annotation=record)
        return function

    return typed


class Api:
    """The endpoints; their docstrings are what the page's API view says of them."""

    def __init__(
        self, models: LoadedModels, engine: Engine, shares: Shares, answers: Answers | None = None
    ):
        """engine, shares: those of the page.   answers: keeps files, if not for the usual time."""
        self.models, self.engine, self.shares = models, engine, shares
        self.answers = answers or Answers()

    def sample(self, seed: int = 0, truncation_psi: float = 0.7, model: str = "builtin") -> dict:
        """Sample a picture and get it as an edit: the JSON that the other endpoints take, and
        that a .drag file holds. seed: 0 to 4294967295. truncation_psi: 0 (the average picture) to
        1 (all variety). model: a name of the page's menu, or owner/name/file of the Hugging Face
        Hub."""
        with _in_words():
            found = self.models.find(model)
            settings = Settings(learning_rate=found.learning_rate)
            with self._used(found) as generator:
                edit = new_edit(generator, found.name, seed, truncation_psi, settings)
            return _record(edit)

    @_each(StepRecord)
    def drag(
        self,
        edit: dict,
        points: list[list[float]],
        mask: str | None = None,
        max_steps: int = 300,
        solver: str = "gauss-newton",
        reach: float | None = None,
        hold_placement: bool | None = None,
        request: gr.Request = None,
    ) -> Iterator[StepRecord]:
        """Drag points of a picture to where they should go, and get every step as it is taken.
        edit: from sample, or from a step. points: at most 100 of [x, y, target x, target y], in
        pixels; empty for those of the edit. mask: a black and white PNG in base64 of the picture's
        size, white may move; without one the region of the edit stays. max_steps: 1 to 2000.
        solver: gauss-newton or adam. reach: without a mask, how far around the arrows the picture
        may change, pixels of a 512 px picture; 256 is all of it, and left out it is the edit's.
        hold_placement: of StyleGAN3, whether what shifts and turns the whole picture is held, as
        the edit says where left out. The first step, number 0, is where the points are at the
        start; it comes again, with its place in the line in waiting, while the device is taken.
        Every step has its edit, without history but for the last one;
        the last one says in ending why it is the last: arrived, no progress, step cap or time limit
        (a minute); a drag of its last edit goes on. A client has one drag at a time."""
        with _in_words():
            begun = _edit(edit)
            mask = begun.mask if mask is None else _mask(mask, begun.img_size)
            begun = begun.place(_points(points) or begun.points, mask)
            reach = begun.settings.reach if reach is None else reach
            settings = replace(begun.settings, max_steps=max_steps, solver=str(solver), reach=reach)
            if hold_placement is not None:
                settings = replace(settings, hold_placement=hold_placement)
            begun = replace(begun, settings=settings)
            distances = tuple(pair.distance for pair in begun.points)
            handles = tuple(pair.handle for pair in begun.points)
            first = _step(begun, Step(0, begun.latents, handles, distances))
            yield first
            if self.models.find(begun.model).name not in self.models.loaded:
                raise UserError(NOT_LOADED)  # else all drags would wait for a download
            who = replace(asker(), visitor=request.session_hash) if request else asker()
            yield from self._watched(begun.remember(), first, who)

    def _watched(self, started: Edit, first: StepRecord, who: Asker) -> Iterator[StepRecord]:
        """The steps of a drag in the line; while it waits, now and then the first one again, so
        that a client that has gone is noticed."""
        with asking(who):
            job = Job(Kind.DRAG, lambda: self._steps(job, started), program=True)
        told = time.monotonic()
        with contextlib.closing(job):
            for item in self.shares.drags.run(job):
                if not isinstance(item, Place):
                    yield _step(started, item)
                elif time.monotonic() > told + WAITING_SECONDS:
                    told = time.monotonic()
                    yield first | {"waiting": item.ahead + 1}

    def _steps(self, job: Job, edit: Edit) -> Iterator[Step]:
        step = None
        try:
            for step in self.engine.steps(edit, job.seconds, view=False):
                yield step
            job.why = step.ending.value if step and step.ending else job.why
        finally:
            job.account = account(edit, step)

    def render(self, edit: dict, mark: bool = True) -> gr.FileData:
        """The picture of an edit as a PNG. mark: write "AI-generated" into its corner; its
        metadata says so in any case, with the seed and the model."""
        with _in_words():
            return self._file(_edit(edit), ".png", mark=mark)

    def export(
        self,
        edit: dict,
        kind: Literal["mp4", "gif", "webp", "png", "drag", "npz"] = "mp4",
        seconds: float = 3.0,
        points: bool = False,
        mark: bool = True,
        size: int = SMALL,
    ) -> gr.FileData:
        """An edit as a file. kind: mp4, gif or webp for a film from the picture as it was sampled
        to how it is; png for the picture; drag for a project that the page opens; npz for the
        latents of the whole picture. seconds: that a film takes, 0.5 to 20. points: show them.
        mark: write "AI-generated" into the corner. size: of a film, pixels of the longer side at
        most: 512, or 1024, which takes several times as long; a GIF or WebP of some seconds has
        fewer than 1024."""
        with _in_words():
            suffix = export.suffix_of(kind)
            return self._file(_edit(edit), suffix, seconds, points, mark, size)

    @contextlib.contextmanager
    def _used(self, model: Model):
        """The generator of a model; of those who have one fetched there are few at once."""
        with contextlib.ExitStack() as held:
            with self.shares.loading.place():
                generator = held.enter_context(self.models.use(model))
            yield generator

    def _file(
        self, edit: Edit, suffix: str, seconds=3.0, points=False, mark=True, size=SMALL
    ) -> gr.FileData:
        with self._used(self.models.find(edit.model)) as generator:
            check_model(generator, edit)
            file = export.making(suffix, generator, edit, seconds, points, mark, size)
            if suffix in export.FILMS:
                with contextlib.closing(Job(Kind.FILM, lambda: file, program=True)) as job:
                    for item in self.shares.films.run(job):
                        asker().check()  # else it would be made though nobody fetches it
                        content = item
            else:
                with self.shares.pictures.place():
                    *_, content = apart(lambda: tuple(file))
        name = export.file_name(edit, suffix)
        path, mime_type = self.keep(content, name), export.MEDIA_TYPES[suffix]
        return gr.FileData(path=path, orig_name=name, size=len(content), mime_type=mime_type)

    def keep(self, content: bytes, name: str) -> str:
        """Keep a file for whoever asks, for an hour; returns its path."""
        try:
            return self.answers.keep(content, name)
        except OSError as error:
            log.error("a program's file could not be kept: %s", error.strerror)
            raise UserError(NO_ROOM) from error


def publish(api: Api) -> None:
    """Add the endpoints to the gr.Blocks that is being built: /sample, /drag, /render, /export."""
    for endpoint in (api.sample, api.drag, api.render, api.export):
        gr.api(endpoint, concurrency_limit=None)  # shares say who waits


@contextlib.contextmanager
def _in_words() -> Iterator[None]:
    """What is wrong with a call, as one sentence for whoever made it."""
    try:
        yield
    except UserError as error:
        raise gr.Error(str(error), print_exception=False) from None
    except Exception:  # of memory, or what nobody thought of
        log.exception("a call by a program failed")
        raise gr.Error(FAILED, print_exception=False) from None


def _record(edit: Edit) -> dict:
    return json.loads(to_project(edit))


def _edit(record) -> Edit:
    """The edit that a program sent, checked as a file is that a stranger sent."""
    try:
        content = json.dumps(record).encode()
    except (TypeError, ValueError, RecursionError):
        raise UserError(NO_PROJECT) from None
    return from_project(content)


def _points(records) -> list[PointPair]:
    if not isinstance(records, list):
        raise UserError(NO_POINTS)
    if len(records) > MAX_POINTS:
        raise UserError("At most {most} points can be dragged; send fewer.", most=MAX_POINTS)
    for record in records:
        if (
            not isinstance(record, list)
            or len(record) != 4
            or not all(type(number) in (int, float) for number in record)
        ):
            raise UserError(NO_POINTS)
    return [PointPair((x0, y0), (x1, y1)) for x0, y0, x1, y1 in records]


def _mask(text, img_size: tuple[int, int]) -> np.ndarray:
    """A mask from base64 or a data URL, bool (H, W); img_size: (H, W) that it must have."""
    if not isinstance(text, str) or len(text) > MAX_MASK:
        raise UserError(NO_MASK)
    try:
        content = base64.b64decode(text.removeprefix("data:image/png;base64,"), validate=True)
        return decode_mask(content, img_size)
    except ValueError as error:
        raise UserError(NO_MASK) from error


def _step(begun: Edit, step: Step) -> StepRecord:
    reached = begun.moved(step.ws, step.handles)
    if not step.ending:
        reached = replace(reached, history=(), future=())
    return {
        "number": step.number,
        "handles": [list(handle) for handle in step.handles],
        "distances": list(step.distances),
        "waiting": 0,
        "ending": step.ending and step.ending.value,
        "edit": _record(reached),
    }
