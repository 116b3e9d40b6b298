"""A photo to latents and a small change of weights."""

import math
from collections import deque
from dataclasses import replace

import numpy as np
import pytest
import skimage.data
import torch
from PIL import Image

import drag.photo.inversion as inversion
from drag import PointPair, drag, load_generator, new_edit
from drag.files.project import from_project, to_project
from drag.photo.alignment import crop, middle
from drag.photo.inversion import Fit, Plan, invert, is_far, photo_edit, verdict
from drag.photo.perception import WEIGHTS, eye
from drag.render import render, render_edit
from networks.tuning import tuned
from tests.benchmarks.inversion import aligned, psnr
from tests.checkpoint_files import random_state, write_nvidia
from tests.real_photos import astronaut

QUICK = {  # so few steps that a test can wait for them
    "SHARED": Plan("latents", 6, 0.08, 3, shared=True),
    "ENTRIES": Plan("latents", 2, 0.03, 2),
    "PAINTED": Plan("latents", 1, 0.02),
    "SKETCHED": Plan("weights", 3, 4e-3, 2),
    "WEIGHTS": Plan("weights", 2, 4e-3),
}


@pytest.fixture
def quick(monkeypatch):
    shorten(monkeypatch)


def shorten(monkeypatch):
    for name, plan in QUICK.items():
        monkeypatch.setattr(inversion, name, plan)


@pytest.fixture(scope="module")
def face(generator):
    """A picture that the encoder was not trained on, seed 20001, psi 1."""
    return render(generator, new_edit(generator, seed=20001, truncation_psi=1.0).ws)


@pytest.fixture(scope="module")
def inverted(generator, face):
    """All fits of a quick inversion of it, and (stage, latents, tuning, picture) of its last four
    looks: it takes half a minute."""
    judged, judge = deque(maxlen=4), inversion._Search.judge

    def note(search, stage, image, felt, unlike):
        tuning = search.tuning and {name: values.clone() for name, values in search.tuning.items()}
        judged.append((stage, search.latents(), tuning, image))
        judge(search, stage, image, felt, unlike)

    with pytest.MonkeyPatch.context() as patch:
        shorten(patch)
        patch.setattr(inversion._Search, "judge", note)
        return list(invert(generator, face)), judged


@pytest.mark.slow
def test_the_encoder_comes_nearer_than_any_of_many_faces(generator, face):
    first = next(invert(generator, face))
    others = [render(generator, new_edit(generator, seed=s).ws) for s in range(4)]
    nearest = min(distance(generator, face, other) for other in others)
    assert first.stage == "encoder"
    assert first.distance < 0.8 * nearest
    assert 0 < first.strangeness < 0.6
    assert not is_far(first)
    assert first.distance == pytest.approx(distance(generator, face, first.picture), abs=0.02)


def distance(generator, picture, other) -> float:
    first, second = (
        torch.from_numpy(each.copy()).permute(2, 0, 1)[None] / 127.5 - 1
        for each in (picture, other)
    )
    return eye(generator.w_avg.device).distance(first, second)


@pytest.mark.slow
def test_it_comes_nearer_in_stages_each_fit_complete_and_tells_how_far_it_is(
    generator, face, inverted
):
    fits, _ = inverted
    assert list(dict.fromkeys(fit.stage for fit in fits)) == ["encoder", "latents", "weights"]
    assert [fit.share for fit in fits] == sorted(fit.share for fit in fits)
    assert [fit.done for fit in fits] == [False] * (len(fits) - 1) + [True]
    assert len(fits) == 1 + 6 + 2 + 1 + 3 + 2 + 1  # one a step, so that Stop is heard
    assert fits[-1].share == 1
    assert fits[-1].seconds == 0
    assert fits[-1].distance < 0.8 * fits[0].distance
    last, pictured = fits[-1], [fit for fit in fits if fit.picture is not None]
    assert len(pictured) >= 3
    for fit in (pictured[0], last):
        shown = render(tuned(generator, fit.tuning), fit.ws)
        assert psnr(shown, fit.picture) > 40  # its picture is that of its latents and weights
    assert psnr(last.picture, face) > psnr(pictured[0].picture, face) + 1


@pytest.mark.slow
def test_the_same_photo_gives_the_same_fits(generator, face, inverted, quick):
    (one, _), other = inverted, list(invert(generator, face))
    assert np.array_equal(one[-1].ws, other[-1].ws)
    assert one[-1].tuning.key == other[-1].tuning.key


@pytest.mark.slow
def test_it_ends_in_the_time_that_it_may_take(generator, face, monkeypatch):
    clock = iter(np.arange(0, 10_000, 1.0))
    monkeypatch.setattr(inversion, "now", lambda: float(next(clock)))  # a slow machine
    fits = list(invert(generator, face, seconds=60))
    assert fits[-1].done
    assert len(fits) < 60
    assert {fit.stage for fit in fits} == {"encoder", "latents", "weights"}


@pytest.mark.slow
@pytest.mark.parametrize("tick", [7.0, 100.0])
def test_it_ends_soon_after_a_time_that_a_step_overran(generator, face, quick, monkeypatch, tick):
    """Once its time was over, only the number of steps ended a stage: minutes late."""
    clock = iter(np.arange(0, 1e6, tick))
    monkeypatch.setattr(inversion, "now", lambda: float(next(clock)))
    fits = list(invert(generator, face, seconds=20.0))
    assert fits[-1].done
    assert len(fits) <= 4
    assert fits[-1].distance <= fits[0].distance


