"""What a file's StyleGAN2 generator is like, worked out from the shapes of its weights.

A file's name, and defaults of the code that wrote it, are never asked.
"""

import math
import re
from collections.abc import Iterable

import numpy as np

from networks.architecture import FILTER, RESOLUTIONS, Architecture, Latents, Recorded
from networks.checkpoints.errors import CheckpointError

UNKNOWN_KIND = "has a mapping or a constant input of an unknown kind"
TOO_WIDE = "is so wide that it would need far more memory than any StyleGAN"
CHANNELS = "makes pictures of {channels} channels; those of RGB and of grey pictures work"
NOTHING = "holds no StyleGAN2 or StyleGAN3 generator; choose a file that does"
LACKS = "lacks {name}: it is incomplete, or another network"
_MAX_WIDTH = 8192  # of the mapping's layers and labels, the widest known is 1024
MAX_MAP = 2**28  # numbers in a feature map, 1 GB; 1024 px need 2**25


def infer_architecture(state: dict[str, np.ndarray], recorded: Recorded) -> Architecture:
    """The architecture that weights belong to.

    state: NVIDIA's names -> arrays. Raises CheckpointError where they are no StyleGAN2 generator
    of RGB pictures of 32 to 1024 px, or not all of one.
    """
    found = {
        int(match[1]) for name in state if (match := re.match(r"synthesis\.b(\d{1,5})\.", name))
    }
    resolutions = [r for r in RESOLUTIONS if r in found]
    if not found:
        raise CheckpointError(NOTHING)
    for name in ("synthesis.b4.const", "mapping.fc0.weight"):
        if name not in state:
            raise CheckpointError(LACKS, name=name)
    if (
        found != set(resolutions)
        or resolutions[-1] < 32
        or resolutions != list(RESOLUTIONS[: len(resolutions)])
    ):
        blocks = ", ".join(map(str, sorted(found)[:12]))
        raise CheckpointError(
            "has blocks of {blocks} px; 4, 8, ... up to 32 to 1024 work", blocks=blocks
        )
    rgb = state.get(f"synthesis.b{resolutions[-1]}.torgb.weight")
    if rgb is not None and rgb.ndim == 4 and len(rgb) != 3:
        raise CheckpointError(CHANNELS, channels=len(rgb))
    _, height, width = shape_of(state, "synthesis.b4.const", 3)
    channels = {r: shape_of(state, f"synthesis.b{r}.conv1.weight", 4)[0] for r in resolutions}
    last = resolutions[-1]
    kind = (
        "resnet"
        if f"synthesis.b{last}.skip.weight" in state
        else "skip"
        if "synthesis.b4.torgb.weight" in state
        else "orig"
    )
    architecture = Architecture(
        kind=kind,
        **vars(infer_latents(state)),
        channels=channels,
        const_size=(height, width),
        has_noise="synthesis.b4.conv1.noise_strength" in state,
        recorded=recorded,
    )
    if not all(1 <= side <= 4 for side in (height, width)):
        raise CheckpointError(UNKNOWN_KIND)
    a = architecture
    if max(outputs * math.prod(a.block_size(r)) for r, outputs in channels.items()) > MAX_MAP:
        raise CheckpointError(TOO_WIDE)
    _check(state, architecture)
    return architecture


def grey_as_rgb(state: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The state, of a generator of grey pictures as one of RGB pictures that are grey."""
    own = re.compile(r"synthesis\.b\d{1,4}\.torgb\.(weight|bias)")
    return {
        name: np.repeat(values, 3, 0)
        if own.fullmatch(name) and values.shape[:1] == (1,)
        else values
        for name, values in state.items()
    }


def infer_latents(state: dict[str, np.ndarray]) -> Latents:
    """The sizes of what leads from z to w; raises CheckpointError where they are none."""
    layers = sorted(
        int(match[1])
        for name in state
        if (match := re.fullmatch(r"mapping\.fc(\d{1,2})\.weight", name))
    )
    widths = tuple(shape_of(state, f"mapping.fc{i}.weight", 2)[0] for i in layers)
    embed_dim = c_dim = 0
    if "mapping.embed.weight" in state:
        embed_dim, c_dim = shape_of(state, "mapping.embed.weight", 2)
    z_dim = shape_of(state, "mapping.fc0.weight", 2)[1] - embed_dim
    if z_dim < 1:
        raise CheckpointError(UNKNOWN_KIND)
    if max(z_dim, c_dim, embed_dim, *widths) > _MAX_WIDTH:
        raise CheckpointError(TOO_WIDE)
    return Latents(z_dim, c_dim, embed_dim, widths)


def shape_of(state: dict, name: str, dimensions: int) -> tuple[int, ...]:
    """That of a weight; raises CheckpointError where it is missing or has other dimensions."""
    shape = state[name].shape if name in state else ()
    if len(shape) != dimensions:
        raise CheckpointError(LACKS, name=name)
    return shape


def _check(state: dict[str, np.ndarray], architecture: Architecture) -> None:
    """Every weight is there, of the right shape, and a number."""
    shapes = architecture.shapes() | {"mapping.w_avg": (architecture.w_dim,)}
    for resolution in architecture.resolutions if architecture.has_noise else ():
        for conv in ("conv0", "conv1")[resolution == 4 :]:
            name = f"synthesis.b{resolution}.{conv}"
            shapes[f"{name}.noise_strength"] = ()
            shapes[f"{name}.noise_const"] = architecture.block_size(resolution)
    check_shapes(state, shapes)
    for name, values in state.items():
        if name.endswith(".resample_filter") and not (
            values.size == 16 and np.allclose(values.reshape(4, 4), FILTER, atol=1e-4)
        ):
            raise CheckpointError("resamples with a filter other than StyleGAN2's [1, 3, 3, 1]")


def check_shapes(state: dict[str, np.ndarray], shapes: dict[str, tuple[int, ...]]) -> None:
    """Raise CheckpointError where a weight is missing, unless it can be made up, or is of another
    shape."""
    for name, shape in shapes.items():
        if name not in state and (name == "mapping.w_avg" or name.endswith("noise_const")):
            continue
        if name not in state:
            raise CheckpointError(LACKS, name=name)
        if state[name].shape != shape:
            raise CheckpointError(
                "has {name} of shape {shape} where {expected} was expected",
                name=name,
                shape=state[name].shape,
                expected=shape,
            )


def widths_in_words(channels_at: Iterable[tuple[int, int]]) -> str:
    """Channels at each resolution (its px, their number), for a person: 512 at 4 to 64, 256 at 128
    px, ..."""
    runs: list[list[int]] = []
    for resolution, channels in channels_at:
        if not runs or runs[-1][0] != channels:
            runs.append([channels, resolution])
        runs[-1].append(resolution)
    return (
        ", ".join(
            f"{channels} at {first}" + (f" to {rest[-1]}" if rest[-1] > first else "")
            for channels, first, *rest in runs
        )
        + " px"
    )


def without_first(values: np.ndarray) -> np.ndarray:
    """Values without their first dimension, if that is one long."""
    return values[0] if len(values) == 1 else values
