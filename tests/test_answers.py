"""The folder with the files that programs had made, and its end."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from drag.web import answers
from drag.web.answers import Answers, own_folder
from drag.web.internals import keep_file, upload_folder

# A server that had a file made, says where it is, and goes on until it is ended.
SERVER = """
import time
from drag.web.answers import own_folder
from drag.web.internals import keep_file

with own_folder():
    print(keep_file(b"content", "draggan.png"), flush=True)
    time.sleep(1000)
"""
unix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    """Where Gradio keeps files."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    return tmp_path


def left(folder: Path) -> list[str]:
    """Names of what is in it, but for the lock by which servers begin one by one."""
    return sorted(path.name for path in folder.iterdir() if path.name != "draggan-lock")


def test_files_go_with_their_server(folder):
    (folder / "of another program").touch()
    with own_folder():
        path = Path(keep_file(b"content", "draggan.png"))
        assert path.read_bytes() == b"content"
        assert Path(upload_folder()).parent == folder
    assert left(folder) == ["of another program"]
    assert upload_folder() == str(folder)


def test_a_server_that_starts_clears_what_dead_ones_left_and_nothing_of_the_living(
    folder, monkeypatch
):
    (folder / "draggan-dead" / "hash").mkdir(parents=True)
    (folder / "draggan-dead" / "hash" / "draggan.png").touch()
    with own_folder():
        assert "draggan-dead" not in left(folder)
        path = Path(keep_file(b"content", "draggan.png"))
        monkeypatch.setenv("GRADIO_TEMP_DIR", str(folder))
        with own_folder():  # another one
            assert path.exists()
            assert len(left(folder)) == 2
        assert path.exists()


@unix
def test_files_go_where_a_signal_ends_the_server(folder, monkeypatch):
    killed, before = [], signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(answers.os, "kill", lambda *told: killed.append(told))
    with own_folder():
        path = Path(keep_file(b"content", "draggan.png"))
        signal.getsignal(signal.SIGTERM)(signal.SIGTERM, None)
        assert not path.parent.exists()
        assert killed == [(os.getpid(), signal.SIGTERM)]
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    assert signal.getsignal(signal.SIGTERM) is before


@unix
@pytest.mark.slow
def test_no_later_server_has_files_of_those_that_were_ended(folder):
    run = [sys.executable, "-c", SERVER]
    with contextlib.ExitStack() as stack:
        servers = {
            number: stack.enter_context(subprocess.Popen(run, stdout=subprocess.PIPE, text=True))
            for number in (signal.SIGTERM, signal.SIGKILL)
        }
        for server in servers.values():
            stack.callback(server.kill)
        paths = {number: Path(each.stdout.readline().strip()) for number, each in servers.items()}
        assert all(path.exists() for path in paths.values())
        for number, server in servers.items():
            server.send_signal(number)
            assert server.wait(60) == -number
    assert not paths[signal.SIGTERM].exists()
    assert paths[signal.SIGKILL].exists()
    with own_folder():  # the next server
        assert not paths[signal.SIGKILL].exists()
    assert left(folder) == []


def test_a_server_goes_without_where_there_is_no_room(folder, monkeypatch, caplog):
    def full(**kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(answers.tempfile, "mkdtemp", full)
    with own_folder():
        assert upload_folder() == os.environ["GRADIO_TEMP_DIR"] == str(folder)
    assert "No space left" in caplog.text


def test_a_folder_that_somebody_tidied_away_is_made_anew(folder):
    kept = Answers()
    with own_folder():
        first = Path(kept.keep(b"content", "draggan.png"))
        shutil.rmtree(upload_folder())
        assert not first.exists()
        assert Path(kept.keep(b"content", "draggan.png")).read_bytes() == b"content"


def test_of_a_file_for_which_there_is_no_room_no_part_stays(folder, monkeypatch):
    monkeypatch.setattr(answers.shutil, "disk_usage", lambda path: SimpleNamespace(free=6))
    kept = Answers()
    with pytest.raises(OSError, match="No space left"):
        kept.keep(b"content", "draggan.mp4")
    assert left(folder) == []
    assert Path(kept.keep(b"short", "draggan.png")).exists()
