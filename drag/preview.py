"""Pictures while a drag runs, on a time budget."""

import functools
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
import torch.nn.functional as F

from drag.render import to_picture
from networks.generator import Generator, Previewing
from networks.regions import Held
from networks.windows import Window

GHOST = 0.12  # change of a preview's colours, of 2 in all, at which the detail there is another
TINTED = 6  # cells of a preview, half the side of what its colours are off in together
Colours = tuple[torch.Tensor, torch.Tensor]


@dataclass(frozen=True, eq=False)
class Frame:
    """What is shown of a step."""

    picture: np.ndarray | None  # uint8 (H, W, 3), or a part; None where none was due
    sharp: bool = False  # whether it is a full one, not a preview
    corner: tuple[int, int] | None = None  # (x, y) of its first pixel, where it is a part


Preview = Callable[[], Frame]  # works one out


def fit_colours(features: torch.Tensor, picture: np.ndarray) -> Colours:
    """The affine map from the features of a picture to its colours, by least squares.

    features: (1, C, h, w).   picture: uint8 (H, W, 3). Returns the weight (3, C, 1, 1) and the bias
    (3,) of a 1x1 convolution to a soft picture (1, 3, h, w) in [-1, 1]. It holds for this picture
    and those near it, which is what a drag shows next.
    """
    pixels = torch.from_numpy(picture).to(features.device).permute(2, 0, 1)[None] / 127.5 - 1
    colours = F.interpolate(pixels, features.shape[2:], mode="area")[0].flatten(1)  # (3, h w)
    a = F.pad(features[0].flatten(1), (0, 0, 0, 1), value=1.0)  # (C + 1, h w)
    gram, moment = (a @ a.T).cpu().double(), (a @ colours.T).cpu().double()
    gram += 1e-4 * gram.diagonal().mean() * torch.eye(len(gram), dtype=torch.float64)  # as if flat
    solution = torch.linalg.solve(gram, moment).T.to(features)  # (3, C + 1)
    return solution[:, :-1, None, None].contiguous(), solution[:, -1].contiguous()


@dataclass(eq=False)
class _Base:
    """A full picture, which those after it are made from."""

    picture: np.ndarray  # uint8 (H, W, 3)
    ws: torch.Tensor  # (1, num_ws, w_dim)
    colours: Colours | None  # of a generator without previews of its own
    soft: torch.Tensor | None = None  # its preview (1, 3, h, w), or a part of it:
    current: bool = True  # whether it is still what its latents make, in the region as it is now
    window: Window | None = None  # rows and columns; how its colours are off there, softly; and
    tint: torch.Tensor | float = 0.0
    before: torch.Tensor | None = None  # what of it is there, on the device


