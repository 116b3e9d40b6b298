"""A model of the catalogue as a generator on a device."""

import logging

import torch

from drag.models import hub, wheel
from drag.models.catalogue import Model
from drag.models.hub import HubFile
from drag.models.progress import ModelUnavailableError, Progress
from drag.models.wheel import Wheel
from networks.alias_free import AliasFree
from networks.checkpoints import Checkpoint, read_checkpoint
from networks.errors import Message
from networks.mobile_stylegan import MobileStyleGAN
from networks.stylegan2 import StyleGAN2
from networks.stylegan3 import StyleGAN3

log = logging.getLogger("drag")


def devices() -> list[str]:
    """The kinds of devices that PyTorch finds on this machine, those to take first at first."""
    has = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    return [kind for kind, there in has.items() if there]


def choose_device(name: str = "auto") -> torch.device:
    """The torch device of that name; auto takes CUDA, then MPS, then the CPU, untried
    (`drag.server.trial` tries them).

    Raises ValueError where the machine has none of that kind.
    """
    here = devices()
    if name != "auto" and name not in here:
        raise ValueError(
            f"This machine has no {name} device that PyTorch can use; it has: {', '.join(here)}."
        )
    return torch.device(here[0] if name == "auto" else name)


def generator_of(checkpoint: Checkpoint) -> StyleGAN2 | StyleGAN3:
    """The generator that a file holds, on the CPU."""
    architecture = checkpoint.architecture
    if isinstance(architecture, AliasFree):
        return StyleGAN3(architecture, checkpoint.state)
    return StyleGAN2(architecture, checkpoint.state)


def read_generator(
    model: Model, device: torch.device, progress: Progress
) -> MobileStyleGAN | StyleGAN2 | StyleGAN3:
    """The model's generator, frozen, fetched first where it is not on this machine.

    Raises ModelUnavailableError where the weights cannot be had, CheckpointError where they are no
    StyleGAN2 or 3 generator; both are ValueErrors in words fit for a visitor.
    """
    if isinstance(model.source, Wheel):
        weights = wheel.read_weights(model.source, progress)
        return MobileStyleGAN.from_weights(weights).to(device)
    path = model.source
    if isinstance(path, HubFile):
        label = Message("Downloading {model}", model=model.title)
        if model.megabytes:
            label = Message(
                "Downloading {model} ({size} MB, once)", model=model.title, size=model.megabytes
            )
        path = hub.fetch(path, progress, label)
    progress(Message("Reading {file}", file=path.name), None)
    try:
        checkpoint = read_checkpoint(path)
        if checkpoint.place:
            averaged = (
                "averaged over training" if checkpoint.averaged else "not averaged by its name"
            )
            log.info("%s: %s is taken, %s", path.name, checkpoint.place, averaged)
        return generator_of(checkpoint).to(device)
    except OSError as error:
        raise ModelUnavailableError(
            "{file} cannot be read: {why}.", file=path.name, why=error.strerror
        ) from None
    except (MemoryError, torch.OutOfMemoryError):
        raise ModelUnavailableError(
            "There is not enough memory for {file}; choose a smaller model.", file=path.name
        ) from None
