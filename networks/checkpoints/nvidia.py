"""Generators as NVIDIA's PyTorch tools keep them: stylegan2-ada-pytorch, stylegan3's stylegan2,
DragGAN's fork, StyleGAN-Human. A network is a tree of module records, weights at every node."""

import re

from networks.architecture import Recorded
from networks.checkpoints import others
from networks.checkpoints.arrays import Tensor
from networks.checkpoints.errors import CheckpointError
from networks.checkpoints.records import Module

_MAX_MODULES, _MAX_ITEMS, _MAX_DEPTH = 2000, 20_000, 12
_NAME = re.compile(r"\w{1,60}")


def read_module(generator: Module) -> tuple[dict[str, Tensor], dict[str, dict]]:
    """State dict of a pickled generator, and what its layers record beside it, by their paths.

    Neither is rebuilt from the arguments of its constructor: their defaults are not in the file,
    and differ between the tools that wrote it.
    """
    state, layers, seen = {}, {}, 0
    queue = [("", generator, 0)]
    while queue:
        path, module, depth = queue.pop()
        layers[path] = module.state
        items = _items(module)
        seen += len(items)
        if depth > _MAX_DEPTH or seen > _MAX_ITEMS or len(layers) + len(queue) > _MAX_MODULES:
            raise CheckpointError("has layers within layers without end and was refused")
        for kind, name, item in items:
            if type(name) is not str or not _NAME.fullmatch(name):
                raise CheckpointError("has a layer with something in it that is no weight")
            if item is None:
                continue
            others.check_layer(f"{path}.{name}".lstrip("."), item)
            if isinstance(item, Module) and kind == "_modules":
                queue.append((f"{path}.{name}".lstrip("."), item, depth + 1))
            elif isinstance(item, Tensor) and kind != "_modules":
                state[f"{path}.{name}".lstrip(".")] = item
            else:
                raise CheckpointError("has a layer with something in it that is no weight")
    return state, layers


def _items(module: Module) -> list[tuple]:
    """What a layer holds: (kind, name, item)."""
    items = []
    for kind in ("_parameters", "_buffers", "_modules"):
        part = module.state.get(kind)
        if isinstance(part, dict):
            if len(part) > _MAX_MODULES:
                raise CheckpointError("has layers within layers without end and was refused")
            items += [(kind, *item) for item in part.items()]
    return items


def recorded_in(layers: dict[str, dict]) -> Recorded:
    """What the layers of a StyleGAN2 record that a generator of it needs."""
    multipliers = _values(layers, "mapping.fc", "bias_gain") or {0.01}
    clamps = _values(layers, "synthesis.", "conv_clamp") or {None}
    activations = _values(layers, "mapping.fc", "activation") | _values(
        layers, "synthesis.", "activation"
    )
    if len(multipliers) > 1 or len(clamps) > 1 or activations - {"lrelu", "linear"}:
        raise CheckpointError("is a StyleGAN2 with layers of an unusual kind, not supported")
    (multiplier,), (clamp,) = multipliers, clamps
    if not isinstance(multiplier, (int, float)) or not isinstance(clamp, (int, float, type(None))):
        raise CheckpointError("is damaged: a setting of its layers is no number")
    half = [state.get("resolution") for state in layers.values() if state.get("use_fp16") is True]
    return Recorded(
        float(multiplier),
        None if clamp is None else float(clamp),
        tuple(sorted(r for r in half if isinstance(r, int))),
    )


def _values(layers: dict[str, dict], prefix: str, attribute: str) -> set:
    """The values of an attribute among the layers whose path begins so.

    Layers of skip paths (plain convolutions) have clamps of their own, which never act.
    """
    return {
        state[attribute]
        for path, state in layers.items()
        if path.startswith(prefix)
        and not path.endswith((".skip", ".affine"))
        and isinstance(state.get(attribute), (int, float, str, type(None)))
        and attribute in state
    }
