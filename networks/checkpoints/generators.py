"""Find the generator in what a weight file holds, whatever the tool that wrote it."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from networks import alias_free as stylegan3
from networks.alias_free import AliasFree
from networks.architecture import Architecture, Recorded
from networks.checkpoints import alias_free, genforce, nvidia, others, rosinality, tensorflow
from networks.checkpoints.architecture import NOTHING, grey_as_rgb, infer_architecture
from networks.checkpoints.arrays import Array, Tensor, to_arrays
from networks.checkpoints.containers import leaves_of
from networks.checkpoints.errors import NOT_REAL, CheckpointError, shown
from networks.checkpoints.records import Foreign, Module, TensorFlowNetwork

_Arrays = dict[str, np.ndarray]
# A weight that every generator has, by its name in each tool: whose names these are, and how they
# become NVIDIA's.
_TOOLS: dict[str, tuple[str, Callable[[_Arrays], tuple[_Arrays, list[str]]]]] = {
    "synthesis.b4.const": ("NVIDIA's", lambda state: (state, [])),
    "synthesis.input.weight": ("NVIDIA's", lambda state: (state, [])),
    "synthesis.early_layer.const": ("genforce's", genforce.translate),
    "input.input": ("rosinality's", rosinality.translate),
    "constant_input.input": ("MMGeneration's", rosinality.translate_mmgeneration),
    "constant_input.weight": ("BasicSR's", rosinality.translate_basicsr),
}
MARKS = tuple(_TOOLS)
_AVERAGED = re.compile(
    r"(?:^|[^a-z])(?:ema|smooth|avg|averaged?|running|gs)(?:$|[^a-z])", re.IGNORECASE
)
# Of several generators that are averaged over training, or of several that are not, the first.
_USUAL = ("G_ema", "g_ema", "params_ema", "Gs", "state_dict", "model", "generator", "G", "g")
_MAX_SKIPPED = 500  # names told of
_DISCRIMINATORS = ("D", "d", "discriminator")


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A StyleGAN2 or StyleGAN3 generator read from a file."""

    format: str  # in words
    place: str  # where in the file it is, such as G_ema; "" where the file is the generator
    averaged: bool  # over training, as that name says
    state: dict[str, np.ndarray]  # float32, by NVIDIA's PyTorch names
    architecture: Architecture | AliasFree
    skipped: tuple[str, ...]  # networks and weights besides that a generator has no use for


@np.errstate(all="ignore")  # numbers that are none are found and named, not warned of
def find_generator(value: Any, container: str, nbytes: int) -> Checkpoint:
    """The generator in a value that a reader has built: of several, one averaged over training.

    container: what the file is, in words.   nbytes: its size, which bounds that of the weights.
    Raises CheckpointError where there is none.
    """
    if type(value) is tuple and len(value) == 3 and type(value[2]) is TensorFlowNetwork:
        state, recorded, skipped = tensorflow.read_network(value[2], nbytes)
        names = ("training generator", "discriminator", *skipped)
        return _checkpoint("TensorFlow pickle of 2019", "Gs", state, recorded, names)
    if type(value) is TensorFlowNetwork:
        state, recorded, skipped = tensorflow.read_network(value, nbytes)
        return _checkpoint("TensorFlow pickle of 2019", "", state, recorded, skipped)
    leaves = leaves_of(value)
    place, mark = _place(leaves)
    rest = _rest(leaves, place)
    if mark is None:
        return _of_module(leaves[place], place, container, nbytes, rest)
    before = f"{place}." if place else ""
    weights = {
        name[len(before) :]: item
        for name, item in leaves.items()
        if name.startswith(before) and isinstance(item, Tensor | Array)
    }
    centre = _centre(leaves, place)
    try:
        tool, translate = _TOOLS[mark]
        state = to_arrays(weights | ({} if centre is None else {"latent_avg": centre}), nbytes)
        average = state.pop("latent_avg", None)
        state, skipped = translate(state)
        if average is not None:  # (w_dim,), or the same for each entry of ws
            average = average[0] if average.ndim == 2 and len(average) else average
            state.setdefault("mapping.w_avg", average)
        usual = stylegan3.Recorded if alias_free.is_alias_free(state) else Recorded
        words = f"{tool} names, {container}"
        return _checkpoint(words, place, state, usual(), (*rest, *skipped))
    except CheckpointError:
        others.check_weights(leaves)  # which it may be the truer to say
        raise


