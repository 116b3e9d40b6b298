"""What `python app.py` makes of its flags, and the page as it is served: readiness, login, size."""

import sys
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from gradio_client import Client

from drag.models.loaded import LoadedModels
from drag.server.line import FILMS, LENGTH, SECONDS, Line
from drag.web.flags import choose_models, parse_args
from drag.web.serving import banner
from tests.checkpoint_files import random_state, write_nvidia
from tests.running_app import running_app

USER, PASSWORD = "ann", "se:cret-2718"
API = "/gradio_api"


@pytest.fixture(autouse=True)
def nobody_elses_flags(monkeypatch):
    """No variable that this machine may have set."""
    for name in ("DRAG_FLAGS", "GRADIO_SERVER_NAME", "SPACE_ID"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("flags", "environment", "allowed"),
    [
        ([], {}, True),
        (["--host", "127.0.0.1"], {}, True),
        (["--host", "localhost"], {}, True),
        (["--host", "::1"], {}, True),
        (["--host", "127.9.9.9"], {}, True),
        (["--share"], {}, False),
        (["--host", "0.0.0.0"], {}, False),
        (["--host", "::"], {}, False),
        (["--host", "192.168.0.5"], {}, False),
        (["--host", "my-machine"], {}, False),
        ([], {"GRADIO_SERVER_NAME": "0.0.0.0"}, False),
        ([], {"SPACE_ID": "a/b"}, False),
        (["--host", "localhost"], {"GRADIO_SERVER_NAME": "0.0.0.0"}, True),
        (["--host", "127.0.0.1"], {"SPACE_ID": "a/b"}, False),
        (["--share", "--allow-custom-models"], {}, True),
        (["--no-allow-custom-models"], {}, False),
        ([], {"SPACE_ID": "a/b", "DRAG_FLAGS": "--allow-custom-models"}, True),
    ],
)
def test_strangers_may_load_any_model_only_where_the_operator_says_so(
    monkeypatch, flags, environment, allowed
):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert parse_args(flags).allow_custom_models is allowed


def test_flags_of_the_environment_come_before_those_of_the_command_line(monkeypatch):
    monkeypatch.setenv("DRAG_FLAGS", "--line 3 --drags 2 --auth 'ann:a b' --drag-seconds 30")
    args = parse_args(["--line", "9", "--auth", "bob:c:d"])
    assert (args.line, args.drags, args.drag_seconds) == (9, 2, 30)
    assert args.auth == [("ann", "a b"), ("bob", "c:d")]
    monkeypatch.delenv("DRAG_FLAGS")
    args = parse_args([])
    assert (args.line, args.drags, args.drag_seconds, args.auth) == (LENGTH, None, SECONDS, None)


@pytest.mark.parametrize(
    ("flags", "environment", "words"),
    [
        (["--auth", "secret"], "", "--auth: must be user:password"),
        (["--auth", ":secret"], "", "--auth: must be user:password"),
        (["--auth", "secret:"], "", "--auth: must be user:password"),
        (["--auth", " secret:x"], "", "--auth: must be user:password"),
        (["--auth"], "", "--auth: expected at least one argument"),
        (["--auth", "ann:secret", "ann:secret2"], "", "--auth: a user is named twice"),
        (["--auht=ann:secret"], "", "unknown: --auht"),
        (["--auht", "ann:secret"], "", "unknown: --au"),
        (["ann:secret"], "", "unknown: words that belong to no flag"),
        ([], "--auth 'ann:secret", "DRAG_FLAGS cannot be read: no closing quotation"),
        ([], "--auth secret", "--auth: must be user:password"),
        (["--drags", "0"], "", "--drags: must be a whole number from 1"),
        (["--line", "-1"], "", "--line: must be a whole number from 0"),
        (["--line", "many"], "", "--line: must be a whole number from 0"),
        (["--drag-seconds", "inf"], "", "--drag-seconds: must be a number"),
        (["--drag-seconds", "0"], "", "--drag-seconds: must be a number"),
        (["--mcp"], "", '--mcp: a package is missing: pip install "mcp'),
    ],
)
def test_a_flag_that_is_wrong_is_answered_in_one_sentence_that_repeats_no_password(
    monkeypatch, capsys, flags, environment, words
):
    monkeypatch.setitem(sys.modules, "mcp", None)  # as if it were not installed
    monkeypatch.setenv("DRAG_FLAGS", environment)
    with pytest.raises(SystemExit) as caught:
        parse_args(flags)
    assert caught.value.code == 2
    said = capsys.readouterr().err
    assert words in said.splitlines()[-1]
    assert "secret" not in said


