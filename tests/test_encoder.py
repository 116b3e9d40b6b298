"""The encoder, and how it is trained."""

import torch

from drag.latents import whitened_space
from networks.encoder import SIDE, Encoder
from tests.benchmarks.encoder.augment import augment, warp
from tests.benchmarks.encoder.train import Training, export


def batch(seed: int):
    random = torch.Generator().manual_seed(seed)
    pictures = torch.randint(0, 256, (4, 3, SIDE, SIDE), dtype=torch.uint8, generator=random)
    x, frame = augment(pictures, random)
    return torch.randn(4, 512, generator=random), frame, x, torch.eye(512)


def test_training_goes_on_where_it_was_stopped(tmp_path):
    whole = Training(tmp_path / "whole", total=10)
    for seed in range(4):
        whole.take(*batch(seed))
    first = Training(tmp_path / "parts", total=10)
    for seed in range(2):
        first.take(*batch(seed))
    first.save()
    second = Training(tmp_path / "parts", total=10)
    assert second.step == 2
    for seed in range(2, 4):
        second.take(*batch(seed))
    for name, tensor in whole.average.state_dict().items():
        torch.testing.assert_close(second.average.state_dict()[name], tensor, msg=name)


def test_what_is_exported_finds_the_same_latents_without_normalisation(generator, tmp_path):
    training, space = Training(tmp_path, total=10), whitened_space(generator)
    for seed in range(3):
        training.take(*batch(seed))
    plain = Encoder()
    plain.load_state_dict({k: t.float() for k, t in export(training.average, space).items()})
    *_, x, _ = batch(9)
    with torch.no_grad():
        v, _ = training.average.eval()(x)
        found, _ = plain(x)
    expected = space.mean + v @ space.basis
    assert (found - expected).abs().max() < 0.01 * expected.abs().max()  # halves have three digits


def test_a_warped_picture_is_seen_through_its_frame():
    picture = torch.zeros(1, 3, 64, 64)
    picture[:, :, 32:, 32:] = 1  # a corner at the middle
    seen = warp(picture, torch.tensor([[0.25, 0.0, 0.0, 0.0]]))
    assert seen[0, 0, 48, 28] > 0.5 > seen[0, 0, 48, 20]  # which is now left of it
    torch.testing.assert_close(warp(picture, torch.zeros(1, 4)), picture)


def test_augmentation_is_the_same_for_the_same_seed():
    (v, frame, x, _), (w, other, y, _) = batch(3), batch(3)
    assert torch.equal(x, y)
    assert torch.equal(frame, other)
    assert torch.equal(v, w)
    assert x.abs().max() <= 1
