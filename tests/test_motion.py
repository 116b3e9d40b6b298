"""Motion supervision and tracking against a slow, literal transcription of the paper's formulas."""

import math

import pytest
import torch
import torch.nn.functional as F

from drag.features import FeaturePart, sample
from drag.motion import mask_term, motion_supervision
from drag.tracking import track_points

SIZE, CELLS, CHANNELS = 64, 16, 7


def bilinear(image, x, y):
    """Value (C,) of a full-size map (C, H, W) between pixels, as written in any textbook."""
    x0, y0 = math.floor(x), math.floor(y)
    total = 0
    for i, j in ((x0, y0), (x0 + 1, y0), (x0, y0 + 1), (x0 + 1, y0 + 1)):
        share = (1 - abs(x - i)) * (1 - abs(y - j))
        if share:
            total = total + share * image[:, j, i]
    return total


def literal_motion(features, handles, targets, r1):
    """sum_i sum_{q in Omega_1(p_i, r1)} || F(q) - F(q + d_i) ||_1 on the upsampled map (eq. 1)."""
    full = F.interpolate(features, (SIZE, SIZE), mode="bilinear")[0]
    loss = 0
    for p, t in zip(handles.tolist(), targets.tolist(), strict=True):
        length = math.dist(p, t)
        d = ((t[0] - p[0]) / length, (t[1] - p[1]) / length)
        for y in range(SIZE):
            for x in range(SIZE):
                if math.dist((x, y), p) < r1:
                    there = bilinear(full, x + d[0], y + d[1])
                    loss = loss + (full[:, y, x].detach() - there).abs().sum()
    return loss


def literal_tracking(features, template, p, r2):
    """argmin over q in Omega_2(p, r2) of || F(q) - f ||_1 on the upsampled map (eq. 2)."""
    full = F.interpolate(features, (SIZE, SIZE), mode="bilinear")[0]
    best = None
    for y in range(SIZE):
        for x in range(SIZE):
            if abs(x - p[0]) < r2 and abs(y - p[1]) < r2:
                distance = (full[:, y, x] - template).abs().sum().item()
                if best is None or distance < best[0]:
                    best = (distance, [float(x), float(y)])
    return best[1]


@pytest.fixture
def features():
    torch.manual_seed(0)
    return torch.randn(1, CHANNELS, CELLS, CELLS, requires_grad=True)


def whole_of(features):
    """All of a map."""
    return FeaturePart(features, torch.zeros(2), (SIZE, SIZE))


@pytest.mark.parametrize("target", [[40.0, 30], [20, 52]])  # along an axis, and along none
def test_motion_supervision_is_the_papers_sum(features, target):
    handles = torch.tensor([[20.0, 30], [45, 12]])
    targets = torch.tensor([target, [45, 20]])
    ours = motion_supervision(whole_of(features), handles, targets, 3)
    literal = literal_motion(features, handles, targets, 3)
    unit = 25 * CHANNELS / (SIZE / CELLS)  # features summed over, and pixels a cell
    # Between pixels the paper reads the upsampled map, we the map itself: not quite the same.
    exact = target[1] == 30
    torch.testing.assert_close(ours * unit, literal, rtol=1e-5 if exact else 0.03, atol=0)
    (gradient,) = torch.autograd.grad(ours * unit, features)
    (expected,) = torch.autograd.grad(literal, features)
    alike = F.cosine_similarity(gradient.flatten(), expected.flatten(), dim=0)
    assert alike > (0.99999 if exact else 0.93)


def test_no_gradient_flows_into_where_the_handle_is(features):
    # The paper's stop-gradient: only F(q + d) is pulled. The first release of the official code had
    # it the other way round, which moves the picture against the arrow's end instead.
    handles, targets = torch.tensor([[20.0, 30]]), torch.tensor([[60.0, 30]])
    loss = motion_supervision(whole_of(features), handles, targets, 1)  # its pixel
    (gradient,) = torch.autograd.grad(loss, features)
    (expected,) = torch.autograd.grad(
        sample(features, torch.tensor([[21.0, 30]]), (SIZE, SIZE)).sum(), features
    )
    touched = expected.abs().sum((0, 1)) > 0
    assert gradient.abs().sum((0, 1))[touched].min() > 0
    assert gradient.abs().sum((0, 1))[~touched].max() == 0


def test_a_handle_at_its_target_is_not_pushed(features):
    here = torch.tensor([[20.0, 30]])
    assert motion_supervision(whole_of(features), here, here.clone(), 3) == 0


def test_a_handle_within_a_pixel_is_not_pushed_past(features):
    here, near = torch.tensor([[20.0, 30]]), torch.tensor([[20.5, 30]])
    part = whole_of(features)
    half = motion_supervision(part, here, near, 3)
    whole = motion_supervision(part, here, near + torch.tensor([5.0, 0]), 3)
    assert 0 < half < whole


def test_mask_term_is_the_papers_over_what_it_protects(features):
    start = torch.randn(1, CHANNELS, CELLS, CELLS)
    protected = (torch.rand(1, 1, CELLS, CELLS) > 0.7).float()
    literal = sum(
        (features[0, :, y, x] - start[0, :, y, x]).abs().sum()
        for y in range(CELLS)
        for x in range(CELLS)
        if protected[0, 0, y, x]
    )
    torch.testing.assert_close(
        mask_term(features, start, protected), literal / (protected.sum() * CHANNELS)
    )


def test_tracking_is_the_papers_argmin(features):
    around = torch.tensor([[20.0, 30], [45, 12], [2, 62]])
    templates = torch.randn(3, CHANNELS)
    handles = track_points(whole_of(features.detach()), templates, around, 6)
    for i in range(3):
        place = literal_tracking(features.detach(), templates[i], around[i].tolist(), 6)
        assert handles[i].tolist() == place


def test_tracking_finds_what_moved(features):
    f = features.detach()
    templates = sample(f, torch.tensor([[24.0, 32]]), (SIZE, SIZE))
    moved = f.roll(2, dims=3)  # two cells of four pixels to the right
    handles = track_points(whole_of(moved), templates, torch.tensor([[24.0, 32]]), 12)
    assert handles.tolist() == [[32, 32]]


def test_tracking_many_points_in_pieces_changes_nothing(features, monkeypatch):
    around, templates = torch.rand(40, 2) * 63, torch.randn(40, CHANNELS)
    part = whole_of(features.detach())
    whole = track_points(part, templates, around, 8)
    monkeypatch.setattr("drag.tracking.VALUES_AT_ONCE", 1)
    pieces = track_points(part, templates, around, 8)
    torch.testing.assert_close(whole, pieces)
    assert whole.min() >= 0
    assert whole.max() <= 63
