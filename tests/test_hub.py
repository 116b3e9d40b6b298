"""Downloads from a Hub on this machine, and every way in which they fail."""

import errno
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from huggingface_hub import constants, file_download

from drag.models import hub
from drag.models.hub import HubFile, fetch
from drag.models.loaded import LoadedModels
from drag.models.progress import ModelUnavailableError
from networks.errors import Message
from tests.checkpoint_files import random_state, write_nvidia
from tests.hub import COMMIT, FakeHub

ROOT = Path(__file__).parent.parent
CONTENT = bytes(range(256)) * 4000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
LIONS = HubFile("team/nets", "models/lions.pkl")


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A Hub with one file, and an empty cache."""
    with FakeHub() as server:
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
        monkeypatch.setattr(constants, "ENDPOINT", server.url)
        monkeypatch.setattr(
            constants,
            "HUGGINGFACE_CO_URL_TEMPLATE",
            server.url + "/{repo_id}/resolve/{revision}/{filename}",
        )
        monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 100_000)  # what is kept of a cut one
        monkeypatch.setattr(hub, "_TELL_SECONDS", 0)
        monkeypatch.setattr("time.sleep", lambda seconds: None)  # between tries of the library
        server.add("team/nets/models/lions.pkl", CONTENT)
        yield server


def get(file=LIONS, **change):
    """Fetch a file; returns its path and what was said of the progress."""
    said = []
    for name, value in change.items():
        file = HubFile(**{**file.__dict__, name: value})
    return fetch(
        file,
        lambda words, share: said.append((str(words), share)),
        Message("Downloading {model}", model="Lions"),
    ), said


def refusal(**change) -> str:
    """The sentence in which a download ends."""
    with pytest.raises(ModelUnavailableError) as error:
        get(**change)
    words = str(error.value)
    assert words.endswith(".")
    assert "\n" not in words
    assert "http://" not in words
    assert len(words) < 260
    return words


def test_a_file_is_downloaded_once_and_its_progress_told(server):
    path, said = get(sha256=SHA256[:8])
    assert path.name == "lions.pkl"
    assert path.read_bytes() == CONTENT
    assert said[0] == ("Asking the Hub for lions.pkl", None)
    shares = [share for words, share in said if words == "Downloading Lions"]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0, 1)
    server.requests.clear()
    assert get()[0] == path
    assert all(method == "HEAD" for method, _, _ in server.requests)


def test_a_pinned_file_in_the_cache_asks_no_one(server):
    path, _ = get(revision=COMMIT)
    server.requests.clear()
    assert get(revision=COMMIT) == (path, [])
    assert server.requests == []


def test_without_a_network_what_is_in_the_cache_will_do(server):
    path, _ = get()
    server.stop()
    assert get()[0] == path
    assert "cannot be reached for team/nets/models/dogs.pkl" in refusal(filename="models/dogs.pkl")


def test_a_cut_connection_is_resumed_where_it_broke(server):
    server.add("team/nets/models/lions.pkl", CONTENT, cut=300_000, cuts=2)
    path, said = get()
    assert path.read_bytes() == CONTENT
    assert [part for _, _, part in server.requests if part] == ["bytes=300000-", "bytes=600000-"]
    assert said[-1] == ("Downloading Lions", 1)


def test_a_download_that_breaks_again_and_again_ends_in_a_sentence(server, tmp_path):
    server.add("team/nets/models/lions.pkl", CONTENT, cut=10, cuts=99)
    assert "team/nets/models/lions.pkl broke off" in refusal()
    assert not [path for path in tmp_path.rglob("*.pkl") if path.exists()]


def test_a_file_far_larger_than_any_weights_is_not_fetched(server, monkeypatch):
    monkeypatch.setattr(hub, "MAX_BYTES", len(CONTENT) - 1)
    assert "more than StyleGAN weights ever do" in refusal()
    assert {method for method, _, _ in server.requests} == {"HEAD"}


def test_a_file_that_changed_on_the_hub_is_fetched_anew(server):
    get()
    server.add("team/nets/models/lions.pkl", CONTENT + b"more", commit="2" * 40)
    assert get()[0].read_bytes() == CONTENT + b"more"


@pytest.mark.parametrize(
    ("name", "faults", "words"),
    [
        ("team/nets", {"status": 404, "code": "RepoNotFound"}, "There is no team/nets on the Hub"),
        ("team/nets", {"status": 401}, "does not let this page read"),
        (
            "team/nets",
            {"status": 403, "code": "GatedRepo"},
            "accept its terms at huggingface.co/team",
        ),
        ("team/nets", {"status": 503}, "could not give team/nets/models/lions.pkl (status 503)"),
        ("team/nets", {"status": 429}, "try again in some minutes"),
        (
            "team/nets",
            {"cdn_status": 503},
            "could not give team/nets/models/lions.pkl (status 503)",
        ),
        ("nobody/nets", {}, "There is no nobody/nets on the Hub, or it is private"),
    ],
)
def test_what_the_hub_answers_is_said_in_a_sentence(server, name, faults, words):
    server.add("team/nets/models/lions.pkl", CONTENT, **faults)
    assert words in refusal(repo_id=name)


def test_a_file_or_revision_that_is_not_there(server):
    assert "team/nets has no file models/cats.pkl" in refusal(filename="models/cats.pkl")
    assert "team/nets has no revision v9" in refusal(revision="v9")


def test_a_damaged_file_in_the_cache_is_fetched_again(server):
    path, _ = get()
    path.resolve().write_bytes(CONTENT[:-1] + b"!")
    path, said = get()
    assert path.read_bytes() == CONTENT
    assert any("damaged" in words for words, _ in said)


def test_a_file_that_is_not_what_it_should_be_is_refused_and_not_kept(server, tmp_path):
    assert "SHA-256 is wrong, twice" in refusal(sha256="0" * 8)
    server.add("team/nets/models/lions.pkl", CONTENT, etag="ab" * 32)
    assert "SHA-256 is wrong, twice" in refusal()
    assert not [path for path in tmp_path.rglob("*.pkl") if path.exists()]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "There is no room for team/nets"),
        (PermissionError(errno.EACCES, "Permission denied"), "cannot be written. Set HF_HOME"),
    ],
)
def test_a_full_or_closed_disk_ends_in_a_sentence(server, monkeypatch, error, words):
    def fail(*_args, **_kwargs):
        raise error

    monkeypatch.setattr(file_download, "_chmod_and_move", fail)
    assert words in refusal()


def test_a_cache_that_was_deleted_is_there_again(server, tmp_path):
    """HF_HOME went while the server ran."""
    get()
    shutil.rmtree(tmp_path / "cache")
    assert get()[0].read_bytes() == CONTENT
    assert get(revision=COMMIT)[0].read_bytes() == CONTENT


def test_a_model_in_memory_goes_on_without_its_file_and_comes_back_with_it(server, tmp_path):
    write_nvidia(tmp_path / "x.pkl", random_state(), layout="G_ema")
    server.add("team/nets/x.pkl", (tmp_path / "x.pkl").read_bytes())
    models = LoadedModels("cpu")

    def picture():
        with models.use("team/nets/x.pkl") as generator:
            return generator.image(generator.mapping(torch.zeros(1, generator.z_dim)))

    before = picture()
    shutil.rmtree(tmp_path / "cache")
    server.requests.clear()
    torch.testing.assert_close(picture(), before)
    assert server.requests == []
    models.drop_unused()
    torch.testing.assert_close(picture(), before)
    assert server.requests


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_cache_that_is_deleted_in_the_midst_of_a_download_is_said_truly(server, tmp_path, share):
    """It said that the Hub cannot be reached, or broke with a FileNotFoundError."""

    def delete(words, told):
        if told == share:
            shutil.rmtree(tmp_path / "cache")

    with pytest.raises(ModelUnavailableError, match="broke off: choose it again"):
        fetch(LIONS, delete, Message("Downloading {model}", model="Lions"))
    assert get()[0].read_bytes() == CONTENT


def test_a_file_that_vanishes_before_it_is_checked_is_fetched_again(server, monkeypatch):
    sound, there = hub._is_sound, []

    def vanished(path, file):
        if not there:
            path.resolve().unlink()
        there.append(path)
        return sound(path, file)

    monkeypatch.setattr(hub, "_is_sound", vanished)
    assert get()[0].read_bytes() == CONTENT


@pytest.mark.slow
def test_the_environment_means_what_it_always_does(tmp_path):
    """In a process of its own, since the library reads it when it is imported."""
    program = (
        "import sys; from drag.models.hub import *; from drag.models.addresses import *\n"
        "try: print(fetch(parse_hub_name(sys.argv[1]), lambda *_: None, Message('')))\n"
        "except ValueError as error: print('refused:', error)"
    )

    def run(**environment):
        environment = {**os.environ, "HF_HUB_CACHE": str(tmp_path), **environment}
        command = [sys.executable, "-c", program, LIONS.name]
        return subprocess.run(
            command, env=environment, cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout.strip()

    with FakeHub() as server:
        server.add(LIONS.name, CONTENT)
        path = Path(run(HF_ENDPOINT=server.url))
        assert path.read_bytes() == CONTENT
        assert tmp_path in path.parents
        path.unlink()
        assert "HF_HUB_OFFLINE forbids to fetch it" in run(HF_HUB_OFFLINE="1")
