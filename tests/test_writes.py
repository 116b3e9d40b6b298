"""What watches for writes sees each way of writing: else what it watches could do so unseen."""

import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from PIL import Image

from tests.writes import writes


def opened(**options):
    def write():
        with open("new", **options):
            pass

    return write


def made(make):
    def write():
        with make():
            pass

    return write


def descriptor():
    os.close(os.open("new", os.O_CREAT | os.O_WRONLY))


def sent():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
        end.sendto(b"photo", ("127.0.0.1", 9))


WAYS = {
    "open": opened(mode="w"),
    "append": opened(mode="ab"),
    "exclusive": opened(mode="x"),
    "Path.write_bytes": lambda: Path("new").write_bytes(b""),
    "os.open": descriptor,
    "Path.touch": lambda: Path("new").touch(),
    "mkdir": lambda: Path("new").mkdir(),
    "mkstemp": lambda: os.close(tempfile.mkstemp()[0]),
    "mkdtemp": tempfile.mkdtemp,
    "TemporaryFile": made(tempfile.TemporaryFile),
    "NamedTemporaryFile": made(tempfile.NamedTemporaryFile),
    "TemporaryDirectory": made(tempfile.TemporaryDirectory),
    "rename": lambda: os.rename(__file__, __file__),  # nothing happens
    "symlink": lambda: os.symlink("old", "new"),
    "copy": lambda: shutil.copy(__file__, "new"),
    "sqlite3": lambda: sqlite3.connect("new").close(),
    "numpy": lambda: np.save("new", np.zeros(1)),
    "PIL": lambda: Image.new("L", (1, 1)).save("new.png"),
    "torch": lambda: torch.save(torch.zeros(1), "new"),
    "safetensors": lambda: safetensors.torch.save_file({"a": torch.zeros(1)}, "new"),
    "another process": lambda: subprocess.run([sys.executable, "-c", ""], check=True),
    "a message": sent,
}


@pytest.mark.parametrize("way", WAYS)
def test_each_way_of_writing_is_seen(way, tmp_path, monkeypatch):
    with writes(tmp_path, monkeypatch) as written:
        WAYS[way]()
    assert written
    told = len(written)
    (tmp_path / "later").write_bytes(b"")  # is not watched
    assert len(written) == told


def test_reading_is_not_writing(tmp_path, monkeypatch):
    with writes(tmp_path, monkeypatch) as written:
        Path(__file__).read_bytes()
        os.close(os.open(__file__, os.O_RDONLY))
        os.listdir(".")
    assert written == []
