"""The gate before Gradio, with an application behind it that says what it was given."""

import asyncio
import json
import time
from types import SimpleNamespace

import pytest

from drag.web import gate as gates
from drag.web.gate import MAX_BODY, RefusedError, check_call, gate

CALL = "/gradio_api/run/predict"
FOLDER = "0" * 64


class Sender:
    """A connection: gives a body in these parts, and keeps what is answered."""

    def __init__(self, *parts: bytes, leaves: bool = False, seconds: float = 0.0):
        self.parts, self.leaves, self.seconds, self.sent = list(parts), leaves, seconds, []

    async def receive(self) -> dict:
        await asyncio.sleep(self.seconds)
        if not self.parts or (self.leaves and len(self.parts) == 1):
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": self.parts.pop(0), "more_body": bool(self.parts)}

    async def send(self, message: dict) -> None:
        self.sent.append(message)

    @property
    def status(self) -> int:
        return self.sent[0]["status"]

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent[1:])


def held(*sizes: int) -> SimpleNamespace:
    """Gradio, with calls in its queue whose bodies have these sizes."""
    events = {str(number): SimpleNamespace(
        request=SimpleNamespace(scope={"drag.size": size}))
        for number, size in enumerate(sizes)}
    queue = SimpleNamespace(event_ids_to_events=events)
    return SimpleNamespace(get_blocks=lambda: SimpleNamespace(_queue=queue))


def asked(path: str = CALL, method: str = "POST", app=None, **headers: str) -> dict:
    """The scope of a request."""
    return {"type": "http", "method": method, "path": path, "app": app or held(),
            "query_string": b"", "headers": [
                (name.replace("_", "-").encode(), value.encode())
                for name, value in headers.items()]}


async def repeat(scope, receive, send) -> None:
    """An application that answers how much it was sent."""
    size, more = 0, scope["method"] == "POST"
    while more:
        message = await receive()
        size, more = size + len(message["body"]), message["more_body"]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(size).encode()})


def through(sender: Sender, scope: dict, app=repeat) -> Sender:
    """A request that goes through a gate of its own."""
    asyncio.run(gate(app)(scope, sender.receive, sender.send))
    return sender


def parts(size: int) -> list[bytes]:
    """A call of this many bytes, as it comes."""
    text = json.dumps({"data": []})[:-2] + '"' + "A" * (size - 14) + '"]}'
    body = text.encode()
    return [body[at : at + 65_536] for at in range(0, size, 65_536)]


def test_a_body_goes_through_as_it_is():
    for size in (100, 400_000, MAX_BODY):
        assert through(Sender(*parts(size)), asked()).body == str(size).encode()


@pytest.mark.parametrize("length", [{}, {"content_length": "100"}, {"content_length": "cake"}])
def test_no_more_is_read_than_a_project_needs_whatever_its_length_is_said_to_be(length):
    sender = through(Sender(*parts(3 * MAX_BODY)), asked(**length))
    assert sender.status == 413
    assert json.loads(sender.body) == {"detail": "This was too large to be read: send less."}
    assert len(sender.parts) * 65_536 > 1.9 * MAX_BODY  # the rest was left


def test_a_body_that_says_that_it_is_too_large_is_not_read_at_all():
    sender = through(Sender(b"x", b"y"), asked(content_length=str(MAX_BODY + 1)))
    assert sender.status == 413
    assert sender.parts == [b"x", b"y"]
    assert through(Sender(b"x"), asked(content_length="9" * 5000)).status == 413


def answering(seconds: float, sizes: list[int]):
    """An application that takes this long, and keeps the sizes of the bodies it has at a time."""
    now = []

    async def slow(scope, receive, send):
        size = len((await receive())["body"])
        now.append(size)
        sizes.append(sum(now))
        await asyncio.sleep(seconds)
        now.remove(size)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body"})

    return slow


def all_at_once(app, *senders: Sender) -> list[int]:
    """How requests through one gate are answered."""
    async def run():
        through = gate(app)
        await asyncio.gather(*(through(asked(), each.receive, each.send) for each in senders))

    asyncio.run(run())
    return [sender.status for sender in senders]


def test_large_bodies_that_are_answered_are_bounded_by_their_bytes_and_small_ones_do_not_wait(
        monkeypatch):
    monkeypatch.setattr(gates, "MAX_HELD", 1_500_000)
    sizes = []
    senders = [Sender(*parts(700_000)) for _ in range(7)] + [Sender(*parts(1000))]
    assert set(all_at_once(answering(0.3, sizes), *senders)) == {200}
    assert 1_400_000 <= max(sizes) <= 2_201_000
    sizes.clear()
    senders = [Sender(*parts(500_000)) for _ in range(12)]  # smaller ones have twice the room
    assert set(all_at_once(answering(0.3, sizes), *senders)) == {200}
    assert 3_000_000 <= max(sizes) <= 3_500_000


