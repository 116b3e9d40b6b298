"""An edit that tunes its generator: whatever is done with it, it is the tuned picture."""

import io
import json
import pickle
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

import drag.__main__ as command
from drag import PointPair, Settings, as_file, drag, new_edit
from drag.edit import Edit
from drag.files.project import from_project, to_project
from drag.generate import check_model, follow, from_latents, mix, resample, start_over
from drag.history import MAX_HISTORY_BYTES, bounded
from drag.models.catalogue import local_models, named
from drag.models.loaded import LoadedModels
from drag.page.handlers.scripts import KEEP_BYTES
from drag.render import render, render_edit
from drag.server.engine import Engine
from drag.server.gallery import Gallery, thumbnail
from networks.tuning import Tuning, fresh_tuning, tuned
from tests.checkpoint_files import random_state, write_nvidia
from tests.tunings import meta_stylegan2, random_tuning

POINT = PointPair((12, 16), (20, 16))


@pytest.fixture
def models(tmp_path):
    write_nvidia(tmp_path / "a.pkl", random_state(), layout="G_ema")
    return LoadedModels("cpu", local=local_models(tmp_path))


@pytest.fixture
def network(models):
    with models.use("a.pkl") as generator:
        yield generator


@pytest.fixture
def edit(network):
    """A picture that a photo was inverted to, with a point to drag."""
    edit = new_edit(network, "a.pkl", 3, settings=Settings("adam", max_steps=3))
    edit = replace(edit, seed=None, change="photo", tuning=random_tuning(network))
    return edit.place([POINT])


def plain(edit):
    return replace(edit, tuning=None)


def differs(one, other):
    return np.abs(one.astype(float) - other).mean() > 3


def test_it_stays_with_the_picture_and_goes_with_another(network, edit):
    went = edit.remember().moved(edit.ws + 0.1, [(20, 16)])
    mixed = mix(network, went, 5, 2)
    for each in (
        went,
        went.undo(),
        went.undo().redo(),
        mixed,
        start_over(went),
        went.bare,
        mixed.undo(),
        went.place([]),
        went.with_ends({}),
        *mixed.timeline,
    ):
        assert each.tuning is edit.tuning
    for other in (
        resample(network, went, 7, 0.5),
        new_edit(network, "a.pkl", 3),
        from_latents(network, "a.pkl", edit.ws),
        follow(went, plain(edit)),
    ):
        assert other.tuning is None
    assert resample(network, went, 7, 0.5).undo().tuning is edit.tuning


def test_it_is_part_of_what_an_edit_looks_like(network, edit):
    same, other = (replace(edit, tuning=random_tuning(network, seed=seed)) for seed in (1, 2))
    assert (same.looks, same.sample) == (edit.looks, edit.sample)
    assert same.shows(edit)
    assert same.same_picture(edit)
    for one in (other, plain(edit)):
        assert one.looks != edit.looks
        assert one.sample != edit.sample
        assert not one.shows(edit)
        assert not one.same_picture(edit)
    assert edit.facts == {"model": "a.pkl", "tuned": True}
    assert plain(edit).facts == {"model": "a.pkl"}


