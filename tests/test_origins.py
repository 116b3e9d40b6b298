"""Under which names the page answers, whose pages may ask it, and what browsers are told."""

import asyncio

import pytest

from drag.web.flags import parse_args
from drag.web.origins import Origins, doors, origin_of, origins_of
from tests.gates import CALL, Sender, asked

HERE, FRIEND = "demo.example", "https://friend.example"


def answered(origins=None, path=CALL, method="POST", **headers: str):
    """What the application behind the doors is asked, None where nothing comes to it, and how the
    request is answered: its status, and its headers."""
    seen, sender = [], Sender()

    async def app(scope, receive, send):
        seen.append(scope)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body"})

    scope = asked(path, method, **{"host": HERE} | headers)
    origins = origins or Origins(listed=(FRIEND,))
    asyncio.run(doors(app, origins)(scope, sender.receive, sender.send))
    told = {name.decode(): value.decode() for name, value in sender.sent[0]["headers"]}
    return (seen or [None])[0], sender.status, told


@pytest.mark.parametrize(
    ("headers", "lets_in"),
    [
        ({}, True),  # a program
        ({"origin": f"https://{HERE}"}, True),
        ({"origin": f"http://{HERE}:8080", "host": f"{HERE}:8080"}, True),
        ({"origin": f"https://{HERE}", "host": f"{HERE}:443"}, True),
        ({"origin": f"https://{HERE}", "host": "127.0.0.1:7860", "x_forwarded_host": HERE}, True),
        ({"origin": f"https://{HERE}", "host": "a", "x_forwarded_host": f"{HERE}, b"}, True),
        ({"origin": f"https://{HERE}", "host": "10.0.0.1", "sec_fetch_site": "same-origin"}, True),
        ({"origin": FRIEND, "sec_fetch_site": "cross-site"}, True),
        ({"sec_fetch_site": "none"}, True),
        ({"origin": "https://corp.demo.example", "sec_fetch_site": "same-site"}, False),
        ({"origin": "https://sibling.example"}, False),
        ({"origin": f"https://{HERE}:8443"}, False),
        ({"origin": f"http://{HERE}:443"}, False),
        ({"origin": "null"}, False),
        ({"origin": ""}, False),
        ({"origin": "https://a@demo.example"}, False),
        ({"origin": "https://[::"}, False),
        ({"origin": "http://friend.example"}, False),
        ({"sec_fetch_site": "cross-site"}, False),
        ({"sec_fetch_site": "same-site"}, False),
        ({"origin": f"https://{HERE}", "sec_fetch_site": "cross-site"}, False),
    ],
)
def test_only_this_page_the_sites_of_a_list_and_programs_have_something_done(headers, lets_in):
    asks, status, _ = answered(**headers)
    assert status == (200 if lets_in else 403)
    assert (asks is not None) is lets_in
    assert answered(path="/config", method="GET", **headers)[1] == 200  # which only reads


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("origin", [FRIEND, "https://sibling.example", "null", f"https://{HERE}"])
def test_what_is_answered_is_for_no_other_site_but_those_of_a_list(method, origin):
    for asks, _, told in (
        answered(method=method, path="/config", origin=origin),
        answered(Origins(), method=method, path="/config", origin=origin),
    ):
        listed = origin == FRIEND and "vary" in told
        assert told.get("access-control-allow-origin") == (FRIEND if listed else None)
        assert ("access-control-allow-credentials" in told) is listed
        if asks:  # Gradio is not told of an origin, which it would allow
            assert b"origin" not in dict(asks["headers"])


def test_a_site_of_the_list_may_ask_in_advance_and_no_other():
    ask = {"method": "OPTIONS", "access_control_request_headers": "content-type"}
    asks, status, told = answered(origin=FRIEND, **ask)
    assert (asks, status) == (None, 204)
    assert told["access-control-allow-origin"] == FRIEND
    assert told["access-control-allow-headers"] == "content-type"
    _, _, told = answered(origin="https://sibling.example", **ask)
    assert not [name for name in told if name.startswith("access-control")]