def test_who_stalls_in_the_middle_takes_no_room_from_others(monkeypatch):
    monkeypatch.setattr(gates, "PACE_SECONDS", 0.4)
    stalled = [Sender(*parts(3_000_000)) for _ in range(4)]
    for sender in stalled:
        sender.receive = stalling(sender, after=20)
    began = time.monotonic()
    done = []

    async def app(scope, receive, send):
        done.append(time.monotonic() - began)
        await repeat(scope, receive, send)

    assert all_at_once(app, *stalled, Sender(*parts(2_000_000))) == [408] * 4 + [200]
    assert done[0] < 0.3
    assert b"took too long to come" in stalled[0].body
    assert 0.3 < time.monotonic() - began < 3  # and is soon let go


def stalling(sender: Sender, after: int):
    """A `receive` that comes to a stop after so many parts."""
    receive, came = sender.receive, []

    async def stall():
        came.append(1)
        await asyncio.sleep(0 if len(came) <= after else 60)
        return await receive()

    return stall


def test_large_bodies_that_come_are_bounded_and_do_not_wait_for_each_other_for_ever(monkeypatch):
    monkeypatch.setattr(gates, "MAX_COMING", 2_000_000)
    most, fits = [], gates._fits

    def watched(bodies, me):
        fit = fits(bodies, me)
        most.append(sum(bodies.coming.values()))
        return fit

    monkeypatch.setattr(gates, "_fits", watched)
    senders = [Sender(*parts(1_500_000), seconds=0.001) for _ in range(5)]
    assert set(all_at_once(repeat, *senders)) == {200}
    assert 2_000_000 < max(most) < 5_000_000


def test_bodies_wait_for_those_in_the_queue_and_not_for_ever(monkeypatch):
    monkeypatch.setattr(gates, "ROOM_SECONDS", 0.3)
    full = held(30_000_000, 31_000_000)
    sender = through(Sender(*parts(700_000)), asked(app=full))
    assert sender.status == 503
    assert b"busy with what others sent" in sender.body
    assert through(Sender(*parts(400_000)), asked(app=full)).status == 200  # what browsers keep
    fuller = held(121_000_000)
    assert through(Sender(*parts(30_000)), asked(app=fuller)).status == 503
    assert through(Sender(*parts(3000)), asked(app=fuller)).status == 200

    async def one_goes():
        through, sender = gate(repeat), Sender(*parts(700_000))
        waits = asyncio.create_task(through(asked(app=full), sender.receive, sender.send))
        await asyncio.sleep(0.1)
        full.get_blocks()._queue.event_ids_to_events.pop("1")
        await waits
        return sender.status

    assert asyncio.run(one_goes()) == 200


def test_who_sends_too_slowly_or_leaves_is_let_go(monkeypatch):
    monkeypatch.setattr(gates, "READ_SECONDS", 0.1)
    sender = through(Sender(*parts(5_000_000), seconds=0.02), asked())
    assert sender.status == 408
    assert through(Sender(b"{", b"}", leaves=True), asked()).sent == []


@pytest.mark.parametrize(("body", "status"), [
    (b"", None), (b'{"data": [1, null, "x"], "fn_index": 3, "session_hash": "a1b2"}', None),
    (b'{"data": [{"path": "x"}, {"meta": 1}], "event_data": {"id": "0:a"}}', None),
    (b'{"data": [NaN]}', 400), (b'{"data": [Infinity]}', 400), (b'{"data": [1e400]}', 400),
    (b'{"data": ["\\ud800"]}', 400), (b'{"data": ["\xff"]}', 400), (b"{", 400),
    (b"[" * 100_000, 400), (b"[]", 422), (b"5", 422),
    (b'{"session_hash": "%s"}' % (b"h" * 101), 422), (b'{"session_hash": ["a"]}', 422),
    (b'{"\\u0073ession_hash": "a/b"}', 422), (b'{"event_id": {}}', 422), (b'{"fn_name": []}', 422),
    (b'{"fn_index": "9"}', 422), (b'{"fn_index": true}', 422), (b'{"component_id": {}}', 422),
    (b'{"trigger_id": [5]}', 422),
    (b'{"data": [[{"a": [{"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}]}]]}', 422),
    (b'{"data": [%s1]}' % (b"1," * 300_001), 413),
])
def test_a_call_is_json_as_pages_and_programs_send_it(body, status):
    if status is None:
        check_call(body)
        return
    with pytest.raises(RefusedError) as caught:
        check_call(body)
    assert caught.value.status == status


