"""The generators that are in memory: loaded once a process, shared by all who ask."""

import contextlib
import logging
import queue
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import torch

from drag.models.catalogue import CATALOGUE, Model, catalogued, named
from drag.models.progress import ModelUnavailableError, Progress, waiting_for
from drag.models.reading import choose_device, read_generator
from networks.errors import Message, UserError
from networks.generator import Generator

BUDGET = 2_000_000_000  # bytes of weights; a 1024 px StyleGAN2 takes 120 million
TELL_SECONDS = 0.1
MENU_ONLY = "This page offers only the models of its menu: choose one there."
log = logging.getLogger("drag")


@dataclass(eq=False)
class _Entry:
    """A generator, or the wait for one; users: who must not lose it now."""

    users: int = 0
    generator: Generator | None = None
    nbytes: int = 0
    loading: threading.Lock = field(default_factory=threading.Lock)


class LoadedModels:
    """Generators on one device, within a budget of memory. Safe between threads.

    Those used longest ago are dropped first, and none while someone uses it.
    """

    def __init__(
        self,
        device: str = "auto",
        local: Iterable[Model] = (),
        budget: int = BUDGET,
        custom: bool = True,
    ):
        """local: what the menu offers besides the catalogue.   budget: bytes of weights.
        custom: whether any weight file of the Hub can be asked for by name."""
        self.device, self.budget, self.custom = choose_device(device), budget, custom
        self.unfit: dict[str, str] = {}  # devices that are not used, and what is wrong with them
        self.local = {model.name: model for model in local}
        self._entries: dict[Model, _Entry] = {}  # in the order of use
        self._lock = threading.Lock()

    @property
    def loaded(self) -> list[str]:
        """Names of the models in memory, the one used last at the end."""
        with self._lock:
            return [
                model.name for model, entry in self._entries.items() if entry.generator is not None
            ]

    @property
    def nbytes(self) -> int:
        """Bytes of the weights in memory."""
        with self._lock:
            return sum(entry.nbytes for entry in self._entries.values())

    def menu(self) -> list[Model]:
        """The models to choose from."""
        return [*CATALOGUE.values(), *self.local.values()]

    def find(self, name: str) -> Model:
        """The model of that name or title; never a path, so that no visitor reads files here.

        Raises ValueError, in words fit for a visitor, where there is none, or it is not for them.
        """
        name = name.strip() if isinstance(name, str) else ""
        known = self.local.get(name) or CATALOGUE.get(name)
        for model in self.menu() if known is None else ():
            if name.lower() in (model.name.lower(), model.title.lower(), model.label.lower()):
                return model
        return known or self._custom(name)

    def _custom(self, name: str) -> Model:
        """The model of `owner/name/file`, of the catalogue or, where that is allowed, any."""
        try:
            model = catalogued(name)
        except ValueError:
            if self.custom:
                raise
            raise UserError(MENU_ONLY) from None
        if self.custom or model in self.menu():
            return model
        raise UserError(MENU_ONLY)

    @contextlib.contextmanager
    def use(self, model: str | Model, progress: Progress | None = None) -> Iterator[Generator]:
        """The generator of a model, or of that name, which stays in memory until the block ends.

        progress: told what is being done where it must be loaded. Raises ValueError, in words fit
        for a visitor, where there is no such model or it cannot be had.
        """
        model = model if isinstance(model, Model) else self.find(model)
        with self._lock:
            entry = self._entries.pop(model, None) or _Entry()
            self._entries[model] = entry  # last in the order of use
            entry.users += 1
        try:
            self._load(entry, model, progress or (lambda words, share: None))
            assert entry.generator is not None  # `_load` sees to it
            yield entry.generator
        finally:
            with self._lock:
                entry.users -= 1
                if entry.generator is None and not entry.users:
                    self._entries.pop(model, None)
                self._drop()

    def load(self, model: Model, progress: Progress) -> None:
        """Have a model in memory; as `use`."""
        with self.use(model, progress):
            pass

    def load_first(self, models: Iterable[Model], progress: Progress) -> Model:
        """Have the first of these in memory that can be had, and say which that is; those before it
        are named in the log. Raises ValueError, why the first cannot, where none can."""
        errors: dict[str, ValueError] = {}
        for model in dict.fromkeys(models):
            try:
                self.load(model, progress)
            except ValueError as error:
                errors[model.name] = error
                continue
            for name, error in errors.items():
                log.warning("%s is passed over: %s", name, error)
            return model
        raise next(iter(errors.values()))

    def put(self, model: Model, generator: Generator) -> None:
        """Have a generator that is in memory already; it stays there."""
        with self._lock:
            self._entries[model] = _Entry(users=1, generator=generator)

    def drop_unused(self) -> None:
        """Let go of all models that nobody uses."""
        with self._lock:
            self._drop(most=-1)

    def fetch(self, model: Model) -> Iterator[tuple[Message, float | None] | None]:
        """Have a model in memory, where it is not; what is done meanwhile and its share, or None,
        often.

        A download is given up when this generator is closed and nobody else waits for it. Raises
        ValueError, in words fit for a visitor, where the model cannot be had.
        """
        said: queue.SimpleQueue[tuple[str, float | None]] = queue.SimpleQueue()
        failed: list[ValueError] = []
        closed = threading.Event()

        def tell(*told: Any) -> None:
            if closed.is_set() and self._entries[model].users == 1:
                raise ModelUnavailableError("{model} is no longer wanted.", model=model.title)
            said.put(told)

        def load() -> None:
            try:
                with self.use(model, tell):
                    pass
            except UserError as error:
                failed.append(error)
            except Exception:
                log.exception("%s could not be loaded", model.name)
                failed.append(
                    UserError("{model} cannot be loaded; choose another model.", model=model.title)
                )

        thread = threading.Thread(target=load, daemon=True)
        thread.start()
        try:
            while thread.is_alive():
                thread.join(TELL_SECONDS)
                told = None
                while not said.empty():
                    told = said.get()
                yield told
        finally:
            closed.set()
        if failed:
            raise failed[0]

    def _load(self, entry: _Entry, model: Model, progress: Progress) -> None:
        if entry.generator is not None:
            return
        words = Message("{model} is being fetched for someone else", model=model.title)
        with waiting_for(entry.loading, words, progress):
            if entry.generator is None:
                generator = read_generator(model, self.device, progress)
                tensors = (*generator.parameters(), *generator.buffers())
                entry.nbytes = sum(t.nbytes for t in tensors)
                entry.generator = generator
        with self._lock:
            self._drop()

    def _drop(self, most: float | None = None) -> None:
        """Let go of models that nobody uses until the rest has at most so many bytes; the budget,
        unless given."""
        most = self.budget if most is None else most
        total = sum(entry.nbytes for entry in self._entries.values())
        for model, entry in list(self._entries.items()):
            if total <= most:
                return
            if not entry.users and entry.generator is not None:
                total -= entry.nbytes
                del self._entries[model]


_shared: dict[torch.device, LoadedModels] = {}


def load_generator(
    name: str = "builtin", device: str = "auto", progress: Progress | None = None
) -> Generator:
    """The generator of that name, frozen; loaded once a process and shared by all who ask.

    name: as `drag.models.catalogue.named` takes it.   progress: told what is being done. Raises
    ValueError for an unknown name or device and where the weights cannot be had or are none.
    """
    models = _shared.setdefault(choose_device(device), LoadedModels(device))
    with models.use(named(name), progress) as generator:
        return generator
