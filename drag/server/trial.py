"""Whether a device is fit for use: what is worked out there is what the CPU works out.

PyTorch may find a GPU that lacks an operation, gives wrong numbers, is full, brings the process
down, or never answers. So the page is served on one only after a process of its own has dragged in
a small network there and on the CPU, and found the same; whatever happens there harms nobody.

    python -m drag.server.trial mps        # what is wrong with it, as JSON: null for nothing
"""

import contextlib
import json
import logging
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from drag.appearance import followed
from drag.edit import PointPair
from drag.generate import new_edit
from drag.loop import drag
from drag.models.reading import choose_device, devices
from drag.models.small import small_block, small_network
from drag.preview import LiveView
from drag.settings import Settings
from networks.terminal import print_anywhere

SECONDS = 60.0  # after which a device hangs; some of them pass until PyTorch and a GPU are awake
# Of the largest number. In single precision rounding makes up 0.02 % (by noise of 1e-5 on each
# convolution), in TF32 10 %; an operation that is wrong was seen to make 10 % and more.
TOLERANCE = 0.05
ROOT = Path(__file__).parents[2]
SEED, PAIR = 1, PointPair((48, 48), (52, 50))
log = logging.getLogger("drag")


def fit_device(
    name: str = "auto", trial: Callable[[str], str | None] | None = None
) -> tuple[torch.device, dict[str, str]]:
    """The device of that name, or with auto the first of CUDA, MPS and the CPU, that is fit for
    use; and what is wrong with those before it, by their names. The CPU is not tried.

    trial: says what is wrong with one, None where nothing is; `tried` unless given. Raises
    ValueError where the machine has none of that name, or it is not fit.
    """
    unfit: dict[str, str] = {}
    for kind in devices() if name == "auto" else [choose_device(name).type]:
        why = None if kind == "cpu" else (trial or tried)(kind)
        if why is None:
            break  # as with the CPU, which is the last
        if name != "auto":
            raise ValueError(
                f"The {kind.upper()} device failed its self-test: {why}. "
                "Start with --device cpu, or auto, which takes the best that passes."
            )
        unfit[kind] = why
    return torch.device(kind), unfit


def tried(kind: str, seconds: float = SECONDS, command: list[str] | None = None) -> str | None:
    """What is wrong with a device, None where nothing is, found out by a process of its own.

    command: that process; it prints what `main` does.
    """
    log.info("trying %s: a drag there and on the CPU", kind.upper())
    try:
        process = subprocess.Popen(
            command or [sys.executable, "-m", "drag.server.trial", kind],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
    except OSError as error:
        return f"no process could be started to try it ({error.strerror})"
    try:
        said, complaints = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):  # one that a driver holds stays
            process.communicate(timeout=1)
        return f"it did not answer within {seconds:g} seconds"
    with contextlib.suppress(ValueError, IndexError):
        why: str | None = json.loads(said.splitlines()[-1])
        if not process.returncode:
            return why
    last = (complaints.strip().splitlines() or ["without a word"])[-1]
    return f"the process that tried it ended with {process.returncode}: {last}"


def why_not(device: torch.device) -> str | None:
    """What is wrong with a device, None where nothing is, found out in this process."""
    try:
        there = _results(device)
    except Exception as error:
        return _in_words(error)
    for name, wanted in _results(torch.device("cpu")).items():
        largest = np.abs(wanted).max()
        off = np.abs(there[name] - wanted).max() / largest
        if not off <= TOLERANCE:  # nor is what is no number
            return f"it works out wrong numbers ({name}: {off:.0%} off, {TOLERANCE:.0%} may be)"
    return None


def _in_words(error: Exception) -> str:
    said = (str(error).splitlines() or [type(error).__name__])[0]
    if isinstance(error, torch.OutOfMemoryError | MemoryError) or "out of memory" in said.lower():
        return "its memory is full"
    if isinstance(error, NotImplementedError):
        operation = re.search(r"aten::[\w.]+", said)
        return f"it lacks an operation ({operation[0] if operation else said})"
    return f"an operation failed there ({said})"


def _results(device: torch.device) -> dict[str, np.ndarray]:
    """What is compared, by what it is."""
    network = small_network().to(device)
    edit = new_edit(network, "trial", SEED, settings=Settings(max_steps=1)).place([PAIR])
    *_, last = drag(network, edit, LiveView())
    return {
        "a step": last.ws - edit.ws,
        "handles": np.array(last.handles),
        "a picture": last.picture / 255,
        **_block(device),
    }


def _block(device: torch.device) -> dict[str, np.ndarray]:
    block, x, w = (each.to(device) for each in small_block())
    w.requires_grad_(True)
    made = block(x, w, w)
    (gradient,) = torch.autograd.grad(made.square().mean(), w)
    seen = made.detach()
    flow, _ = followed(seen, seen.roll(1, 3), None, 1)  # as when what else changed comes back
    found = {"a map": seen, "a gradient": gradient, "a flow": flow}
    return {name: tensor.cpu().numpy() for name, tensor in found.items()}


def main() -> None:
    """Try the device that the command line names."""
    torch.backends.cudnn.allow_tf32 = False
    print(json.dumps(why_not(torch.device(sys.argv[1]))))


if __name__ == "__main__":
    print_anywhere()
    main()
