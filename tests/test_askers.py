"""Who asks, and how the page hears that they have gone; what they leave behind on the disk."""

import asyncio
import json
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import pytest

from drag.models.loaded import LoadedModels
from drag.server.line import Line
from drag.server.shares import Asker, GoneError, Share, Shares, asker, asking
from drag.web import askers
from drag.web.answers import Answers
from drag.web.askers import asker_of, attended
from drag.web.internals import use_mailboxes
from drag.web.mailboxes import Mailboxes
from drag.web.origins import Origins
from drag.web.serving import app_kwargs

SCOPE = {"type": "http", "method": "POST", "client": ("1.2.3.4", 5)}


def called(app, *messages, then_leave=False):
    """What an application hears and does that is called with these, and left or not."""

    async def run():
        left = asyncio.Event()
        coming = [{"type": "http.request", **each} for each in messages]

        async def receive():
            if coming:
                return coming.pop(0)
            await left.wait()
            return {"type": "http.disconnect"}

        async def leave():
            left.set()
            for _ in range(5):
                await asyncio.sleep(0)

        await attended(lambda *three: app(*three, leave))(dict(SCOPE), receive, None)

    asyncio.run(run())


def test_a_call_knows_where_it_comes_from_and_that_it_was_left():
    seen = []

    async def app(scope, receive, send, leave):
        body = [await receive() for _ in range(2)]
        who = scope["drag.asker"]
        seen.extend([b"".join(each["body"] for each in body), asker() == who, who.address])
        seen.append(who.gone())
        await leave()
        seen.append(who.gone())
        seen.append((await receive())["type"])

    called(app, {"body": b"a", "more_body": True}, {"body": b"b"})
    assert seen == [b"ab", True, "1.2.3.4", False, True, "http.disconnect"]


def test_of_what_is_read_nothing_is_wrapped():
    async def run():
        async def app(scope, receive, send):
            assert receive is given
            assert "drag.asker" not in scope

        given = object()
        await attended(app)({**SCOPE, "method": "GET"}, given, None)

    asyncio.run(run())


@pytest.fixture
def blocks():
    """A page with a call in the queue, whose messages nobody fetches yet."""

    async def made():
        with gr.Blocks(analytics_enabled=False) as demo:
            pass
        return demo

    demo = asyncio.run(made())
    use_mailboxes(demo, Mailboxes)
    queue = demo._queue
    queue.event_ids_to_events["call"] = SimpleNamespace(
        session_hash="ann", alive=True, enqueue_time=-1e9
    )
    queue.pending_messages_per_session["ann"] = object()
    return demo


def request(**more):
    scope = dict(SCOPE, **more)
    return gr.Request(SimpleNamespace(scope=scope), session_hash="ann")


def test_a_call_in_the_queue_has_gone_where_nobody_fetches_what_it_says(blocks):
    who = asker_of(blocks, request(), "call")
    assert (who.visitor, who.address, who.gone()) == ("ann", "1.2.3.4", False)
    box = blocks._queue.pending_messages_per_session["ann"]
    box._fetched -= askers.FETCH_SECONDS + 1
    assert who.gone()
    # A page that had nothing to fetch for a minute asks for something.
    call = blocks._queue.event_ids_to_events["call"]
    call.enqueue_time = time.monotonic()
    assert not who.gone()
    call.enqueue_time = -1e9

    async def fetch():
        with pytest.raises((TimeoutError, asyncio.TimeoutError)):
            await asyncio.wait_for(box.get(), 0.001)

    asyncio.run(fetch())
    assert not who.gone()
    blocks._queue.event_ids_to_events["call"].alive = False  # Gradio gave it up
    assert who.gone()


def test_a_direct_call_has_gone_as_its_connection_has(blocks):
    direct = Asker("", "1.2.3.4", lambda: True)
    assert asker_of(blocks, request(**{"drag.asker": direct}), None).gone()
    assert asker_of(blocks, None, None) == Asker()
    assert not asker_of(blocks, request(), "unknown").gone()


def test_files_of_programs_are_bounded_and_the_oldest_of_who_has_most_go(tmp_path, monkeypatch):
    def keep_file(content, name):
        path = tmp_path / f"{content[:4].decode()}-{name}"
        path.write_bytes(content)
        return str(path)

    monkeypatch.setattr("drag.web.answers.keep_file", keep_file)
    answers = Answers(most=400)
    with asking(Asker("ann", "1.1.1.1")):
        mine = answers.keep(b"mine" * 25, "a.png")
    for number in range(20):
        with asking(Asker(f"eve {number}", "6.6.6.6")):
            last = answers.keep(b"%04d" % number * 25, "a.mp4")
            assert answers.keep(b"%04d" % number * 25, "a.mp4") == last  # the same file
    assert Path(mine).exists()
    assert Path(last).exists()
    assert sum(each.stat().st_size for each in tmp_path.iterdir()) <= 400


def test_healthz_says_busy_where_a_line_is_full():
    shares = Shares(Line(2, 5), Line(2, 3), photos=Share(1, 1))
    route, _ = app_kwargs(LoadedModels("cpu"), shares, Origins())["routes"]

    def told():
        return json.loads(asyncio.run(route.endpoint(None)).body)

    with shares.photos.place():
        assert told()["status"] == "ready"
        left = threading.Event()
        who = Asker("ann", gone=left.is_set)
        thread = threading.Thread(target=wait, args=(shares.photos, who))
        thread.start()
        while not shares.photos.waiting:
            time.sleep(0.001)
        assert told()["status"] == "busy"
        assert told()["photos"] == {"running": 1, "waiting": 1, "room": 0}
        left.set()
        thread.join()
    assert told()["status"] == "ready"


def wait(share, who):
    with pytest.raises(GoneError), share.place(who):
        raise AssertionError("it has gone")
