"""Find the generator in what a weight file holds, whatever the tool that wrote it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from networks import alias_free as stylegan3
from networks.alias_free import AliasFree
from networks.architecture import Architecture, Recorded
from networks.checkpoints import alias_free, nvidia, rosinality, tensorflow
from networks.checkpoints.architecture import NOTHING, infer_architecture
from networks.checkpoints.arrays import Array, Tensor, to_arrays
from networks.checkpoints.errors import NOT_REAL, CheckpointError, shown
from networks.checkpoints.records import Module, TensorFlowNetwork

# Under which keys a file may hold the generator, averaged over training first, and no other.
_GENERATORS = ("G_ema", "g_ema", "params_ema", "Gs", "state_dict", "model", "generator", "G", "g")
_PREFIXES = re.compile(r"^(module|decoder|generator|g_ema|G_ema|netG|G|g)\.")
_UNPREFIXED = "synthesis.b4.const", "input.input", "synthesis.input.weight"
_MAX_SKIPPED = 500  # names told of
_OTHERS = ("D", "d", "discriminator")


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A StyleGAN2 or StyleGAN3 generator read from a file."""

    format: str  # in words
    state: dict[str, np.ndarray]  # float32, by NVIDIA's PyTorch names
    architecture: Architecture | AliasFree
    skipped: tuple[str, ...]  # networks and weights besides that a generator has no use for


@np.errstate(all="ignore")  # numbers that are none are found and named, not warned of
def find_generator(value: Any, container: str, nbytes: int) -> Checkpoint:
    """The generator in a value that a reader has built.

    container: what the file is, in words.   nbytes: its size, which bounds that of the weights.
    Raises CheckpointError where there is none.
    """
    if type(value) is tuple and len(value) == 3 and type(value[2]) is TensorFlowNetwork:
        state, recorded, skipped = tensorflow.read_network(value[2], nbytes)
        names = ("training generator", "discriminator", *skipped)
        return _checkpoint("TensorFlow pickle of 2019", state, recorded, names)
    if type(value) is TensorFlowNetwork:
        state, recorded, skipped = tensorflow.read_network(value, nbytes)
        return _checkpoint("TensorFlow pickle of 2019", state, recorded, skipped)
    key, rest = None, ()
    if isinstance(value, dict) and not any(
        isinstance(item, (Tensor, Array)) and "." in str(name) for name, item in value.items()
    ):
        key = next((k for k in _GENERATORS if isinstance(value.get(k), (Module, dict))), None)
        rest = tuple(k for k in value if k not in (key, "latent_avg"))
        if key is None and any(value.get(k) for k in _OTHERS):
            raise CheckpointError("holds a discriminator only; choose a file with the generator")
    found = value if key is None else value[key]
    if type(found) is Module:
        tensors, layers = nvidia.read_module(found)
        arrays, words = to_arrays(tensors, nbytes), f"NVIDIA {container}"
        if alias_free.is_alias_free(tensors):
            checkpoint = _checkpoint(words, arrays, alias_free.recorded_in(layers), rest)
            assert isinstance(checkpoint.architecture, AliasFree)
            alias_free.check_recorded(checkpoint.architecture, layers)
            return checkpoint
        return _checkpoint(words, arrays, nvidia.recorded_in(layers), rest)
    if not isinstance(found, dict):
        raise CheckpointError(NOTHING)
    weights = _flat(found)
    if key is not None and isinstance(value.get("latent_avg"), Tensor):
        weights["latent_avg"] = value["latent_avg"]
    words, skipped = f"NVIDIA's names, {container}", []
    state = to_arrays(weights, nbytes)
    average = state.pop("latent_avg", None)
    if rosinality.is_rosinality(state):
        words = f"rosinality's names, {container}"
        state, skipped = rosinality.translate(state)
    if average is not None:  # (w_dim,), or the same for each entry of ws
        average = average[0] if average.ndim == 2 and len(average) else average
        state.setdefault("mapping.w_avg", average)
    usual = stylegan3.Recorded if alias_free.is_alias_free(state) else Recorded
    return _checkpoint(words, state, usual(), (*rest, *skipped))


def _flat(found: dict) -> dict:
    """The tensors of a state dict, without a prefix that all those of the generator share."""
    weights = {k: v for k, v in found.items() if type(k) is str and isinstance(v, (Tensor, Array))}
    for _ in range(3):
        if any(name in weights for name in _UNPREFIXED):
            break
        stripped = {_PREFIXES.sub("", k): v for k, v in weights.items() if _PREFIXES.match(k)}
        weights = stripped | {k: v for k, v in weights.items() if k == "latent_avg"}
    return weights


def _checkpoint(
    words: str,
    state: dict[str, np.ndarray],
    recorded: Recorded | stylegan3.Recorded,
    skipped: Sequence[str],
) -> Checkpoint:
    architecture: Architecture | AliasFree
    if isinstance(recorded, stylegan3.Recorded):
        architecture = alias_free.infer_alias_free(state, recorded)
        wanted = architecture.shapes() | architecture.filters
    else:
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
    left = [*skipped, *surplus][:_MAX_SKIPPED]
    return Checkpoint(words, kept, architecture, tuple(map(shown, left)))
