"""Each thing of Gradio that it does not document and the page needs: a Gradio that has changed one
fails here, by its name (see drag/web/internals.py)."""

import asyncio
import inspect
import time
from types import SimpleNamespace

import gradio as gr
import gradio.queueing
import pytest
from gradio.routes import App
from gradio.state_holder import SessionState

from drag.page.components.base import OpenSlider, item_of
from drag.page.components.exchange import FileExchange
from drag.server.shares import asker
from drag.web.internals import (
    CHEAP,
    call_of,
    calls_of,
    end_calls,
    forget_properties,
    forget_values,
    keep_file,
    messages_of,
    requests_of,
    upload_folder,
    use_mailboxes,
)
from drag.web.mailboxes import Mailboxes
from drag.web.serving import Page


@pytest.fixture(scope="module")
def demo():
    """A page with one button, that says what was typed, and a row for files."""

    async def made():  # where no event loop runs, Gradio makes some and leaves them open
        with Page(analytics_enabled=False) as demo:
            typed, said, go = gr.Textbox(), gr.Textbox(), gr.Button()
            go.click(lambda text: {said: text}, typed, [said, go])
            FileExchange()
        return demo

    return asyncio.run(made())


@pytest.fixture
def queue(demo):
    """Its queue, with a call."""
    queue = demo._queue
    call = gradio.queueing.Event("ann", demo.fns[0], SimpleNamespace(scope={"drag.size": 7}), None)
    queue.event_ids_to_events[call._id] = call
    queue.pending_event_ids_session["ann"] = {call._id}
    yield queue
    queue.event_ids_to_events.clear()
    queue.pending_event_ids_session.clear()


def answered(demo, told) -> list:
    """What the browser is sent where the handler returned this."""
    return asyncio.run(demo.postprocess_data(demo.fns[0], told, SessionState(demo)))


@pytest.mark.parametrize(
    "name", ["pending_messages_per_session", "event_ids_to_events", "pending_event_ids_session"]
)
def test_the_queue_has_what_waits_in_it_by_name(demo, name):
    assert hasattr(demo._queue, name)
    assert f"self.{name}" in inspect.getsource(gradio.queueing.Queue.push)


def test_messages_wait_where_the_page_says(demo):
    use_mailboxes(demo, Mailboxes)
    assert isinstance(demo._queue.pending_messages_per_session, Mailboxes)


def test_a_call_is_found_by_its_id_and_the_messages_of_a_session_by_its_name(demo, queue):
    ((name, call),) = queue.event_ids_to_events.items()
    assert call_of(demo, name) is call
    assert 0 <= time.monotonic() - call.enqueue_time < 60
    assert call_of(demo, "none") is None
    use_mailboxes(demo, Mailboxes)
    assert messages_of(demo, "ann") is None
    queue.pending_messages_per_session["ann"] = object()
    assert messages_of(demo, "ann").unfetched() < 60


def test_a_handler_runs_in_call_function_which_knows_the_request_and_the_event(demo):
    names = [*inspect.signature(gr.Blocks.call_function).parameters]
    assert names[:6] == [
        *("self", "block_fn", "processed_input", "iterator", "requests", "event_id")
    ]
    told = []
    demo.fns[0].fn = lambda text: told.append(asker())
    sent = gr.Request(SimpleNamespace(scope={"client": ("1.2.3.4", 5)}), session_hash="ann")
    asyncio.run(demo.call_function(demo.fns[0], ["a"], None, sent))
    assert (told[0].visitor, told[0].address) == ("ann", "1.2.3.4")


def test_messages_are_fetched_by_get():
    assert "messages.get()" in inspect.getsource(App.create_app)


def test_the_calls_of_a_session_end(queue):
    (call,) = calls_of(queue)
    assert (call.session_hash, call.alive) == ("ann", True)
    end_calls(queue, "bob")
    assert call.alive
    end_calls(queue, "ann")
    assert not call.alive
    assert queue.pending_event_ids_session == {}
    assert "event.alive" in inspect.getsource(gradio.queueing)  # and it is not run any more


def test_the_queue_of_an_app_has_the_requests_of_its_calls(demo, queue):
    assert callable(App.get_blocks)
    assert requests_of(SimpleNamespace(get_blocks=lambda: demo)) == [{"drag.size": 7}]


@pytest.mark.parametrize("name", CHEAP)
def test_the_queue_heeds_the_environment(name):
    assert f'"{name}"' in inspect.getsource(gradio.queueing)


def test_a_state_lets_go_of_values(demo):
    state, (typed, said, *_) = SessionState(demo), demo.blocks.values()
    state._update_value_in_config(said._id, "large")
    assert state.config_values[said._id]["props"]["value"] == "large"
    forget_values(state, [typed, said])
    assert state.config_values[said._id]["props"]["value"] is None
    forget_values(None, [said])


def test_a_state_lets_go_of_large_properties(demo):
    (exchange,) = (block for block in demo.blocks.values() if isinstance(block, FileExchange))
    state = SessionState(demo)
    state[exchange._id] = FileExchange(saved="large", render=False)
    assert state[exchange._id].constructor_args["saved"] == "large"
    forget_properties(state, exchange, lambda value: value == "large")
    assert state[exchange._id].constructor_args.get("saved") is None
    assert state[exchange._id]._id == exchange._id
    assert not exchange.stateful


def test_a_handler_changes_what_it_names_and_nothing_else(demo):
    _, said, *_ = demo.blocks.values()
    assert answered(demo, {said: "hello"}) == ["hello", gr.skip()]
    assert answered(demo, {}) == [gr.skip(), gr.skip()]
    with pytest.raises(ValueError, match="not specified as output"):
        answered(demo, {gr.Textbox(render=False): "hello"})


def test_what_a_component_does_not_take_is_refused_in_a_sentence(demo):
    with pytest.raises(gr.Error, match="cannot be"):
        asyncio.run(demo.preprocess_data(demo.fns[0], [], SessionState(demo)))


def test_files_of_programs_are_kept_and_served(monkeypatch, tmp_path):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    assert upload_folder() == str(tmp_path)
    path = keep_file(b"content", "draggan.drag")
    assert path.startswith(f"{tmp_path}/")
    with open(path, "rb") as file:
        assert file.read() == b"content"


def test_handlers_are_called_with_what_the_page_overrides():
    base = gr.Blocks
    assert [*inspect.signature(base.preprocess_data).parameters][1:4] == [
        "block_fn",
        "inputs",
        "state",
    ]
    assert [*inspect.signature(base.postprocess_data).parameters][1:4] == [
        "block_fn",
        "predictions",
        "state",
    ]


def test_a_call_has_what_the_page_reads_of_it(demo):
    (function,) = demo.fns.values()
    assert callable(function.fn)
    assert function.name
    assert [type(block) for block in function.inputs] == [gr.Textbox]
    assert len(function.outputs) == 2
    assert function.inputs[0].stateful is False


def test_components_are_asked_for_their_events_and_for_the_browsers_part(demo):
    (exchange,) = (block for block in demo.blocks.values() if isinstance(block, FileExchange))
    assert exchange.open
    with pytest.raises(AttributeError, match="FileExchange has no serial"):
        _ = exchange.serial  # a word of its script
    assert (
        OpenSlider(0, 1, render=False).get_block_name()
        == gr.Slider(0, 1, render=False).get_block_name()
    )


@pytest.mark.parametrize("sent", [None, [], "id", ["id"], {}, 5])
def test_an_event_says_what_was_pressed_or_nothing(sent):
    assert item_of(gr.EventData(None, {"id": "face:7"})) == "face:7"
    assert item_of(gr.EventData(None, sent)) == ""
