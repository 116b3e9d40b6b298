"""Gauss-Newton on the motion of the handles: the most plausible change that brings them there."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch

from drag.edit import Edit
from drag.latents import whitened_space
from drag.motion import handle_motion
from drag.sampling import FeaturePart, cells_around, scale_to, window
from drag.solvers.state import State, as_tensors
from drag.tracking import PatchTracker

TRUST_AT_512 = 12.0  # pixels of a 512 px picture that a handle may move in a step
LEAST_TRUST_AT_512 = 1.5  # steps shorter than this are not made shorter still
WORSE_AT_512 = 1.0  # a step that adds so much to the mean distance is taken back
DAMPING = 0.05  # share of the mean of the rows' norms: how firmly handles are to arrive
STIFF_AT_512 = 5.0  # pixels for a change of one standard deviation: what gives less stays put
RETURN = 0.3  # share of the change that no handle needs which each step takes back
MAX_ROWS = 24  # vector-Jacobian products in a step
SMOOTHNESS = 0.1  # of the picture's side: handles so near to each other move alike
FARTHEST = 2.5  # standard deviations that a coordinate may be away from the mean
FARTHEST_CHANGE = 4.0  # norm of the change of all coordinates: further away faces come apart


@dataclass(frozen=True, eq=False)
class _Place:
    """Where the solver stands: change (L, w_dim) of the coordinates, ws (1, num_ws, w_dim), handles
    (N, 2), their distances to the targets (N,), patterns (2 N, P) of their motion, and the rows
    (P, L, w_dim) of J for these."""

    change: torch.Tensor
    ws: torch.Tensor
    handles: torch.Tensor
    distances: torch.Tensor
    patterns: torch.Tensor
    rows: torch.Tensor


def gauss_newton(generator, edit: Edit) -> Iterator[State]:
    """Some ten steps, each the least change in whitened W+ that moves the handles as wanted.

    The rows of J, how a handle moves with the latents, come from the features around it
    (`drag.motion.handle_motion`) by two vector-Jacobian products a handle. The change u of the
    coordinates since the start is then the one of least norm with J u as wanted: what of it no
    handle needs any more goes back (a null-space step), so neither detours nor drift remain. A step
    is at most 12 px long (of 512) and taken back, and halved, when it made the distance worse.
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
    first = space.whiten(start[0, :moving])  # (L, w_dim)
    off = start[0, :moving] - space.unwhiten(first)  # what coordinates cannot express
    bound = first.abs().clamp(min=FARTHEST)

    trust = scale_to(TRUST_AT_512, size)
    radius, predicted, place = trust, handles, None
    change = torch.zeros_like(first)
    while True:
        near, corner, extent = cells_around(
            torch.cat([handles, predicted]), r2 + 2 * r1 + 2 * stride, cells, size)
        with torch.enable_grad():
            change.requires_grad_(True)
            ws = torch.cat([(space.unwhiten(first + change) + off)[None], start[:, moving:]], 1)
            features = generator.features(ws, window=near, moving=moving)
        part = FeaturePart(features, corner, extent, scale)
        if place:
            with torch.no_grad():
                handles = tracker.find(part.detach(), predicted, size)
        distances = (targets - handles).norm(dim=1)
        if place and radius > scale_to(LEAST_TRUST_AT_512, size) and (
                distances.mean() > place.distances.mean() + scale_to(WORSE_AT_512, size)):
            radius /= 2  # back to where it was, and less far from there
            yield State(place.ws, place.handles, None)
        else:
            if place:
                yield State(ws.detach(), handles, None)
            radius = min(1.3 * radius, trust)
            with torch.enable_grad():
                motion = handle_motion(part, handles, patch).flatten()
                patterns = motion_patterns(handles, targets, size)
                rows = jacobian(motion @ patterns, change)
            place = _Place(change.detach(), ws.detach(), handles, distances, patterns, rows)
        wanted = targets - place.handles
        wanted = wanted * (radius / place.distances.clamp(min=radius))[:, None]
        change = least_change(place, wanted.flatten(), scale_to(STIFF_AT_512, size),
                              settings.latent_space == "w")
        change = (first + change).clamp(-bound, bound) - first
        change = change * (FARTHEST_CHANGE / change.norm()).clamp(max=1)
        handles, predicted = place.handles, place.handles + wanted


def motion_patterns(
    handles: torch.Tensor, targets: torch.Tensor, img_size: tuple[int, int]
) -> torch.Tensor:
    """Orthonormal patterns (2 N, P) of the motion of N handles, as many as are worth their cost.

    Few handles: each direction of each. Many move together where they are near: the smoothest
    patterns (of a Gaussian kernel on their places) and the motion that is wanted stand for all.
    """
    count = len(handles)
    if 2 * count <= MAX_ROWS:
        return torch.eye(2 * count, device=handles.device)
    apart = torch.cdist(handles, handles) / (SMOOTHNESS * max(img_size))
    _, smooth = torch.linalg.eigh((-apart.square() / 2).exp().cpu())  # ascending
    smooth = smooth[:, -(MAX_ROWS // 2):].contiguous().to(handles.device)
    both = torch.kron(smooth, torch.eye(2, device=handles.device))  # (2 N, P)
    wanted = (targets - handles).flatten()[:, None]
    return torch.linalg.qr(torch.cat([wanted / wanted.norm().clamp(min=1e-9), both], 1)).Q


def jacobian(outputs: torch.Tensor, inputs: torch.Tensor) -> torch.Tensor:
    """The gradient of each of the outputs (P,): (P, *inputs.shape).

    On a CPU a few at a time: more would not fit its caches.
    """
    units = torch.eye(len(outputs), device=outputs.device)
    at_once = len(outputs) if outputs.is_cuda else 4
    return torch.cat([
        torch.autograd.grad(outputs, inputs, units_now, is_grads_batched=True, retain_graph=True)[0]
        for units_now in units.split(at_once)])


def least_change(place: _Place, wanted: torch.Tensor, stiff: float, shared: bool) -> torch.Tensor:
    """The change of the coordinates since the start that is to be tried next, (L, w_dim).

    wanted: (2 N,) motion of the handles, pixels.   stiff: pixels a handle must gain for a change of
    norm 1 to be worth it.   shared: all entries change alike. It solves min |u'|^2 subject to rows
    (u' - u) = wanted, with some slack; of what no row asks for the share RETURN is taken back.
    """
    u, rows = place.change, place.rows
    if shared:
        u, rows = u[:1], rows.sum(1, keepdim=True)
    u, rows, wanted = u.flatten(), rows.flatten(1), wanted @ place.patterns
    gram = rows @ rows.T
    gram += (DAMPING * gram.diagonal().mean() + stiff**2) * torch.eye(len(rows), device=gram.device)
    step = rows.T @ torch.linalg.solve(gram, wanted + RETURN * (rows @ u)) - RETURN * u
    return (u + step).view(-1, place.change.shape[1]).expand_as(place.change)
