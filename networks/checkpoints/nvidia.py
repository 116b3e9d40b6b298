"""Generators as NVIDIA's PyTorch tools keep them: stylegan2-ada-pytorch, stylegan3's stylegan2,
DragGAN's fork, StyleGAN-Human. A network is a tree of module records, weights at every node."""

from networks.checkpoints.architecture import Recorded
from networks.checkpoints.errors import CheckpointError
from networks.checkpoints.records import Module, Tensor

_MAX_MODULES, _MAX_DEPTH = 2000, 12


def read_module(generator: Module) -> tuple[dict[str, Tensor], Recorded]:
    """State dict of a pickled generator, and what its layers record beside it.

    Neither is rebuilt from the arguments of its constructor: their defaults are not in the file,
    and differ between the tools that wrote it.
    """
    state, layers = {}, {}
    queue = [("", generator, 0)]
    while queue:
        path, module, depth = queue.pop()
        layers[path] = module.state
        if len(layers) > _MAX_MODULES or depth > _MAX_DEPTH:
            raise CheckpointError("has layers within layers without end and was refused")
        prefix = f"{path}." if path else ""
        for kind in ("_parameters", "_buffers", "_modules"):
            items = module.state.get(kind)
            for name, item in items.items() if isinstance(items, dict) else ():
                if isinstance(item, Module) and kind == "_modules":
                    queue.append((f"{prefix}{name}", item, depth + 1))
                elif isinstance(item, Tensor) and kind != "_modules":
                    state[f"{prefix}{name}"] = item
                elif item is not None:
                    raise CheckpointError("has a layer with something in it that is no weight")
    return state, _recorded(layers)


def _recorded(layers: dict[str, dict]) -> Recorded:
    multipliers = _values(layers, "mapping.fc", "bias_gain") or {0.01}
    clamps = _values(layers, "synthesis.", "conv_clamp") or {None}
    activations = (_values(layers, "mapping.fc", "activation")
                   | _values(layers, "synthesis.", "activation"))
    if len(multipliers) > 1 or len(clamps) > 1 or activations - {"lrelu", "linear"}:
        raise CheckpointError("is a StyleGAN2 with layers of an unusual kind, not supported")
    (multiplier,), (clamp,) = multipliers, clamps
    if not isinstance(multiplier, (int, float)) or not isinstance(clamp, (int, float, type(None))):
        raise CheckpointError("is damaged: a setting of its layers is no number")
    half = [state.get("resolution") for state in layers.values() if state.get("use_fp16") is True]
    return Recorded(float(multiplier), None if clamp is None else float(clamp),
                    tuple(sorted(r for r in half if isinstance(r, int))))


def _values(layers: dict[str, dict], prefix: str, attribute: str) -> set:
    """The values of an attribute among the layers whose path begins so.

    Layers of skip paths (plain convolutions) have clamps of their own, which never act.
    """
    return {state[attribute] for path, state in layers.items()
            if path.startswith(prefix) and not path.endswith((".skip", ".affine"))
            and isinstance(state.get(attribute), (int, float, str, type(None)))
            and attribute in state}
