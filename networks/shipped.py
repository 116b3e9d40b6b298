"""Weights that ship with the program, which are what they were or are not used."""

import hashlib
from pathlib import Path

import torch
from safetensors.torch import load

from networks.errors import UserError


def read_shipped(path: Path, sha256: str, device: torch.device) -> dict[str, torch.Tensor]:
    """The tensors of a file of assets/ by name, as float32 on this device. Raises UserError where
    it is another file than that of this SHA-256, or none."""
    try:
        content = path.read_bytes()
    except OSError:
        content = b""
    if hashlib.sha256(content).hexdigest() != sha256:
        raise UserError(
            "The file {file} is missing or damaged (wrong SHA-256): fetch the program anew.",
            file=path.name,
        )
    return {name: values.float().to(device) for name, values in load(content).items()}
