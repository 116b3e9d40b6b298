"""What of a change of a picture is no motion: hair, glasses, a background that become others.

Content that moves takes its features along, so of a change of features dF a smooth flow f explains
G f, G their slopes; f is found by least squares in small windows (Lucas and Kanade 1981). What is
left, e = dF - G f, is change of appearance.
"""

import functools
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F

from drag.features import constant
from drag.settings import Settings
from networks.blocks import Maps, Network, entries_of, run
from networks.generator import Generator
from networks.shipped import read_shipped

SIDE = 64  # px of the map that it is seen in
ENTRIES = 6  # that reach all of it
CHANNELS = 64  # random mixtures of its channels: so many keep lengths and angles well enough
WINDOW = 3  # half of one, cells
RIDGE = 0.05  # of the mean texture: where there is less, nothing is taken to move
SMOOTH = 1  # half of the window that a flow is smoothed by, cells
WEIGHTS = Path(__file__).parents[1] / "assets" / "appearance.safetensors"
SHA256 = "58605ba3aa05eb6d326384fbe8d4ee9ac63550944e47fbf2ebe28e27f8bc2446"

Flow = tuple[torch.Tensor, torch.Tensor]  # to the right and down, each (1, 1, h, w), cells


@dataclass(frozen=True, eq=False)
class Appearance:
    """How appearance is seen, on the scale of one picture."""

    network: Network
    block: int  # whose map it is seen in
    mix: torch.Tensor  # (CHANNELS, C, 1, 1)
    first: torch.Tensor  # (1, CHANNELS, h, w), what that picture looks like

    @classmethod
    def of(cls, network: Network, ws: torch.Tensor) -> "Appearance":
        """That of a picture's latents, (1, num_ws, w_dim)."""
        block = max(i for i, side in enumerate(network.sides) if max(side) <= SIDE)
        x = run(network, entries_of(ws), block + 1).features
        draw = torch.Generator().manual_seed(0)
        signs = 2 * torch.randint(2, (CHANNELS, x.shape[1]), generator=draw) - 1
        mix = signs.to(x) / (x.std((2, 3)) + 1e-6) / CHANNELS**0.5
        mix = mix[..., None, None]
        return cls(network, block, mix, F.conv2d(x, mix))

    def maps(self, ws: torch.Tensor, moving: int) -> Maps:
        """Those of latents, of which so many first entries get gradients."""
        return run(self.network, entries_of(ws, moving), self.block + 1)

    def seen(self, maps: Maps) -> torch.Tensor:
        """What they look like, (1, CHANNELS, h, w)."""
        return F.conv2d(maps.features, self.mix)


class Unmoved:
    """e of changes from an appearance, (1, K, h, w), which is held fixed."""

    def __init__(self, before: torch.Tensor):
        self.before = before.detach()
        padded = F.pad(self.before, (1, 1, 1, 1), mode="replicate")
        self.right = (padded[:, :, 1:-1, 2:] - padded[:, :, 1:-1, :-2]) / 2  # G
        self.down = (padded[:, :, 2:, 1:-1] - padded[:, :, :-2, 1:-1]) / 2
        xx = _windowed(self.right * self.right)
        xy = _windowed(self.right * self.down)
        yy = _windowed(self.down * self.down)
        ridge = RIDGE * (xx + yy).mean() / 2
        xx, yy = xx + ridge, yy + ridge
        det = xx * yy - xy * xy
        self.inverse = yy / det, -xy / det, xx / det  # of G^T G

    def flow(self, change: torch.Tensor) -> Flow:
        """What explains a change of the features best."""
        right, down = _windowed(self.right * change), _windowed(self.down * change)
        xx, xy, yy = self.inverse
        return xx * right + xy * down, xy * right + yy * down

    def rest(self, now: torch.Tensor) -> torch.Tensor:
        """e, (1, K, h, w), of what it looks like now."""
        change = now - self.before
        right, down = self.flow(change)
        return change - self.right * right - self.down * down


def followed(first: torch.Tensor, now: torch.Tensor, flow: Flow | None, rounds: int) -> Flow:
    """The dense flow from one appearance to another, (1, K, h, w) each, from a known one on."""
    right, down = (torch.zeros_like(now[:, :1]),) * 2 if flow is None else flow
    for _ in range(rounds):
        warped = warp(first, (right, down))
        x, y = Unmoved(warped).flow(now - warped)
        right = _mean(right - x.clamp(-1, 1), SMOOTH)
        down = _mean(down - y.clamp(-1, 1), SMOOTH)
    return right, down


def warp(first: torch.Tensor, flow: Flow) -> torch.Tensor:
    """An appearance (1, K, h, w), moved by a flow."""
    height, width = first.shape[2:]
    right, down = (part[0, 0] for part in flow)
    x = torch.arange(width, device=first.device) - right
    y = torch.arange(height, device=first.device)[:, None] - down
    grid = (torch.stack([x, y], -1) + 0.5) / constant((width, height), first.device) * 2 - 1
    return F.grid_sample(first, grid[None], padding_mode="border", align_corners=False)


def random_signs(rest: torch.Tensor, draw: torch.Generator) -> torch.Tensor:
    """Of each number of e, for a random mixture of them."""
    return (2 * torch.randint(2, rest.shape, generator=draw) - 1).to(rest)


def mixed(rest: torch.Tensor, signs: torch.Tensor) -> torch.Tensor:
    """A random mixture, (), of e, whose square is its mean square on average."""
    return (rest * signs).sum() / rest.numel() ** 0.5


def _windowed(products: torch.Tensor) -> torch.Tensor:
    """Products (1, K, h, w), in windows, over all channels: (1, 1, h, w)."""
    return _mean(products.mean(1, keepdim=True), WINDOW)


def _mean(values: torch.Tensor, half: int) -> torch.Tensor:
    """Over square windows of the map."""
    padded = F.pad(values, (half, half, half, half), mode="replicate")
    return F.avg_pool2d(padded, 2 * half + 1, 1)


@dataclass(frozen=True, eq=False)
class Learnt:
    """The latents along which a generator's pictures change appearance (`tests.benchmarks
    .appearance` learns them): |e|^2 of a change u of whitened W+ is |rows u|^2 on average."""

    rows: torch.Tensor  # (R, ENTRIES, w_dim)
    scale: float  # by which |e|^2 is multiplied for the mean over all directions to be 1

    def over(self, settings: Settings) -> torch.Tensor:
        """K (R, n), the rows of the coordinates that move, for which |e|^2 counts as much as |u|^2
        in the mean of all directions."""
        entries = settings.num_entries
        rows = self.rows[:, :entries] * self.scale**0.5
        rows = F.pad(rows, (0, 0, 0, entries - rows.shape[1]))
        return rows.sum(1) if settings.latent_space == "w" else rows.flatten(1)


@functools.lru_cache
def _learnt(device: torch.device) -> Learnt:
    """Of the built-in generator. Raises UserError where its file is damaged."""
    state = read_shipped(WEIGHTS, SHA256, device)
    directions = state["directions"]  # (R, ENTRIES w_dim), orthonormal
    scale = directions.shape[1] / state["total"].item()
    rows = directions * state["variances"].sqrt()[:, None]
    return Learnt(rows.unflatten(1, (ENTRIES, -1)), scale)


def learnt(generator: Generator) -> Learnt | None:
    """That of a generator; None where nobody has learnt it."""
    return _learnt(generator.w_avg.device) if generator.has_encoder else None