def test_whoever_starts_the_page_may_name_any_model(tmp_path):
    write_nvidia(tmp_path / "mine.pkl", random_state(), layout="G_ema")
    for name, wanted in {
        "a/b/c.pkl": "a/b/c.pkl",
        str(tmp_path): "mine.pkl",
        "Lions": "lions",
        "builtin": "builtin",
    }.items():
        args = parse_args(["--model", name, "--device", "cpu", "--no-allow-custom-models"])
        models, first = choose_models(args)
        assert first.name == wanted
        assert models.find(wanted) is first
        assert [model.name for model in models.menu()].count(wanted) == 1
        with pytest.raises(ValueError, match="only the models of its menu"):
            models.find("a/b/other.pkl")


def test_the_banner_says_what_is_served(monkeypatch):
    models = LoadedModels("cpu", budget=3e9, custom=False)
    said = banner(models, models.find("lions"), Line(2, 7, 90), True)
    assert "CPU, " in said
    assert "Lions, 512 px" in said
    assert "0 MB of weights, 3000 at most" in said
    assert "2 at once, 7 wait, 90 seconds" in said
    assert "by login; custom models not allowed" in said
    assert len(said.splitlines()) == 5
    models.custom, models.device = True, SimpleNamespace(type="cuda")
    monkeypatch.setattr("torch.cuda.get_device_name", lambda device: "Some GPU")
    said = banner(models, models.find("builtin"), Line(), False)
    assert "Device: Some GPU" in said
    assert "to all who reach it; custom models allowed" in said


@pytest.fixture(scope="module")
def locked(generator, tmp_path_factory):
    """The page behind a login."""
    with running_app(
        tmp_path_factory.mktemp("locked"),
        "--auth",
        f"{USER}:{PASSWORD}",
        "eve:other",
        DRAG_FLAGS="--line 3 --drags 1 --line 4",
    ) as app:
        yield app


def get(app, path: str, **kwargs) -> httpx.Response:
    return httpx.get(f"{app.address}{path}", timeout=20, **kwargs)


def post(app, path: str, **kwargs) -> httpx.Response:
    return httpx.post(f"{app.address}{path}", timeout=20, **kwargs)


def test_readiness_is_told_without_a_login_and_tells_no_secrets(locked):
    answer = get(locked, "/healthz")
    assert answer.status_code == 200
    told = answer.json()
    shares = {name: told.pop(name) for name, value in list(told.items()) if type(value) is dict}
    assert told == {
        "status": "ready",
        "device": "cpu",
        "models": 1,
        "running": 0,
        "waiting": 0,
        "room": 4,
    }
    assert set(shares) == {"films", "pictures", "arrivals", "photos", "loading"}
    assert shares["films"] == {"running": 0, "waiting": 0, "room": FILMS}
    assert httpx.head(f"{locked.address}/healthz").status_code == 200


def test_who_has_no_login_gets_neither_the_page_nor_its_endpoints(locked):
    for path in (
        "/config",
        f"{API}/info",
        f"{API}/queue/data?session_hash=a",
        f"{API}/call/sample/a",
        f"{API}/openapi.json",
    ):
        assert get(locked, path).status_code == 401, path
    calls = {
        "run/predict": {"fn_index": 0, "data": ["", ""], "session_hash": "a"},
        "queue/join": {"fn_index": 0, "data": ["", ""], "session_hash": "a"},
        "call/sample": {"data": [1, 0.7, "builtin"]},
        "api/sample": {"data": [1, 0.7, "x"]},
        "component_server": {
            "component_id": 4,
            "data": [],
            "fn_name": "acknowledge",
            "session_hash": "a",
        },
    }
    for path, call in calls.items():
        assert post(locked, f"{API}/{path}", json=call).status_code == 401, path
    shown = get(locked, "/").text
    assert "auth_required" in shown
    for inside in ("Gauss-Newton", "/sample", "truncation_psi"):
        assert inside not in shown
    for user, password in {USER: "wrong", "nobody": PASSWORD, "": ""}.items():
        wrong = post(locked, "/login", data={"username": user, "password": password})
        assert wrong.status_code in (400, 422)


