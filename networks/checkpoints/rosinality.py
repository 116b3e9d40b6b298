"""The names of rosinality's stylegan2-pytorch, and of the tools built on it (pSp, e4e, JoJoGAN);
those of BasicSR and MMGeneration, too, which are the same network under other names."""

import re

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
_CONVOLUTION = r"conv1|convs\.\d{1,2}"
_BASICSR = (  # what of a name is another there, and what it is here
    (r"style_mlp\.", "style."),
    (r"constant_input\.weight$", "input.input"),
    (r"style_(conv1|convs)\.", r"\1."),
    (rf"({_CONVOLUTION})\.weight$", r"\1.noise.weight"),
    (r"(.*\.)modulated_conv\.", r"\1conv."),
    (r"noises\.noise(\d)", r"noises.noise_\1"),
)
_MMGENERATION = (
    (r"style_mapping\.(\d{1,2})\.(?:linear\.)?", r"style.\1."),
    (r"constant_input\.", "input."),
    (r"(.*)\.weight_orig$", r"\1.weight"),  # which is scaled when it is used, as rosinality's
    (r"(.*\.)style_modulation\.(?:linear\.)?", r"\1modulation."),
    (r"(.*\.)noise_injector\.", r"\1noise."),
    (r"injected_noise_", "noises.noise_"),
)


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


def translate_basicsr(state: dict[str, np.ndarray]) -> tuple[dict[str, np.ndarray], list[str]]:
    """As `translate`, of BasicSR's names."""
    return translate(_renamed(state, _BASICSR))


def translate_mmgeneration(state: dict[str, np.ndarray]) -> tuple[dict[str, np.ndarray], list[str]]:
    """As `translate`, of MMGeneration's names, whose pictures are BGR as its configurations say; no
    file of its own was at hand."""
    translated, skipped = translate(_renamed(state, _MMGENERATION))
    for name, values in translated.items():
        if ".torgb." in name and ".affine." not in name:
            translated[name] = values[::-1]
    return translated, skipped


def _renamed(state: dict[str, np.ndarray], changes: tuple) -> dict[str, np.ndarray]:
    renamed = {}
    for name, values in state.items():
        for theirs, ours in changes:
            name = re.sub(rf"^{theirs}", ours, name)
        renamed[name] = values
    return renamed


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
