"""The gate before Gradio, with an application behind it that says what it was given."""

import asyncio
import json
import time

import pytest

from drag.web import gate as gates
from drag.web.gate import MAX_BODY, gate
from tests.gates import Sender, asked, held, parts, repeat, through


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
    monkeypatch,
):
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
