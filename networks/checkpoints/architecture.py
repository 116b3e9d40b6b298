"""What a StyleGAN2 generator is like, worked out from the shapes of its weights.

Names are those of NVIDIA's PyTorch tools, into which every reader translates. A file's name, and
defaults of the code that wrote it, are never asked.
"""

import math
import re
from dataclasses import dataclass

import numpy as np

from networks.checkpoints.errors import CheckpointError

RESOLUTIONS = tuple(2**i for i in range(2, 11))  # of blocks; pictures start at 32 px
FILTER = np.outer([1, 3, 3, 1], [1, 3, 3, 1]) / 64  # between resolutions; sums to 1
_MAX_WIDTH = 8192  # of the mapping's layers and labels, the widest known is 1024
_MAX_MAP = 2**28  # numbers in a feature map, 1 GB; 1024 px need 2**25


@dataclass(frozen=True)
class Recorded:
    """What a file says beside its weights; the defaults hold where it is silent.

    lr_multiplier: of the mapping's layers, whose stored weights are larger by its inverse.
    conv_clamp: limit on what convolutions put out, if any.   half: resolutions of the blocks that
    were trained in half precision.
    """

    lr_multiplier: float = 0.01
    conv_clamp: float | None = None
    half: tuple[int, ...] = ()


