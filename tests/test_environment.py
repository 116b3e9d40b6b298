"""What of the environment counts for the page, and what would end or open it."""

import os
import shutil
import tempfile

import certifi
import pytest

from drag.web import environment
from drag.web.environment import MEANT, mended, proxies, spare_folder, without


@pytest.mark.parametrize(
    "name",
    [
        "GRADIO_ALLOWED_PATHS",  # serves files of this machine
        "GRADIO_VIBE_MODE",  # has visitors write the program
        "GRADIO_MCP_SERVER",
        "GRADIO_NUM_WORKERS",  # takes uploads on further ports
        "GRADIO_LOCAL_DEV_MODE",
        "GRADIO_WATCH_DIRS",
        "GRADIO_SHARE",
        "GRADIO_DEBUG",  # these end the start where they are no numbers
        "GRADIO_NUM_PORTS",
        "GRADIO_ANALYTICS_MAX_EVENTS",
        "GRADIO_SOMETHING_NEW",
        "WEB_CONCURRENCY",
    ],
)
def test_what_gradio_reads_counts_only_where_the_page_means_it(name):
    environ = {name: "True", "HOME": "/"}
    (said,) = mended(environ)
    assert name in said
    assert environ == {"HOME": "/"}


def test_what_is_meant_stays():
    environ = dict.fromkeys(MEANT, "1") | {"GRADIO_ROOT_PATH": "/below"}
    before = dict(environ)
    assert mended(environ) == []
    assert environ == before


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("/below", "/below"),
        ("/below/", "/below"),
        ("below", "/below"),
        ("/a/b/", "/a/b"),
        ("https://demo.example/below/", "https://demo.example/below"),
        ("/", ""),
        ("", ""),
    ],
)
def test_the_path_before_the_page_is_one(said, meant):
    environ = {"GRADIO_ROOT_PATH": said}
    assert mended(environ) == []
    assert environ == {"GRADIO_ROOT_PATH": meant}


def test_certificates_that_are_not_there_are_left_out(tmp_path):
    good = {"SSL_CERT_FILE": certifi.where(), "SSL_CERT_DIR": str(tmp_path)}
    environ = dict(good)
    assert mended(environ) == []
    assert environ == good
    (tmp_path / "none.pem").write_bytes(b"no certificate")
    for file in (tmp_path / "gone.pem", tmp_path / "none.pem", tmp_path):
        environ = {"SSL_CERT_FILE": str(file), "SSL_CERT_DIR": str(tmp_path / "gone")}
        said = mended(environ)
        assert [each.split()[0] for each in said] == ["SSL_CERT_FILE", "SSL_CERT_DIR"]
        assert environ == {}


def test_gradio_is_imported_without_proxies_which_stay(monkeypatch):
    """It makes clients as it is imported, and one by SOCKS fails where a package is missing."""
    named = "http_proxy", "HTTPS_PROXY", "all_proxy", "NO_PROXY"
    environ = dict.fromkeys(named, "socks5://127.0.0.1:9") | {"HOME": "/", "PROXY": "1"}
    before = dict(environ)
    assert proxies(environ) == set(named)
    with without(environ, proxies(environ) | {"none"}):
        assert environ == {"HOME": "/", "PROXY": "1"}
    assert environ == before


def test_a_folder_that_cannot_be_written_has_another_in_its_place(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    environ = {}
    assert spare_folder(environ) is None
    assert environ == {}
    shutil.rmtree(tmp_path / "gradio")
    (tmp_path / "gradio").touch()  # in which nothing can be made, whoever this is
    for environ in ({}, {"GRADIO_TEMP_DIR": str(tmp_path / "gradio" / "mine")}):
        spare = spare_folder(environ)
        assert environ == {"GRADIO_TEMP_DIR": spare}
        assert os.path.isdir(spare)
        assert spare_folder(environ) is None


def test_without_a_folder_for_temporary_files_there_is_a_sentence(monkeypatch):
    def none():
        raise FileNotFoundError("No usable temporary directory found")

    monkeypatch.setattr(tempfile, "gettempdir", none)
    monkeypatch.setattr(os, "environ", {})
    with pytest.raises(SystemExit, match="set TMPDIR"):
        environment.settle()


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ImportError("No module named 'gradio'"), "run pip install -r requirements.txt"),
        (ValueError("invalid literal for int(): 'none'"), "Gradio fails on HF_SOME_SECONDS of"),
        (ValueError("no"), "some variable of the environment"),
    ],
)
def test_a_gradio_that_cannot_be_imported_is_one_sentence(monkeypatch, error, words):
    real = __import__

    def fails(name, *args, **kwargs):
        if name == "gradio.http_server":
            raise error
        return real(name, *args, **kwargs)

    monkeypatch.setattr(os, "environ", os.environ | {"HF_SOME_SECONDS": "none"})
    monkeypatch.setattr("builtins.__import__", fails)
    with pytest.raises(SystemExit) as ended:
        environment.settle()
    assert words in str(ended.value)
    assert str(error) in str(ended.value)