@pytest.mark.slow
def test_what_is_judged_last_is_the_tuned_picture(generator, inverted):
    """The last look of the fine tuning was at the picture of the untuned weights."""
    _, judged = inverted
    assert len(judged) == 4
    for stage, ws, tuning, image in judged:
        assert stage == "weights"
        with torch.no_grad():
            assert torch.allclose(tuned(generator, tuning).image(ws).clamp(-1, 1), image, atol=1e-3)


@pytest.mark.slow
def test_what_is_no_face_is_far_and_a_real_one_is_not(generator):
    """Noise and flat colours were not said to be far, for the encoder sees little in them."""
    random = np.random.RandomState(0)
    strange = [
        crop(picture, middle(picture.shape[:2]), (1024, 1024))
        for picture in (skimage.data.chelsea(), skimage.data.coffee())
    ]  # a cat, a cup
    strange += [random.randint(0, 256, (1024, 1024, 3), dtype=np.uint8)]
    strange += [np.full((1024, 1024, 3), grey, np.uint8) for grey in (0, 128, 255)]
    for picture in strange:
        assert is_far(next(invert(generator, picture)), face=False)
    woman = next(invert(generator, aligned(astronaut())))
    assert not is_far(woman, face=True)
    assert not is_far(woman)  # where there is no finder


@pytest.mark.slow
def test_a_fit_is_an_edit_that_can_be_dragged_saved_and_opened(generator, inverted):
    *_, fit = inverted[0]
    edit = photo_edit(generator, "builtin", fit)
    assert (edit.seed, edit.change) == (None, "photo")
    assert np.array_equal(
        render_edit(generator, edit), render(tuned(generator, fit.tuning), fit.ws)
    )
    placed = edit.place([PointPair((512, 640), (540, 640))])
    step = next(drag(generator, placed))
    assert not np.array_equal(step.ws, edit.ws)
    opened = from_project(to_project(edit))
    assert opened.tuning.key == fit.tuning.key
    assert np.array_equal(opened.ws, fit.ws)
    assert fit.tuning.nbytes < 150_000


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A small generator without an encoder, a picture of it, and all fits of a quick inversion."""
    path = tmp_path_factory.mktemp("small") / "a.pkl"
    write_nvidia(path, random_state(), layout="G_ema")
    network = load_generator(str(path), "cpu")
    target = render(network, new_edit(network, "a.pkl", seed=5).ws)
    with pytest.MonkeyPatch.context() as patch:
        shorten(patch)
        return network, target, list(invert(network, target))


def test_a_model_without_an_encoder_begins_with_its_average(small):
    network, target, (first, *_, last) = small
    average = network.w_avg.numpy()[None].repeat(network.num_ws, 0)
    np.testing.assert_allclose(first.ws, average, atol=0.1)
    assert last.distance <= first.distance
    assert psnr(last.picture, target) > psnr(render(network, average), target)


@pytest.mark.parametrize("stage", ["latents", "weights"])
def test_it_goes_on_from_what_was_reached_and_never_gets_worse(small, quick, stage):
    network, target, fits = small
    begun = next(fit for fit in reversed(fits) if fit.stage == stage)
    fits = list(invert(network, target, begun=replace(begun, picture=None)))
    assert np.array_equal(fits[0].ws, begun.ws)
    assert fits[0].tuning is begun.tuning
    assert fits[0].distance == pytest.approx(begun.distance, abs=0.01)
    unlike = [error(network, target, fit) for fit in (begun, fits[0], fits[-1])]
    assert unlike[1] == unlike[0]
    assert unlike[2] < unlike[0]
    assert len(fits) == 1 + {"latents": 8, "weights": 5}[stage] + 1
    if stage == "weights":  # its pictures are of the same latents
        assert all(np.array_equal(fit.ws, begun.ws) for fit in fits)
        assert {fit.stage for fit in fits} == {"weights"}


def error(network, target, fit) -> float:
    """What an inversion makes less, of a fit's picture."""
    search = inversion._Search(network, target)
    with torch.no_grad():
        image = tuned(network, fit.tuning).image(torch.from_numpy(fit.ws)[None]).clamp(-1, 1)
        return search.unlike(image)[1].item()


def test_a_picture_of_another_size_is_refused(generator):
    with pytest.raises(ValueError, match="1024"):
        next(invert(generator, np.zeros((512, 512, 3), np.uint8)))


def test_the_verdict_goes_by_the_distance():
    assert [verdict(d) for d in (0.1, 0.3, 0.7)] == ["close", "fair", "far"]
    fit = Fit("encoder", 0.0, 1.0, np.zeros((16, 512), np.float32), None, 0.9)
    assert not is_far(fit)
    assert is_far(replace(fit, strangeness=0.9))


def test_the_encoders_weights_are_small():
    assert WEIGHTS.stat().st_size < 8_000_000


def test_the_distance_is_nothing_for_the_same_and_about_one_for_two_faces(generator, face):
    other = render(generator, new_edit(generator, seed=3, truncation_psi=1.0).ws)
    assert distance(generator, face, face) == 0
    assert 0.6 < distance(generator, face, other) < 1.5
    soft = np.asarray(Image.fromarray(face).resize((512, 512)).resize((1024, 1024)))
    assert distance(generator, face, soft) < 0.2
    assert math.isfinite(distance(generator, face, 0 * face))
