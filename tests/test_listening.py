"""Where the page listens, and the sentence where it cannot."""

import contextlib
import socket

import pytest

from drag.web import listening
from drag.web.listening import FIRST, place_of


@pytest.fixture(autouse=True)
def no_variables(monkeypatch):
    """None that this machine may have set."""
    for name in ("GRADIO_SERVER_NAME", "GRADIO_SERVER_PORT"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def taken():
    """A port on which something listens."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def free() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return trial.getsockname()[1]


def refusal(*place) -> str:
    with pytest.raises(ValueError) as error:  # noqa: PT011
        place_of(*place)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_the_flags_say_where():
    port = free()
    assert place_of(None, port) == ("127.0.0.1", port)
    assert place_of("0.0.0.0", port) == ("0.0.0.0", port)
    assert place_of("localhost", port)[1] == port


def test_the_environment_says_it_where_they_do_not(monkeypatch):
    port = free()
    monkeypatch.setenv("GRADIO_SERVER_NAME", "0.0.0.0")
    monkeypatch.setenv("GRADIO_SERVER_PORT", str(port))
    assert place_of(None, None) == ("0.0.0.0", port)
    assert place_of("127.0.0.1", free())[0] == "127.0.0.1"


def test_a_port_that_is_taken_is_named_by_our_flag(taken):
    for host in (None, "0.0.0.0", "localhost"):
        said = refusal(host, taken)
        assert f"--port {taken} is taken" in said
        assert "GRADIO" not in said


def test_without_a_port_the_next_that_is_free_is_taken(monkeypatch, taken):
    monkeypatch.setenv("GRADIO_SERVER_PORT", str(taken))
    assert place_of(None, None)[1] > taken
    monkeypatch.setattr(listening, "TRIED", 1)
    assert "choose one with --port" in refusal(None, None)
    monkeypatch.delenv("GRADIO_SERVER_PORT")
    with contextlib.suppress(ValueError):
        assert place_of(None, None)[1] == FIRST


@pytest.mark.parametrize("port", ["abc", "0", "-1", "70000", "1.5"])
def test_a_variable_that_is_no_port_is_named(monkeypatch, port):
    monkeypatch.setenv("GRADIO_SERVER_PORT", port)
    said = refusal(None, None)
    assert "GRADIO_SERVER_PORT" in said
    assert "--port" in said
    assert place_of(None, free())  # it is asked for nothing


def test_a_port_that_this_user_may_not_have(monkeypatch):
    def bind(self, place):
        if place[1]:
            raise PermissionError(13, "Permission denied")

    class Socket(socket.socket):
        pass

    Socket.bind = bind
    monkeypatch.setattr(socket, "socket", Socket)
    assert "--port 80 is not for this user" in refusal(None, 80)


@pytest.mark.parametrize("host", ["999.1.1.1", "no.such.name", "a b", "a" * 70, "", "\0"])
def test_a_host_that_is_none_is_named_by_our_flag(monkeypatch, host):
    def asked(name, *args, **kwargs):
        if name == "127.0.0.1":
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (name, 0))]
        name.encode("idna")
        raise socket.gaierror(-2, "Name or service not known")  # no name server is asked here

    monkeypatch.setattr(socket, "getaddrinfo", asked)
    if not host:
        assert place_of(host, free())[0] == "127.0.0.1"
        return
    assert f"--host {host} is not a known address" in refusal(host, None)
    monkeypatch.setenv("GRADIO_SERVER_NAME", host.strip("\0") or "x.y")
    assert "GRADIO_SERVER_NAME (as --host)" in refusal(None, None)


def test_an_address_of_another_machine():
    assert "--host 192.0.2.1 is not an address of this machine" in refusal("192.0.2.1", None)


def test_addresses_of_ipv6_with_and_without_brackets():
    if not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    try:
        with socket.socket(socket.AF_INET6) as trial:
            trial.bind(("::1", 0))
    except OSError:
        assert "--host ::1 is not an address of this machine" in refusal("::1", None)
        return
    port = free()
    assert place_of("::1", port) == place_of("[::1]", port) == ("[::1]", port)


def test_a_name_leads_to_the_first_address_that_can_be_had(monkeypatch):
    """As localhost, where the machine has no IPv6."""
    found = [
        (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("2001:db8::1", 0, 0, 0)),
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0)),
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    assert place_of("localhost", None)[0] == "127.0.0.1"
