"""Generators as the TensorFlow tools of 2019 keep them: lists of named arrays in a pickle."""

import re
from collections.abc import Iterator

import numpy as np

from networks.architecture import Recorded, convolution_path
from networks.checkpoints.architecture import without_first
from networks.checkpoints.arrays import Array, to_arrays
from networks.checkpoints.errors import CheckpointError
from networks.checkpoints.records import TensorFlowNetwork

_VERSION = 4
_MAX_VARIABLES = 2000  # of one network; a generator of 1024 px has 170
_LAYER = {
    "bias": "bias",
    "mod_weight": "affine.weight",
    "mod_bias": "affine.bias",
    "noise_strength": "noise_strength",
    "weight": "weight",
}


def read_network(
    network: TensorFlowNetwork, nbytes: int
) -> tuple[dict[str, np.ndarray], Recorded, list[str]]:
    """The state dict in NVIDIA's PyTorch names and shapes, what is recorded, and what was skipped.

    nbytes: size of the file, which bounds that of the weights. Raises CheckpointError for StyleGAN1
    and other networks of that time.
    """
    function = network.state.get("build_func_name")
    if network.state.get("version") != _VERSION or function != "G_main":
        known = {"G_style": "StyleGAN1", "D_stylegan2": "a discriminator", "D_basic": "StyleGAN1"}
        name = known.get(function, "another network") if type(function) is str else "no network"
        raise CheckpointError(
            "is {network} of the TensorFlow tools; choose a StyleGAN2 generator", network=name
        )
    components = network.state.get("components")
    mapping, synthesis = (
        components.get(name) if isinstance(components, dict) else None
        for name in ("mapping", "synthesis")
    )
    if not isinstance(mapping, TensorFlowNetwork) or not isinstance(synthesis, TensorFlowNetwork):
        raise CheckpointError("is damaged: its generator lacks a part")
    if synthesis.state.get("build_func_name") != "G_synthesis_stylegan2":
        raise CheckpointError(
            "is a StyleGAN1 generator, or one of the paper's configurations A to "
            "D; choose a StyleGAN2 one"
        )
    variables: dict[str, Array] = {}
    names: dict[str, str] = {}  # ours of theirs
    skipped = []
    for prefix, part in (("", network), ("mapping/", mapping), ("synthesis/", synthesis)):
        for name, values in _variables(part):
            if name == "LabelConcat/weight":
                raise CheckpointError(
                    "is a network with classes of the TensorFlow tools of 2019, "
                    "which is not supported"
                )
            ours = _name(prefix + name)
            if ours is None:
                skipped.append(prefix + name)
            else:
                variables[prefix + name], names[prefix + name] = values, ours
    state = {
        names[name]: _shaped(name, values) for name, values in to_arrays(variables, nbytes).items()
    }
    arguments = network.state.get("static_kwargs")
    multiplier = arguments.get("mapping_lrmul", 0.01) if isinstance(arguments, dict) else 0.01
    if not isinstance(multiplier, (int, float)):
        raise CheckpointError("is damaged: a setting of its layers is no number")
    return state, Recorded(float(multiplier)), skipped


def _variables(network: TensorFlowNetwork) -> Iterator[tuple[str, Array]]:
    variables = network.state.get("variables")
    if isinstance(variables, list) and len(variables) > _MAX_VARIABLES:
        raise CheckpointError("has far more variables than any generator and was refused")
    for item in variables if isinstance(variables, list) else ():
        if not (
            isinstance(item, tuple)
            and len(item) == 2
            and isinstance(item[0], str)
            and isinstance(item[1], (Array, float, int))
        ):
            raise CheckpointError("is damaged: one of its variables is no array")
        name, values = item
        yield name[:100], values if isinstance(values, Array) else Array.of(values)


def _name(name: str) -> str | None:
    if name == "dlatent_avg":
        return "mapping.w_avg"
    if match := re.fullmatch(r"mapping/(Dense(\d{1,2})|LabelEmbed)/(weight|bias)", name):
        return f"mapping.{'embed' if match[2] is None else 'fc' + match[2]}.{match[3]}"
    if name == "synthesis/4x4/Const/const":
        return "synthesis.b4.const"
    if match := re.fullmatch(r"synthesis/noise(\d{1,2})", name):
        return f"{convolution_path(int(match[1]))}.noise_const"
    match = re.fullmatch(
        r"synthesis/(4|8|16|32|64|128|256|512|1024)x\1/"
        r"(Conv|Conv0_up|Conv1|ToRGB|Skip)/(\w{4,14})",
        name,
    )
    if match is None or match[3] not in _LAYER:
        return None
    layer = {
        "Conv": "conv1",
        "Conv0_up": "conv0",
        "Conv1": "conv1",
        "ToRGB": "torgb",
        "Skip": "skip",
    }[match[2]]
    return f"synthesis.b{match[1]}.{layer}.{_LAYER[match[3]]}"


def _shaped(name: str, values: np.ndarray) -> np.ndarray:
    if name.endswith("mod_bias"):
        return values + 1  # TensorFlow adds it when it modulates
    if values.ndim == 4 and name.endswith("/weight"):
        if name.endswith(("Conv0_up/weight", "Skip/weight")):
            values = values[::-1, ::-1]  # stored for a true convolution
        return values.transpose(3, 2, 0, 1)
    if values.ndim == 2 and name.endswith("weight"):
        return values.T
    if values.ndim == 4:  # noise (1, 1, h, w) and the constant (1, C, 4, 4)
        values = without_first(values)
        return values if name.endswith("const") else without_first(values)
    return values
