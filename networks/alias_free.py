"""What a StyleGAN3 generator is like (arXiv 2106.12423): its sizes, and how its weights are called.

Its maps are samples of continuous signals: a map of `rate` cells over the width of the picture goes
on for a margin of some cells beyond each of its borders. Names are those of NVIDIA's PyTorch tools.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from networks.architecture import Latents, dense_shapes

if TYPE_CHECKING:  # the readers of files do without PyTorch, which takes seconds to import
    from networks.windows import Window

TAPS = 6  # of a filter, for each sample that it makes of one
STRIDE = 2  # of what a layer works at: as often as the denser of the maps before and after it
FEATURE_RATE = 128  # cells over the picture's width of the map that dragging reads


@dataclass(frozen=True)
class Recorded:
    """What a file says beside its weights; the defaults hold where it is silent."""

    lr_multiplier: float = 0.01  # of the mapping's layers: stored weights are larger by its inverse
    conv_clamp: float | None = 256.0  # limit on what layers put out, if any
    output_scale: float = 0.25  # of the picture
    bandwidth: float = 2.0  # of the input, cycles over the picture's width


@dataclass(frozen=True)
class Span:
    """What a layer needs, along one axis, for a part of its map."""

    taken: slice  # of the map before it
    before: int  # zeros that the convolution needs before that,
    after: int  # and after it
    begin: int  # of what is upsampled from the convolution's result, this cell is the first
    length: int  # and so many are used


@dataclass(frozen=True)
class Layer:
    """A layer's sizes, and how its map lies on the one before it."""

    name: str
    side: int  # cells of its map, margins and all
    rate: int  # of these in the picture's width
    channels: int
    side_before: int
    rate_before: int
    channels_before: int
    kernel: int  # side of the convolution's kernel
    # Samples that are made of one before the activation, and of how many afterwards one stays.
    up: int
    down: int
    radial: (
        bool  # its filter after the activation is no product of one for rows and one for columns
    )

    @property
    def margin(self) -> int:
        """Cells of its map beyond the picture, on every side."""
        return (self.side - self.rate) // 2

    @property
    def fits(self) -> bool:
        """Whether the rate at which it works is one, and its samples are enough for its map."""
        if self.rate_before * self.up != self.rate * self.down:
            return False
        last = self.span(slice(0, self.side))
        made = (self.side_before + self.kernel - 2) * self.up + TAPS * self.up
        return last.begin >= 0 and last.begin + last.length <= made

    @property
    def pads(self) -> tuple[int, int]:
        """Zeros before the first sample and after the last, where it is upsampled; samples that go
        where negative."""
        stuffed = (self.side_before + self.kernel - 1) * self.up
        total = (self.side - 1) * self.down + 1 - stuffed + TAPS * (self.up + self.down) - 2
        before = (total + self.up) // 2
        return before, total - before

    def span(self, part: slice) -> Span:
        """What is needed for rows, or columns, of its map."""
        first, up, taps = part.start * self.down, self.up, TAPS * self.up
        pad, _ = self.pads
        length = (part.stop - 1) * self.down + TAPS * self.down - first
        start = max(0, -((pad - first) // up))  # of the convolution's result
        stop = (first + length - 1 - pad + taps - 1) // up + 1
        stop = min(stop, self.side_before + self.kernel - 1)
        left, right = start - self.kernel + 1, stop  # of its input
        taken = slice(max(0, left), min(right, self.side_before))
        begin = taps - 1 - pad + first - start * up
        return Span(taken, taken.start - left, right - taken.stop, begin, length)

    def needs(self, window: "Window") -> "Window":
        """Of the map before it what a window of its own needs."""
        return self.span(window[0]).taken, self.span(window[1]).taken


@dataclass(frozen=True)
class AliasFree(Latents):
    """The sizes of a StyleGAN3 generator, of config T or R."""

    input_side: int  # cells of the map that the layers begin with, margins and all
    input_rate: int
    layers: tuple[Layer, ...]
    rgb: Layer  # to a picture, without filters
    recorded: Recorded

    @property
    def kind(self) -> str:
        """StyleGAN3's configuration."""
        radial = any(layer.radial for layer in self.layers)
        return "StyleGAN3-R" if radial else "StyleGAN3-T"

    @property
    def widths(self) -> list[tuple[int, int]]:
        """Of each layer its rate and its channels."""
        return [(layer.rate, layer.channels) for layer in self.layers]

    @property
    def num_ws(self) -> int:
        """Entries of ws: the input's, one a layer, and the picture's."""
        return len(self.layers) + 2

    @property
    def img_size(self) -> tuple[int, int]:
        """(H, W) of the picture."""
        return self.rgb.side, self.rgb.side

    @property
    def feature_layer(self) -> int:
        """The layer whose map dragging reads: the first with 128 cells over the picture, which is
        the like of StyleGAN2's block of 128 px; half the picture's, where that is small."""
        wanted = min(FEATURE_RATE, max(32, self.rgb.side // 2))
        return next(i for i, layer in enumerate(self.layers) if layer.rate >= wanted)

    @property
    def filters(self) -> dict[str, tuple[int, ...]]:
        """The shapes of the filters, which are no parameters."""
        shapes: dict[str, tuple[int, ...]] = {}
        for layer in self.layers:
            taps = TAPS * layer.down
            shapes[f"synthesis.{layer.name}.up_filter"] = (TAPS * layer.up,)
            shapes[f"synthesis.{layer.name}.down_filter"] = (taps, taps)[: 1 + layer.radial]
        return shapes

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The weights that such a generator has, without filters, and without w_avg, which may be
        missing."""
        channels = self.layers[0].channels_before
        shapes = self.mapping_shapes() | {
            "synthesis.input.weight": (channels, channels),
            "synthesis.input.transform": (3, 3),
            "synthesis.input.freqs": (channels, 2),
            "synthesis.input.phases": (channels,),
            **dense_shapes("synthesis.input.affine", self.w_dim, 4),
        }
        for layer in (*self.layers, self.rgb):
            name, before = f"synthesis.{layer.name}", layer.channels_before
            shapes |= {
                f"{name}.weight": (layer.channels, before, layer.kernel, layer.kernel),
                f"{name}.bias": (layer.channels,),
                f"{name}.magnitude_ema": (),
                **dense_shapes(f"{name}.affine", self.w_dim, before),
            }
        return shapes
