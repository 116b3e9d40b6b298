"""What an edit remembers of drags inside regions, through all that can be done with it."""

import gc
import json
from dataclasses import replace

import numpy as np
import pytest

from drag import PointPair, Settings, as_file, drag, new_edit
from drag.files.arrays import from_npz
from drag.files.film import apart, midway
from drag.files.project import from_project, to_project
from drag.generate import at_step, check_model, mix, start_over, step_of
from drag.loop import check_drag
from drag.masks import MAX_REGIONS, Region, decode_mask, folded
from drag.render import render_edit
from drag.solvers import gauss_newton
from drag.trail import Recorder
from networks.regions import Held
from tests.checkpoint_files import generator_in, random_state, write_nvidia


def pair(edit, *numbers):
    """A handle and its target, given in pixels of 1024."""
    x0, y0, x1, y1 = (number * edit.img_size[0] / 1024 for number in numbers)
    return PointPair((x0, y0), (x1, y1))


def nose(edit):
    """About the tip of a nose, up by 30 px."""
    return pair(edit, 512, 590, 512, 560)


def box(edit, top, bottom, left, right):
    """A rectangle, in pixels of 1024."""
    unit, mask = edit.img_size[0] / 1024, np.zeros(edit.img_size, bool)
    mask[int(top * unit) : int(bottom * unit), int(left * unit) : int(right * unit)] = True
    return mask


def far(mask, pixels=100):
    """What is so far away from a region, in pixels of 1024, that nothing may change there."""
    pixels = int(pixels * len(mask) / 1024)
    rows, columns = mask.any(1).nonzero()[0], mask.any(0).nonzero()[0]
    away = np.ones_like(mask)
    away[
        max(0, rows[0] - pixels) : rows[-1] + pixels,
        max(0, columns[0] - pixels) : columns[-1] + pixels,
    ] = False
    return away


def dragged(generator, edit, steps=2, **settings):
    """A few steps of a drag, remembered with its trail."""
    edit = replace(edit, settings=Settings(max_steps=steps, **settings)).remember()
    recorder, started = Recorder(edit.latents, edit.points, edit.inside), edit
    for step in drag(generator, started):
        recorder.take(step.number, step.ws, step.handles)
        edit = started.moved(step.ws, step.handles)
    return replace(edit, trail=recorder.trail())


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    """A small StyleGAN2, of 256 px."""
    path = tmp_path_factory.mktemp("network") / "net.pkl"
    write_nvidia(path, random_state(resolution=256), layout="G_ema")
    return generator_in(path)


@pytest.fixture(scope="module")
def first(network):
    edit = new_edit(network, seed=14)
    return edit.place([nose(edit)], box(edit, 400, 750, 350, 700))


@pytest.fixture(scope="module")
def once(network, first):
    return dragged(network, first)


def test_a_drag_in_a_region_leaves_the_rest_to_the_bit(network, first, once):
    before, after = (render_edit(network, each) for each in (first, once))
    away = far(first.mask)
    assert away.mean() > 0.2
    np.testing.assert_array_equal(before[away], after[away])
    assert np.abs(after.astype(int) - before)[box(first, 500, 650, 450, 600)].mean() > 0.1
    assert once.ws is first.ws
    assert len(once.regions) == 1


def test_the_next_drag_there_goes_on_in_the_same_region(network, first, once):
    twice = dragged(network, once.place([pair(once, 470, 640, 450, 640)], once.mask))
    assert len(twice.regions) == 1
    before, after = (render_edit(network, each) for each in (first, twice))
    np.testing.assert_array_equal(before[far(first.mask)], after[far(first.mask)])
    assert twice.undo().undo().same_picture(first)


def test_a_region_elsewhere_keeps_what_was_done_in_the_first(network, once):
    mask = box(once, 200, 330, 350, 700)
    placed = once.place([pair(once, 450, 300, 450, 285)], mask)
    both = dragged(network, placed)
    assert [region.mask_png for region in both.regions] == [once.mask_png, placed.mask_png]
    before, after = (render_edit(network, each) for each in (once, both))
    np.testing.assert_array_equal(before[far(mask)], after[far(mask)])
    inside = box(once, 220, 310, 400, 650)
    assert (before[inside] != after[inside]).mean() > 0.1


