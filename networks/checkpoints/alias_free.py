"""What a file's StyleGAN3 generator is like, worked out from its weights' names and shapes."""

import re
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from networks.alias_free import STRIDE, TAPS, AliasFree, Layer, Recorded
from networks.checkpoints.architecture import (
    CHANNELS,
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


def grey_as_rgb(state: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The state, of a generator of grey pictures as one of RGB pictures that are grey."""
    last = max(
        (match for name in state if (match := _LAYER.match(name))),
        key=lambda match: int(match[1]),
        default=None,
    )
    if last is None or last[3] != "1":
        return state
    grey, rgb = last[0], f"synthesis.L{last[1]}_{last[2]}_3."
    return {
        name.replace(grey, rgb): np.repeat(values, 3, 0)
        if name in (f"{grey}weight", f"{grey}bias") and values.ndim
        else values
        for name, values in state.items()
    }


def infer_alias_free(state: dict[str, np.ndarray], recorded: Recorded) -> AliasFree:
    """The architecture that weights belong to.

    state: NVIDIA's names -> arrays. Raises CheckpointError where they are no StyleGAN3 generator of
    RGB pictures of 32 to 1024 px, square ones, or not all of one.
    """
    *layers, rgb = _layers(state)
    a = AliasFree(
        **vars(infer_latents(state)),
        input_side=layers[0].side_before,
        input_rate=layers[0].rate_before,
        layers=tuple(layers),
        rgb=rgb,
        recorded=recorded,
    )
    if recorded.bandwidth >= a.input_rate / 2:
        raise CheckpointError(ODD)
    check_shapes(state, a.shapes() | a.filters | {"mapping.w_avg": (a.w_dim,)})
    if any(not state[f"synthesis.{layer.name}.magnitude_ema"] > 0 for layer in (*layers, rgb)):
        raise CheckpointError(ODD)
    return a


def _layers(state: dict[str, np.ndarray]) -> list[Layer]:
    """The layers that names and shapes tell of, ToRGB last; checked to fit each other."""
    found = {int(match[1]): match for name in state if (match := _LAYER.match(name))}
    last = max(found, default=0)
    if not 3 <= last <= _MAX_LAYERS:
        raise CheckpointError(NOTHING)
    for i in range(last):
        if i not in found:
            raise CheckpointError(LACKS, name=f"synthesis.L{i}")
    names = [found[i][0][len("synthesis.") : -1] for i in range(last + 1)]
    sides = [int(found[i][2]) for i in range(last + 1)]
    size, margin = sides[-1], (sides[-3] - sides[-1]) // 2
    if size not in _SIZES:
        raise CheckpointError("makes pictures of {size} px; 32 to 1024 work", size=size)
    if not 0 <= margin <= _MAX_MARGIN or sides[-2] != size:
        raise CheckpointError(ODD)
    # The last two are cut to the picture; all before them go on beyond it.
    rates = [side - 2 * margin for side in sides[:-2]] + [size, size]
    layers: list[Layer] = []
    for i, name in enumerate(names):
        before = max(i - 1, 0)
        outputs, inputs, kernel, _ = shape_of(state, f"synthesis.{name}.weight", 4)
        up = down = 1
        if i < last:
            up, down = (_step(state, f"synthesis.{name}.{way}_filter") for way in ("up", "down"))
        if i == last and outputs == int(found[i][3]) != 3:
            raise CheckpointError(CHANNELS, channels=outputs)
        layer = Layer(
            *(name, sides[i], rates[i], outputs, sides[before], rates[before], inputs, kernel),
            *(up, down, i < last and state[f"synthesis.{name}.down_filter"].ndim == 2),
        )
        if outputs != int(found[i][3]) or (layers and inputs != layers[-1].channels):
            raise CheckpointError(ODD)
        _check(layer, size, i == last)
        layers.append(layer)
    return layers


def _check(layer: Layer, size: int, rgb: bool) -> None:
    """Raise CheckpointError where a layer of a picture of so many px is none."""
    if layer.channels * layer.side**2 > MAX_MAP:
        raise CheckpointError(TOO_WIDE)
    finer = STRIDE * max(layer.rate, layer.rate_before)
    if rgb:
        sound = layer.channels == 3 and layer.kernel == 1
    else:
        sound = layer.rate_before * layer.up == finer and layer.fits
    if not (sound and 0 < layer.rate <= size and layer.kernel in (1, 3)):
        raise CheckpointError(ODD)


def check_recorded(a: AliasFree, layers: Mapping[str, dict]) -> None:
    """Raise CheckpointError where a pickle's layers say, by their paths, that they are not as their
    sizes have them."""
    for layer in a.layers:
        said = layers.get(f"synthesis.{layer.name}", {})
        wanted = {"up_factor": layer.up, "down_factor": layer.down, "padding": [*layer.pads] * 2}
        for name, value in wanted.items():
            if said.get(name, value) != value:
                raise CheckpointError(ODD)


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
