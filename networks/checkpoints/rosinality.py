"""The names of rosinality's stylegan2-pytorch, and of the tools built on it (pSp, e4e, JoJoGAN)."""

import re
from collections.abc import Collection

import numpy as np

from networks.architecture import convolution_path
from networks.checkpoints.architecture import without_first

_LAYER = {
    "conv.weight": "weight",
    "conv.modulation.weight": "affine.weight",
    "conv.modulation.bias": "affine.bias",
    "activate.bias": "bias",
    "bias": "bias",
    "noise.weight": "noise_strength",
}


def is_rosinality(names: Collection[str]) -> bool:
    """Whether these are such names."""
    return "input.input" in names and "style.1.weight" in names


def translate(state: dict[str, np.ndarray]) -> tuple[dict[str, np.ndarray], list[str]]:
    """The state dict in NVIDIA's names and shapes, and the names that have no place there.

    Blur kernels are left out: they are the same in every such file.
    """
    translated, skipped = {}, []
    for name, values in state.items():
        ours = _name(name)
        if ours is None:
            if not name.endswith(".kernel"):
                skipped.append(name)
            continue
        translated[ours] = _shaped(ours, values)
    return translated, skipped


def _name(name: str) -> str | None:
    if match := re.fullmatch(r"style\.(\d{1,2})\.(weight|bias)", name):
        return f"mapping.fc{int(match[1]) - 1}.{match[2]}"
    if name == "input.input":
        return "synthesis.b4.const"
    if match := re.fullmatch(r"noises\.noise_(\d{1,2})", name):
        return f"{convolution_path(int(match[1]))}.noise_const"
    layer, _, part = re.sub(r"^(convs|to_rgbs)\.", r"\1-", name).partition(".")
    if part not in _LAYER:
        return None
    if layer == "conv1":
        return f"{convolution_path(0)}.{_LAYER[part]}"
    if match := re.fullmatch(r"convs-(\d{1,2})", layer):
        return f"{convolution_path(int(match[1]) + 1)}.{_LAYER[part]}"
    if layer == "to_rgb1":
        return f"synthesis.b4.torgb.{_LAYER[part]}"
    if match := re.fullmatch(r"to_rgbs-(\d{1,2})", layer):
        return f"synthesis.b{8 << int(match[1])}.torgb.{_LAYER[part]}"
    return None


def _shaped(name: str, values: np.ndarray) -> np.ndarray:
    if name.endswith("noise_strength") and values.size == 1:
        return values.reshape(())
    if name.endswith("torgb.bias"):
        return values.reshape(-1)
    if values.ndim == 4 and name.endswith("noise_const"):
        return without_first(without_first(values))
    if values.ndim == 5 or (values.ndim == 4 and name.endswith("const")):
        return without_first(values)  # weights (1, out, in, k, k), the constant (1, C, 4, 4)
    return values
