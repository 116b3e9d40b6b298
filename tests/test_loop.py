"""The drag loop on a generator whose answer is known."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch

from drag import PointPair, Settings, drag, new_edit
from drag.loop import Ending
from drag.render import render, render_edit
from drag.solvers import SOLVERS, Solver, State

POINT = PointPair((60, 64), (72, 64))
FAST = Settings("adam", learning_rate=0.02)


def run(generator, edit, **settings):
    edit = replace(edit, settings=replace(FAST, **settings))
    steps = list(drag(generator, edit))
    return steps, edit.moved(steps[-1].ws, steps[-1].handles)


def test_the_picture_follows_the_arrow(toy, toy_edit):
    steps, after = run(toy, toy_edit)
    assert steps[-1].ending is Ending.ARRIVED
    shift = 40 * (after.ws - toy_edit.ws)[0, :2]
    np.testing.assert_allclose(shift, [12, 0], atol=2)  # arrived: 1 px, on whole pixels
    assert [step.number for step in steps] == list(range(1, len(steps) + 1))
    assert steps[-1].distances[0] <= 1
    assert all(step.ending is None for step in steps[:-1])


def test_the_first_six_entries_move_and_no_others(toy, toy_edit):
    # Through a generator that reads them all, so that each has a gradient.
    first = toy.features
    toy.features = lambda ws, **where: first(ws.mean(1, keepdim=True), **where)
    _, after = run(toy, toy_edit, max_steps=3)
    moved = np.abs(after.ws - toy_edit.ws).max(1) > 0
    assert moved.tolist() == [True] * 6 + [False] * 4


def test_in_w_all_entries_that_move_share_one_change(toy, toy_edit):
    first = toy.features
    toy.features = lambda ws, **where: first(ws.mean(1, keepdim=True), **where)
    _, after = run(toy, toy_edit, latent_space="w", num_entries=4, max_steps=5)
    change = after.ws - toy_edit.ws
    np.testing.assert_allclose(change[:4], change[:1].repeat(4, 0), atol=1e-7)
    assert np.abs(change[0]).max() > 0
    assert np.abs(change[4:]).max() == 0


def test_no_picture_is_rendered_unless_it_is_shown(toy, toy_edit):
    steps, _ = run(toy, toy_edit)
    assert toy.images == 0
    assert all(step.picture is None for step in steps)


def test_the_step_cap_ends_it(toy, toy_edit):
    steps, _ = run(toy, toy_edit, max_steps=4)
    assert len(steps) == 4
    assert steps[-1].ending is Ending.STEP_CAP


def test_a_drag_that_gains_nothing_ends_at_the_closest_picture(toy, toy_edit):
    toy.freeze()
    steps, after = run(toy, toy_edit, solver="gauss-newton")
    assert steps[-1].ending is Ending.NO_PROGRESS
    assert len(steps) < 60
    assert steps[-1].distances == pytest.approx([12])
    np.testing.assert_array_equal(after.ws, toy_edit.ws)


def test_the_papers_loop_goes_on_to_the_step_cap(toy, toy_edit):
    # It was cut short where nothing was gained, and compared with the default all the same.
    toy.freeze()
    steps, _ = run(toy, toy_edit, max_steps=80)
    assert steps[-1].ending is Ending.STEP_CAP
    assert len(steps) == 80


def test_a_lost_handle_ends_it_and_goes_back(toy, toy_edit, monkeypatch):
    # A handle that jumps away used to be chased until patience ended, while the face melted.
    jumps = iter([62.0, 49])
    monkeypatch.setattr(
        "drag.solvers.gauss_newton.PatchTracker.find",
        lambda self, *_: (torch.tensor([[next(jumps, 51.0), 64]]), torch.ones(1)),
    )
    steps, after = run(toy, toy_edit, solver="gauss-newton")
    assert steps[-1].ending is Ending.NO_PROGRESS
    assert len(steps) <= 5
    assert after.points[0].handle == (62, 64)


def test_closing_early_leaves_the_last_step_and_it_goes_on_from_there(toy, toy_edit):
    edit = replace(toy_edit, settings=FAST)
    steps = drag(toy, edit)
    reached = None
    for step in steps:
        reached = edit.moved(step.ws, step.handles)
        if step.number == 3:
            steps.close()
            break
    assert reached.points[0].handle == step.handles[0]
    np.testing.assert_array_equal(reached.ws, step.ws)
    again = next(iter(drag(toy, reached)))
    assert np.abs(again.ws - reached.ws).max() <= 0.021  # one step of Adam from where it was
    steps, _ = run(toy, reached)
    assert steps[-1].ending is Ending.ARRIVED


def test_a_point_already_there_ends_at_once(toy, toy_edit):
    steps, _ = run(toy, toy_edit.place([PointPair((60, 64), (60.5, 64))]))
    assert [(step.number, step.ending) for step in steps] == [(0, Ending.ARRIVED)]


def test_a_pair_of_no_length_holds_its_point(toy, toy_edit):
    points = [PointPair((30, 30), (30, 30)), PointPair((90, 64), (96, 64))]
    steps, _ = run(toy, toy_edit.place(points), max_steps=20)
    assert steps[-1].distances[0] < 6.5  # the toy can only shift: the two share the difference


def test_points_held_in_place_do_not_hide_the_progress_of_others(toy, toy_edit, monkeypatch):
    # The mean over all points had to fall by a pixel: with many pins it ended after four steps.
    def solver(generator, edit):
        handles = torch.tensor([pair.handle for pair in edit.points])
        for x in range(0, 13, 1):
            handles = handles.clone()
            handles[0, 0] = 60 + x
            yield State(torch.from_numpy(edit.ws)[None], handles, None)

    monkeypatch.setitem(SOLVERS, "gauss-newton", replace(SOLVERS["gauss-newton"], steps=solver))
    pins = [PointPair((float(x), 20.0), (float(x), 20.0)) for x in range(20, 80, 2)]
    steps, _ = run(toy, toy_edit.place([POINT, *pins]), solver="gauss-newton")
    assert steps[-1].ending is Ending.ARRIVED


@pytest.mark.parametrize("solver", ["adam", "gauss-newton"])
def test_the_mask_holds_what_it_protects(toy, toy_edit, solver):
    mask = np.zeros((128, 128), bool)
    mask[40:90, 40:90] = True
    free, masked = (
        run(toy, edit, max_steps=60, solver=solver)[1]
        for edit in (toy_edit, toy_edit.place(toy_edit.points, mask))
    )
    before = render(toy, toy_edit.ws).astype(float)
    changes = [np.abs(render_edit(toy, edit) - before)[~mask].mean() for edit in (free, masked)]
    assert changes[1] < 0.5 * changes[0]


def test_lambda_zero_is_no_mask_to_the_papers(toy, toy_edit):
    mask = np.zeros((128, 128), bool)
    mask[40:90, 40:90] = True
    free, masked = (
        run(toy, edit, max_steps=5, lambda_mask=0, solver="adam")[1]
        for edit in (toy_edit, toy_edit.place(toy_edit.points, mask))
    )
    np.testing.assert_array_equal(free.ws, masked.ws)


@pytest.mark.parametrize(
    ("points", "words"),
    [
        ([], "No point is placed"),
        ([PointPair((5, 5), (5, 5))], "already at its target"),
    ],
)
def test_nothing_to_drag_is_said_before_the_first_step(toy, toy_edit, points, words):
    with pytest.raises(ValueError, match=words):
        drag(toy, toy_edit.place(points))


def test_too_much_work_for_a_step_is_refused(toy, toy_edit):
    # 100 points with the largest radii took 25 s a step and 2.5 GB, and Stop waited for it.
    big = Settings(r1=20, r2=50)
    with pytest.raises(ValueError, match="lower r1 or r2"):
        drag(toy, replace(toy_edit, img_size=(1024, 1024), settings=big).place([POINT] * 100))
    drag(toy, replace(toy_edit, img_size=(1024, 1024)).place([POINT] * 100))


def test_an_unknown_solver_is_refused(toy, toy_edit):
    with pytest.raises(ValueError, match="adam"):
        drag(toy, replace(toy_edit, settings=Settings(solver="magic")))


def test_gradients_stay_out_of_the_callers_way(toy, toy_edit):
    with torch.no_grad():
        for _ in drag(toy, toy_edit):
            assert not torch.is_grad_enabled()
            break
    for step in drag(toy, toy_edit):
        assert torch.is_grad_enabled()
        assert isinstance(step.ws, np.ndarray)
        break


@pytest.mark.parametrize(
    ("share", "region", "legs", "left"),
    [(0.5, False, 2, 6), (0.5, True, 2, 6), (0.8, False, 1, 2.4), (0.3, False, 1, 8.4)],
)
@pytest.mark.parametrize("alike", [0.9, 0.8, None])
def test_a_drag_that_stalls_half_way_goes_on_from_there_once(
    monkeypatch, toy, toy_edit, share, region, legs, left, alike
):
    # On a large turn of the head half of the way was left, and a second press went on from there.
    legs, begun = 1 if alike == 0.8 else legs, []

    def halting(_, edit):  # moves in its first leg only; what it tries then is unlike anything
        begun.append(edit)
        start, target = (
            torch.tensor([getattr(pair, end) for pair in edit.points])
            for end in ("handle", "target")
        )
        for number in itertools.count():
            reached = start + (number > 0) * (len(begun) == 1) * share * (target - start)
            likeness = torch.tensor([0.95, (alike or 1) if number < 2 else 0.3])
            yield State(
                torch.from_numpy(edit.ws)[None] + number,
                reached,
                None,
                likeness if alike and number else None,
            )

    monkeypatch.setitem(SOLVERS, "adam", Solver("adam", halting, 4, 1))
    painted = np.arange(toy_edit.img_size[1]) < 100
    mask = np.broadcast_to(painted, toy_edit.img_size).copy() if region else None
    edit = toy_edit.place([POINT, PointPair((30, 90), (30, 102))], mask)
    edit = replace(edit, points=tuple(replace(pair, key=0) for pair in edit.points))
    steps, _ = run(toy, edit)
    assert len(begun) == legs
    assert [pair.handle for pair in begun[-1].points] == [
        pair.handle if legs == 1 else pytest.approx(np.mean([pair.handle, pair.target], 0))
        for pair in edit.points
    ]
    assert steps[-1].ending is Ending.NO_PROGRESS
    assert steps[-1].distances == pytest.approx((left, left), abs=0.01)
    assert [step.number for step in steps] == list(range(1, len(steps) + 1))
    assert len(steps) == (5 if legs == 1 else 9)
    assert steps[-1].likeness == (pytest.approx((0.95, 0.3)) if alike else ())


@pytest.mark.parametrize(
    "pairs",
    [
        pytest.param([((500, 600), (540, 600))], marks=pytest.mark.slow),
        pytest.param([((1023, 0), (1000, 30))], marks=pytest.mark.slow),
        [((420, 500), (400, 480)), ((600, 510), (600, 530))],
    ],
)
def test_features_near_the_handles_give_the_steps_that_all_features_give(generator, pairs):
    class Whole:
        """The built-in generator, but every feature map is worked out as a whole."""

        w_avg, img_resolution = generator.w_avg, generator.img_resolution
        num_ws, placing_entries = generator.num_ws, 0

        def features(self, ws, window, moving):
            whole = generator.features(ws, moving=moving)
            return whole[(..., *window)] if window else whole

    edit = new_edit(generator, seed=1).place([PointPair(*pair) for pair in pairs])
    edit = replace(edit, settings=Settings("adam", max_steps=6))
    for near, whole in zip(drag(generator, edit), drag(Whole(), edit), strict=True):
        assert near.handles == whole.handles
        np.testing.assert_allclose(near.ws, whole.ws, atol=2e-4)