class LiveView:
    """Pictures while a drag runs: full ones for a share of the time, previews between them.

    A preview is soft, and a sharp picture followed by a soft one flickers. So what is shown between
    two full pictures is the last full one plus how the preview has changed since; where that is
    much, what was sharp there is gone, and the preview alone is shown. Only what a region's inside
    can change is worked out.
    """

    generator: Generator  # that makes them, as `drag.loop` sets it

    def __init__(
        self,
        full_share: float = 1 / 6,
        preview_share: float = 1 / 6,
        start: np.ndarray | None = None,
    ):
        """full_share, preview_share: of the time since `begin`, at most.   start: the picture that
        a drag with moving targets begins at, uint8 (H, W, 3), where it is at hand."""
        self.base: _Base | None = None  # None before there is one
        self.start, self.parts = start, False
        self.shares = {"full": full_share, "preview": preview_share}
        self.spent = {"full": 0.0, "preview": 0.0}
        self.cost = {"full": 0.0, "preview": 0.0}  # of the last one, seconds
        self.began = time.perf_counter()

    def begin(self, ws: torch.Tensor, features: torch.Tensor | None) -> None:
        """Start the clock at the first latents; their picture is what previews change."""
        self.began = time.perf_counter()
        self._timed("full", self._full, ws, features)

    def follow(self, generator: Generator, ws: torch.Tensor, features: torch.Tensor) -> None:
        """Show a drag with moving targets: previews whenever asked, of what changes alone, and full
        pictures where it rests. On a CPU previews are of the features themselves, for which colours
        are fitted once: a sharper way takes twice as long."""
        self.generator, self.parts = generator, True
        self.shares = {"full": 0.0, "preview": 1.0}
        if self.start is None:
            self.begin(ws, features)
            return
        self.began = time.perf_counter()
        fits = ws.device.type == "cpu" or not isinstance(generator, Previewing)
        few = features[..., ::2, ::2]  # a quarter tells as much
        self.base = _Base(self.start, ws, fit_colours(few, self.start) if fits else None)

    def outgrown(self) -> None:
        """The region has grown: what was shown last is to be made anew where it is wanted again."""
        if self.base is not None:
            self.base.current = False

    def shown(
        self, ws: torch.Tensor, features: torch.Tensor | None, final: bool, rests: bool
    ) -> Frame | Preview:
        """What is shown of a step of a drag with moving targets.

        final, rests: a full picture; after the final one nothing follows. Otherwise a preview, on a
        CPU what works it out: whoever watches may do so in a thread of its own, while the next step
        is taken.
        """
        base = self.base
        assert base is not None  # after `follow`
        if final or rests:
            again = base.current and ws is base.ws
            return Frame(base.picture, True) if again else self.frame(ws, features, final, rests)
        work = functools.partial(self._composite, ws, features, base, self._changing(base))
        return work if ws.device.type == "cpu" else work()

    def frame(
        self,
        ws: torch.Tensor,
        features: torch.Tensor | None,
        final: bool = False,
        rests: bool = False,
    ) -> Frame:
        """What is shown of a step: nothing where nothing is due.

        ws: (1, num_ws, w_dim).   features: all those of ws, where they are at hand; saves time.
        final, rests: a full one in any case; after the final one nothing follows.
        """
        if final:
            return Frame(self._timed("full", self._sharp, ws, features), True)
        if rests or self._due("full"):
            return Frame(self._timed("full", self._full, ws, features), True)
        if self.base is not None and self._due("preview"):
            part = self._changing(self.base)
            return self._timed("preview", self._composite, ws, features, self.base, part)
        return Frame(None)

    def _due(self, kind: str) -> bool:
        elapsed = time.perf_counter() - self.began + self.cost[kind]
        return 0 < self.shares[kind] * elapsed >= self.spent[kind] + self.cost[kind]

    @torch.no_grad()
    def _timed(self, kind: str, work: Callable[..., Any], *args: Any) -> Any:
        start = time.perf_counter()
        result = work(*args)
        self.cost[kind] = time.perf_counter() - start
        self.spent[kind] += self.cost[kind]
        return result

    def _sharp(self, ws: torch.Tensor, features: torch.Tensor | None) -> np.ndarray:
        return to_picture(self.generator.image(ws, features))

    def _full(self, ws: torch.Tensor, features: torch.Tensor | None) -> np.ndarray:
        own = self.parts or isinstance(self.generator, Previewing)
        features = self.generator.features(ws) if features is None and not own else features
        picture = self._sharp(ws, features)
        colours = None if own or features is None else fit_colours(features, picture)
        if self.parts and self.base is not None:
            colours = self.base.colours
        self.base = _Base(picture, ws, colours)
        return picture

    def _preview(
        self, ws: torch.Tensor, features: torch.Tensor | None, base: _Base, window: Window | None
    ) -> torch.Tensor:
        """The soft picture (1, 3, h, w), or a window of it."""
        if base.colours is None:
            return cast(Previewing, self.generator).preview(ws, features, window)
        if features is None:
            features = self.generator.features(ws, window)
        elif window is not None:
            features = features[..., window[0], window[1]]
        return F.conv2d(features, *base.colours)

    def _changing(self, base: _Base) -> tuple[Window | None, Window]:
        """What may change, as rows and columns of a preview, None for all of it; and as those of
        the picture."""
        generator, (height, width) = self.generator, self.generator.img_size
        if not isinstance(generator, Held):
            return None, (slice(0, height), slice(0, width))
        network = generator.network
        side = network.sides[network.feature_block][0]
        scale = height // (generator.soft_side if base.colours is None else side)
        rows, columns = (
            slice(part.start // scale, -(-part.stop // scale)) for part in generator.mask.core
        )
        whole = [slice(scale * part.start, scale * part.stop) for part in (rows, columns)]
        return (rows, columns), (whole[0], whole[1])

    @torch.no_grad()
    def _composite(
        self,
        ws: torch.Tensor,
        features: torch.Tensor | None,
        base: _Base,
        part: tuple[Window | None, Window],
    ) -> Frame:
        """A picture, changed as the preview has changed since its own, which is soft.   part: that
        may have changed."""
        window, (rows, columns) = part
        if base.soft is None or base.before is None or base.window != window:
            base.before = torch.from_numpy(base.picture[rows, columns]).to(ws.device)
            base.soft, base.window = self._preview(base.ws, None, base, window), window
            base.tint = _tint(base.soft, base.before)
        before = base.before
        soft = self._preview(ws, features, base, window)
        change = (soft - base.soft).abs().amax(1, keepdim=True)
        kept = (-F.max_pool2d(change, 3, 1, 1).div(GHOST).square()).exp()  # share of the detail
        mixed = torch.cat([soft + base.tint - kept * (base.soft + base.tint), kept], 1)
        mixed = F.interpolate(mixed, before.shape[:2], mode="bilinear")[0].permute(1, 2, 0)
        after = mixed[..., 3:] * before + 127.5 * (mixed[..., :3] + 1 - mixed[..., 3:])
        pixels = after.clamp_(0, 255).to(torch.uint8).cpu().numpy()
        if window is None:
            return Frame(pixels)
        if self.parts:
            return Frame(pixels, corner=(columns.start, rows.start))
        whole = base.picture.copy()
        whole[rows, columns] = pixels
        return Frame(whole)


def _tint(soft: torch.Tensor, picture: torch.Tensor) -> torch.Tensor:
    """How much a picture, (H, W, 3) from 0 to 255, is brighter all around than its preview
    (1, 3, h, w) in each colour; as that."""
    colours = picture.permute(2, 0, 1)[None] / 127.5 - 1
    off = F.interpolate(colours, soft.shape[2:], mode="area") - soft
    for _ in range(2):
        off = F.avg_pool2d(off, 2 * TINTED + 1, 1, TINTED, count_include_pad=False)
    return off
