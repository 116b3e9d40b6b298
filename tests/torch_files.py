"""Writes small StyleGAN2 networks as rosinality's files, bare state dicts and safetensors."""

import argparse
import re
from pathlib import Path

import torch
from safetensors.torch import save_file

from tests.checkpoint_files import FILTER


def rosinality_names(state: dict) -> dict[str, torch.Tensor]:
    """The network by rosinality's names and shapes, blur kernels included."""
    named = {}
    for key, value in state.items():
        _, block, *rest = key.split(".")
        if key.startswith("mapping.fc"):
            named[f"style.{int(block[2:]) + 1}.{rest[0]}"] = value
        elif rest == ["const"]:
            named["input.input"] = value[None]
        elif key.startswith("synthesis.") and rest[0] != "resample_filter":
            side, layer, part = int(block[1:]), rest[0], ".".join(rest[1:])
            log = side.bit_length() - 3
            number = 2 * log - (layer == "conv0")
            place = {"torgb": "to_rgb1" if log == 0 else f"to_rgbs.{log - 1}"}.get(
                layer, "conv1" if number == 0 else f"convs.{number - 1}"
            )
            if part == "noise_const":
                named[f"noises.noise_{number}"] = value[None, None]
            elif part == "noise_strength":
                named[f"{place}.noise.weight"] = value[None]
            elif part == "bias":
                own = layer == "torgb"
                named[f"{place}.{'bias' if own else 'activate.bias'}"] = (
                    value.view(1, 3, 1, 1) if own else value
                )
            elif part == "weight":
                named[f"{place}.conv.weight"] = value[None]
            else:
                named[f"{place}.conv.modulation.{part.rpartition('.')[2]}"] = value
            if layer == "conv0":
                named[f"{place}.conv.blur.kernel"] = 4 * FILTER
    return named


def write_torch(path: Path, content, zipped=True) -> None:
    """By torch.save, as a zip archive or as the stream of earlier versions."""
    torch.save(content, path, _use_new_zipfile_serialization=zipped)


def write_rosinality(path: Path, state: dict, zipped=True, layout="converted") -> None:
    """layout: converted ({'g_ema', 'latent_avg'}), training (of train.py), psp (decoder.*)."""
    names, average = rosinality_names(state), state["mapping.w_avg"]
    wrong = {name: value + 1 for name, value in names.items()}
    content = {
        "converted": {"g_ema": names, "latent_avg": average},
        "training": {
            "g": wrong,
            "d": {"convs.0.0.weight": torch.ones(2)},
            "g_ema": names,
            "g_optim": {"state": {0: {"step": 3, "exp_avg": torch.ones(2)}}},
            "args": argparse.Namespace(size=32, path="/data"),
        },
        "psp": {
            "state_dict": {f"decoder.{name}": value for name, value in names.items()},
            "latent_avg": average.repeat(8, 1),
            "opts": {"output_size": 32},
        },
    }[layout]
    write_torch(path, content, zipped)


def write_safetensors(path: Path, state: dict) -> None:
    """A state dict as it is."""
    save_file({name: value.clone() for name, value in state.items()}, path)


# From rosinality's names to others', one after the other.
_BASICSR = {
    r"^style\.": "style_mlp.",
    r"^input\.input": "constant_input.weight",
    r"^(conv1|convs)\.": r"style_\1.",
    r"\.conv\.": ".modulated_conv.",
    r"\.noise\.weight": ".weight",
    r"^noises\.noise_": "noises.noise",
}
_MMGENERATION = {
    r"^style\.(\d+)\.weight": r"style_mapping.\1.linear.weight_orig",
    r"^style\.": "style_mapping.",
    r"^input\.": "constant_input.",
    r"\.modulation\.weight": ".style_modulation.linear.weight_orig",
    r"\.modulation\.": ".style_modulation.",
    r"\.conv\.weight": ".conv.weight_orig",
    r"\.noise\.weight": ".noise_injector.weight",
    r"^noises\.noise_": "injected_noise_",
}


def basicsr_names(state: dict) -> dict[str, torch.Tensor]:
    """The network by BasicSR's names."""
    named = {}
    for name, value in rosinality_names(state).items():
        if not name.endswith(".kernel"):
            named[_renamed(name, _BASICSR)] = value
    return named


def mmgeneration_names(state: dict) -> dict[str, torch.Tensor]:
    """The network by MMGeneration's names, BGR."""
    named = {}
    for name, value in rosinality_names(state).items():
        if re.fullmatch(r"to_rgb.*\.conv\.weight|to_rgb.*\d\.bias", name):
            value = value.flip(1)
        named[_renamed(name, _MMGENERATION)] = value
    return named


def _renamed(name: str, rules: dict[str, str]) -> str:
    for ours, theirs in rules.items():
        name = re.sub(ours, theirs, name)
    return name


def genforce_names(state: dict) -> dict[str, torch.Tensor]:
    """The network by genforce's names: numbers as in TensorFlow's, shapes as in PyTorch's."""
    named = {"synthesis.upsample.kernel": 4 * FILTER[None, None]}
    for key, value in state.items():
        _, block, *rest = key.split(".")
        if key.startswith("mapping.fc"):
            named[key.replace("fc", "dense")] = value
        elif key == "mapping.w_avg":
            named["truncation.w_avg"] = value
        elif rest == ["const"]:
            named["synthesis.early_layer.const"] = value[None]
        elif rest[0] != "resample_filter":
            log, layer, part = int(block[1:]).bit_length() - 3, rest[0], ".".join(rest[1:])
            place = {"torgb": f"output{log}", "skip": f"skip_layer{log - 1}"}.get(
                layer, f"layer{2 * log - (layer == 'conv0')}"
            )
            if part == "affine.bias":
                value = value - 1
            elif part == "noise_const":
                value = value[None, None]
            elif part == "weight" and layer == "conv0":
                value = value.flip(2, 3)
            part = {"noise_const": "noise"}.get(part, part.replace("affine", "style"))
            named[f"synthesis.{place}.{part}"] = value
    return named