@pytest.mark.parametrize(("method", "path", "there"), [
    ("GET", "/", True), ("GET", "", True), ("HEAD", "/", True), ("GET", "/config", True),
    ("GET", "/healthz", True),
    ("GET", "/assets/index.js", True), ("GET", "/gradio_api/heartbeat/a1b2", True),
    ("GET", "/gradio_api/queue/data", True), ("GET", "/gradio_api/call/drag/abc", True),
    ("POST", "/gradio_api/call/drag", True), ("POST", "/gradio_api/queue/join", True),
    ("POST", "/gradio_api/component_server", True), ("POST", "/login", True),
    ("GET", f"/gradio_api/file=/files/{FOLDER}/draggan-seed3.png", True),
    ("GET", f"/gradio_api/file=/files/{FOLDER}/draggan.mp4", True),
    ("GET", f"/gradio_api/file=/files/{FOLDER}/other.png", False),
    ("GET", f"/gradio_api/file=/files/{FOLDER}/../draggan.png", False),
    ("GET", f"/gradio_api/file=/files/{FOLDER}/..", False),
    ("GET", f"/gradio_api/file=/files/../files/{FOLDER}/draggan.png", False),
    ("GET", f"/gradio_api/file=/elsewhere/{FOLDER}/draggan.png", False),
    ("GET", f"/gradio_api/file=/files/deep/{FOLDER}/draggan.png", False),
    ("GET", "/gradio_api/file=/etc/passwd", False), ("GET", "/gradio_api/file=draggan.png", False),
    ("GET", "/gradio_api/file=https://example.com/draggan.png", False),
    ("GET", "/gradio_api/proxy=https://a.hf.space/", False), ("GET", "/monitoring", False),
    ("GET", "/monitoring/summary", False), ("GET", "/gradio_api/deep_link", False),
    ("GET", "/gradio_api/runs", False), ("GET", "/gradio_api/vibe-code/", False),
    ("GET", "/gradio_api/stream/a/b/c/playlist.m3u8", False), ("GET", "/nothing", False),
    ("GET", "/gradio_api/upload_progress", False), ("GET", "/gradio_api/mcp/", False),
    ("GET", f"/gradio_api/heartbeat/{'h' * 101}", False), ("PUT", "/", False),
    ("POST", "/gradio_api/upload", False), ("POST", "/gradio_api/upload/", False),
    ("POST", "/gradio_api/stream/abc", False), ("POST", "/gradio_api/process_recording", False),
    ("POST", "/gradio_api/vibe-edit", False), ("POST", "/", False), ("DELETE", CALL, False),
])
def test_only_what_the_page_and_programs_need_has_an_address(monkeypatch, method, path, there):
    monkeypatch.setattr(gates, "get_upload_folder", lambda: "/files")
    sender = through(Sender(b"{}"), asked(path, method))
    assert sender.status == (200 if there else 403)
    assert there or b"Nothing is offered at this address." in sender.body
    behind = asked(f"/proxied{path}", method) | {"root_path": "/proxied"}
    assert through(Sender(b"{}"), behind).status == sender.status


def test_forms_are_for_the_login_only():
    form = {"content_type": "multipart/form-data; boundary=x"}
    assert through(Sender(b"name"), asked("/login", **form)).status == 200
    assert through(Sender(bytes(20_000)), asked("/login", **form)).status == 413
    for path in ("/gradio_api/component_server", CALL, "/gradio_api/call/login"):
        assert through(Sender(b"name"), asked(path, **form)).status == 403


def test_what_gradio_stumbles_over_is_answered_in_one_sentence(caplog):
    async def stumbles(scope, receive, send):
        raise KeyError("something secret")

    async def stumbles_late(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"some", "more_body": True})
        raise KeyError("something secret")

    sender = through(Sender(b"{}"), asked(accept_language="zh-CN"), stumbles)
    assert sender.status == 400
    assert json.loads(sender.body)["detail"].startswith("无法读取此请求")
    sender = through(Sender(), asked("/", "GET"), stumbles_late)
    assert sender.body == b"some"
    assert sender.sent[-1] == {"type": "http.response.body"}  # it ends properly
    assert "secret" not in caplog.text
    assert "KeyError" in caplog.text


def test_there_are_no_websockets():
    sender = through(Sender(), {"type": "websocket", "path": "/"})
    assert sender.sent == [{"type": "websocket.close", "code": 1008}]
