"""StyleGAN2 (arXiv 1912.04958) in plain PyTorch, for weights of any of its implementations."""

from collections.abc import Sequence
from typing import cast

import numpy as np
import torch
from torch import nn

from networks.architecture import Architecture, with_noise
from networks.blocks import Maps, entries_of, run
from networks.layers import Block, tensor_of
from networks.mapping import Mapped
from networks.windows import WHOLE, Window, doubled

REACH = 3  # outermost cells of a block's window that its input's edge has spoilt
FEATURE_BLOCK = 5  # at 128 px, which dragging reads; of a smaller network the last


class StyleGAN2(Mapped):
    """A frozen generator, as `networks.generator` describes them.

    ws are (N, num_ws, w_dim), an entry a convolution: 0 for the 4 px block, 2i - 1 and 2i for block
    i; a block's ToRGB shares the entry that follows its convolutions.
    """

    window_block = 3  # from 32 px on a window of features saves something
    has_encoder, placing_entries = False, 0
    const: torch.Tensor  # (1, C, h, w), input of the first block

    def __init__(self, architecture: Architecture, state: dict[str, np.ndarray]):
        """state: arrays by NVIDIA's names. A truncation centre that it lacks is the mean of 10,000
        samples, noise that it lacks is drawn from a fixed seed."""
        a, state = architecture, with_noise(architecture, state)
        super().__init__(a, state, a.num_ws, a.recorded.lr_multiplier)
        self.img_size, self.img_resolution = a.img_size, max(a.img_size)
        self.half_resolutions, self.half_devices = a.recorded.half, ("cuda",)
        self.resolutions = a.resolutions
        self.sides = [a.block_size(resolution) for resolution in a.resolutions]
        self.margins = [0] * len(self.sides)
        self.feature_block = min(len(a.resolutions) - 1, FEATURE_BLOCK)
        self.register_buffer("const", tensor_of(state["synthesis.b4.const"])[None])
        self.blocks = nn.ModuleList(Block(state, a, resolution) for resolution in a.resolutions)
        self.eval().requires_grad_(False)

    def features(
        self, ws: torch.Tensor, window: Window | None = None, moving: int | None = None
    ) -> torch.Tensor:
        """The feature map that dragging reads (DragGAN, Sec. 3.2): ws (N, num_ws, w_dim) ->
        (N, C, h, w), the output of the 128 px block, or of the last of a smaller network.

        window: rows and columns, slices with a start and a stop: only these are worked out, at a
        cost that grows with them, and returned.   moving: only so many first entries of ws can get
        a gradient, which saves time.
        """
        x = run(self, entries_of(ws, moving), self.feature_block + 1, window).features
        return x.contiguous(memory_format=torch.channels_last)  # where points are read from rows

    def image(self, ws: torch.Tensor, features: torch.Tensor | None = None) -> torch.Tensor:
        """The picture: ws (N, num_ws, w_dim) -> (N, 3, H, W), RGB in about [-1, 1].

        features: those of the same ws; of use where no picture is made before that block.
        On CUDA the blocks that were trained in half precision run in it, those of dragging apart.
        """
        begin = None
        if features is not None and self.features_suffice:
            begin = self.feature_block, Maps(features.contiguous())
        entries = ws.unbind(1)
        return self.painted(run(self, entries, len(self.blocks), begin=begin, paint=True), entries)

    @property
    def features_suffice(self) -> bool:
        """Whether no picture is added up from the blocks before those that dragging reads."""
        return cast(Block, self.blocks[self.feature_block]).to_rgb is None

    def needs(self, i: int, window: Window) -> tuple[Window, Window]:
        """As `networks.blocks` describes it."""
        return doubled(window, self.sides[i], REACH)

    def reached(self, entries: int) -> int:
        """The last block that so many first entries of ws reach."""
        return min(entries // 2, len(self.blocks) - 1)

    def block(
        self,
        i: int,
        before: Maps | None,
        ws: Sequence[torch.Tensor],
        window: Window = WHOLE,
        paint: bool = False,
    ) -> Maps:
        """The maps of block i, as `networks.blocks` describes it."""
        block, entries = cast(Block, self.blocks[i]), _entries(ws, i)
        if before is None:
            before = Maps(self.const.expand(len(ws[0]), -1, -1, -1))
        x = before.features.to(self._dtype(i, before.features))
        if not paint:
            return Maps(block.features(x, entries[:2], window))
        return Maps(*block(x, before.image, entries, window))

    def painted(self, last: Maps, ws: Sequence[torch.Tensor]) -> torch.Tensor:
        """The picture that was added up, or that the last block has made."""
        assert last.image is not None  # the last block always makes one
        return last.image

    def _dtype(self, i: int, x: torch.Tensor) -> torch.dtype:
        trained_so = self.resolutions[i] in self.half_resolutions and i > self.feature_block
        half = trained_so and x.device.type in self.half_devices and len(x) == 1
        return torch.float16 if half else torch.float32


def _entries(ws: Sequence[torch.Tensor], i: int) -> Sequence[torch.Tensor]:
    """Of the entries of ws those for block i: conv0 (block 0 has none), conv1, ToRGB."""
    return (ws[0], ws[0], ws[1]) if i == 0 else ws[2 * i - 1 : 2 * i + 2]
