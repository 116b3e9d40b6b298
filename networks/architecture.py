"""What a StyleGAN2 generator is like: its sizes, and how its weights are called.

Names are those of NVIDIA's PyTorch tools, into which every reader of a file translates.
"""

from dataclasses import dataclass

import numpy as np

RESOLUTIONS = tuple(2**i for i in range(2, 11))  # of blocks; pictures start at 32 px
FILTER = np.outer([1, 3, 3, 1], [1, 3, 3, 1]) / 64  # between resolutions; sums to 1


@dataclass(frozen=True)
class Recorded:
    """What a file says beside its weights; the defaults hold where it is silent."""

    lr_multiplier: float = 0.01  # of the mapping's layers: stored weights are larger by its inverse
    conv_clamp: float | None = None  # limit on what convolutions put out, if any
    half: tuple[int, ...] = ()  # resolutions of the blocks that were trained in half precision


@dataclass(frozen=True)
class Latents:
    """The sizes of what StyleGAN2 and 3 have in common: the way from z to w."""

    z_dim: int
    c_dim: int  # classes that a picture can be of, 0 where there are none
    embed_dim: int  # of a label, 0 without labels
    mapping_widths: tuple[int, ...]  # outputs of the mapping's layers; the last is w_dim

    @property
    def w_dim(self) -> int:
        """Size of an entry of ws."""
        return self.mapping_widths[-1]

    def mapping_shapes(self) -> dict[str, tuple[int, ...]]:
        """The weights that lead from z to w."""
        shapes: dict[str, tuple[int, ...]] = {}
        width = self.z_dim + self.embed_dim
        if self.c_dim:
            shapes |= dense_shapes("mapping.embed", self.c_dim, self.embed_dim)
        for i, out in enumerate(self.mapping_widths):
            shapes |= dense_shapes(f"mapping.fc{i}", width, out)
            width = out
        return shapes


@dataclass(frozen=True)
class Architecture(Latents):
    """The sizes of a StyleGAN2 generator."""

    kind: str  # skip, resnet or orig: how blocks make the picture (StyleGAN2, Fig. 7)
    channels: dict[int, int]  # outputs of each block, by its resolution
    const_size: tuple[int, int]  # (h, w) of the constant input, (4, 4) for square pictures
    has_noise: bool  # fixed noise is added
    recorded: Recorded

    @property
    def resolutions(self) -> tuple[int, ...]:
        """Of the blocks: 4, 8, 16, ..."""
        return tuple(self.channels)

    @property
    def img_size(self) -> tuple[int, int]:
        """(H, W) of the picture."""
        return self.block_size(self.resolutions[-1])

    @property
    def widths(self) -> list[tuple[int, int]]:
        """Of each block its resolution and its channels."""
        return list(self.channels.items())

    @property
    def num_ws(self) -> int:
        """Entries of ws: one a convolution, and one for the last conversion to RGB."""
        return 2 * len(self.channels)

    def block_size(self, resolution: int) -> tuple[int, int]:
        """(h, w) of a block's map; a block's resolution is that of a square one."""
        height, width = self.const_size
        return resolution // 4 * height, resolution // 4 * width

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The weights that such a generator has, without noise and w_avg, which may be missing."""
        shapes = self.mapping_shapes()
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

    def _convolution(
        self, name: str, before: int, after: int, kernel: int = 3
    ) -> dict[str, tuple[int, ...]]:
        return {
            f"{name}.weight": (after, before, kernel, kernel),
            f"{name}.bias": (after,),
            **dense_shapes(f"{name}.affine", self.w_dim, before),
        }


def dense_shapes(name: str, before: int, after: int) -> dict[str, tuple[int, ...]]:
    """Of the weights of a fully connected layer."""
    return {f"{name}.weight": (after, before), f"{name}.bias": (after,)}


def convolution_path(number: int) -> str:
    """Where the convolution of this running number is: 0 is b4.conv1, 1 b8.conv0, 2 b8.conv1 ..."""
    return f"synthesis.b{4 << (number + 1) // 2}.conv{1 - number % 2}"


def with_noise(a: Architecture, state: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The state with the noise that old files lack, drawn from a fixed seed."""
    state, random = dict(state), np.random.RandomState(0)
    for number in range(2 * len(a.channels) - 1 if a.has_noise else 0):
        name = convolution_path(number)
        if f"{name}.noise_const" not in state:
            resolution = a.resolutions[(number + 1) // 2]
            state[f"{name}.noise_const"] = random.randn(*a.block_size(resolution))
    return state
