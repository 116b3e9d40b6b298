"""Which addresses there are behind the gate, and which calls go through it."""

import json

import pytest

from drag.web import gate as gates
from drag.web.gate import RefusedError, check_call
from tests.gates import CALL, FOLDER, Sender, asked, through


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", None),
        (b'{"data": [1, null, "x"], "fn_index": 3, "session_hash": "a1b2"}', None),
        (b'{"data": [{"path": "x"}, {"meta": 1}], "event_data": {"id": "0:a"}}', None),
        (b'{"data": [NaN]}', 400),
        (b'{"data": [Infinity]}', 400),
        (b'{"data": [1e400]}', 400),
        (b'{"data": ["\\ud800"]}', 400),
        (b'{"data": ["\xff"]}', 400),
        (b"{", 400),
        (b"[" * 100_000, 400),
        (b"[]", 422),
        (b"5", 422),
        (b'{"session_hash": "%s"}' % (b"h" * 101), 422),
        (b'{"session_hash": ["a"]}', 422),
        (b'{"\\u0073ession_hash": "a/b"}', 422),
        (b'{"event_id": {}}', 422),
        (b'{"fn_name": []}', 422),
        (b'{"fn_index": "9"}', 422),
        (b'{"fn_index": true}', 422),
        (b'{"component_id": {}}', 422),
        (b'{"trigger_id": [5]}', 422),
        (
            b'{"data": [[{"a": [{"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}]}]]}',
            422,
        ),
        (b'{"data": [%s1]}' % (b"1," * 300_001), 413),
    ],
)
def test_a_call_is_json_as_pages_and_programs_send_it(body, status):
    if status is None:
        check_call(body)
        return
    with pytest.raises(RefusedError) as caught:
        check_call(body)
    assert caught.value.status == status


@pytest.mark.parametrize(
    ("method", "path", "there"),
    [
        ("GET", "/", True),
        ("GET", "", True),
        ("HEAD", "/", True),
        ("GET", "/config", True),
        ("GET", "/healthz", True),
        ("GET", "/card.jpg", True),
        ("GET", "/assets/index.js", True),
        ("GET", "/gradio_api/heartbeat/a1b2", True),
        ("GET", "/gradio_api/queue/data", True),
        ("GET", "/gradio_api/call/drag/abc", True),
        ("POST", "/gradio_api/call/drag", True),
        ("POST", "/gradio_api/queue/join", True),
        ("POST", "/gradio_api/component_server", True),
        ("POST", "/login", True),
        ("GET", f"/gradio_api/file=/files/{FOLDER}/draggan-seed3.png", True),
        ("GET", f"/gradio_api/file=/files/{FOLDER}/draggan.mp4", True),
        ("GET", f"/gradio_api/file=/files/{FOLDER}/other.png", False),
        ("GET", f"/gradio_api/file=/files/{FOLDER}/../draggan.png", False),
        ("GET", f"/gradio_api/file=/files/{FOLDER}/..", False),
        ("GET", f"/gradio_api/file=/files/../files/{FOLDER}/draggan.png", False),
        ("GET", f"/gradio_api/file=/elsewhere/{FOLDER}/draggan.png", False),
        ("GET", f"/gradio_api/file=/files/deep/{FOLDER}/draggan.png", False),
        ("GET", "/gradio_api/file=/etc/passwd", False),
        ("GET", "/gradio_api/file=draggan.png", False),
        ("GET", "/gradio_api/file=https://example.com/draggan.png", False),
        ("GET", "/gradio_api/proxy=https://a.hf.space/", False),
        ("GET", "/monitoring", False),
        ("GET", "/monitoring/summary", False),
        ("GET", "/gradio_api/deep_link", False),
        ("GET", "/gradio_api/runs", False),
        ("GET", "/gradio_api/vibe-code/", False),
        ("GET", "/gradio_api/stream/a/b/c/playlist.m3u8", False),
        ("GET", "/nothing", False),
        ("GET", "/gradio_api/upload_progress", False),
        ("GET", "/gradio_api/mcp/", False),
        ("GET", f"/gradio_api/heartbeat/{'h' * 101}", False),
        ("PUT", "/", False),
        ("POST", "/gradio_api/upload", False),
        ("POST", "/gradio_api/upload/", False),
        ("POST", "/gradio_api/stream/abc", False),
        ("POST", "/gradio_api/process_recording", False),
        ("POST", "/gradio_api/vibe-edit", False),
        ("POST", "/", False),
        ("DELETE", CALL, False),
    ],
)
def test_only_what_the_page_and_programs_need_has_an_address(monkeypatch, method, path, there):
    monkeypatch.setattr(gates, "upload_folder", lambda: "/files")
    sender = through(Sender(b"{}"), asked(path, method))
    assert sender.status == (200 if there else 403)
    assert there or b"Nothing is offered at this address." in sender.body
    behind = asked(f"/proxied{path}", method) | {"root_path": "/proxied"}
    assert through(Sender(b"{}"), behind).status == sender.status


def test_tools_for_agents_have_an_address_where_they_are_served():
    for path in ("/gradio_api/mcp", "/gradio_api/mcp/"):
        for method in ("GET", "POST"):
            scope = asked(path, method)
            assert through(Sender(b"{}"), scope).status == 403
            assert through(Sender(b"{}"), scope, agents=True).status == 200
    for path in ("schema", "sse", "http", "messages/"):  # more that Gradio would have there
        scope = asked(f"/gradio_api/mcp/{path}", "POST")
        assert through(Sender(b"{}"), scope, agents=True).status == 403
    call = b'{"params": {"arguments": {"edit": {"path": "/etc/passwd", "meta": {}}}}}'
    assert through(Sender(call), asked("/gradio_api/mcp"), agents=True).status == 422


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
