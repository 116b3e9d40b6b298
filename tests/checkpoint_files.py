"""Writes small networks as NVIDIA's tools would, to be read back; torch_files, as others.

The formats are described in ../shared/WEIGHTS.md; what the tools import when they unpickle is
imitated here by modules that exist only while a file is written.
"""

import contextlib
import copyreg
import pickle
import re
import sys
import types
from collections import OrderedDict
from pathlib import Path

import numpy as np
import torch

from drag.models.reading import generator_of
from networks.checkpoints import read_checkpoint

FILTER = torch.outer(torch.tensor([1.0, 3, 3, 1]), torch.tensor([1.0, 3, 3, 1])) / 64


def generator_in(path):
    """The generator in a weight file."""
    return generator_of(read_checkpoint(path))


def random_state(
    resolution=32,
    kind="skip",
    c_dim=0,
    z_dim=24,
    w_dim=24,
    mapping_layers=2,
    sides=(4, 4),
    noise=True,
    channels=lambda resolution: 12 if resolution < 16 else 8,
    seed=0,
) -> dict[str, torch.Tensor]:
    """A network by NVIDIA's names, in which every weight matters: nothing is zero or one.

    sides: (h, w) of the constant input.   channels: of a block, from its resolution.
    """
    random = np.random.RandomState(seed)

    def tensor(*shape):
        return torch.from_numpy(random.randn(*shape)).float()

    state = {}

    def dense(name, before, after, scale=1.0, shift=0.0):
        state[f"{name}.weight"] = scale * tensor(after, before)
        state[f"{name}.bias"] = shift + 0.3 * scale * tensor(after)

    embed = w_dim if c_dim else 0
    if c_dim:
        dense("mapping.embed", c_dim, embed)
    for i in range(mapping_layers):
        dense(f"mapping.fc{i}", z_dim + embed if i == 0 else w_dim, w_dim, scale=100)
    state["mapping.w_avg"] = 0.5 * tensor(w_dim)

    def layer(name, before, after, kernel, size):
        dense(f"{name}.affine", w_dim, before, scale=0.5, shift=1)
        state[f"{name}.weight"] = tensor(after, before, kernel, kernel)
        state[f"{name}.bias"] = 0.3 * tensor(after)
        if size and noise:
            state[f"{name}.noise_strength"] = 0.2 + 0.1 * tensor(1)[0].abs()
            state[f"{name}.noise_const"] = tensor(*size)

    before, side = channels(4), 4
    state["synthesis.b4.const"] = tensor(before, *sides)
    while side <= resolution:
        block, after = f"synthesis.b{side}", channels(side)
        size = tuple(side // 4 * n for n in sides)
        state[f"{block}.resample_filter"] = FILTER
        if side > 4:
            layer(f"{block}.conv0", before, after, 3, size)
            if kind == "resnet":
                state[f"{block}.skip.weight"] = tensor(after, before, 1, 1)
        layer(f"{block}.conv1", after, after, 3, size)
        if kind == "skip" or side == resolution:
            layer(f"{block}.torgb", after, 3, 1, None)
        before, side = after, 2 * side
    return state


# ---- NVIDIA's pickles --------------------------------------------------------------------------
class _Layer:
    """Pickled as a network or layer of NVIDIA's tools: a call with its class name and state."""

    def __init__(self, class_name: str, state: dict):
        self.class_name, self.state = class_name, state

    def __reduce__(self):
        tools = sys.modules["torch_utils.persistence"]
        meta = sys.modules["dnnlib.util"].EasyDict(
            type="class",
            version=6,
            module_src='raise SystemExit("this source text was executed")',
            class_name=self.class_name,
            state=self.state,
        )
        return tools._reconstruct_persistent_obj, (meta,)


_BUFFERS = (
    *("noise_const", "w_avg", "resample_filter"),
    *("transform", "freqs", "phases", "magnitude_ema", "up_filter", "down_filter"),
)


def _attributes(
    path: str, fan_in: int, conv_clamp=None, lr=0.01, fp16=False, output_scale=0.25
) -> dict:
    if re.search(r"mapping\.fc\d+$", path):
        return {"activation": "lrelu", "bias_gain": lr, "weight_gain": np.float64(lr) / fan_in**0.5}
    if re.search(r"conv[01]$", path):
        return {"activation": "lrelu", "conv_clamp": conv_clamp, "use_noise": True}
    if path.endswith("torgb"):
        return {"conv_clamp": conv_clamp}
    if re.search(r"b\d+$", path):
        return {"resolution": int(path.rpartition("b")[2]), "use_fp16": fp16}
    if re.search(r"synthesis\.L\d+_\d+_\d+$", path):  # of StyleGAN3
        return {"conv_clamp": conv_clamp, "use_fp16": np.bool_(fp16), "in_size": np.array([3, 4])}
    return {
        "synthesis": {"output_scale": np.float64(output_scale), "margin_size": 10},
        "synthesis.input": {"bandwidth": 2, "sampling_rate": 16},
    }.get(path, {})


def as_module(state: dict, path="", name="Generator", **recorded):
    """A state dict as the tree of layers that NVIDIA's tools pickle."""
    own = {key: value for key, value in state.items() if "." not in key}
    children = dict.fromkeys(key.partition(".")[0] for key in state if "." in key)
    buffers = {k: v for k, v in own.items() if k in _BUFFERS}
    parameters = {
        k: torch.nn.Parameter(v, requires_grad=False) for k, v in own.items() if k not in buffers
    }
    fan_in = own["weight"].shape[1] if own.get("weight") is not None else 1
    modules = {
        child: as_module(
            {k.partition(".")[2]: v for k, v in state.items() if k.partition(".")[0] == child},
            f"{path}.{child}".strip("."),
            "Layer",
            **recorded,
        )
        for child in children
    }
    attributes = _attributes(path, fan_in, **recorded)
    return _Layer(
        name,
        {
            "training": False,
            "_parameters": OrderedDict(parameters),
            "_buffers": buffers,
            "_non_persistent_buffers_set": set(),
            "_forward_hooks": OrderedDict(),
            "_modules": modules,
            "_init_args": (),
            **attributes,
        },
    )


@contextlib.contextmanager
def _tools():
    """NVIDIA's modules, as far as pickles name them."""

    def module(name, **contents):
        made = types.ModuleType(name)
        for key, value in contents.items():
            value.__module__, value.__qualname__ = name, key
            setattr(made, key, value)
        return made

    class EasyDict(dict):
        def __reduce_ex__(self, protocol):
            return copyreg.__newobj__, (type(self),), None, None, iter(self.items())

    class Network:
        def __getstate__(self):
            return self.__dict__["state"]

    def _reconstruct_persistent_obj(meta):
        raise SystemExit("a pickle was executed")

    names = {
        "torch_utils": module("torch_utils"),
        "torch_utils.persistence": module(
            "torch_utils.persistence", _reconstruct_persistent_obj=_reconstruct_persistent_obj
        ),
        "dnnlib": module("dnnlib"),
        "dnnlib.util": module("dnnlib.util", EasyDict=EasyDict),
        "dnnlib.tflib": module("dnnlib.tflib"),
        "dnnlib.tflib.network": module("dnnlib.tflib.network", Network=Network),
    }
    sys.modules.update(names)
    try:
        yield
    finally:
        for name in names:
            del sys.modules[name]


def write_nvidia(
    path: Path, state: dict, protocol=4, layout="full", change=lambda content: None, **attributes
) -> None:
    """layout: full (all three networks), G_ema (that one in a dict), bare (that one by itself).
    change: what is done to that before it is written."""
    generator = as_module(state, **attributes)
    other = as_module({name: value + 1 for name, value in state.items()}, **attributes)
    content = {
        "full": {
            "G": other,
            "D": as_module({"b4.fc.weight": torch.ones(2, 2)}),
            "G_ema": generator,
            "augment_pipe": None,
            "training_set_kwargs": {"path": "/data/faces.zip"},
        },
        "G_ema": {"G_ema": generator},
        "bare": generator,
    }[layout]
    change(content)
    with _tools(), open(path, "wb") as file:
        pickle.dump(content, file, protocol=protocol)


# ---- TensorFlow's pickles ----------------------------------------------------------------------
def write_tensorflow(path: Path, state: dict, function="G_main") -> None:
    """As the tools of 2019 wrote them: the inverse of what WEIGHTS.md says of reading them."""
    mapping, synthesis = [], []
    for key, value in state.items():
        if key.startswith("mapping.") and key != "mapping.w_avg":
            mapping.append(_tensorflow_variable(key, value.numpy()))
        elif key.startswith("synthesis.") and "resample" not in key:
            synthesis.append(_tensorflow_variable(key, value.numpy()))
    average = [("lod", np.float32(0)), ("dlatent_avg", state["mapping.w_avg"].numpy())]
    path.write_bytes(tensorflow_pickle(mapping, synthesis, average, function))


def tensorflow_pickle(mapping: list, synthesis: list, average=(), function="G_main") -> bytes:
    """The three networks of those tools, from the variables of the last: (name, array)."""
    with _tools():
        made = sys.modules["dnnlib.tflib.network"].Network

        def network(name, function, variables, **components):
            one = made()
            one.__dict__["state"] = {
                "version": 4,
                "name": name,
                "static_kwargs": {"num_channels": 3},
                "components": components,
                "build_module_src": "raise SystemExit('executed')",
                "build_func_name": function,
                "variables": list(variables),
            }
            return one

        generator = network(
            "Gs",
            function,
            average,
            mapping=network("Gs_mapping", "G_mapping", mapping),
            synthesis=network("Gs_synthesis", "G_synthesis_stylegan2", synthesis),
        )
        return pickle.dumps(
            (network("G", function, []), network("D", "D_stylegan2", []), generator)
        )


def _tensorflow_variable(key: str, value: np.ndarray) -> tuple[str, np.ndarray]:
    if match := re.fullmatch(r"mapping\.(fc(\d+)|embed)\.(weight|bias)", key):
        layer = "LabelEmbed" if match[2] is None else f"Dense{match[2]}"
        return f"{layer}/{match[3]}", value.T
    _, block, *rest = key.split(".")
    side = int(block[1:])
    if rest == ["const"]:
        return "4x4/Const/const", value[None]
    layer, part = rest[0], ".".join(rest[1:])
    if part == "noise_const":
        number = 0 if side == 4 else 2 * (side.bit_length() - 3) - (layer == "conv0")
        return f"noise{number}", value[None, None]
    name = {
        "conv0": "Conv0_up",
        "conv1": "Conv" if side == 4 else "Conv1",
        "torgb": "ToRGB",
        "skip": "Skip",
    }[layer]
    kind = {"affine.weight": "mod_weight", "affine.bias": "mod_bias"}.get(part, part)
    if kind == "weight":
        value = value.transpose(2, 3, 1, 0)
        value = value[::-1, ::-1].copy() if layer in ("conv0", "skip") else value
    elif kind == "mod_weight":
        value = value.T
    elif kind == "mod_bias":
        value = value - 1
    return f"{side}x{side}/{name}/{kind}", value[()]
