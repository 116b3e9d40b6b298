"""Change of appearance: told from motion, and taken back after a drag."""

import itertools
from dataclasses import replace

import pytest
import torch

from drag import PointPair, Settings, drag, new_edit
from drag.appearance import ENTRIES, Appearance, Learnt, Unmoved, followed, learnt, warp
from drag.loop import Ending
from drag.masks import encode_mask
from drag.solvers import restore
from drag.solvers.state import State

BRIGHT = 2  # the toy's number that changes its looks


def texture(seed):
    draw = torch.Generator().manual_seed(seed)
    noise = torch.randn(1, 16, 6, 6, generator=draw)
    return torch.nn.functional.interpolate(noise, 48, mode="bicubic")


def moved(first, right, down):
    still = torch.ones(1, 1, *first.shape[2:])
    return warp(first, (right * still, down * still))


def inner(map_):
    return map_[:, :, 8:-8, 8:-8]


def test_motion_is_no_change_of_appearance_and_another_pattern_is():
    first = texture(0)
    for now, most, least in ((moved(first, 0.3, -0.2), 0.2, 0), (texture(1), 9, 0.7)):
        share = (inner(Unmoved(first).rest(now)).norm() / inner(now - first).norm()).item()
        assert least <= share < most


def test_the_flow_is_followed_over_several_cells():
    first = texture(0)
    right, down = followed(first, moved(first, 2.5, -1.5), None, 12)
    assert (inner(right) - 2.5).abs().mean() < 0.2
    assert (inner(down) + 1.5).abs().mean() < 0.2


@pytest.mark.parametrize("entries", [3, ENTRIES, 9])
@pytest.mark.parametrize("space", ["w", "w+"])
def test_what_is_known_holds_for_whatever_entries_move(entries, space):
    draw = torch.Generator().manual_seed(0)
    known = Learnt(torch.randn(5, ENTRIES, 8, generator=draw), 0.5)
    rows = known.over(Settings(num_entries=entries, latent_space=space))
    change = torch.randn(1 if space == "w" else entries, 8, generator=draw)
    moved = torch.zeros(ENTRIES, 8)
    moved[:entries] = change.expand(entries, 8)[:ENTRIES]
    torch.testing.assert_close(
        rows @ change.flatten(), 0.5**0.5 * known.rows.flatten(1) @ moved.flatten()
    )


@pytest.fixture
def known(monkeypatch):
    """Of the toy it is known that its brightness counts."""
    rows = torch.zeros(1, ENTRIES, 8)
    rows[0, 0, BRIGHT] = 1
    monkeypatch.setattr(restore, "learnt", lambda generator: Learnt(rows, 1.0))


@pytest.fixture
def dragged(toy, toy_edit):
    """(start, reached): by a drag that did what it should, and made the picture brighter."""
    start = State(torch.from_numpy(toy_edit.ws)[None], torch.tensor([[60.0, 64]]), None)
    start = replace(start, features=toy.features(start.ws))
    ws = start.ws.clone()
    ws[0, 0, 0] += 12 / 40
    ws[0, 0, BRIGHT] += 0.8
    return start, State(ws, torch.tensor([[72.0, 64]]), None)


def test_what_else_changed_comes_back_and_handles_stay(toy, toy_edit, known, dragged):
    start, reached = dragged
    states = list(restore.restored(toy, toy_edit, start, reached))
    assert 1 <= len(states) <= restore.STEPS
    look = Appearance.of(toy, start.ws)
    assert look.first.shape == (1, 64, 64, 64)
    away = [(s.ws - start.ws)[0, 0] for s in (reached, *states)]
    assert abs(away[-1][BRIGHT]) < 0.3 * abs(away[0][BRIGHT])
    for state, change in zip(states, away[1:], strict=True):
        assert (state.handles - reached.handles).norm() < 1.5
        assert abs(change[0] * 40 - 12) < 1.5
    bright = [abs(change[BRIGHT]).item() for change in away]
    assert bright == sorted(bright, reverse=True)


def test_nothing_comes_back_where_nothing_moved_or_a_region_or_nothing_is_known(
    toy, toy_edit, known, dragged, monkeypatch
):
    start, reached = dragged
    assert restore.restored(toy, toy_edit, start, start) is None
    mask = torch.zeros(128, 128, dtype=torch.bool)
    mask[32:96, 32:96] = True
    region = replace(toy_edit, mask_png=encode_mask(mask.numpy(), (128, 128)))
    assert restore.restored(toy, region, start, reached) is None
    monkeypatch.undo()
    assert restore.restored(toy, toy_edit, start, reached) is None


def test_a_drag_tells_of_the_steps_that_restore_and_ends_with_the_last_of_them(
    toy, toy_edit, known, monkeypatch
):
    edit = replace(toy_edit, settings=Settings(reach=256))
    first = toy.features

    def features(ws, window=None, moving=None):  # whatever moves becomes brighter
        return first(ws, window, moving) + 0.5 * ws[0, 0, 0] + 0 * ws.sum()

    toy.features = features
    steps = list(drag(toy, edit))
    after = [step for step in steps if step.restoring and not step.ending]
    *_, before = (step for step in steps if not step.restoring and not step.ending)
    assert after
    assert steps[-1].ending is Ending.ARRIVED
    assert steps[-1].restoring
    assert [step.number for step in after] == list(
        range(before.number + 1, before.number + 1 + len(after))
    )
    assert (steps[-1].number, steps[-1].handles) == (after[-1].number + 1, after[-1].handles)
    capped = replace(edit, settings=replace(edit.settings, max_steps=before.number + 1))
    assert [step.number for step in drag(toy, capped)][-1] == before.number + 1


def test_what_is_learnt_is_of_the_built_in_generator_alone(generator, toy):
    assert learnt(toy) is None
    known = learnt(generator)
    assert known.rows.shape == (128, ENTRIES, 512)
    mean = known.rows.square().sum().item() * known.scale / (ENTRIES * 512)
    assert 0.8 < mean <= 1.001  # the rest is along directions that were dropped


@pytest.mark.slow
def test_the_turned_head_of_the_built_in_face_keeps_its_looks(generator):
    edit = new_edit(generator, seed=3).place([PointPair((505, 610), (575, 610))])
    edit = replace(edit, settings=Settings(reach=256))
    steps = list(drag(generator, edit))
    before = next(a for a, b in itertools.pairwise(steps) if b.restoring)
    look = Appearance.of(generator, torch.from_numpy(edit.ws)[None])

    def differs(step):
        ws = torch.from_numpy(step.ws)[None]
        with torch.no_grad():
            now = look.seen(look.maps(ws, ENTRIES))
            return Unmoved(warp(look.first, followed(look.first, now, None, 16))).rest(now).norm()

    assert differs(steps[-1]) < 0.9 * differs(before)
    (left, *_), (was, *_) = steps[-1].distances, before.distances
    assert left < was + 4