def test_without_the_region_the_whole_picture_moves_and_nothing_jumps(network, once):
    free = once.place([pair(once, 512, 560, 530, 560)])
    steps = list(drag(network, replace(free, settings=Settings(max_steps=3))))
    after = free.moved(steps[-1].ws, steps[-1].handles)
    assert after.regions == once.regions
    assert not np.array_equal(after.ws, once.ws)
    assert (render_edit(network, after) != render_edit(network, once)).mean() > 0.1
    still = free.moved(once.ws, [free.points[0].handle])
    np.testing.assert_array_equal(render_edit(network, still), render_edit(network, once))


def test_the_papers_solver_keeps_its_term_and_moves_the_whole_picture(network, first):
    after = dragged(network, first, steps=2, solver="adam")
    assert after.regions == ()
    assert not np.array_equal(after.ws, first.ws)


def test_one_can_go_back_to_a_step_and_on_from_there(network, first, once):
    assert step_of(once) == len(once.trail) - 1
    start, middle = at_step(once, 0), at_step(once, 1)
    assert step_of(start) == 0
    np.testing.assert_array_equal(once.trail.ws[step_of(middle)], once.trail.ws[1])
    difference = np.abs(render_edit(network, start).astype(int) - render_edit(network, first))
    assert difference.max() <= 1
    again = at_step(middle.place(middle.points), len(once.trail) - 1)  # the region was cleared
    np.testing.assert_allclose(again.regions[0].change, once.regions[0].change, atol=1e-6)


def test_it_is_reset_and_its_look_is_mixed(network, first, once):
    assert start_over(once).same_picture(first)
    assert not once.untouched
    assert start_over(once).untouched
    mixed = mix(network, once, 7)
    assert mixed.regions == once.regions
    assert (render_edit(network, mixed) != render_edit(network, once)).mean() > 0.1


def test_a_project_and_a_program_keep_it(network, once):
    opened = from_project(to_project(once))
    assert [each.key for each in opened.regions] == [each.key for each in once.regions]
    assert opened.regions[0].mask_png == once.mask_png
    check_model(network, opened)
    np.testing.assert_array_equal(render_edit(network, opened), render_edit(network, once))
    assert opened.undo().regions == ()
    assert len(to_project(once)) < 1.3 * len(to_project(once.undo())) + 40_000


@pytest.mark.parametrize(
    "spoil",
    [
        lambda regions: [*regions] * (MAX_REGIONS + 1),
        lambda regions: [[None, *regions[0][1:]]],
        lambda regions: [[regions[0][0], 99, regions[0][2]]],
        lambda regions: [[regions[0][0], 0, regions[0][2]]],
        lambda regions: [[regions[0][2], *regions[0][1:]]],
        lambda regions: {"no": "list"},
        lambda regions: [regions[0][:2]],
    ],
)
def test_a_project_with_odd_regions_is_refused(once, spoil):
    record = json.loads(to_project(once))
    record["entries"][-1]["regions"] = spoil(record["entries"][-1]["regions"])
    with pytest.raises(ValueError, match="not a project that was saved here"):
        from_project(json.dumps(record).encode())


def test_regions_of_another_model_do_not_fit(network, once):
    region = replace(once.regions[0], change=np.zeros((6, 16), np.float32))
    with pytest.raises(ValueError, match="here, and this model"):
        check_model(network, replace(once, regions=(region,)))


def test_a_film_goes_there_evenly(network, first, once):
    half = midway(first, once, 0.5)
    np.testing.assert_allclose(half.regions[0].change, once.regions[0].change / 2, atol=1e-6)
    assert apart(first, half) == pytest.approx(apart(first, once) / 2, rel=1e-3)
    assert apart(first, once) == pytest.approx(np.linalg.norm(once.regions[0].change), rel=1e-3)
    for share, end in ((0, first), (1, once)):
        shown = render_edit(network, midway(first, once, share)).astype(int)
        assert np.abs(shown - render_edit(network, end)).max() <= 1


