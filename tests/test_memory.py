"""What the served page keeps in memory of what strangers send, and do not fetch."""

import os
import subprocess
import sys
import time
from types import SimpleNamespace

import httpx
import pytest
from gradio_client import Client

from drag.web.mailboxes import Mailboxes
from tests.running_app import ROOT

API = "/gradio_api"
SERVER = """
import time
from collections.abc import Iterator
from drag.page.components.exchange import FileExchange
from drag.server.line import Line
from drag.server.shares import Shares
from drag.models.loaded import LoadedModels
from drag.web.origins import Origins
from drag.web.serving import Page, app_kwargs
import gradio

def held(text: str) -> list[int]:
    queue = demo._queue
    return [[event.request.scope.get("drag.size", 0), len(text), len(queue.event_analytics)]
            for event in queue.event_ids_to_events.values()][0]

def kept(big: bool) -> int:  # how many values and properties of sessions are large
    values = [value for state in demo.state_holder.session_data.values()
              for config in [*state.config_values.values(), *(
                  {"props": block.constructor_args} for block in state.blocks_config.blocks.values()
                  if block is not demo.blocks.get(block._id))]
              for name, value in config.get("props", {}).items() if len(str(value)) > 20_000]
    return len([value for value in values if "AAAAAAAA" in str(value)])

ended = []

def drag(size: int) -> Iterator[str]:
    try:
        for number in range(2000):
            yield str(number) + size * "B"
            time.sleep(0.002)
    finally:
        ended.append(number)

def endings(_: bool) -> list[int]:
    return ended

def unread(_: bool) -> list[int]:
    boxes = demo._queue.pending_messages_per_session
    return [len(boxes), boxes.weight, sum(box.qsize() for box in boxes.values())]

with Page(analytics_enabled=False) as demo:
    gradio.api(held)
    seed = gradio.Number(precision=0)
    seed.submit(lambda value: value, seed, seed)
    exchange, other = FileExchange(), FileExchange()
    exchange.change(lambda value: value, exchange, other, api_name="opened")
    save = lambda: gradio.update(saved={"src": 50_000 * "A", "serial": 1})
    exchange.change(save, None, exchange, api_name="save")
    exchange.change(lambda: gradio.update(visible=True), None, exchange, api_name="show")
    gradio.api(kept)
    gradio.api(drag, concurrency_limit=None)
    gradio.api(endings, concurrency_limit=None)
    gradio.api(unread, concurrency_limit=None)
demo.queue().launch(prevent_thread_lock=True, quiet=True, ssr_mode=False,
                    app_kwargs=app_kwargs(
                        LoadedModels("cpu"), Shares(Line(1, 5), Line()), Origins()))
print(demo.local_url, flush=True)
demo.block_thread()
"""


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Where a small page listens, which has no model, and the file of what it prints."""
    printed = tmp_path_factory.mktemp("small") / "printed"
    with (
        open(printed, "wb") as file,
        subprocess.Popen(
            [sys.executable, "-c", SERVER],
            stdout=subprocess.PIPE,
            stderr=file,
            text=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        ) as run,
    ):
        try:
            yield run.stdout.readline().strip().rstrip("/"), printed
        finally:
            run.kill()


def test_gradio_keeps_of_a_call_how_large_it_was_for_as_long_as_it_keeps_the_call(small):
    # The gate looks there: where Gradio changes, bodies would pile up in its queue.
    address, _ = small
    for size in (10, 400_000, 10):
        call = httpx.post(f"{address}{API}/call/held", json={"data": ["A" * size]}).json()
        told = httpx.get(f"{address}{API}/call/held/{call['event_id']}").text
        large = size + len('{"data":[""]}') if size > 10 else 0
        assert f"data: [[{large}, {size}, 1]]" in told  # and of the last event only, for its sums


def test_what_a_component_refuses_is_answered_in_one_sentence(small):
    address, printed = small
    for value in ("cake", [], {}):
        answer = httpx.post(f"{address}{API}/run/predict", json={"fn_index": 1, "data": [value]})
        assert answer.status_code == 500
        assert answer.json()["error"].startswith("This call cannot be read")
    for call in (
        {"fn_index": 1, "data": []},
        {"fn_index": 1, "data": "x"},
        {"fn_index": 99, "data": []},
        {"data": []},
        {},
    ):
        answer = httpx.post(f"{address}{API}/run/predict", json=call)
        assert "This call cannot be read" in answer.text
        assert len(answer.text) < 200
    assert "Traceback" not in printed.read_text()


def run(small, name: str, session: str, *data):
    """What a function of the small page answers to a call as the page makes it."""
    (function,) = (
        each
        for each in httpx.get(f"{small[0]}/config").json()["dependencies"]
        if each["api_name"] == name
    )
    answer = httpx.post(
        f"{small[0]}{API}/run/predict",
        timeout=30,
        json={"fn_index": function["id"], "session_hash": session, "data": data},
    )
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def test_nothing_that_was_sent_is_kept_under_many_names_of_sessions(small):
    for number in range(5):
        (value,) = run(small, "opened", f"sends{number}", {"name": "a", "content": "A" * 300_000})
        assert len(value["content"]) == 300_000
    assert run(small, "kept", "asks", True) == [0]


def test_a_file_that_was_saved_reaches_the_browser_and_is_not_kept(small):
    for _ in range(3):
        (update,) = run(small, "save", "saves")
        assert len(update["props"]["saved"]["src"]) == 50_000
        (update,) = run(small, "show", "saves")
        assert (update["visible"], "saved" in str(update)) == (True, False)
        run(small, "opened", "saves", {"name": "a", "content": "A" * 300_000})
    assert run(small, "kept", "asks", True) == [0]


def call(small, name: str, *data, session: str | None = None) -> str:
    """Call a function as programs do, and fetch nothing; the call's name."""
    more = {"session_hash": session} if session else {}
    answer = httpx.post(f"{small[0]}{API}/call/{name}", json={"data": data, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()["event_id"]


def test_drags_that_nobody_fetches_end_and_refuse_nobody(small):
    for size, most in ((10, 210), (3_000_000, 60)):  # too many, and too large
        before = len(run(small, "endings", "asks", True)[0])
        for number in range(3):
            call(small, "drag", size, session=f"lazy{number}")
        until = time.monotonic() + 30
        while len(ended := run(small, "endings", "asks", True)[0]) < before + 3:
            assert time.monotonic() < until
            event = call(small, "endings", True)  # others are answered meanwhile
            assert "complete" in httpx.get(f"{small[0]}{API}/call/endings/{event}").text
            time.sleep(0.2)
        assert max(ended[before:]) < most
        _, weight, messages = run(small, "unread", "asks", True)[0]
        assert (weight < 100_000_000, messages < 200) == (True, True)
    printed = small[1].read_text()
    assert "Traceback" not in printed


@pytest.mark.slow
def test_who_fetches_gets_all_of_a_long_drag(small):
    program = Client(small[0], verbose=False)
    steps = list(program.submit(1000, api_name="/drag"))
    program.close()
    assert len(steps) == 2000
    assert steps[-1].startswith("1999B")


def boxes(*busy: str) -> Mailboxes:
    """Mailboxes of a queue that has a call of each of these sessions."""
    events = {name: SimpleNamespace(session_hash=name, alive=True) for name in busy}
    return Mailboxes(SimpleNamespace(event_ids_to_events=events, pending_event_ids_session={}))


def put(mailboxes: Mailboxes, session: str, content: str = "") -> None:
    mailboxes[session].put_nowait(SimpleNamespace(output={"data": [content]}))


def test_a_session_that_leaves_too_many_messages_loses_them_and_its_calls():
    mailboxes = boxes("lazy", "other")
    mailboxes["lazy"] = mailboxes["other"] = None
    for _ in range(200):
        put(mailboxes, "lazy")
        put(mailboxes, "other")
        mailboxes["other"].get_nowait()
    assert set(mailboxes) == {"lazy", "other"}
    put(mailboxes, "lazy")
    assert set(mailboxes) == {"other"}
    events = mailboxes.queue.event_ids_to_events
    assert (events["lazy"].alive, events["other"].alive) == (False, True)
    assert mailboxes.weight == 0


def test_bytes_that_nobody_fetches_are_bounded_and_the_oldest_go_first():
    mailboxes = boxes()
    for number in range(30):
        mailboxes[str(number)] = None
        put(mailboxes, str(number), "A" * 6_000_000)
    assert list(mailboxes) == [str(number) for number in range(14, 30)]
    assert 96_000_000 < mailboxes.weight < 100_000_000


def test_a_flood_of_names_takes_nothing_from_who_fetches():
    mailboxes = boxes("reads", *(str(number) for number in range(2500)))
    mailboxes["reads"] = None
    for number in range(2500):
        mailboxes[str(number)] = None
        put(mailboxes, str(number))
    assert len(mailboxes) == 2000
    assert "reads" in mailboxes
    assert mailboxes.queue.event_ids_to_events["reads"].alive
