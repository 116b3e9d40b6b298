"""StyleGAN3's activation (arXiv 2106.12423, Sec. 3.2): a leaky ReLU between two filters, on a finer
grid than the maps before and after it, so that what it adds in high frequencies is filtered away.

The finer grid has four to sixteen times the cells of a map, and channels do not mix: so it is made
for some channels at a time, and what gradients need of it is a byte a cell.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F

from networks.alias_free import Span

CELLS = 2**26  # of the finer grid at once, 268 MB: 15 channels for a picture of 1024 px
SLOPE = 0.2  # of the leaky ReLU, where it is negative
NEGATIVE, POSITIVE = 1, 5  # what a cell passes of a gradient, in units of SLOPE; 0 where clamped


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
        return joined(self.each(x, rows, columns), x.shape[1])

    def each(
        self, x: torch.Tensor, rows: Span, columns: Span, codes: list[torch.Tensor] | None = None
    ) -> Iterator[torch.Tensor]:
        """Without gradients, some channels at a time; codes: takes what gradients need of them."""
        for part in x.split(self.channels_at_once(len(x), rows, columns), 1):
            fine = self._up(part, rows, columns)
            if codes is not None:
                code = (fine > 0).to(torch.int8).mul_(POSITIVE - NEGATIVE).add_(NEGATIVE)
                if self.clamp is not None:
                    limit = self.clamp / self.gain
                    code.mul_((fine <= limit).logical_and_(fine >= -limit / SLOPE))
                codes.append(code)
            yield self._down(self._bent_(fine))

    @staticmethod
    def channels_at_once(pictures: int, rows: Span, columns: Span) -> int:
        """How many are worked out together."""
        return max(1, CELLS // (pictures * rows.length * columns.length))

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
        self, gradient: torch.Tensor, code: torch.Tensor, rows: Span, columns: Span, cells: Any
    ) -> torch.Tensor:
        """The gradient of x, (N, C, h, w), from that of what was put out.

        code: of the finer grid.   cells: (h, w)."""
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
        top, left = rows.begin, columns.begin
        made = [(n - 1) * step + taps for n in cells]
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
        result = joined(filters.each(x.detach(), rows, columns, codes), x.shape[1])
        ctx.save_for_backward(*codes)
        ctx.given = filters, rows, columns, x.shape[2:]
        return result

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> Any:
        filters, rows, columns, cells = ctx.given
        codes = ctx.saved_tensors
        split = gradient.split([code.shape[1] for code in codes], 1)
        parts = (
            filters.passed_back(part, code, rows, columns, cells)
            for part, code in zip(split, codes, strict=True)
        )
        return joined(parts, gradient.shape[1]), None, None, None


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
