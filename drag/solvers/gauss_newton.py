"""Gauss-Newton on the motion of the handles: the most plausible change that brings them there."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch

from drag.edit import Edit
from drag.features import FeaturePart, cells_around, scale_to, window
from drag.latents import whitened_space
from drag.solvers.least_change import jacobian, least_change, motion_patterns
from drag.solvers.outside import Outside, outside_of
from drag.solvers.patches import UNLIKE, PatchTracker, handle_motion
from drag.solvers.state import State, as_tensors

TRUST_AT_512 = 12.0  # pixels of a 512 px picture that a handle may move in a step
LEAST_TRUST_AT_512 = 1.5  # steps shorter than this are not made shorter still
WORSE_AT_512 = 1.0  # a step that adds so much to the mean distance is taken back
DAMPING = 0.05  # share of the mean of the rows' norms: how firmly handles are to arrive
STIFF_AT_512 = 4.0  # pixels for a change of one standard deviation: what gives less stays put
SLACK_KEPT = 1 / 6  # of what handles are allowed where nothing else counts
FARTHEST = 2.5  # standard deviations that a coordinate may be away from the mean
FARTHEST_CHANGE = 8.0  # norm of the change of all coordinates: further away faces come apart


@dataclass(frozen=True, eq=False)
class _Place:
    """Where the solver stands: change (1 or L, w_dim) of the coordinates, ws (1, num_ws, w_dim),
    handles (N, 2), their mean distance to the targets, patterns (2 N, P) of their motion, the rows
    (P, n) of J for these, and how surely each handle was found (N,)."""

    change: torch.Tensor
    ws: torch.Tensor
    handles: torch.Tensor
    distance: torch.Tensor
    patterns: torch.Tensor
    rows: torch.Tensor
    likeness: torch.Tensor


class _Coordinates:
    """The latents that move, as a change of their whitened coordinates: none at the start."""

    def __init__(self, generator, edit: Edit, start: torch.Tensor):
        """start: ws (1, num_ws, w_dim)."""
        self.generator, self.start = generator, start
        self.space = whitened_space(generator)
        self.moving = min(edit.settings.num_entries, start.shape[1])
        self.first = self.space.whiten(start[0, :self.moving])  # (L, w_dim)
        self.off = start[0, :self.moving] - self.space.unwhiten(self.first)  # of no coordinates
        bound = self.first.abs().clamp(min=FARTHEST)
        self.low, self.high = -bound - self.first, bound - self.first
        if edit.settings.latent_space == "w":
            self.low, self.high = self.low.amax(0, keepdim=True), self.high.amin(0, keepdim=True)

    def latents(self, change: torch.Tensor) -> torch.Tensor:
        """ws (1, num_ws, w_dim) of a change, (L or 1, w_dim)."""
        moved = self.space.unwhiten(self.first + change) + self.off
        return torch.cat([moved[None], self.start[:, self.moving:]], 1)

    def features(self, change: torch.Tensor, window=None) -> torch.Tensor:
        """Features of the picture of a change, or a window of them."""
        return self.generator.features(self.latents(change), window=window, moving=self.moving)

    def bounded(self, change: torch.Tensor) -> torch.Tensor:
        """The change, drawn back to where faces do not come apart."""
        change = change.maximum(self.low).minimum(self.high)
        norm = change.expand_as(self.first).norm()
        return change * (FARTHEST_CHANGE / norm).clamp(max=1)


class _Lookout:
    """What finds the handles: sizes in pixels, the tracker, and how far to trust it (N, 2, 2)."""

    def __init__(self, edit: Edit, whole: torch.Tensor, handles: torch.Tensor):
        """whole: features of the first picture.   handles: (N, 2) there."""
        self.size, self.cells = edit.img_size, whole.shape[2:]
        self.scale = whole.std((2, 3))[0] + 1e-6
        r1, self.r2 = (scale_to(r, self.size) for r in (edit.settings.r1 + 1, edit.settings.r2))
        stride = max(1, round(self.size[0] / self.cells[0] / 2))  # half a cell
        patch = stride * window(r1 / stride + 1, whole.device)
        self.patch = patch[patch.norm(dim=1) <= r1]
        self.reach = self.r2 + 2 * (self.r2 // 6 + r1 + stride)
        self.corner = torch.zeros(2, device=whole.device)
        picture = FeaturePart(whole, self.corner, self.size, self.scale)
        self.tracker = PatchTracker(picture, handles, self.patch, self.r2)
        self.weights = self.tracker.trusted_directions(self.size)

    def place(self, places: torch.Tensor):
        """The window that looking at these places (N, 2) takes, its corner and its extent."""
        return cells_around(places, self.reach, self.cells, self.size)

    def trusted(self, motion: torch.Tensor) -> torch.Tensor:
        """Motion (N, 2), less of it in directions that a handle cannot be followed in."""
        return (self.weights @ motion[..., None])[..., 0]


def gauss_newton(generator, edit: Edit) -> Iterator[State]:
    """Some ten steps, each the least change in whitened W+ that moves the handles as wanted.

    The rows of J, how a handle moves with the latents, come from the features around it
    (`drag.motion.handle_motion`) by two vector-Jacobian products a handle. The change u of the
    coordinates since the start is then the one of least norm with J u as wanted: what of it no
    handle needs any more goes back (a null-space step), so neither detours nor drift remain. A step
    is at most 12 px long (of 512), and taken back and halved when it made the distance worse or the
    handles unlike what they were.
    Where a region is painted, the change of the features outside counts beside the norm. In W one
    change is shared by all entries that move; in W+ each has its own.
    """
    size, device = edit.img_size, generator.w_avg.device
    start, handles, targets = as_tensors(edit, device)
    with torch.no_grad():
        whole = generator.features(start)
    yield State(start, handles, whole)

    space, eye = _Coordinates(generator, edit, start), _Lookout(edit, whole, handles)
    outside = outside_of(edit, whole, eye.scale)
    trust, least = scale_to(TRUST_AT_512, size), scale_to(LEAST_TRUST_AT_512, size)
    radius, predicted, place, likeness = trust, handles, None, torch.ones_like(handles[:, 0])
    change, (near, corner, extent) = torch.zeros_like(space.low), (None, eye.corner, size)
    while True:
        if outside is None:  # only the features near the handles count
            near, corner, extent = eye.place(torch.cat([handles, predicted]))
        with torch.enable_grad():
            features = space.features(change.requires_grad_(True), near)
        part = FeaturePart(features, corner, extent, eye.scale)
        if place:
            with torch.no_grad():
                handles, likeness = eye.tracker.find(part.detach(), predicted, size)
        distance = eye.trusted(targets - handles).norm(dim=1).mean()
        if place and (likeness.mean() < UNLIKE or (
                radius > least and distance > place.distance + scale_to(WORSE_AT_512, size))):
            radius = max(radius / 2, least)  # back to where it was, and less far from there
            unlike = likeness.minimum(place.likeness)  # what became of handles that did not hold
            yield State(place.ws, place.handles, None, unlike)
        else:
            ws = space.latents(change.detach())
            if place:
                yield State(ws, handles, features.detach() if near is None else None, likeness)
            radius = min(1.3 * radius, trust)
            patterns = motion_patterns(
                handles, eye.trusted(_towards(targets, handles, radius)), size)
            with torch.enable_grad():
                motion = eye.trusted(handle_motion(part, handles, eye.patch))
                rows = jacobian(motion.flatten() @ patterns, change).flatten(1)
                if outside is not None:
                    outside.linearise(features, change, space.features)
            place = _Place(change.detach(), ws, handles, distance, patterns, rows, likeness)
        features = part = motion = None  # and their graph, but for what the outside holds
        wanted = _towards(targets, place.handles, radius)
        change = space.bounded(_next_change(place, eye.trusted(wanted), size, outside))
        handles, predicted = place.handles, place.handles + wanted


def _next_change(place: _Place, wanted: torch.Tensor, size, outside: Outside | None):
    """The change that is to be tried next: handles should move by wanted (N, 2) from a place."""
    slack = (DAMPING * place.rows.square().sum(1).mean()
             + scale_to(STIFF_AT_512, size) ** 2).sqrt() * (SLACK_KEPT if outside else 1)
    unseen = 1 - min(1, place.rows.shape[0] / (2 * len(wanted)))
    return least_change(
        place.change, place.rows, wanted.flatten() @ place.patterns, slack, unseen, outside)


def _towards(targets: torch.Tensor, handles: torch.Tensor, most: float) -> torch.Tensor:
    """From handles to targets, (N, 2), and no farther than so many pixels."""
    away = targets - handles
    return away * (most / away.norm(dim=1).clamp(min=most))[:, None]
