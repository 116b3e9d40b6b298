"""How weights in wheels are fetched, checked and kept; no network is used here."""

import hashlib
import os
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


def test_a_start_that_was_killed_leaves_no_broken_cache(cache, downloads):
    leftover = cache / "writing-abc"
    leftover.write_bytes(b"half a model")
    os.utime(leftover, (time.time() - 7200,) * 2)
    downloads.append(CONTENT)
    torch.testing.assert_close(load(), WEIGHTS)
    assert not leftover.exists()


def write(folder, seed):
    torch.manual_seed(seed)
    wheel._write_cached(Path(folder), {"weight": torch.randn(400_000)}, "the tiny model")


def test_two_that_start_at_once_leave_sound_files(tmp_path):
    with ProcessPoolExecutor(2) as pool:
        list(pool.map(write, [tmp_path] * 6, [0, 0, 1, 1, 0, 1]))
    files = list(tmp_path.iterdir())
    assert len(files) == 2
    assert all(wheel._read_cached(file) is not None for file in files)


def test_a_full_disk_ends_in_a_sentence(cache, downloads, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(wheel.os, "replace", full)
    downloads.append(CONTENT)
    with pytest.raises(ModelUnavailableError, match=r"^The tiny model.*No space left.*HF_HOME"):
        load()
    assert list(cache.iterdir()) == []
