"""Gauss-Newton on the motion of the handles: the most plausible change that brings them there."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch

from drag.edit import Edit
from drag.latents import whitened_space
from drag.motion import handle_motion
from drag.sampling import FeaturePart, cells_around, scale_to, window
from drag.solvers.kept import Outside
from drag.solvers.least_change import jacobian, least_change, motion_patterns
from drag.solvers.state import State, as_tensors, protected_cells
from drag.tracking import UNLIKE, PatchTracker

TRUST_AT_512 = 12.0  # pixels of a 512 px picture that a handle may move in a step
LEAST_TRUST_AT_512 = 1.5  # steps shorter than this are not made shorter still
WORSE_AT_512 = 1.0  # a step that adds so much to the mean distance is taken back
DAMPING = 0.05  # share of the mean of the rows' norms: how firmly handles are to arrive
STIFF_AT_512 = 4.0  # pixels for a change of one standard deviation: what gives less stays put
FIRMNESS = 100.0  # of the outside of a region, times lambda
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
    size, settings, device = edit.img_size, edit.settings, generator.w_avg.device
    start, handles, targets = as_tensors(edit, device)
    with torch.no_grad():
        whole = generator.features(start)
    yield State(start, handles, whole)

    space, moving = whitened_space(generator), min(settings.num_entries, start.shape[1])
    cells, scale = whole.shape[2:], whole.std((2, 3))[0] + 1e-6
    r1, r2 = scale_to(settings.r1 + 1, size), scale_to(settings.r2, size)
    stride = max(1, round(size[0] / cells[0] / 2))  # half a cell
    patch = stride * window(r1 / stride + 1, device)
    patch = patch[patch.norm(dim=1) <= r1]
    picture = FeaturePart(whole, torch.zeros(2, device=device), size, scale)
    tracker = PatchTracker(picture, handles, patch, r2)
    weights = tracker.trusted_directions(size)  # (N, 2, 2)
    protected, outside = protected_cells(edit, whole), None
    if protected is not None:
        outside = Outside(whole, protected, scale, FIRMNESS * settings.lambda_mask)

    first = space.whiten(start[0, :moving])  # (L, w_dim)
    off = start[0, :moving] - space.unwhiten(first)  # what coordinates cannot express
    bound = first.abs().clamp(min=FARTHEST)
    shared = settings.latent_space == "w"
    low, high = (-bound - first), (bound - first)
    if shared:
        low, high = low.amax(0, keepdim=True), high.amin(0, keepdim=True)

    def latents(change):
        moved = space.unwhiten(first + change) + off
        return torch.cat([moved[None], start[:, moving:]], 1)

    def features_of(change):
        return generator.features(latents(change), moving=moving)

    trust, least = scale_to(TRUST_AT_512, size), scale_to(LEAST_TRUST_AT_512, size)
    radius, predicted, place, likeness = trust, handles, None, torch.ones_like(handles[:, 0])
    change = torch.zeros_like(low)
    near, corner, extent = None, picture.corner, size
    while True:
        if outside is None:  # only the features near the handles count
            near, corner, extent = cells_around(
                torch.cat([handles, predicted]), r2 + 2 * (r2 // 6 + r1 + stride), cells, size)
        with torch.enable_grad():
            change.requires_grad_(True)
            ws = latents(change)
            features = generator.features(ws, window=near, moving=moving)
        part = FeaturePart(features, corner, extent, scale)
        if place:
            with torch.no_grad():
                handles, likeness = tracker.find(part.detach(), predicted, size)
        distance = _times(weights, targets - handles).norm(dim=1).mean()
        if place and (likeness.mean() < UNLIKE or (
                radius > least and distance > place.distance + scale_to(WORSE_AT_512, size))):
            radius = max(radius / 2, least)  # back to where it was, and less far from there
            unlike = likeness.minimum(place.likeness)  # what became of handles that did not hold
            yield State(place.ws, place.handles, None, unlike)
        else:
            if place:
                seen = features.detach() if near is None else None
                yield State(ws.detach(), handles, seen, likeness)
            radius = min(1.3 * radius, trust)
            wanted = _towards(targets, handles, radius)
            patterns = motion_patterns(handles, _times(weights, wanted), size)
            with torch.enable_grad():
                rows = jacobian(_times(weights, handle_motion(part, handles, patch)).flatten()
                                @ patterns, change).flatten(1)
                if outside is not None:
                    outside.linearise(features, change, features_of)
            place = _Place(
                change.detach(), ws.detach(), handles, distance, patterns, rows, likeness)
        del features, part, ws  # and their graph, but for what the outside holds
        wanted = _towards(targets, place.handles, radius)
        slack = (DAMPING * place.rows.square().sum(1).mean()
                 + scale_to(STIFF_AT_512, size) ** 2).sqrt() * (SLACK_KEPT if outside else 1)
        unseen = 1 - min(1, place.rows.shape[0] / (2 * len(targets)))
        change = least_change(place.change, place.rows,
                              _times(weights, wanted).flatten() @ place.patterns,
                              slack, unseen, outside)
        change = change.maximum(low).minimum(high)
        change = change * (FARTHEST_CHANGE / change.expand_as(first).norm()).clamp(max=1)
        handles, predicted = place.handles, place.handles + wanted


def _towards(targets: torch.Tensor, handles: torch.Tensor, most: float) -> torch.Tensor:
    """From handles to targets, (N, 2), and no farther than so many pixels."""
    away = targets - handles
    return away * (most / away.norm(dim=1).clamp(min=most))[:, None]


def _times(matrices: torch.Tensor, vectors: torch.Tensor) -> torch.Tensor:
    return (matrices @ vectors[..., None])[..., 0]
