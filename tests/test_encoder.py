"""The encoder, and how it is trained."""

import hashlib

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from safetensors import safe_open

from drag.latents import whitened_space
from drag.photo import perception
from drag.photo.perception import WEIGHTS, eye
from networks.encoder import SIDE, Encoder
from tests.benchmarks.encoder import pictures, train
from tests.benchmarks.encoder.augment import augment, warp
from tests.benchmarks.encoder.folding import fold, unfold
from tests.benchmarks.encoder.pictures import Pool, small_pictures
from tests.benchmarks.encoder.training import HELD_OUT, HeldOut, Training, face_window
from tests.benchmarks.inversion import FIRST_SEED

CPU = torch.device("cpu")


def faces(generator, count: int, seed: int = 6000):
    """w (N, 512) and features' soft pictures, uint8 (N, 3, 128, 128)."""
    z = torch.from_numpy(np.random.RandomState(seed).randn(count, 512)).float()
    with torch.no_grad():
        ws = generator.mapping(z)
        soft = F.conv2d(generator.features(ws), *eye(CPU).colours)
    return ws[:, 0], pictures.to_bytes(soft)


@pytest.mark.slow
def test_pictures_are_those_of_the_generator_reduced(generator):
    w = torch.randn(2, 512, generator=torch.Generator().manual_seed(0)) * 0.3 + generator.w_avg
    with torch.no_grad():
        expected = F.interpolate(generator.image(w[:, None].expand(-1, 16, -1)), SIDE, mode="area")
        torch.testing.assert_close(small_pictures(generator, w), expected, atol=1e-4, rtol=0)


@pytest.mark.slow
def test_unfolded_weights_give_what_plain_ones_do_and_fold_back(generator):
    space, plain = whitened_space(generator), eye(CPU).encoder
    x = faces(generator, 6)[1].float() / 127.5 - 1
    encoder = unfold(plain, space, x).eval()
    again = Encoder()
    again.load_state_dict({k: t.float() for k, t in fold(encoder, space).items()})
    with torch.no_grad():
        (found, frame), (v, unit_frame), (other, _) = plain(x), encoder(x), again(x)
    torch.testing.assert_close(space.mean + v @ space.basis, found, atol=0.02, rtol=0)
    torch.testing.assert_close(other, found, atol=0.02, rtol=0)  # of latents of size 1
    assert found.std() > 0.2
    assert unit_frame.shape == frame.shape == (6, 4)


@pytest.mark.slow
def test_training_explains_more_of_what_it_has_seen(generator):
    space, random = whitened_space(generator), torch.Generator().manual_seed(0)
    w, soft = faces(generator, 4)
    torch.manual_seed(0)
    training = Training(Encoder(norm=True), torch.eye(512), batch=64)
    x = soft.float() / 127.5 - 1
    held = HeldOut(space.whiten(w), x, torch.zeros(4, 4), x)
    before = training.judge(held, training.weights)
    for _ in range(10):
        training.take(space.whiten(w), soft, random, 0.1)
    after = training.judge(held, training.weights)
    assert after[0] < 0.9 * before[0]
    assert before[0] == pytest.approx(before[1], rel=1e-4)  # weighted alike
    assert training.step == 10


def test_a_pool_lets_go_of_the_oldest():
    pool, random = Pool(6, CPU), torch.Generator().manual_seed(0)
    for number in range(4):
        pool.add(torch.full((2, 512), number / 1), torch.full((2, 3, SIDE, SIDE), number).byte())
        drawn, seen = pool.draw(200, random)
        assert set(drawn[:, 0].tolist()) == set(range(max(0, number - 2), number + 1))
        assert torch.equal(drawn[:, 0].byte(), seen[:, 0, 0, 0])


def test_a_face_matters_most():
    window = face_window(128)
    assert window.mean() == pytest.approx(1)
    assert window[70, 64] == window.max()
    assert window[70, 64] > 4 * window[4, 4] > 0


@pytest.mark.slow
def test_a_run_trains_on_what_nothing_is_judged_by_and_writes_a_file_to_go_on_from(
    tmp_path, monkeypatch, capsys
):
    """By a clock that ticks when it is looked at."""
    ticks, seeds, random_state = iter(range(10_000)), [], np.random.RandomState
    monkeypatch.setattr(train, "now", lambda: float(next(ticks)))
    monkeypatch.setattr(train, "SIZES", {"cpu": train.Size(1, 4, 1, 50, 2, 2)})
    monkeypatch.setattr(
        np.random, "RandomState", lambda seed: seeds.append(seed) or random_state(seed)
    )
    path = tmp_path / "encoder.safetensors"
    monkeypatch.setattr(
        "sys.argv", ["train", "--device", "cpu", "--seconds", "40", "--out", str(path)]
    )
    train.main()
    fresh = [seed for seed in seeds if seed >= pictures.SEED]
    assert len(fresh) == len(set(fresh)) > 1
    assert not set(range(FIRST_SEED, FIRST_SEED + 100)) & set(seeds)
    assert set(HELD_OUT[:2]) == set(HELD_OUT) & set(seeds)
    told = capsys.readouterr().out
    assert "held out: full pictures" in told
    with safe_open(path, "pt") as file, safe_open(WEIGHTS, "pt") as old:
        assert set(file.keys()) == set(old.keys())
        for name in old.keys():  # noqa: SIM118
            new = file.get_slice(name)
            assert new.get_shape() == old.get_slice(name).get_shape()
            assert new.get_dtype() == old.get_slice(name).get_dtype()
    monkeypatch.setattr(perception, "WEIGHTS", path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert f"perception.py: {digest}" in told
    monkeypatch.setattr(perception, "SHA256", digest)
    seen, (encoder, colours, counts) = eye.__wrapped__(CPU), train.read_weights(path, CPU)
    x = torch.rand(2, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0)) * 2 - 1
    torch.testing.assert_close(encoder(x)[0], seen.encoder(x)[0])
    _, as_before, before = train.read_weights(WEIGHTS, CPU)
    assert all(map(torch.equal, colours, as_before))
    assert before[train.STEPS] < counts[train.STEPS]
    assert max(fresh) - pictures.SEED < counts[train.PICTURES] + len(fresh)
    assert counts[train.PICTURES] - before[train.PICTURES] <= len(fresh)
    assert path.stat().st_size < 8_000_000


def test_a_warped_picture_is_seen_through_its_frame():
    picture = torch.zeros(1, 3, 64, 64)
    picture[:, :, 32:, 32:] = 1  # a corner at the middle
    seen = warp(picture, torch.tensor([[0.25, 0.0, 0.0, 0.0]]))
    assert seen[0, 0, 48, 28] > 0.5 > seen[0, 0, 48, 20]  # which is now left of it
    torch.testing.assert_close(warp(picture, torch.zeros(1, 4)), picture)


def test_augmentation_is_the_same_for_the_same_seed():
    noise = torch.randint(0, 256, (4, 3, SIDE, SIDE), dtype=torch.uint8)
    (x, frame), (y, other) = (augment(noise, torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(x, y)
    assert torch.equal(frame, other)
    assert x.abs().max() <= 1
