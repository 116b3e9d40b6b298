"""Where drags and inversions are worked out: with the models in this process."""

import gc
import itertools
import logging
import math
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

import numpy as np
import torch

from drag.edit import Edit, PointPair
from drag.follow import Aim, Aims
from drag.generate import check_model, new_edit
from drag.loop import Step, drag
from drag.models.loaded import LoadedModels
from drag.photo.inversion import Fit, invert
from drag.preview import LiveView
from drag.settings import Settings
from drag.solvers import solver_for
from networks.errors import UserError

NO_MEMORY = (
    "The device's memory is full, also at a second try: try again in a minute, or with "
    "fewer points or a smaller model."
)
WARM_STEPS = 4
log = logging.getLogger("drag")
T = TypeVar("T")


class NoMemoryError(UserError):
    """The device's memory is full, also at a second try."""


class Engine:
    """Works with models that this process has in memory."""

    follows = True  # whether drags can be told of targets that move

    def __init__(self, models: LoadedModels):
        self.models = models

    def warm(self, name: str) -> None:
        """Drag with a model for a few steps that nobody sees: what PyTorch prepares at first takes
        a second or two, for which the first visitor's press would wait."""
        with self.models.use(name) as generator:
            edit = new_edit(generator, name, settings=Settings(reach=75))
            middle = edit.img_size[1] / 2, edit.img_size[0] / 2
            edit = edit.place([PointPair(middle, middle, 1)])
            places = itertools.count(middle[0], edit.img_size[1] / 100)
            aims = (Aim({1: (x, middle[1])}, held=i < WARM_STEPS) for i, x in enumerate(places))
            for _ in self.steps(edit, view=False, aims=lambda _: next(aims)):
                pass

    def steps(
        self,
        edit: Edit,
        seconds: float = math.inf,
        view: bool = True,
        aims: Aims | None = None,
        start: np.ndarray | None = None,
    ) -> Iterator[Step]:
        """The steps of a drag, as `drag.loop.drag` yields them.

        seconds: that it takes at most.   view: give steps pictures, on a time budget.   aims: where
        its targets move.   start: its first picture then, where it is at hand. Where memory
        runs out, what can be freed is, and the drag begins once more in the time that is left; a
        second time raises NoMemoryError.
        """
        return _retried(
            self.models, lambda left: self._steps(edit.bare, left, view, aims, start), seconds
        )

    def _steps(
        self,
        edit: Edit,
        seconds: float,
        view: bool,
        aims: Aims | None,
        start: np.ndarray | None,
    ) -> Iterator[Step]:
        with self.models.use(edit.model) as generator:
            check_model(generator, edit)
            share = solver_for(edit).preview_share
            live = LiveView(preview_share=share, start=start) if view else None
            yield from drag(generator, edit, live, seconds, aims)

    def invert(
        self, model: str, picture: np.ndarray, seconds: float, begun: Fit | None = None
    ) -> Iterator[Fit]:
        """The fits of a photo, better and better, as `drag.photo.inversion.invert` yields them.

        model: its name.   picture: uint8 (H, W, 3) of the size of its pictures.   seconds: that it
        takes at most.   begun: to go on from. Where memory runs out it is as in `steps`.
        """
        return _retried(self.models, lambda left: self._fits(model, picture, left, begun), seconds)

    def _fits(
        self, model: str, picture: np.ndarray, seconds: float, begun: Fit | None
    ) -> Iterator[Fit]:
        with self.models.use(model) as generator:
            yield from invert(generator, picture, seconds, begun)


def _retried(
    models: LoadedModels, work: Callable[[float], Iterator[T]], seconds: float = math.inf
) -> Iterator[T]:
    """What work(seconds left) yields, as `with_room`; a second time it begins anew."""
    left, until = seconds, time.monotonic() + seconds
    for last in (False, True):
        try:
            yield from work(left)
            return
        except (RuntimeError, MemoryError) as error:
            _unless_memory(error, last)
        free_memory(models)  # here, where no frame of the error holds on to it
        left = max(0.0, until - time.monotonic())


def with_room(models: LoadedModels, work: Callable[[], T]) -> T:
    """What work() returns; where memory runs out, what can be freed is, and it is tried once more.
    A second time raises NoMemoryError."""

    def once(left):
        yield work()

    return next(_retried(models, once))


def out_of_memory(error: BaseException) -> bool:
    """Whether this error says that memory ran out; on the CPU torch has just words for that."""
    return isinstance(error, (torch.OutOfMemoryError, MemoryError)) or (
        "can't allocate memory" in str(error)
    )


def free_memory(models: LoadedModels) -> None:
    """Drop the models that nobody uses, and what PyTorch keeps of freed memory."""
    models.drop_unused()
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _unless_memory(error: BaseException, last: bool) -> None:
    """Raise what is not about memory, and what is in words where there is no other try."""
    if not out_of_memory(error):
        raise error
    if last:
        raise NoMemoryError(NO_MEMORY) from error
    log.warning("memory ran out: it is tried once more")