def test_it_counts_once_however_many_entries_share_it(edit):
    many = edit
    for number in range(20):
        many = many.remember().moved(edit.ws + number, [(20, 16)])
    assert many.nbytes - many.tuning.nbytes == plain_history(many).nbytes
    large = Tuning({"a": np.zeros(MAX_HISTORY_BYTES // 5)})  # 2/5 of the bytes
    assert len(bounded([replace(edit, tuning=large)] * 30)) == 30
    others = [replace(edit, tuning=Tuning(large.arrays)) for _ in range(30)]
    assert len(bounded(others)) == 2


def plain_history(edit):
    return replace(plain(edit), history=tuple(map(plain, edit.history)))


def test_pictures_files_and_thumbnails_are_tuned(models, network, edit):
    wanted = render(tuned(network, edit.tuning), edit.ws)
    assert differs(wanted, render(network, edit.ws))
    for generator in (network, tuned(network, random_tuning(network, seed=9))):
        np.testing.assert_array_equal(render_edit(generator, edit), wanted)
        assert differs(render_edit(generator, plain(edit)), wanted)
    image = Image.open(io.BytesIO(as_file(".png", network, edit)))
    np.testing.assert_array_equal(np.asarray(image), wanted)
    assert json.loads(image.text["drag"])["tuned"]
    gallery = Gallery(models)
    shown, other = gallery.picture(edit), gallery.picture(plain(edit))
    assert shown != other
    assert gallery.find(replace(edit, tuning=random_tuning(network, seed=2))) is None
    assert gallery.find(edit) is shown
    assert np.abs(np.asarray(Image.open(io.BytesIO(shown))).astype(float) - wanted).mean() < 3
    assert thumbnail(network, edit) != thumbnail(network, plain(edit))


def test_every_picture_of_a_film_is_tuned(network, edit, monkeypatch):
    went, pictures = edit.remember().moved(edit.ws + 0.5, [(20, 16)]), []

    def watched(generator, edit):
        pictures.append(render_edit(generator, edit))
        return pictures[-1]

    monkeypatch.setattr("drag.files.film.render_edit", watched)
    as_file(".webp", network, went, 0.5)
    np.testing.assert_array_equal(pictures[0], render_edit(network, edit))
    np.testing.assert_array_equal(pictures[-1], render_edit(network, went))


def test_a_drag_moves_the_tuned_picture(models, network, edit):
    steps = list(Engine(models).steps(pickle.loads(pickle.dumps(edit.bare))))  # as for a worker
    wanted = list(drag(network, edit))
    by_hand = list(drag(tuned(network, edit.tuning), edit))
    untuned = list(drag(network, plain(edit)))
    for step, mine, other, third in zip(steps, wanted, untuned, by_hand, strict=True):
        np.testing.assert_array_equal(step.ws, mine.ws)
        np.testing.assert_array_equal(third.ws, mine.ws)
        assert not np.array_equal(step.ws, other.ws)
    last = edit.moved(steps[-1].ws, steps[-1].handles)
    np.testing.assert_array_equal(steps[-1].picture, render_edit(network, last))


def test_a_tuning_of_another_model_is_refused_wherever_it_comes_from(models, network, edit):
    odd = replace(edit, tuning=Tuning({"blocks.0.conv1.bias": np.zeros(3)}))
    check_model(network, plain(edit).remember())
    for bad in (odd, follow(odd, plain(edit)), follow(odd, plain(edit)).undo()):
        with pytest.raises(ValueError, match="is of another model"):
            check_model(network, bad)
    with pytest.raises(ValueError, match="is of another model"):
        list(Engine(models).steps(odd))


def test_a_project_has_it_once(network, edit):
    went = edit.remember().moved(edit.ws + 0.1, [(20, 16)]).remember("mix")
    went = follow(went, replace(plain(edit), change="sample", seed=3))
    content = to_project(went)
    opened = from_project(content)
    check_model(network, opened)
    assert [entry.tuning and entry.tuning.key for entry in opened.timeline] == [
        entry.tuning and entry.tuning.key for entry in went.timeline
    ]
    assert len({id(entry.tuning) for entry in opened.timeline}) == 2  # it, and none
    assert opened.timeline[0].change == "photo"
    assert len(json.loads(content)["data"]) == 3  # latents twice, and the tuning
    np.testing.assert_array_equal(
        render_edit(network, opened.undo()), render_edit(network, went.undo())
    )


def test_projects_of_the_version_before_open(edit):
    record = json.loads(to_project(plain(edit)))
    record["version"] = 2
    for entry in record["entries"]:
        del entry["tuning"]
    opened = from_project(json.dumps(record).encode())
    assert opened.tuning is None
    np.testing.assert_array_equal(opened.ws, edit.ws)


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (True, "not a project"),
        (-1, "not a project"),
        (99, "not a project"),
        ("1", "not a project"),
        ([1], "not a project"),
        (1.0, "not a project"),
        (1, "fine tuning is damaged"),
    ],
)
def test_a_project_whose_tuning_is_none_is_refused(edit, place, words):
    record = json.loads(to_project(edit))
    record["entries"][0]["tuning"] = place
    with pytest.raises(ValueError, match=words):
        from_project(json.dumps(record).encode())


@pytest.mark.parametrize(("name", "entries", "kept"), [("builtin", 16, 2), ("stylegan2", 18, 1)])
def test_what_a_browser_keeps_has_room_for_it(generator, name, entries, kept):
    """Also for that of a 1024 px StyleGAN2 of full width, which pushed all history out."""
    network = generator if name == "builtin" else meta_stylegan2(1024)
    random = np.random.RandomState(3)
    edit = Edit(
        "any",
        None,
        0.7,
        random.randn(entries, 512).astype(np.float32),
        (1024, 1024),
        change="photo",
        tuning=Tuning(
            {
                name: 0.05 * random.randn(*tensor.shape)
                for name, tensor in fresh_tuning(network).items()
            }
        ),
    )
    for number in range(20):
        edit = edit.remember().moved(edit.ws + number / 7, [])
    content = to_project(edit, KEEP_BYTES)
    assert len(content) <= KEEP_BYTES
    opened = from_project(content)
    assert opened.tuning.key == edit.tuning.key
    assert len(opened.history) >= kept


def test_the_command_line_opens_it_tuned(tmp_path, network, edit):
    """And takes the model from where it says, with a drag on top."""
    model = str(tmp_path / "a.pkl")
    saved = replace(edit, model=named(model).name)
    (tmp_path / "mine.drag").write_bytes(to_project(saved))
    arguments = ["--open", str(tmp_path / "mine.drag"), "--model", model, "--device", "cpu"]
    parse = command.build_parser().parse_args
    report = command.run(parse([*arguments, "--out", str(tmp_path / "still.png")]))
    assert report["tuned"]
    with Image.open(tmp_path / "still.png") as image:
        np.testing.assert_array_equal(np.asarray(image), render_edit(network, edit))
    command.run(
        parse(
            [
                *arguments,
                "--drag",
                "12,16,20,16",
                "--out",
                str(tmp_path / "went.png"),
                "--export",
                str(tmp_path / "went.drag"),
            ]
        )
    )
    went = from_project((tmp_path / "went.drag").read_bytes())
    assert went.tuning.key == edit.tuning.key
    assert len(went.history) == 1
    with Image.open(tmp_path / "went.png") as image:
        np.testing.assert_array_equal(np.asarray(image), render_edit(network, went))
