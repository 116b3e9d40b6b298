"""Gauss-Newton on the motion of the handles: the most plausible change that brings them there."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import torch

from drag.edit import Edit
from drag.features import FeaturePart, Part, cells_around, scale_to, whole_part, window
from drag.latents import Coordinates, whitened_space
from drag.solvers.least_change import carried, jacobian, least_change, motion_patterns
from drag.solvers.patches import UNLIKE, PatchTracker, handle_motion, trusted_directions
from drag.solvers.replay import Recorder
from drag.solvers.state import State, States, as_tensors
from networks.generator import Generator
from networks.windows import Window

TRUST_AT_512 = 12.0  # pixels of a 512 px picture that a handle may move in a step
LEAST_TRUST_AT_512 = 1.5  # steps shorter than this are not made shorter still
WORSE_AT_512 = 1.0  # a step that adds so much to the mean distance is taken back
DAMPING = 0.05  # (Levenberg, Marquardt) of the rows' mean squared norm: less is firmer
STIFF_AT_512 = 4.0  # pixels for a change of one standard deviation: what gives less stays put
STIFF_INSIDE_AT_512 = 1.5  # the same in a region, where nothing outside pays for a larger change
MANY = 2  # handles, or more: rows of J are taken every other step only
LONGER, SHORTER = 1.3, 0.5  # how far handles may move next, after a step that was taken or not
KEPT = 2  # arithmetics that a generator keeps, recorded: for other numbers of handles, say


@dataclass(frozen=True, eq=False)
class Task:
    """What one drag is about: all that the arithmetic of its steps reads."""

    coordinates: Coordinates
    tracker: PatchTracker
    scale: torch.Tensor  # (C,), by which features are divided
    targets: torch.Tensor  # (N, 2) (x, y), pixels
    weights: torch.Tensor  # (N, 2, 2), how far a handle's motion is to be trusted

    def trusted(self, motion: torch.Tensor) -> torch.Tensor:
        """Motion (N, 2), less of it in directions that a handle cannot be followed in."""
        return (self.weights @ motion[..., None])[..., 0]

    def on_cpu(self) -> "Task":
        """Targets and weights on the CPU, where a step is judged, and nothing is waited for."""
        return replace(self, targets=self.targets.cpu(), weights=self.weights.cpu())

    def distance(self, handles: torch.Tensor) -> torch.Tensor:
        """What is left of the way, pixels, (): the mean over handles (N, 2)."""
        return self.trusted(self.targets - handles).norm(dim=1).mean()

    def towards(self, handles: torch.Tensor, most: torch.Tensor) -> torch.Tensor:
        """From handles to targets, (N, 2), and no farther than so many pixels, ()."""
        away = self.targets - handles
        return away * (away.norm(dim=1).clamp(min=most).reciprocal() * most)[:, None]


@dataclass(frozen=True, eq=False)
class _Place:
    """Where the solver stands."""

    change: torch.Tensor  # u, (L, w_dim) of the L entries that move, (1, w_dim) in W
    ws: torch.Tensor  # (1, num_ws, w_dim)
    handles: torch.Tensor  # (N, 2), pixels
    rows: torch.Tensor  # patterns^T J, (P, n): their motion with the n numbers of u, pixels
    patterns: torch.Tensor  # (2 N, P) of the handles' motion
    distance: torch.Tensor  # (), mean of what is left of the way, pixels, on the CPU
    here: torch.Tensor  # (N, 2), handles, on the CPU
    likeness: torch.Tensor  # (N,), how surely each was found, on the CPU


class Arithmetic:
    """The parts of a step: functions of tensors of fixed shapes, which can be recorded."""

    part: FeaturePart  # what is seen, with gradients to `change`
    change: torch.Tensor  # what it was made of

    def __init__(self, generator: Generator, edit: Edit, cells: Sequence[int]):
        """cells: (h, w) of the generator's features."""
        self.generator, self.size, self.cells = generator, edit.img_size, cells
        self.device, self.space = generator.w_avg.device, whitened_space(generator)
        r1, self.r2 = (scale_to(r, self.size) for r in (edit.settings.r1 + 1, edit.settings.r2))
        stride = max(1, round(self.size[0] / self.cells[0] / 2))  # half a cell
        patch = stride * window(r1 / stride + 1, self.device)
        self.patch = patch[patch.norm(dim=1) <= r1]
        self.reach = self.r2 + 2 * (self.r2 // 6 + r1 + stride)
        self.whole = whole_part(self.size, self.device)
        stiff = STIFF_INSIDE_AT_512 if edit.inside else STIFF_AT_512
        self.stiff_squared = scale_to(stiff, self.size) ** 2
        self.recorder = Recorder(self.device)
        record = self.recorder
        self.see, self.find = record(self._see), record(self._find)
        self.rows, self.next = record(self._rows), record(self._next)

    def task(self, edit: Edit, whole: torch.Tensor) -> Task:
        """What an edit asks for.   whole: (1, C, h, w), features of the first picture."""
        start, handles, targets = as_tensors(edit, self.device)
        scale = whole.std((2, 3))[0] + 1e-6
        picture = FeaturePart(whole, *self.whole[1:], scale)
        return Task(
            Coordinates.of(self.generator, start, edit.settings),
            PatchTracker.of(picture, handles, self.patch, self.r2),
            scale,
            targets,
            trusted_directions(picture, handles, self.patch, self.size),
        )

    def features(
        self, task: Task, change: torch.Tensor, window: Window | None = None
    ) -> torch.Tensor:
        """Features of the picture of a change, or a window of them."""
        ws = task.coordinates.latents(self.space, change)
        return self.generator.features(ws, window=window, moving=task.coordinates.moving.stop)

    def _see(self, task: Task, change: torch.Tensor, near: Part) -> tuple[torch.Tensor, ...]:
        """What a change looks like: ws, and features, which `find` and `rows` go on from.

        near: the part of the map that is worked out."""
        window, corner, extent = near
        self.part = None  # type: ignore[assignment]  # its graph goes before there is another
        with torch.enable_grad():
            self.change = change.detach().requires_grad_(True)
            features = self.features(task, self.change, window)
        self.part = FeaturePart(features, corner, extent, task.scale)
        return task.coordinates.latents(self.space, change), features.detach()

    def _find(self, task: Task, predicted: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Handles (N, 2) in what is seen, near predicted ones, and their likeness (N,)."""
        return task.tracker.find(self.part.detach(), predicted, self.size)

    def _rows(
        self, task: Task, handles: torch.Tensor, patterns: torch.Tensor
    ) -> tuple[torch.Tensor, ...]:
        """Rows (P, n) of the patterns (2 N, P) of the handles' motion, in what is seen."""
        return (motion_rows(task, self.part, self.change, handles, self.patch, patterns),)

    def _next(
        self,
        task: Task,
        change: torch.Tensor,
        handles: torch.Tensor,
        rows: torch.Tensor,
        patterns: torch.Tensor,
        radius: torch.Tensor,
    ) -> tuple[torch.Tensor, ...]:
        """The change that is to be tried next, (L or 1, w_dim), and where the handles should be
        then, (N, 2).   radius: (), pixels that they may move."""
        wanted = task.towards(handles, radius)
        slack = (DAMPING * rows.square().sum(1).mean() + self.stiff_squared).sqrt()
        unseen = 1 - rows.shape[0] / (2 * len(wanted))
        change = least_change(
            change,
            rows,
            task.trusted(wanted).flatten() @ patterns,
            slack,
            unseen,
        )
        return task.coordinates.bounded(change), handles + wanted


@torch.enable_grad()
def motion_rows(
    task: Task,
    part: FeaturePart,
    change: torch.Tensor,
    handles: torch.Tensor,
    patch: torch.Tensor,
    patterns: torch.Tensor,
) -> torch.Tensor:
    """patterns^T J (P, n): how patterns (2 N, P) of the handles' motion go with the n numbers of
    the change that a part of the features was made of, and has gradients to.   patch: (K, 2)
    offsets around each handle."""
    motion = task.trusted(handle_motion(part, handles, patch))
    return jacobian(motion.flatten() @ patterns, change).flatten(1)


def gauss_newton(generator: Generator, edit: Edit) -> States:
    """Some eight steps, each the least change in whitened W+ that moves the handles as wanted.

    u is the change of the coordinates since the start, J the motion of the handles with it.
    Each step
     1. tries a change: features at u, and the handles near where they should be by now;
     2. judges it: where the distance grew, or what is at the handles is unlike what was, u is
        taken back and the next step is half as long; otherwise this is where the solver stands;
     3. takes the rows of J there, two vector-Jacobian products a handle, from the features
        around it (`handle_motion`); of several handles every other time, and in between corrects
        those it has by what they foretold wrongly (`carried`);
     4. finds the u of least norm with J u as wanted, at most 12 px (of 512) further. What of it
        no handle needs any more goes back (a null-space step), so neither detours nor drift
        remain.
    In W one change is shared by all entries that move; in W+ each has its own. Where targets are
    sent, distances are to them from then on; as they keep moving, rows of J are taken every other
    time then, of a single handle, too.
    """
    start, handles, _ = as_tensors(edit, generator.w_avg.device)
    with torch.no_grad():
        whole = generator.features(start)
    targets = yield State(start, handles.cpu(), whole)

    with arithmetic(generator, edit, whole.shape[2:]) as step:
        yield from _steps(step, edit, handles, whole, targets)


@contextmanager
def arithmetic(generator: Generator, edit: Edit, cells: Sequence[int]) -> Iterator[Arithmetic]:
    """The arithmetic for an edit, with what was recorded of it for one that was alike.

    A generator keeps the last few; one that is in use is nobody else's."""
    settings = edit.settings
    alike = (
        id(generator),  # tuned views of one share what it keeps
        len(edit.points),
        settings.num_entries,
        settings.latent_space,
        settings.hold_placement,
        settings.r1,
        settings.r2,
        edit.inside,
    )
    kept = vars(generator).setdefault("kept_arithmetic", {})
    step = kept.pop(alike, None) or Arithmetic(generator, edit, cells)
    try:
        yield step
    finally:
        if step.recorder.on:
            kept[alike] = step
            for oldest in list(kept)[:-KEPT]:
                kept.pop(oldest, None)
        else:  # its own methods hold it, and it the generator's maps: not until they are collected
            vars(step).clear()


def _steps(
    step: Arithmetic,
    edit: Edit,
    handles: torch.Tensor,
    whole: torch.Tensor,
    sent: torch.Tensor | None,
) -> States:
    size, device = edit.img_size, step.device
    task, many, targets = step.task(edit, whole), len(handles) >= MANY, sent
    if sent is not None:
        task, many = replace(task, targets=sent.to(device)), True
    aim = task.on_cpu()
    trust, least, worse = (
        scale_to(pixels, size) for pixels in (TRUST_AT_512, LEAST_TRUST_AT_512, WORSE_AT_512)
    )
    radius: float = trust
    place, change = None, torch.zeros_like(task.coordinates.low)
    fresh = False  # whether the rows were taken just now, by a step that moved the handles
    found = predicted = handles
    likeness = torch.ones_like(handles[:, 0])
    while True:
        part = cells_around(torch.cat([found, predicted]), step.reach, step.cells, size)
        ws, features = step.see(task, change, part)  # 1
        if place:
            found, likeness = step.find(task, predicted)
        likely, here = _read(likeness, found)
        distance = aim.distance(here)
        back = False  # 2
        if place:
            grew = radius > least and distance > place.distance + worse
            back = bool(grew or likely.mean() < UNLIKE)
            if back:  # with what became of handles that did not hold
                sent = yield State(place.ws, place.here, None, likely.minimum(place.likeness))
            else:
                sent = yield State(ws, here, None if part[0] else features, likely)
            if sent is not None and sent is not targets:
                task, targets = replace(task, targets=sent.to(device)), sent
                aim = replace(aim, targets=sent)
                place = replace(place, distance=aim.distance(place.here))
                distance = aim.distance(here)
        if place and back:
            radius, fresh = max(SHORTER * radius, least), False
        else:
            radius = min(LONGER * radius, trust)
            if place and fresh and many:  # 3
                fresh, patterns = False, place.patterns
                moved = task.trusted(found - place.handles).flatten() @ patterns
                rows = carried(place.rows, moved, (change - place.change).flatten())
            else:
                fresh = place is not None
                wanted = aim.trusted(aim.towards(here, torch.tensor(float(radius))))
                patterns = motion_patterns(here, wanted, size, device)
                (rows,) = step.rows(task, found, patterns)
            place = _Place(change, ws, found, rows, patterns, distance, here, likely)
        del features  # of which there are many where the whole picture was looked at
        given = place.change, place.handles, place.rows, place.patterns
        most = torch.full((), float(radius), device=device)  # `constant` would upload each anew
        change, predicted = step.next(task, *given, most)  # 4
        found = place.handles


def _read(likeness: torch.Tensor, handles: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """These, (N,) and (N, 2), on the CPU, in one go: all that a step waits for."""
    packed = torch.cat([likeness, handles.flatten()]).cpu()
    likeness, handles = packed.split([len(likeness), handles.numel()])
    return likeness, handles.view(-1, 2)
