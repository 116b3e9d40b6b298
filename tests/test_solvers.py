"""What turns losses into steps."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch

from drag import PointPair, Settings, drag
from drag.features import FeaturePart, window
from drag.latents import FARTHEST, FARTHEST_CHANGE, whitened_space
from drag.loop import Ending
from drag.page.wording import how_it_ended
from drag.solvers import gauss_newton
from drag.solvers.adam import AdamUpdate
from drag.solvers.least_change import MAX_ROWS, carried, least_change, motion_patterns
from drag.solvers.patches import PatchTracker, trusted_directions


def run(generator, edit, **settings):
    """Drag with Gauss-Newton; returns the steps and the edit after them."""
    edit = replace(edit, settings=Settings(**settings))
    steps = list(drag(generator, edit))
    return steps, edit.moved(steps[-1].ws, steps[-1].handles)


@pytest.mark.parametrize("beta2", [0.999, 0.99])  # of drags, of inversions
def test_a_step_of_adam_is_that_of_the_library(beta2):
    ours = torch.zeros(1, 6, 512)
    theirs = torch.zeros(1, 6, 512, requires_grad=True)
    update = AdamUpdate(ours, 2e-3, beta2)
    optimizer = torch.optim.Adam([theirs], lr=2e-3, betas=(0.9, beta2))
    torch.manual_seed(0)
    for number, scale in enumerate((1, 1e-3, 0, 1e-9, 100, 1, 1)):
        update.learning_rate = optimizer.param_groups[0]["lr"] = 2e-3 / (1 + number // 4)
        theirs.grad = scale * torch.randn(1, 6, 512)
        update(theirs.grad)
        optimizer.step()
        torch.testing.assert_close(ours, theirs.detach(), rtol=1e-6, atol=1e-9)


def test_gauss_newton_arrives_in_a_few_steps_and_shifts_exactly(toy, toy_edit):
    steps, after = run(toy, toy_edit)
    assert steps[-1].ending is Ending.ARRIVED
    assert len(steps) <= 6
    shift = 40 * (after.ws - toy_edit.ws)[0, :2]
    np.testing.assert_allclose(shift, [12, 0], atol=1.2)


def test_gauss_newton_changes_nothing_that_no_handle_asks_for(toy, toy_edit):
    # Five of the eight numbers of w do nothing, and the third only brightens the picture.
    _, after = run(toy, toy_edit)
    change = (after.ws - toy_edit.ws)[0]
    assert np.abs(change[2:]).max() < 0.1 * np.abs(change[:2]).max()
    assert not (after.ws - toy_edit.ws)[6:].any()


def test_gauss_newton_drags_there_and_back_to_the_same_latents(toy, toy_edit):
    _, there = run(toy, toy_edit)
    handle = there.points[0].handle
    _, back = run(toy, there.place([PointPair(handle, (60, 64))]))
    np.testing.assert_allclose(40 * (back.ws - toy_edit.ws), 0, atol=2)


def test_gauss_newton_ends_soon_where_nothing_can_move(toy, toy_edit):
    toy.freeze()
    for mask in (None, np.arange(128 * 128).reshape(128, 128) > 999):
        steps, after = run(toy, toy_edit.place(toy_edit.points, mask))
        assert steps[-1].ending is Ending.NO_PROGRESS
        assert len(steps) <= 8
        np.testing.assert_array_equal(after.ws, toy_edit.ws)


def test_a_step_that_makes_a_handle_another_thing_is_taken_back(toy, toy_edit):
    first, turned = toy.features, []

    def features(ws, window=None, moving=None):
        moved = first(ws)
        if (ws - start).abs().max() > 0.02:  # more than 0.8 px: everything disappears
            turned.append((ws - start)[0, 0, 0].item())
            moved = 0 * moved
        return moved if window is None else moved[(..., *window)]

    start = torch.from_numpy(toy_edit.ws)[None]
    toy.features = features
    steps, after = run(toy, toy_edit)
    assert steps[-1].ending is Ending.NO_PROGRESS
    np.testing.assert_array_equal(after.ws, toy_edit.ws)
    assert turned[1] < 0.7 * turned[0], "the next try shall be shorter"
    assert "hard to recognise" in how_it_ended(steps[-1])


def test_gauss_newton_goes_no_farther_than_the_generator_knows(toy, toy_edit):
    # 50 px are five standard deviations of the toy's latents.
    steps, after = run(toy, toy_edit.place([PointPair((30, 64), (110, 64))]))
    assert steps[-1].ending is Ending.NO_PROGRESS
    space = whitened_space(toy)
    changed, before = (space.whiten(torch.from_numpy(e.ws[:6])) for e in (after, toy_edit))
    assert changed.abs().max() <= max(FARTHEST, before.abs().max()) + 0.05
    assert (changed - before).norm() <= FARTHEST_CHANGE + 0.05


@pytest.mark.parametrize("space", ["w", "w+"])
def test_gauss_newton_moves_the_entries_it_may(toy, toy_edit, space):
    first = toy.features
    toy.features = lambda ws, **where: first(ws.mean(1, keepdim=True), **where)
    _, after = run(toy, toy_edit, latent_space=space, num_entries=4, max_steps=5)
    change = after.ws - toy_edit.ws
    assert (np.abs(change).max(1) > 0).tolist() == [True] * 4 + [False] * 6
    if space == "w":
        np.testing.assert_allclose(change[:4], change[:1].repeat(4, 0), atol=1e-6)


def test_the_least_change_solves_its_equations():
    draw = torch.Generator().manual_seed(0)
    change, rows, wanted = (torch.randn(*size, generator=draw) for size in ((3, 8), (4, 24), (4,)))
    slack = torch.tensor(0.7)
    step = (least_change(change, rows, wanted, slack) - change).flatten()
    gradient = 0.5 * change.flatten() + step + rows.T @ (rows @ step - wanted) / slack**2
    assert gradient.norm() < 1e-3 * (rows.T @ wanted).norm()


def test_carried_rows_say_what_a_step_has_shown_and_else_the_same():
    draw = torch.Generator().manual_seed(0)
    rows, moved, change, other = (
        torch.randn(*size, generator=draw) for size in ((4, 24), (4,), (24,), (24,))
    )
    now = carried(rows, moved, change)
    torch.testing.assert_close(now @ change, moved)
    other = other - change * (other @ change) / change.square().sum()
    torch.testing.assert_close(now @ other, rows @ other)


def test_rows_of_several_handles_are_taken_every_other_step(toy, toy_edit, monkeypatch):
    taken = []
    first = gauss_newton.jacobian
    monkeypatch.setattr(gauss_newton, "jacobian", lambda *given: taken.append(1) or first(*given))
    pairs = [PointPair((30, 64), (60, 64)), PointPair((60, 64), (90, 64))]
    for count, most in ((1, 7), (2, 4)):
        taken.clear()
        steps, _ = run(toy, toy_edit.place(pairs[:count]), max_steps=7)
        back = sum(a.handles == b.handles for a, b in itertools.pairwise(steps))  # no rows there
        assert len(steps) == 7
        assert most - back <= len(taken) <= most + back


def test_a_handle_on_an_edge_leans_on_others_along_it():
    # Vertical stripes say nothing of how far a patch went up or down; with nobody near, it counts.
    features = torch.zeros(1, 2, 32, 32)
    features[:, 0] = torch.arange(32.0).remainder(4)
    features[:, 1, :, 16:] = torch.rand(32, 16, generator=torch.Generator().manual_seed(0))
    part = FeaturePart(features, torch.zeros(2), (32, 32), torch.ones(2))
    patch = window(3)
    near, alone = [[8.0, 16], [9, 16]], [[8.0, 16]]
    for handles, along in ((near, 0), (alone, 1)):
        trust = trusted_directions(part, torch.tensor(handles), patch, (32, 32))[0]
        torch.testing.assert_close(trust[1, 1].item(), float(along), atol=0.05, rtol=0)
        assert trust[0, 0] > 0.9


def test_a_found_patch_says_how_like_the_first_it_is():
    features = torch.randn(1, 8, 32, 32, generator=torch.Generator().manual_seed(0))
    part, patch = FeaturePart(features, torch.zeros(2), (32, 32), torch.ones(8)), window(3)
    tracker = PatchTracker.of(part, torch.tensor([[16.0, 16]]), patch, 4)
    moved = FeaturePart(features.roll(2, 3), torch.zeros(2), (32, 32), torch.ones(8))
    found, likeness = tracker.find(moved, torch.tensor([[16.0, 16]]), (32, 32))
    torch.testing.assert_close(found, torch.tensor([[18.0, 16]]), atol=0.1, rtol=0)
    assert likeness.item() > 0.99
    other = FeaturePart(features.flip(2, 3), torch.zeros(2), (32, 32), torch.ones(8))
    _, likeness = tracker.find(other, torch.tensor([[16.0, 16]]), (32, 32))
    assert likeness.item() < 0.5


def test_gauss_newton_drags_many_points_as_one(toy, toy_edit):
    places = [(x, y) for x in (30.0, 50, 70, 90) for y in (30.0, 50, 70, 90)]
    steps, _ = run(toy, toy_edit.place([PointPair(p, (p[0] + 9, p[1] + 3)) for p in places]))
    assert steps[-1].ending is Ending.ARRIVED
    assert len(steps) <= 6


def test_many_handles_need_few_patterns_of_motion():
    handles = torch.rand(68, 2, generator=torch.Generator().manual_seed(0)) * 128
    wanted = torch.randn(68, 2, generator=torch.Generator().manual_seed(1))
    patterns = motion_patterns(handles, wanted, (128, 128))
    assert patterns.shape == (136, MAX_ROWS + 1)
    torch.testing.assert_close(patterns.T @ patterns, torch.eye(MAX_ROWS + 1), atol=1e-5, rtol=0)
    wanted = wanted.flatten()
    torch.testing.assert_close(patterns @ (patterns.T @ wanted), wanted, atol=1e-3, rtol=0)