@pytest.mark.parametrize(
    ("host", "known"),
    [
        ("localhost", True),
        ("LOCALHOST:7860", True),
        ("localhost.:7860", True),
        ("app.localhost:7860", True),
        ("127.0.0.1:7860", True),
        ("127.9.9.9", True),
        ("[::1]:7860", True),
        ("friend.example:8000", True),
        ("rebound.example:7860", False),
        ("localhost.rebound.example", False),
        ("192.168.0.5", False),
        ("0.0.0.0:7860", False),
        ("[::1", False),
        ("a b", False),
    ],
)
def test_a_page_for_this_machine_answers_to_no_other_name(host, known):
    private = Origins(public=False, listed=(FRIEND,))
    for method, path in (("GET", "/"), ("POST", CALL)):
        asks, status, _ = answered(private, path, method, host=host, x_forwarded_host="localhost")
        assert (status, asks is not None) == ((200, True) if known else (403, False))
        assert answered(Origins(), path, method, host=host)[1] == 200  # a public one has many


def test_only_who_is_here_logs_out():
    assert answered(path="/logout", method="POST")[0]["method"] == "GET"  # as Gradio has it
    for site in ("none", "same-origin"):
        assert answered(path="/logout", method="GET", sec_fetch_site=site)[1] == 200
    for told in ({}, {"sec_fetch_site": "cross-site"}, {"sec_fetch_site": "same-site"}):
        for path in ("/logout", "/logout/"):
            asks, status, _ = answered(path=path, method="GET", **told)
            assert (asks, status) == (None, 403)
    assert answered(path="/logout", method="POST", origin="https://sibling.example")[1] == 403


def test_browsers_are_told_what_the_page_may_do():
    for origin in (FRIEND, "null"):  # also where it is refused
        _, status, told = answered(origin=origin)
        assert status == (200 if origin == FRIEND else 403)
        assert told["x-content-type-options"] == "nosniff"
        policy = told["content-security-policy"]
        assert "default-src 'self';" in policy
        assert "object-src 'none'" in policy
        assert policy.endswith(f"frame-ancestors 'self' {FRIEND}")
        assert told["cache-control"] == "private, no-cache"
    _, _, told = answered(path="/assets/index.js", method="GET")
    assert "cache-control" not in told  # Gradio's own holds
    shared = answered(Origins(share=True), "/", "GET")[2]["content-security-policy"]
    assert "https://gradio.s3-us-west-2.amazonaws.com" in shared
    space = Origins(own=("https://ann-drag.hf.space",))
    space = answered(space, "/", "GET")[2]["content-security-policy"]
    assert space.endswith("'self' https://ann-drag.hf.space https://huggingface.co")


def test_the_environment_names_the_page_too(monkeypatch):
    for name in ("SPACE_HOST", "GRADIO_ROOT_PATH"):
        monkeypatch.delenv(name, raising=False)
    assert origins_of([], False) == Origins(False)
    monkeypatch.setenv("GRADIO_ROOT_PATH", "/below")
    assert origins_of([FRIEND], True, True) == Origins(True, (), (FRIEND,), True)
    monkeypatch.setenv("GRADIO_ROOT_PATH", "https://Demo.example:443/below")
    monkeypatch.setenv("SPACE_HOST", "ann-drag.hf.space")
    origins = origins_of([], False)
    assert origins.own == ("https://ann-drag.hf.space", f"https://{HERE}")
    assert answered(origins, host="127.0.0.1", origin=f"https://{HERE}")[1] == 200
    assert answered(origins, host=HERE)[1] == 200


def test_the_flag_takes_origins_and_nothing_else(monkeypatch, capsys):
    monkeypatch.delenv("DRAG_FLAGS", raising=False)
    args = parse_args(["--origin", "HTTPS://friend.example:443/", "http://a:8000"])
    assert args.origin == [FRIEND, "http://a:8000"]
    assert parse_args([]).origin == []
    for wrong in ("friend.example", "ftp://friend.example", "https://", "*", "http://a:x"):
        with pytest.raises(SystemExit):
            parse_args(["--origin", wrong])
        assert "--origin: must be http:// or https:// and a name" in capsys.readouterr().err
    with pytest.raises(ValueError, match="expected http"):
        origin_of("//friend.example")


def test_nothing_but_requests_is_judged():
    seen = []

    async def app(scope, receive, send):
        seen.append(scope)

    scope = {"type": "lifespan"}
    asyncio.run(doors(app, Origins(public=False))(scope, None, None))
    assert seen == [scope]