@dataclass(frozen=True)
class Architecture:
    """The sizes of a StyleGAN2 generator.

    kind: skip, resnet or orig, how blocks make the picture (StyleGAN2, Fig. 7).
    mapping_widths: outputs of the mapping's layers; the last is w_dim.   embed_dim: of a label, 0
    without labels.   channels: outputs of each block, by its resolution.   const_size: (h, w) of
    the constant input, (4, 4) for square pictures.   has_noise: fixed noise is added.
    """

    kind: str
    z_dim: int
    c_dim: int
    embed_dim: int
    mapping_widths: tuple[int, ...]
    channels: dict[int, int]
    const_size: tuple[int, int]
    has_noise: bool
    recorded: Recorded

    @property
    def w_dim(self) -> int:
        """Size of an entry of ws."""
        return self.mapping_widths[-1]

    @property
    def resolutions(self) -> tuple[int, ...]:
        """Of the blocks: 4, 8, 16, ..."""
        return tuple(self.channels)

    @property
    def img_size(self) -> tuple[int, int]:
        """(H, W) of the picture."""
        return self.block_size(self.resolutions[-1])

    @property
    def num_ws(self) -> int:
        """Entries of ws: one a convolution, and one for the last conversion to RGB."""
        return 2 * len(self.channels)

    def block_size(self, resolution: int) -> tuple[int, int]:
        """(h, w) of a block's map; a block's resolution is that of a square one."""
        return tuple(resolution // 4 * side for side in self.const_size)

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The weights that such a generator has, without noise and w_avg, which may be missing."""
        shapes, width = {}, self.z_dim + self.embed_dim
        if self.c_dim:
            shapes |= _dense("mapping.embed", self.c_dim, self.embed_dim)
        for i, out in enumerate(self.mapping_widths):
            shapes |= _dense(f"mapping.fc{i}", width, out)
            width = out
        shapes["synthesis.b4.const"] = (self.channels[4], *self.const_size)
        before = 0
        for resolution, channels in self.channels.items():
            block, last = f"synthesis.b{resolution}", resolution == self.resolutions[-1]
            if before:
                shapes |= self._convolution(f"{block}.conv0", before, channels)
                if self.kind == "resnet":
                    shapes[f"{block}.skip.weight"] = (channels, before, 1, 1)
            shapes |= self._convolution(f"{block}.conv1", channels, channels)
            if self.kind == "skip" or last:
                shapes |= self._convolution(f"{block}.torgb", channels, 3, 1)
            before = channels
        return shapes

    def _convolution(self, name: str, before: int, after: int, kernel: int = 3) -> dict:
        return {f"{name}.weight": (after, before, kernel, kernel), f"{name}.bias": (after,),
                **_dense(f"{name}.affine", self.w_dim, before)}


def _dense(name: str, before: int, after: int) -> dict:
    return {f"{name}.weight": (after, before), f"{name}.bias": (after,)}


def infer_architecture(state: dict[str, np.ndarray], recorded: Recorded) -> Architecture:
    """The architecture that weights belong to.

    state: NVIDIA's names -> arrays. Raises CheckpointError where they are no StyleGAN2 generator
    of RGB pictures of 32 to 1024 px, or not all of one.
    """
    if any(name.startswith("synthesis.input.") for name in state):
        raise CheckpointError("is a StyleGAN3 generator; choose a StyleGAN2 one")
    found = {int(match[1]) for name in state
             if (match := re.match(r"synthesis\.b(\d{1,5})\.", name))}
    resolutions = [r for r in RESOLUTIONS if r in found]
    if not found or "synthesis.b4.const" not in state or "mapping.fc0.weight" not in state:
        raise CheckpointError("holds no StyleGAN2 generator; choose a file that does")
    if found != set(resolutions) or resolutions[-1] < 32 or resolutions != list(
            RESOLUTIONS[: len(resolutions)]):
        blocks = ", ".join(map(str, sorted(found)[:12]))
        raise CheckpointError(f"has blocks of {blocks} px; 4, 8, ... up to 32 to 1024 work")
    const = _shape(state, "synthesis.b4.const", 3)
    channels = {r: _shape(state, f"synthesis.b{r}.conv1.weight", 4)[0] for r in resolutions}
    layers = sorted(int(match[1]) for name in state
                    if (match := re.fullmatch(r"mapping\.fc(\d{1,2})\.weight", name)))
    widths = tuple(_shape(state, f"mapping.fc{i}.weight", 2)[0] for i in layers)
    embed_dim = c_dim = 0
    if "mapping.embed.weight" in state:
        embed_dim, c_dim = _shape(state, "mapping.embed.weight", 2)
    last = resolutions[-1]
    kind = ("resnet" if f"synthesis.b{last}.skip.weight" in state
            else "skip" if "synthesis.b4.torgb.weight" in state else "orig")
    architecture = Architecture(
        kind=kind, z_dim=_shape(state, "mapping.fc0.weight", 2)[1] - embed_dim, c_dim=c_dim,
        embed_dim=embed_dim, mapping_widths=widths, channels=channels, const_size=const[1:],
        has_noise="synthesis.b4.conv1.noise_strength" in state, recorded=recorded)
    if architecture.z_dim < 1 or not all(1 <= side <= 4 for side in const[1:]):
        raise CheckpointError("has a mapping or a constant input of an unknown kind")
    a = architecture
    if max(a.z_dim, a.c_dim, a.embed_dim, *a.mapping_widths) > _MAX_WIDTH or max(
            width * math.prod(a.block_size(r)) for r, width in channels.items()) > _MAX_MAP:
        raise CheckpointError("is so wide that it would need far more memory than any StyleGAN2")
    _check(state, architecture)
    return architecture


def _shape(state: dict, name: str, dimensions: int) -> tuple[int, ...]:
    shape = state[name].shape if name in state else ()
    if len(shape) != dimensions:
        raise CheckpointError(f"lacks {name}: it is incomplete, or another network")
    return shape


def _check(state: dict[str, np.ndarray], architecture: Architecture) -> None:
    """Every weight is there, of the right shape, and a number."""
    shapes = architecture.shapes() | {"mapping.w_avg": (architecture.w_dim,)}
    for resolution in architecture.resolutions if architecture.has_noise else ():
        for conv in ("conv0", "conv1")[resolution == 4 :]:
            name = f"synthesis.b{resolution}.{conv}"
            shapes[f"{name}.noise_strength"] = ()
            shapes[f"{name}.noise_const"] = architecture.block_size(resolution)
    for name, shape in shapes.items():
        if name not in state and (name == "mapping.w_avg" or name.endswith("noise_const")):
            continue
        if name not in state:
            raise CheckpointError(f"lacks {name}: it is incomplete, or another network")
        if state[name].shape != shape:
            raise CheckpointError(
                f"has {name} of shape {state[name].shape} where {shape} was expected")
    for name, values in state.items():
        if name.endswith(".resample_filter") and not (
                values.size == 16 and np.allclose(values.reshape(4, 4), FILTER, atol=1e-4)):
            raise CheckpointError("resamples with a filter other than StyleGAN2's [1, 3, 3, 1]")


def widths_in_words(architecture: Architecture) -> str:
    """Channels at each resolution, for a person: 512 to 64 px, 256 at 128 px, ..."""
    runs: list[list[int]] = []
    for resolution, channels in architecture.channels.items():
        if not runs or runs[-1][0] != channels:
            runs.append([channels, resolution])
        runs[-1].append(resolution)
    return ", ".join(f"{channels} at {first}" + (f" to {rest[-1]}" if rest[-1] > first else "")
                     for channels, first, *rest in runs) + " px"


def without_first(values: np.ndarray) -> np.ndarray:
    """Values without their first dimension, if that is one long."""
    return values[0] if len(values) == 1 else values


def convolution_path(number: int) -> str:
    """Where the convolution of this running number is: 0 is b4.conv1, 1 b8.conv0, 2 b8.conv1 ..."""
    return f"synthesis.b{4 << (number + 1) // 2}.conv{1 - number % 2}"
