"""What can be chosen, and what is kept in memory of it."""

import re
import threading
import time

import pytest
import torch

from drag.models import hub, loaded, reading
from drag.models.catalogue import CATALOGUE, catalogued, local_models, named
from drag.models.hub import HubFile
from drag.models.loaded import LoadedModels, load_generator
from drag.models.progress import ModelUnavailableError
from drag.models.reading import choose_device, read_generator
from networks.checkpoints import CheckpointError
from networks.errors import Message, UserError
from tests.checkpoint_files import random_state, write_nvidia
from tests.torch_files import write_torch


@pytest.fixture
def folder(tmp_path):
    """A folder of this machine with three weight files and something else."""
    for seed, name in enumerate(("a.pkl", "b.pkl", "c.pkl")):
        write_nvidia(tmp_path / name, random_state(seed=seed), layout="G_ema")
    (tmp_path / "readme.md").write_text("none")
    return tmp_path


def loading(folder, **options):
    return LoadedModels("cpu", local=local_models(folder), **options)


def test_the_catalogue_is_complete_and_free_models_come_first():
    groups = [model.group for model in CATALOGUE.values()]
    assert groups == sorted(groups)  # "Free to use" before "Research only"
    assert next(iter(CATALOGUE)) == "builtin"
    asked_for = (
        "lions dogs elephants giraffes horses parrots bicycles ffhq cats cars churches "
        "metfaces humans landscapes anime"
    )
    assert set(asked_for.split()) <= set(CATALOGUE)
    for name, model in CATALOGUE.items():
        assert name == model.name
        assert model.licence
        assert model.megabytes
        assert str(model.px) in model.label
        if isinstance(model.source, HubFile):
            assert re.fullmatch(r"[0-9a-f]{40}", model.source.revision or "0" * 40)
            assert re.fullmatch(r"[0-9a-f]{8,64}", model.source.sha256 or "0" * 8)
    assert len({model.label for model in CATALOGUE.values()}) == len(CATALOGUE)


def test_a_name_on_the_hub_that_the_catalogue_knows_is_that_model():
    """So that typing it in full does not go around the checksum."""
    lions = CATALOGUE["lions"].source
    for name in (
        lions.name,
        f"https://huggingface.co/{lions.repo_id}/blob/main/{lions.filename}",
        f"{lions.repo_id}@{lions.revision}/{lions.filename}",
    ):
        assert catalogued(name) is CATALOGUE["lions"]
    assert catalogued("team/nets@main/faces.pkl") == catalogued("team/nets/faces.pkl")
    other = catalogued("team/nets@v1/faces.pkl")
    assert (other.name, other.source.revision) == ("team/nets@v1/faces.pkl", "v1")
    assert catalogued(other.name) == other


def test_files_and_folders_of_this_machine(folder):
    assert [model.name for model in local_models(folder)] == ["a.pkl", "b.pkl", "c.pkl"]
    assert named(str(folder / "b.pkl")).source == folder / "b.pkl"
    with pytest.raises(ValueError, match=r"several weight files \(a\.pkl, b\.pkl, c\.pkl\)"):
        named(str(folder))
    (folder / "empty").mkdir()
    with pytest.raises(ValueError, match="has no weight file"):
        named(str(folder / "empty"))
    with pytest.raises(ValueError, match="no file or folder"):
        named(str(folder / "none.pkl"))


