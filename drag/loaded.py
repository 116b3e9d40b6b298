"""The generators that are in memory: loaded once a process, shared by all who ask."""

import contextlib
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import torch

from drag.hub import Progress
from drag.models import (
    CATALOGUE,
    Model,
    catalogued,
    choose_device,
    named,
    read_generator,
)

BUDGET = 2_000_000_000  # bytes of weights; a 1024 px StyleGAN2 takes 120 million


@dataclass(eq=False)
class _Entry:
    """A generator, or the wait for one; users: who must not lose it now."""

    users: int = 0
    generator: torch.nn.Module | None = None
    nbytes: int = 0
    loading: threading.Lock = field(default_factory=threading.Lock)


class LoadedModels:
    """Generators on one device, within a budget of memory. Safe between threads.

    Those used longest ago are dropped first, and none while someone uses it.
    """

    def __init__(self, device: str = "auto", local: Iterable[Model] = (), budget: int = BUDGET):
        """local: models on this machine, offered by name.   budget: bytes of weights."""
        self.device, self.budget = choose_device(device), budget
        self.local = {model.name: model for model in local}
        self._entries: dict[Model, _Entry] = {}  # in the order of use
        self._lock = threading.Lock()

    @property
    def loaded(self) -> list[str]:
        """Names of the models in memory, the one used last at the end."""
        with self._lock:
            return [model.name for model, entry in self._entries.items()
                    if entry.generator is not None]

    def menu(self) -> list[Model]:
        """The models to choose from."""
        return [*CATALOGUE.values(), *self.local.values()]

    def find(self, name: str) -> Model:
        """The model of that name or title; never a path, so that no visitor reads files here.

        Raises ValueError, in words fit for a visitor, where there is none.
        """
        name = name.strip() if isinstance(name, str) else ""
        for model in self.menu():
            if name.lower() in (model.name.lower(), model.title.lower(), model.label.lower()):
                return model
        return catalogued(name)

    @contextlib.contextmanager
    def use(self, name: str, progress: Progress | None = None) -> Iterator[torch.nn.Module]:
        """The generator of that name, which stays in memory until the block ends.

        progress: told what is being done where it must be loaded. Raises ValueError, in words fit
        for a visitor, where there is no such model or it cannot be had.
        """
        model = self.find(name)
        with self._lock:
            entry = self._entries.pop(model, None) or _Entry()
            self._entries[model] = entry  # last in the order of use
            entry.users += 1
        try:
            self._load(entry, model, progress or (lambda words, share: None))
            yield entry.generator
        finally:
            with self._lock:
                entry.users -= 1
                if entry.generator is None and not entry.users:
                    self._entries.pop(model, None)
                self._drop()

    def _load(self, entry: _Entry, model: Model, progress: Progress) -> None:
        if not entry.loading.acquire(blocking=False):
            if entry.generator is None:
                progress(f"{model.title} is being fetched for someone else", None)
            entry.loading.acquire()
        try:
            if entry.generator is None:
                generator = read_generator(model, self.device, progress)
                tensors = (*generator.parameters(), *generator.buffers())
                entry.nbytes = sum(t.nbytes for t in tensors)
                entry.generator = generator
        finally:
            entry.loading.release()
        with self._lock:
            self._drop()

    def _drop(self) -> None:
        total = sum(entry.nbytes for entry in self._entries.values())
        for model, entry in list(self._entries.items()):
            if total <= self.budget:
                return
            if not entry.users and entry.generator is not None:
                total -= entry.nbytes
                del self._entries[model]
                if self.device.type == "cuda":
                    torch.cuda.empty_cache()


_shared: dict[torch.device, LoadedModels] = {}


def load_generator(name: str = "builtin", device: str = "auto", progress: Progress | None = None):
    """The generator of that name, frozen; loaded once a process and shared by all who ask.

    name: as `drag.models.named` takes it.   progress: told what is being done. Raises ValueError
    for an unknown name or device and where the weights cannot be had or are none.
    """
    models = _shared.setdefault(choose_device(device), LoadedModels(device))
    model = named(name)
    if isinstance(model.source, Path):
        models.local[model.name] = model
    with models.use(model.name, progress) as generator:
        return generator
