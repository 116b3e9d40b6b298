"""The names of genforce's StyleGAN2, whose numbers are as those of the TensorFlow tools."""

import re

import numpy as np

from networks.architecture import convolution_path
from networks.checkpoints.architecture import without_first
from networks.checkpoints.errors import CheckpointError

_PART = {
    "weight": "weight",
    "bias": "bias",
    "style.weight": "affine.weight",
    "style.bias": "affine.bias",
    "noise_strength": "noise_strength",
    "noise": "noise_const",
}


def translate(state: dict[str, np.ndarray]) -> tuple[dict[str, np.ndarray], list[str]]:
    """The state dict in NVIDIA's names and shapes, and the names that have no place there.

    Raises CheckpointError for a network with classes, or whose latents differ between the layers.
    """
    translated, skipped = {}, []
    for name, values in state.items():
        if name.startswith(("mapping.label", "mapping.embedding")):
            raise CheckpointError("is a network with classes of genforce, which is not supported")
        ours = _name(name)
        if ours is None:
            if not name.endswith(".kernel"):
                skipped.append(name)
            continue
        translated[ours] = _shaped(name, ours, values)
    return translated, skipped


def _name(name: str) -> str | None:
    if name == "truncation.w_avg":
        return "mapping.w_avg"
    if name == "synthesis.early_layer.const":
        return "synthesis.b4.const"
    if match := re.fullmatch(r"mapping\.dense(\d{1,2})\.(weight|bias)", name):
        return f"mapping.fc{match[1]}.{match[2]}"
    match = re.fullmatch(r"synthesis\.(layer|output|skip_layer)(\d{1,2})\.([a-z_.]{4,14})", name)
    if match is None or match[3] not in _PART:
        return None
    number, part = int(match[2]), _PART[match[3]]
    if match[1] == "layer":
        return f"{convolution_path(number)}.{part}"
    if match[1] == "output":
        return f"synthesis.b{4 << number}.torgb.{part}"
    return f"synthesis.b{8 << number}.skip.{part}"


def _shaped(name: str, ours: str, values: np.ndarray) -> np.ndarray:
    if name.endswith("style.bias"):
        return values + 1  # it is added when the layer modulates
    if ".conv0.weight" in ours and values.ndim == 4:
        return values[:, :, ::-1, ::-1]  # stored for a true convolution
    if values.ndim == 4 and ours.endswith("noise_const"):
        return without_first(without_first(values))
    return without_first(values) if ours.endswith(".const") and values.ndim == 4 else values
