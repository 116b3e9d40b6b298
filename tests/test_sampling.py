import pytest
import torch
import torch.nn.functional as F

from drag.features import cells_around, disc, mask_to_cells, sample, scale_to, window


@pytest.mark.parametrize("size", [(64, 64), (96, 48)])
def test_sampling_at_pixels_is_bilinear_upsampling_of_the_whole_map(size):
    features = torch.randn(1, 5, 16, 12)
    whole = F.interpolate(features, size, mode="bilinear", align_corners=False)
    points = torch.tensor([[0.0, 0.0], [7, 3], [size[1] - 1, size[0] - 1], [20, 41]])
    expected = torch.stack([whole[0, :, int(y), int(x)] for x, y in points])
    torch.testing.assert_close(sample(features, points, size), expected)


def test_sampling_keeps_the_shape_of_the_points():
    assert sample(torch.randn(1, 5, 8, 8), torch.zeros(3, 4, 2), (64, 64)).shape == (3, 4, 5)


def test_sampling_a_ramp_gives_the_pixel_position():
    ramp = ((torch.arange(16) + 0.5) * 8 - 0.5).view(1, 1, 1, 16).expand(1, 1, 16, 16)
    points = torch.tensor([[33.25, 60.0], [80.5, 12.0]])
    torch.testing.assert_close(sample(ramp, points, (128, 128))[:, 0], points[:, 0])


@pytest.mark.parametrize(("radius", "count"), [(2, 9), (3, 25), (6, 109)])
def test_disc_holds_the_pixels_closer_than_its_radius(radius, count):
    offsets = disc(radius)
    assert len(offsets) == count
    assert offsets.norm(dim=1).max() < radius
    torch.testing.assert_close(offsets.sum(0), torch.zeros(2))


def test_window_is_square_and_row_by_row():
    offsets = window(12)
    assert len(offsets) == 23 * 23
    assert offsets[:2].tolist() == [[-11, -11], [-10, -11]]
    assert len(window(2.5)) == 25


def test_lengths_scale_with_the_picture():
    assert [scale_to(3, (side, side)) for side in (64, 256, 512, 1024)] == [1, 2, 3, 6]
    assert scale_to(12, (1024, 512)) == 24


def test_mask_cells_hold_the_share_that_is_covered():
    mask = torch.zeros(16, 16, dtype=torch.bool)
    mask[:8, :4] = True
    mask[8:, :2] = True
    assert mask_to_cells(mask, (2, 4)).tolist() == [[[[1, 0, 0, 0], [0.5, 0, 0, 0]]]]


@pytest.mark.parametrize("points", [[[30.0, 40]], [[0.0, 0]], [[127.0, 63]], [[9.0, 50], [99, 20]]])
def test_the_cells_around_points_are_enough_to_read_there(points):
    features, size, points = torch.randn(1, 5, 16, 16), (64, 128), torch.tensor(points)
    near, corner, extent = cells_around(points, 6, features.shape[2:], size)
    around = points[:, None] + disc(6.5)
    limit = torch.tensor([127.0, 63])
    around = around.clamp(min=0).minimum(limit)
    part = features[(..., *near)]
    assert part.numel() < features.numel() or len(points) > 1
    torch.testing.assert_close(
        sample(part, around - corner, extent), sample(features, around, size)
    )
