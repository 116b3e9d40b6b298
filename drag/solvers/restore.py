"""After a drag: what it changed besides moving comes back, with the handles held."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import torch

from drag.appearance import (
    Appearance,
    Flow,
    Learnt,
    Unmoved,
    followed,
    learnt,
    mixed,
    random_signs,
    warp,
)
from drag.edit import Edit
from drag.features import FeaturePart, cells_around
from drag.solvers.gauss_newton import Arithmetic, arithmetic, motion_rows
from drag.solvers.least_change import carried, jacobian, motion_patterns
from drag.solvers.state import State
from networks.blocks import Network, entries_of, run
from networks.generator import Generator

STEPS = 5
WEIGHT = 0.1  # of change of appearance, against plausibility
PULL = 0.3  # share of the change of the latents that goes back, too
OWN = 4  # gradients of random mixtures of what this picture has, glasses say, and others have not
HOLD_AT_512 = 0.25  # pixels of a handle's way that count as much as a change of one
LET_GO_AT_512 = 0.75  # a step that leads a handle so far away is taken back
TRUST, LEAST_TRUST = 1.0, 0.1  # norms of the first step and of the least that is tried
LONGER, SHORTER = 1.5, 0.5  # the next step, after one that was taken, and after one that was not
FIRST_ROUNDS, ROUNDS = 8, 2  # in which the dense flow is found, and followed after a step
CENTRE, SPREAD, RIM = (0.5, 0.55), 0.15, 0.1  # what a picture is of counts more than its rim


@dataclass(frozen=True, eq=False)
class _Seen:
    """What a change of the latents looks like."""

    change: torch.Tensor  # u, to which part and rest have gradients
    part: FeaturePart  # the features near the handles
    rest: torch.Tensor  # e (1, K, h, w), against the first picture moved by the flow
    flow: Flow  # from the first picture to this one
    handles: torch.Tensor  # (N, 2), where they were found
    here: torch.Tensor  # (N, 2), the same on the CPU
    off: float  # the farthest from where they are held, pixels
    differs: float  # the mean square of e, weighted


class _Restoring:
    """What steps of one edit share."""

    def __init__(self, step: Arithmetic, edit: Edit, start: State, reached: State):
        assert start.features is not None
        self.held = reached.handles.to(start.ws)
        self.network, self.size = cast(Network, step.generator), edit.img_size
        self.step, self.task = step, step.task(edit, start.features)
        self.look = Appearance.of(self.network, start.ws)
        self.weights = _central(self.look.first)
        draw = torch.Generator().manual_seed(0)
        self.signs = [random_signs(self.look.first, draw) for _ in range(OWN)]

    def see(self, change: torch.Tensor, near: torch.Tensor, flow: Flow | None) -> _Seen:
        """near: (N, 2), where handles may be.   flow: of a change that was near."""
        step, task, look = self.step, self.task, self.look
        window, corner, extent = cells_around(
            torch.cat([self.held, near]), step.reach, step.cells, self.size
        )
        moving = task.coordinates.moving.stop
        with torch.enable_grad():
            change = change.detach().requires_grad_(True)
            ws = task.coordinates.latents(step.space, change)
            maps = look.maps(ws, moving)
            entries, begin = entries_of(ws, moving), (look.block, maps)
            x = run(self.network, entries, self.network.feature_block + 1, window, begin).features
            x = x.contiguous(memory_format=torch.channels_last)
            now = look.seen(maps)
        part = FeaturePart(x, corner, extent, task.scale)
        handles, _ = task.tracker.find(part.detach(), near, self.size)
        flow = followed(look.first, now.detach(), flow, ROUNDS if flow else FIRST_ROUNDS)
        with torch.enable_grad():
            rest = Unmoved(warp(look.first, flow)).rest(now)
        differs = (rest.detach().square() * self.weights).mean()
        off = (handles - self.held).norm(dim=1).max()
        told = torch.cat([off[None], differs[None], handles.flatten()]).cpu()  # the one wait
        here, (farthest, unlike) = told[2:].view(-1, 2), told[:2].tolist()
        return _Seen(change, part, rest, flow, handles, here, farthest, unlike)

    def gradient(self, seen: _Seen) -> torch.Tensor:
        """Of half of what differs, (n,)."""
        rest = seen.rest
        with torch.enable_grad():
            half = (rest * rest.detach() * self.weights).mean()
        return torch.autograd.grad(half, seen.change, retain_graph=True)[0].flatten()

    def own(self, seen: _Seen) -> torch.Tensor:
        """Rows (OWN, n) whose mean square is that of e with the latents, for this picture."""
        root = self.weights.sqrt()
        with torch.enable_grad():
            mixtures = torch.stack([mixed(seen.rest * root, signs) for signs in self.signs])
            return jacobian(mixtures, seen.change).flatten(1) / OWN**0.5

    def rows(self, seen: _Seen, patterns: torch.Tensor) -> torch.Tensor:
        """J (P, n), as the solver's."""
        return motion_rows(
            self.task, seen.part, seen.change, seen.handles, self.step.patch, patterns
        )

    def away(self, seen: _Seen, patterns: torch.Tensor) -> torch.Tensor:
        """From the handles to where they are held, (P,), pixels."""
        return self.task.trusted(self.held - seen.handles).flatten() @ patterns