def test_who_has_one_is_let_in_as_a_program_is(locked, tmp_path):
    form = {"username": USER, "password": PASSWORD}
    with httpx.Client(base_url=locked.address, timeout=20) as browser:
        assert browser.post("/login", data=form).status_code == 200
        assert "Gauss-Newton" in browser.get("/").text
        assert '"allow_custom_value":true' in browser.get("/config").text
        assert "truncation_psi" in browser.get("/").text
        multipart = {name: (None, value) for name, value in form.items()}  # as the login page does
        assert browser.post("/login", files=multipart).status_code == 200
    program = Client(locked.address, auth=(USER, PASSWORD), verbose=False, download_files=tmp_path)
    edit = program.predict(seed=3, api_name="/sample")
    assert edit["entries"][0]["seed"] == 3
    made = program.predict(edit, api_name="/render")  # a file, which it fetches
    assert Path(made).read_bytes().startswith(b"\x89PNG")
    assert made.startswith(str(tmp_path))
    program.close()


def test_no_other_site_asks_as_who_is_logged_in(locked):
    """Nor logs them out, nor says where the page is."""
    form, site = {"username": USER, "password": PASSWORD}, {"origin": "https://evil.example"}
    with httpx.Client(base_url=locked.address, timeout=20) as browser:
        browser.post("/login", data=form)
        for path in ("/", "/config", f"{API}/info", "/assets/none.js"):
            told = browser.get(path, headers=site).headers
            assert not [name for name in told if name.startswith("access-control")], path
            assert told["x-content-type-options"] == "nosniff"
            assert "frame-ancestors 'self'" in told["content-security-policy"]
            assert browser.get(path, headers={"host": "evil.example"}).status_code == 403
        call = {"data": [1, 0.7, "builtin"]}
        asked = browser.post(f"{API}/call/sample", json=call, headers=site)
        assert asked.status_code == 403
        assert "Another site asked for this" in asked.text
        assert browser.request("OPTIONS", f"{API}/call/sample", headers=site).status_code == 403
        assert browser.post("/login", data=form, headers=site).status_code == 403
        for path in (f"{API}/info", f"{API}/openapi.json"):  # said for each Host anew
            first = browser.get(path, headers={"host": "first.localhost"}).text
            again = browser.get(path).text
            assert again.replace(locked.address, "x") == first.replace(
                "http://first.localhost", "x"
            )
        assert browser.get("/logout").status_code == 403
        assert browser.post("/logout", headers=site).status_code == 403
        assert browser.get("/config").status_code == 200
        browser.post("/logout")
        assert browser.get("/config").status_code == 401


def test_what_is_served_is_printed_and_no_password_is(locked):
    printed = locked.text
    assert printed.index("Device: CPU") < printed.index("Running on local URL")
    assert "Line:   1 at once, 4 wait, 120 seconds a drag" in printed
    assert "by login; custom models allowed" in printed
    assert PASSWORD not in printed
    assert "Traceback" not in printed


def test_nothing_is_uploaded_and_no_large_body_read(locked):
    def files() -> list[Path]:
        return [path for path in locked.printed.parent.rglob("*") if path.is_file()]

    before = files()
    for path in (f"{API}/upload", f"{API}/upload/"):
        sent = post(
            locked, path, files={"files": b"x" * 100_000}, headers={"accept-language": "zh-CN"}
        )
        assert sent.status_code == 403
        assert sent.json() == {"detail": "此地址不提供任何内容。"}
    assert post(locked, f"{API}/run/predict", content=b"x" * 31_000_000).status_code == 413

    def streamed():
        for _ in range(310):
            yield b"x" * 100_000

    assert post(locked, f"{API}/run/predict", content=streamed()).status_code == 413
    assert get(locked, "/healthz").status_code == 200
    assert get(locked, "/card.jpg").headers["content-type"] == "image/jpeg"
    assert files() == before
