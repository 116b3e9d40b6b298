"""StyleGAN3's activation (arXiv 2106.12423, Sec. 3.2): a leaky ReLU between two filters, on a finer
grid than the maps before and after it, so that what it adds in high frequencies is filtered away.

The finer grid has four to sixteen times the cells of a map, and channels do not mix: so it is made
for some channels and rows at a time, and what gradients need of it is a byte a cell.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F

from networks.alias_free import Span

CELLS = 2**22  # of the finer grid at once, 17 MB: more is not kept by the allocator, and is slower
CELLS_ELSEWHERE = 2**28  # where memory is a GPU's
CHANNELS = 16  # at least at once: with fewer, convolutions channel by channel are slow
SLOPE = 0.2  # of the leaky ReLU, where it is negative
NEGATIVE, POSITIVE = 1, 5  # what a cell passes of a gradient, in units of SLOPE; 0 where clamped


@dataclass(frozen=True)
class Tile:
    """A part of a map that is worked out by itself."""

    channels: slice
    given: slice  # rows that are put out
    rows: Span  # what they need of the convolution's result


@dataclass(frozen=True, eq=False)
class Filters:
    """A layer's filters, and what it does between them."""

    up: int
    down: int
    up_filter: torch.Tensor  # (taps,), times `up`, reversed
    down_filter: torch.Tensor  # (taps,) or, of rows and columns at once, (taps, taps)
    gain: float
    clamp: float | None

    def activated(self, x: torch.Tensor, rows: Span, columns: Span) -> torch.Tensor:
        """x (N, C, h, w), what a convolution gives for these parts of a map, bias and all ->
        (N, C, ...), these parts.

        On a CPU gradients take a byte a cell of the finer grid; elsewhere as much as they like.
        """
        if x.requires_grad and torch.is_grad_enabled() and x.device.type == "cpu":
            return _Activated.apply(x, self, rows, columns)
        if x.requires_grad and torch.is_grad_enabled():
            return self._down(self._bent(self._up(x, rows, columns)))
        return self.tiled(x, rows, columns)

    def tiled(
        self, x: torch.Tensor, rows: Span, columns: Span, codes: list[torch.Tensor] | None = None
    ) -> torch.Tensor:
        """As `activated`, without gradients; codes: takes what they need of each tile."""
        sides = (self._kept(span.length) for span in (rows, columns))
        whole = x.new_empty(*x.shape[:2], *sides)
        for tile in self.tiles(x.shape, rows, columns):
            fine = self._up(x[:, tile.channels, tile.rows.taken], tile.rows, columns)
            if codes is not None:
                code = (fine > 0).to(torch.int8).mul_(POSITIVE - NEGATIVE).add_(NEGATIVE)
                if self.clamp is not None:
                    limit = self.clamp / self.gain
                    code.mul_((fine <= limit).logical_and_(fine >= -limit / SLOPE))
                codes.append(code)
            whole[:, tile.channels, tile.given] = self._down(self._bent_(fine))
        return whole

    def tiles(self, shape: Sequence[int], rows: Span, columns: Span) -> Iterator["Tile"]:
        """What is worked out together of a convolution's result (N, C, h, w)."""
        step = self.channels_at_once(shape[0], rows, columns)
        height, fitting = self._kept(rows.length), self._cells // (shape[0] * step * columns.length)
        most = max(1, self._kept(fitting))
        for channel in range(0, shape[1], step):
            for top in range(0, height, most):
                given = slice(top, min(top + most, height))
                yield Tile(slice(channel, channel + step), given, self._part(rows, given, shape[2]))

    @property
    def _cells(self) -> int:
        return CELLS if self.up_filter.device.type == "cpu" else CELLS_ELSEWHERE

    def channels_at_once(self, pictures: int, rows: Span, columns: Span) -> int:
        """How many are worked out together."""
        return max(CHANNELS, self._cells // (pictures * rows.length * columns.length))

    def _kept(self, length: int) -> int:
        """Cells that are put out of so many of the finer grid."""
        return (length - self.down_filter.shape[0]) // self.down + 1

    def _part(self, rows: Span, given: slice, height: int) -> Span:
        """What some of the rows that are put out need of the convolution's result, of `height`."""
        taps = len(self.up_filter)
        length = (given.stop - given.start - 1) * self.down + self.down_filter.shape[0]
        begin = rows.begin + given.start * self.down
        start = max(0, -((taps - 1 - begin) // self.up))
        taken = slice(start, min(height, (begin + length - 1) // self.up + 1))
        return Span(taken, 0, 0, begin - start * self.up, length)

    def _up(self, x: torch.Tensor, rows: Span, columns: Span) -> torch.Tensor:
        """The finer grid, (N, C, rows.length, columns.length)."""
        channels, step = x.shape[1], self.up
        along = self.up_filter.expand(channels, 1, 1, -1)
        x = F.conv_transpose2d(x, along, stride=(1, step), groups=channels)
        x = x.narrow(3, columns.begin, columns.length)
        x = F.conv_transpose2d(x, along.transpose(2, 3), stride=(step, 1), groups=channels)
        return x.narrow(2, rows.begin, rows.length)

    def _bent(self, x: torch.Tensor) -> torch.Tensor:
        x = F.leaky_relu(x, SLOPE) * self.gain
        return x if self.clamp is None else x.clamp(-self.clamp, self.clamp)

    def _bent_(self, x: torch.Tensor) -> torch.Tensor:
        x = F.leaky_relu_(x, SLOPE).mul_(self.gain)
        return x if self.clamp is None else x.clamp_(-self.clamp, self.clamp)

    def _down(self, x: torch.Tensor) -> torch.Tensor:
        channels, step = x.shape[1], self.down
        if self.down_filter.ndim == 2:
            kernel = self.down_filter.expand(channels, 1, -1, -1)
            return F.conv2d(x, kernel, stride=step, groups=channels)
        along = self.down_filter.expand(channels, 1, 1, -1)
        x = F.conv2d(x, along.transpose(2, 3), stride=(step, 1), groups=channels)
        return F.conv2d(x, along, stride=(1, step), groups=channels)

    def passed_back(
        self, gradient: torch.Tensor, code: torch.Tensor, rows: Span, columns: Span, width: int
    ) -> torch.Tensor:
        """The gradient of what a tile took, (N, C, h, w), from that of what it gave.

        code: of the finer grid.   width: w."""
        channels, step = gradient.shape[1], self.down
        if self.down_filter.ndim == 2:
            kernel = self.down_filter.expand(channels, 1, -1, -1)
            fine = F.conv_transpose2d(gradient, kernel, stride=step, groups=channels)
        else:
            along = self.down_filter.expand(channels, 1, 1, -1)
            fine = F.conv_transpose2d(gradient, along, stride=(1, step), groups=channels)
            along = along.transpose(2, 3)
            fine = F.conv_transpose2d(fine, along, stride=(step, 1), groups=channels)
        fine = fine.mul_(code).mul_(self.gain * SLOPE)
        along, step, taps = self.up_filter.expand(channels, 1, 1, -1), self.up, len(self.up_filter)
        top, left, height = rows.begin, columns.begin, rows.taken.stop - rows.taken.start
        made = [(n - 1) * step + taps for n in (height, width)]
        fine = F.pad(fine, (0, 0, top, made[0] - top - rows.length))
        fine = F.conv2d(fine, along.transpose(2, 3), stride=(step, 1), groups=channels)
        fine = F.pad(fine, (left, made[1] - left - columns.length))
        return F.conv2d(fine, along, stride=(1, step), groups=channels)


class _Activated(torch.autograd.Function):
    """`Filters.activated`, of which gradients need no more than signs."""

    @staticmethod
    def forward(
        ctx: Any, x: torch.Tensor, filters: Filters, rows: Span, columns: Span
    ) -> torch.Tensor:
        codes: list[torch.Tensor] = []
        result = filters.tiled(x.detach(), rows, columns, codes)
        ctx.save_for_backward(*codes)
        ctx.given = filters, rows, columns, x.shape
        return result

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> Any:
        filters, rows, columns, shape = ctx.given
        whole = gradient.new_zeros(shape)
        tiles = filters.tiles(shape, rows, columns)
        for tile, code in zip(tiles, ctx.saved_tensors, strict=True):
            part = gradient[:, tile.channels, tile.given]
            passed = filters.passed_back(part, code, tile.rows, columns, shape[3])
            whole[:, tile.channels, tile.rows.taken] += passed
        return whole, None, None, None


def joined(parts: Iterator[torch.Tensor], channels: int) -> torch.Tensor:
    """Parts (N, c, h, w) of so many channels as one map, with no more than one of them besides."""
    part = next(parts)
    if part.shape[1] == channels:
        return part
    whole = part.new_empty(len(part), channels, *part.shape[2:])
    done = 0
    while True:
        whole[:, done : done + part.shape[1]] = part
        done += part.shape[1]
        if done == channels:
            return whole
        part = next(parts)