def test_plain_latents_are_those_of_the_whole_picture(network, once):
    np.testing.assert_array_equal(from_npz(as_file(".npz", network, once)), once.ws)


def test_a_handle_outside_is_told_before_anything_moves(first):
    outside = first.place([nose(first), pair(first, 100, 100, 120, 100)], first.mask)
    with pytest.raises(ValueError, match="Point 2 lies outside the region"):
        check_drag(outside)
    held = first.place([nose(first), pair(first, 100, 100, 100, 100)], first.mask)
    check_drag(held)  # what is held there stays there anyway
    check_drag(replace(outside, settings=Settings(solver="adam")))


def test_of_many_regions_those_most_alike_become_one(first):
    changes = [np.full((2, 4), v, np.float32) for v in (0, 10, 20, 21, 30, 40)]
    regions = [Region(first.mask_png, change) for change in changes]
    assert len(regions) == MAX_REGIONS
    assert [each.change[0, 0] for each in folded(regions)] == [0, 10, 20.5, 30, 40]
    assert len(folded(regions[:3])) == 3


def test_regions_with_unlike_numbers_of_entries_become_one(first):
    few, more = (Region(first.mask_png, np.ones((n, 4), np.float32)) for n in (1, 3))
    (united,) = folded([few, more] * 3)[:1]
    assert united.change.shape[1] == 4


@pytest.fixture(scope="module")
def near(network):
    """A drag that reaches 60 px of 512 around its arrow."""
    edit = new_edit(network, seed=14)
    return replace(edit.place([nose(edit)]), settings=Settings(reach=60, max_steps=2))


def test_a_drag_reaches_as_far_around_its_arrows_as_it_may(network, near):
    mask = decode_mask(near.moving_png, near.img_size)
    unit, around = len(mask) / 1024, 120 + 30  # px of 1024, and as far as the arrow is long
    for x, y, within in (
        (512, 560 - around + 8, True),
        (512, 590 + around - 8, True),
        (512, 590 + around + 8, False),
        (512 + around + 8, 590, False),
    ):
        assert mask[int(y * unit), int(x * unit)] == within
    after = dragged(network, near, reach=60)
    assert after.mask_png is None
    assert after.regions[0].mask_png == near.moving_png
    before, shown = (render_edit(network, each) for each in (near, after))
    away = far(mask)
    np.testing.assert_array_equal(before[away], shown[away])
    assert (before != shown).mean() > 0.02


def test_what_stays_in_place_is_no_arrow_and_what_is_painted_goes_first(near):
    pinned = near.place([nose(near), pair(near, 100, 100, 100, 100)])
    assert pinned.moving_png == near.moving_png
    painted = near.place([nose(near)], box(near, 400, 750, 350, 700))
    assert painted.moving_png == painted.mask_png
    assert replace(near, settings=Settings(reach=60, solver="adam")).moving_png is None
    assert replace(near, settings=Settings()).moving_png is None


def test_a_drag_that_goes_on_about_there_goes_on_in_the_same_region(network, near):
    once = dragged(network, near, reach=60)
    (point,), unit = once.points, once.img_size[0] / 1024
    x, y = point.handle
    on = once.place([replace(point, target=(x + 8 * unit, y - 20 * unit))])
    assert on.moving_png == once.regions[0].mask_png
    assert len(dragged(network, on, reach=60).regions) == 1
    elsewhere = once.place([pair(once, 470, 640, 440, 660)])
    assert len(dragged(network, elsewhere, reach=60).regions) == 2


def test_reach_is_a_number_in_its_range():
    with pytest.raises(ValueError, match="reach must be a number from 10 to 256"):
        Settings(reach=5)


def test_what_a_drag_worked_with_goes_with_it_and_waits_for_no_collector(generator):
    gc.collect()
    gc.disable()  # where many drag, what waits for it is more than all that is in use
    try:
        edit = new_edit(generator, seed=14)
        edit = replace(edit, settings=Settings(max_steps=2))
        for _ in drag(generator, edit.place([nose(edit)], box(edit, 400, 750, 350, 700))):
            pass
        left = {type(each) for each in gc.get_objects()} & {Held, gauss_newton.Arithmetic}
    finally:
        gc.enable()
    assert not left
