"""What a file's StyleGAN3 generator is like, worked out from its weights' names and shapes."""

import re
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from networks.alias_free import STRIDE, TAPS, AliasFree, Layer, Recorded
from networks.checkpoints.architecture import (
    LACKS,
    MAX_MAP,
    NOTHING,
    TOO_WIDE,
    check_shapes,
    infer_latents,
    shape_of,
)
from networks.checkpoints.errors import CheckpointError

_LAYER = re.compile(r"synthesis\.L(\d{1,2})_(\d{1,4})_(\d{1,4})\.")
_SIZES = (32, 64, 128, 256, 512, 1024)
_MAX_LAYERS, _MAX_MARGIN, _MAX_STEP = 40, 32, 16
ODD = "has layers of a StyleGAN3 that do not fit each other: it is damaged, or another network"


def is_alias_free(names: Collection[str]) -> bool:
    """Whether these are the names of a StyleGAN3 generator's weights."""
    return any(name.startswith("synthesis.input.") for name in names)


def infer_alias_free(state: dict[str, np.ndarray], recorded: Recorded) -> AliasFree:
    """The architecture that weights belong to.

    state: NVIDIA's names -> arrays. Raises CheckpointError where they are no StyleGAN3 generator of
    RGB pictures of 32 to 1024 px, square ones, or not all of one.
    """
    found = {int(match[1]): match for name in state if (match := _LAYER.match(name))}
    *numbers, last = sorted(found) or [0]
    if len(numbers) < 3 or len(numbers) > _MAX_LAYERS:
        raise CheckpointError(NOTHING)
    for i in range(last):
        if i not in found:
            raise CheckpointError(LACKS, name=f"synthesis.L{i}")
    names = [found[i][0][len("synthesis.") : -1] for i in (*numbers, last)]
    sides = [int(found[i][2]) for i in (*numbers, last)]
    size, margin = sides[-1], (sides[-3] - sides[-1]) // 2
    if size not in _SIZES:
        raise CheckpointError("makes pictures of {size} px; 32 to 1024 work", size=size)
    if not 0 <= margin <= _MAX_MARGIN or sides[-2] != size:
        raise CheckpointError(ODD)
    # The last two are cut to the picture; all before them go on beyond it.
    rates = [side - 2 * margin for side in sides[:-2]] + [size, size]
    shapes = [shape_of(state, f"synthesis.{name}.weight", 4) for name in names]
    layers = []
    for i, name in enumerate(names):
        before = max(i - 1, 0)
        side, rate = (sides[0], rates[0]) if i == 0 else (sides[before], rates[before])
        outputs, inputs, kernel, _ = shapes[i]
        up = down = 1
        if i < last:
            up, down = (_step(state, f"synthesis.{name}.{way}_filter") for way in ("up", "down"))
        radial = i < last and state[f"synthesis.{name}.down_filter"].ndim == 2
        layers.append(
            Layer(name, sides[i], rates[i], outputs, side, rate, inputs, kernel, up, down, radial)
        )
    *layers, rgb = layers
    a = AliasFree(
        **vars(infer_latents(state)),
        input_side=sides[0],
        input_rate=rates[0],
        layers=tuple(layers),
        rgb=rgb,
        recorded=recorded,
    )
    for layer in layers:
        dense = STRIDE * max(layer.rate, layer.rate_before)
        if not (0 < layer.rate <= size and layer.kernel in (1, 3) and layer.fits):
            raise CheckpointError(ODD)
        if layer.rate_before * layer.up != dense:
            raise CheckpointError(ODD)
        if layer.channels * layer.side**2 > MAX_MAP:
            raise CheckpointError(TOO_WIDE)
    if rgb.channels != 3 or rgb.kernel != 1 or recorded.bandwidth >= a.input_rate / 2:
        raise CheckpointError(ODD)
    check_shapes(state, a.shapes() | a.filters | {"mapping.w_avg": (a.w_dim,)})
    if any(not state[f"synthesis.{layer.name}.magnitude_ema"] > 0 for layer in (*layers, rgb)):
        raise CheckpointError(ODD)
    return a


def _step(state: dict[str, np.ndarray], name: str) -> int:
    """How many samples a filter makes of one, or one of how many."""
    if name not in state:
        raise CheckpointError(LACKS, name=name)
    step, rest = divmod(len(state[name]) if state[name].ndim else 0, TAPS)
    if rest or not 1 <= step <= _MAX_STEP:
        raise CheckpointError(ODD)
    return step


def recorded_in(layers: Mapping[str, dict]) -> Recorded:
    """What a pickle's layers record, by their paths; raises CheckpointError for a setting that is
    no number."""
    usual = Recorded()
    first = next((path for path in sorted(layers) if path.startswith("synthesis.L")), "")
    given = {
        "lr_multiplier": ("mapping.fc0", "bias_gain"),
        "conv_clamp": (first, "conv_clamp"),
        "output_scale": ("synthesis", "output_scale"),
        "bandwidth": ("synthesis.input", "bandwidth"),
    }
    values: dict[str, Any] = {}
    for field, (path, attribute) in given.items():
        value = layers.get(path, {}).get(attribute, getattr(usual, field))
        if value is None and field == "conv_clamp":
            values[field] = None
        elif isinstance(value, (int, float)) and abs(value) < 1e6:
            values[field] = float(value)
        else:
            raise CheckpointError("is damaged: a setting of its layers is no number")
    return Recorded(**values)