def test_a_file_with_the_name_of_another_model_is_that_file(tmp_path):
    for name in ("lions", "x/A.pkl", "y/a.pkl"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        write_nvidia(tmp_path / name, random_state(), layout="G_ema")
    assert LoadedModels("cpu", local_models(tmp_path / "lions")).find("lions").source == (
        tmp_path / "lions"
    )
    both = LoadedModels("cpu", local_models(tmp_path / "x") + local_models(tmp_path / "y"))
    assert [both.find(name).source.name for name in ("a.pkl", "A.pkl")] == ["a.pkl", "A.pkl"]
    assert load_generator(str(tmp_path / "lions"), "cpu").img_size == (32, 32)


def test_a_visitor_reaches_no_file_of_this_machine(folder):
    """Except those that whoever runs the page has offered, by their name."""
    shown = loading(folder)
    assert shown.find("a.pkl").source == folder / "a.pkl"
    for name in (
        str(folder / "a.pkl"),
        "./a.pkl",
        "../x/a.pkl",
        f"file://{folder}/a.pkl",
        "d.pkl",
        "",
        None,
        7,
        ["a.pkl"],
    ):
        with pytest.raises(ValueError, match=r"no (such file|model of that name)"):
            shown.find(name)


def test_the_ones_used_longest_ago_are_dropped_first(folder):
    with loading(folder).use("a.pkl") as generator:
        size = sum(t.nbytes for t in (*generator.parameters(), *generator.buffers()))
    kept = loading(folder, budget=2.5 * size)
    for name in ("a.pkl", "b.pkl", "a.pkl", "c.pkl"):
        with kept.use(name):
            pass
    assert kept.loaded == ["a.pkl", "c.pkl"]


def test_none_is_dropped_while_someone_uses_it(folder):
    kept = loading(folder, budget=0)
    with kept.use("a.pkl") as generator:
        with kept.use("b.pkl"):
            assert kept.loaded == ["a.pkl", "b.pkl"]
        assert kept.loaded == ["a.pkl"]
        with kept.use("a.pkl") as again:
            assert again is generator
    assert kept.loaded == []


def test_two_who_want_the_same_model_load_it_once(folder, monkeypatch):
    begun, finish, reads, said = threading.Event(), threading.Event(), [], []

    def slow(model, device, progress):
        reads.append(model.name)
        begun.set()
        finish.wait(10)
        return read_generator(model, device, progress)

    monkeypatch.setattr(loaded, "read_generator", slow)
    shared, found = loading(folder), []

    def visit(progress=None):
        with shared.use("a.pkl", progress) as generator:
            found.append(generator)

    first = threading.Thread(target=visit)
    first.start()
    begun.wait(10)
    second = threading.Thread(target=visit, args=(lambda *told: said.append(str(told[0])),))
    second.start()
    while not said:
        time.sleep(0.01)
    with pytest.raises(ValueError, match="no model"):  # others are not held up
        shared.find("x")
    finish.set()
    first.join()
    second.join()
    assert reads == ["a.pkl"]
    assert found[0] is found[1]
    assert "for someone else" in said[0]


def test_a_model_that_fails_to_load_is_tried_again(folder):
    shared, path = loading(folder), folder / "a.pkl"
    content = path.read_bytes()
    path.write_bytes(content[:-9])
    with pytest.raises(CheckpointError, match=r"^a\.pkl is cut short"), shared.use("a.pkl"):
        pass
    path.unlink()
    with pytest.raises(ModelUnavailableError, match=r"a\.pkl cannot be read"), shared.use("a.pkl"):
        pass
    assert shared.loaded == []
    path.write_bytes(content)
    with shared.use("a.pkl") as generator:
        assert generator.img_size == (32, 32)


def test_too_little_memory_ends_in_a_sentence(folder, monkeypatch):
    def full(*_):
        raise MemoryError

    monkeypatch.setattr(reading, "read_checkpoint", full)
    with pytest.raises(ModelUnavailableError, match="enough memory"), loading(folder).use("a.pkl"):
        pass


def test_an_error_that_is_none_of_ours_stays_in_the_log(folder, monkeypatch, caplog):
    def read(*_):
        raise ValueError("secret of NumPy's")

    monkeypatch.setattr(loaded, "read_generator", read)
    shared = loading(folder)
    with pytest.raises(UserError, match=r"^a\.pkl cannot be loaded; choose another model\.$"):
        list(shared.fetch(shared.find("a.pkl")))
    assert "secret" in caplog.text


def test_two_files_of_one_name_are_two_models(folder, tmp_path):
    (tmp_path / "other").mkdir()
    write_torch(tmp_path / "other" / "a.pkl", random_state(resolution=64))
    sizes = [
        load_generator(str(path), "cpu").img_size
        for path in (folder / "a.pkl", tmp_path / "other" / "a.pkl", folder / "a.pkl")
    ]
    assert sizes == [(32, 32), (64, 64), (32, 32)]


def test_a_model_of_the_hub_is_fetched_and_read(folder, monkeypatch):
    def fetch(file, progress, label):
        progress(label, 0.5)
        assert (file.name, str(label)) == ("team/nets/a.pkl", "Downloading team/nets/a.pkl")
        return folder / "a.pkl"

    monkeypatch.setattr(hub, "fetch", fetch)
    said = []

    def tell(words, share):
        said.append((str(words), share))

    with loading(folder).use("team/nets/a.pkl", tell) as generator:
        assert generator.img_size == (32, 32)
    assert said == [("Downloading team/nets/a.pkl", 0.5), ("Reading a.pkl", None)]


def test_unknown_names_and_devices():
    with pytest.raises(ValueError, match="no model of that name"):
        load_generator("kittens")
    with pytest.raises(ValueError, match=r"it has: .*cpu"):
        choose_device("toaster")
    assert choose_device("cpu").type == "cpu"


def test_a_generator_is_loaded_once_a_process(generator):
    assert load_generator("builtin", "cpu") is generator
    assert isinstance(generator, torch.nn.Module)


def test_a_download_that_nobody_wants_any_more_is_given_up(folder, monkeypatch):
    ended, share, downloading = threading.Event(), threading.Event(), Message("Downloading")

    def endless(model, device, progress):
        try:
            while not share.is_set():
                progress(downloading, 0.5)
                time.sleep(0.01)
            return read_generator(model, device, progress)
        finally:
            ended.set()

    monkeypatch.setattr(loaded, "read_generator", endless)
    shared = loading(folder)
    told = shared.fetch(shared.find("a.pkl"))
    while next(told) != (downloading, 0.5):
        pass
    told.close()
    assert ended.wait(5)
    assert shared.loaded == []

    ended.clear()  # now with another visitor who waits for the same
    told, other = (shared.fetch(shared.find("a.pkl")) for _ in range(2))
    while next(told) != (downloading, 0.5):
        pass
    while "for someone else" not in str((next(other) or [""])[0]):
        pass
    told.close()
    assert not ended.wait(0.3)
    share.set()
    list(other)
    assert shared.loaded == ["a.pkl"]


def test_of_several_files_the_first_that_can_be_read_is_taken(folder, caplog):
    # A page of a folder did not start, for its first file was a broken one.
    (folder / "a.pkl").write_bytes(b"no weights")
    shown = loading(folder)
    assert shown.load_first(shown.local.values(), print).name == "b.pkl"
    assert "a.pkl is passed over: a.pkl is no file of weights" in caplog.text
    with pytest.raises(ValueError, match=r"a\.pkl is no file of weights"):
        shown.load_first([shown.find("a.pkl")], print)