def restored(
    generator: Generator, edit: Edit, start: State, reached: State
) -> Iterator[State] | None:
    """A few states after the one that a drag reached from its start, each with an appearance more
    like the first picture's; None where the generator's appearance is not known, only a region
    moves, or nothing has moved.

    e is what no motion explains between the first picture, moved by a dense flow, and the present
    one. Each step
     1. finds the flow, e, and the handles;
     2. is taken back, and the next is shorter, where e did not fall or a handle was let go;
     3. else is a Gauss-Newton step of |e|^2: its gradient, and for its curvature what is known of
        the generator's pictures (`Learnt`) and some random rows of this one, with rows of J that
        hold the handles.
    """
    known = learnt(generator)
    still = torch.equal(start.ws, reached.ws)
    if known is None or edit.inside or edit.regions or still:
        return None
    return _begun(generator, edit, known, start, reached)


@torch.no_grad()
def _begun(
    generator: Generator, edit: Edit, known: Learnt, start: State, reached: State
) -> Iterator[State]:
    assert start.features is not None  # all are worked out of a start
    with arithmetic(generator, edit, start.features.shape[2:]) as step:
        yield from _steps(_Restoring(step, edit, start, reached), edit, known, reached)


def _steps(do: _Restoring, edit: Edit, known: Learnt, reached: State) -> Iterator[State]:
    hold, let_go = (edit.img_size[0] / 512 * part for part in (HOLD_AT_512, LET_GO_AT_512))
    coordinates, space = do.task.coordinates, do.step.space
    change = coordinates.change_to(space, reached.ws)
    farthest = change.norm()
    held = reached.handles
    patterns = motion_patterns(held, torch.ones_like(held), edit.img_size, do.held.device)
    weight = WEIGHT * known.scale
    best = do.see(change, do.held, None)  # 1
    let_go = max(let_go, best.off)
    curvature = torch.cat([WEIGHT**0.5 * known.over(edit.settings), weight**0.5 * do.own(best)])
    rows, length, step = do.rows(best, patterns), TRUST, None
    for _ in range(STEPS):
        if step is None:  # 3
            stiff = torch.cat([curvature, rows / hold])
            gram = torch.eye(len(stiff), device=stiff.device) + stiff @ stiff.T
            downhill = rows.T @ (do.away(best, patterns) / hold**2)
            downhill -= weight * do.gradient(best) + PULL * best.change.detach().flatten()
            step = downhill - stiff.T @ torch.linalg.solve_ex(gram, stiff @ downhill).result
        change = best.change.detach() + (step * (length / step.norm()).clamp(max=1)).view_as(change)
        change = change * (farthest / change.norm()).clamp(max=1)
        seen = do.see(change, best.handles, best.flow)  # 1
        if seen.differs < best.differs and seen.off < let_go:
            moved = do.away(best, patterns) - do.away(seen, patterns)
            rows = carried(rows, moved, (change - best.change.detach()).flatten())
            best, length, step = seen, length * LONGER, None
            ws = coordinates.latents(space, change)
            yield State(ws, seen.here, None, reached.likeness)
        elif length * SHORTER < LEAST_TRUST:
            return
        else:  # 2
            length *= SHORTER


def _central(map_: torch.Tensor) -> torch.Tensor:
    """How much each place of a map (1, K, h, w) counts: (1, 1, h, w), 1 on average."""
    height, width = map_.shape[2:]
    x, y = ((torch.arange(n, device=map_.device) + 0.5) / n for n in (width, height))
    away = (x - CENTRE[0]).square() + (y[:, None] - CENTRE[1]).square()
    weights = (-away / 2 / SPREAD**2).exp() + RIM
    return (weights / weights.mean())[None, None]