def _place(leaves: dict[str, Any]) -> tuple[str, str | None]:
    """Where the generator is, and which of the marks in _TOOLS shows it; None for a pickled one."""
    found: dict[str, str | None] = {}
    for name, item in leaves.items():
        if isinstance(item, Module) and ("synthesis" in _children(item) or not name):
            found.setdefault(name, None)
        elif isinstance(item, Tensor | Array) and name.endswith(MARKS):
            for mark in MARKS:
                if f".{name}".endswith(f".{mark}"):
                    found.setdefault(name[: -len(mark)].rstrip("."), mark)
    if not found:
        raise _none(leaves)
    order = {name: i for i, name in enumerate(_USUAL)}
    place = min(
        found,
        key=lambda each: (
            not _AVERAGED.search(each),
            order.get(each.rpartition(".")[2], len(order)),
        ),
    )
    return place, found[place]


def _children(module: Module) -> Iterable:
    children = module.state.get("_modules")
    return children if isinstance(children, dict) else ()


def _none(leaves: dict[str, Any]) -> CheckpointError:
    """Why there is no generator."""
    others.check_weights(leaves)
    for item in leaves.values():
        if isinstance(item, Module | Foreign):
            others.check_class(item)
    kinds = Tensor | Array | Module | Foreign
    if isinstance(leaves.get(""), Tensor | Array):
        return CheckpointError(
            "is an array, not a network; latents are opened, not chosen as a model"
        )
    tops = {name.partition(".")[0] for name, item in leaves.items() if isinstance(item, kinds)}
    if tops and tops <= {*_DISCRIMINATORS}:
        return CheckpointError("holds a discriminator only; choose a file with the generator")
    return CheckpointError(NOTHING)


def _rest(leaves: dict[str, Any], place: str) -> list[str]:
    """What a file has beside the generator, each by the place where it branches off."""
    ours = place.split(".")
    rest: dict[str, None] = {}  # in the file's order
    for name in leaves:
        parts = name.split(".")
        same = next((i for i, (a, b) in enumerate(zip(ours, parts, strict=False)) if a != b), None)
        if place and same is not None and parts[-1] != "latent_avg":
            rest[".".join(parts[: same + 1])] = None
    return list(rest)


def _centre(leaves: dict[str, Any], place: str) -> Tensor | None:
    """What a file has as latent_avg, with the generator or in a dict around it."""
    parts = place.split(".") if place else []
    for i in range(len(parts), -1, -1):
        item = leaves.get(".".join([*parts[:i], "latent_avg"]))
        if isinstance(item, Tensor):
            return item
    return None


def _of_module(
    module: Module, place: str, container: str, nbytes: int, rest: list[str]
) -> Checkpoint:
    """The generator that is pickled as a tree of layers."""
    others.check_class(module)
    tensors, layers = nvidia.read_module(module)
    arrays, words = to_arrays(tensors, nbytes), f"NVIDIA {container}"
    try:
        if not alias_free.is_alias_free(tensors):
            return _checkpoint(words, place, arrays, nvidia.recorded_in(layers), rest)
        checkpoint = _checkpoint(words, place, arrays, alias_free.recorded_in(layers), rest)
        assert isinstance(checkpoint.architecture, AliasFree)
        alias_free.check_recorded(checkpoint.architecture, layers)
        return checkpoint
    except CheckpointError:
        others.check_weights(tensors)
        raise


def _checkpoint(
    words: str,
    place: str,
    state: dict[str, np.ndarray],
    recorded: Recorded | stylegan3.Recorded,
    skipped: Iterable[str],
) -> Checkpoint:
    architecture: Architecture | AliasFree
    if isinstance(recorded, stylegan3.Recorded):
        state = alias_free.grey_as_rgb(state)
        architecture = alias_free.infer_alias_free(state, recorded)
        wanted = architecture.shapes() | architecture.filters
    else:
        state = grey_as_rgb(state)
        architecture = infer_architecture(state, recorded)
        wanted = architecture.shapes()
    kept, surplus = {}, []
    for name, values in state.items():
        if name in wanted or name == "mapping.w_avg" or ".noise_" in name:
            if values.dtype.kind != "f":
                raise CheckpointError(NOT_REAL, name=shown(name), kind=values.dtype)
            kept[name] = np.array(values, np.float32, order="C")
            if not np.isfinite(kept[name]).all():
                raise CheckpointError(
                    "has numbers in {name} that are none (NaN or infinite)", name=shown(name)
                )
        elif not name.endswith(".resample_filter"):
            surplus.append(name)
    left = tuple(map(shown, [*skipped, *surplus][:_MAX_SKIPPED]))
    averaged = _AVERAGED.search(place) is not None
    return Checkpoint(words, shown(place), averaged, kept, architecture, left)
