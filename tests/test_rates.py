"""What an address may ask for in a short time, and what it is told beyond that."""

import asyncio
import json
from types import SimpleNamespace

import pytest
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from drag.models.loaded import LoadedModels
from drag.server.line import Line
from drag.server.shares import Shares
from drag.web import askers, rates
from drag.web.origins import Origins
from drag.web.rates import (
    CALLS,
    CALLS_A_SECOND,
    OPEN,
    WAIT_SECONDS,
    Rates,
    TooManyError,
    cost_of,
    paced,
)
from drag.web.serving import app_kwargs
from tests.gates import CALL, Sender, asked

WORD = "/gradio_api/component_server"


class Server:
    """An application behind its rates, by a clock of its own, at which nobody really waits."""

    def __init__(self):
        self.now, self.reached, self.waited = 0.0, 0, []
        self.app = paced(self._answer, lambda: self.now, self._wait)

    async def _answer(self, scope, receive, send):
        self.reached += 1
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body"})

    async def _wait(self, seconds):
        self.waited.append(seconds)

    def ask(self, address="1.2.3.4", path=CALL, method="POST", times=1, **headers):
        """So many requests, one after the other; their statuses, and the last answer."""

        async def run():
            for _ in range(times):
                sender = Sender(b"{}")
                scope = asked(path, method, **headers) | {"client": (address, 5)}
                await self.app(scope, sender.receive, sender.send)
                statuses.append(sender.status)
            return sender

        statuses = []
        sender = asyncio.run(run())
        headers = {name.decode(): value.decode() for name, value in sender.sent[0]["headers"]}
        return SimpleNamespace(statuses=statuses, headers=headers, body=sender.body)


@pytest.fixture
def server():
    return Server()


def test_three_hundred_calls_at_once_are_refused_before_gradio_reads_them(server):
    flood = server.ask(times=300)
    assert server.reached == CALLS + CALLS_A_SECOND * WAIT_SECONDS
    assert flood.statuses[:CALLS] == [200] * CALLS
    assert set(flood.statuses[server.reached :]) == {429}
    assert server.waited == sorted(server.waited)  # each waits for its own token
    assert max(server.waited) <= WAIT_SECONDS
    assert flood.headers["retry-after"] == "3"
    assert json.loads(flood.body)["detail"].startswith("Too much was asked for from your network")
    chinese = server.ask(accept_language="zh-CN")
    assert "请稍等几秒后再试" in json.loads(chinese.body)["detail"]


def test_the_page_that_is_served_is_behind_it(server):
    app = SimpleNamespace(middleware_stack=server._answer)
    shares = Shares(Line(), Line())

    async def started():
        async with app_kwargs(LoadedModels("cpu"), shares, Origins())["lifespan"](app):
            server.app = app.middleware_stack

    asyncio.run(started())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rates, "CALLS_A_SECOND", 1e-9)  # none comes back meanwhile
        flood = server.ask(times=2 * CALLS)
    assert flood.statuses[-1] == 429
    assert flood.headers["x-content-type-options"] == "nosniff"  # as all answers
    assert server.ask(path="/healthz", method="GET").statuses == [200]


def test_nobody_else_is_told_so_and_readiness_is_free(server):
    server.ask(times=300)
    assert server.ask("1.2.3.5").statuses == [200]
    assert server.ask(path="/healthz", method="GET").statuses == [200]
    assert server.ask(path="/healthz", method="GET", times=500).statuses[-1] == 200


def test_it_is_over_after_a_moment(server):
    server.ask(times=300)
    server.now += 3.5
    server.waited.clear()
    assert server.ask(times=int(1.5 * CALLS_A_SECOND)).statuses[-1] == 200
    assert server.waited == []


def test_twenty_pages_behind_one_address_are_served():
    """All open at once (scripts are no calls); then all go on, four by the pointer, which is more
    than can at a time."""
    now = [0.0]
    table = Rates(lambda: now[0])

    def ask(path, times=1):
        for _ in range(times):
            with table.opened("1.2.3.4") as bucket:
                assert table.take(bucket, cost_of(path)) == 0

    for path in ("/", "/config", CALL, CALL, WORD):
        ask(path, 20)
    for tick in range(600):  # tenths of seconds
        now[0] += 0.1
        ask(WORD, 4 * (2 + 1))  # words, and frames
        ask(CALL, tick % 2)


def test_files_wait_for_nothing(server):
    # A page one of whose scripts was refused stayed blank.
    server.ask(times=300)
    server.waited.clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rates, "OPEN", 0)
        assert server.ask(path="/assets/index.js", method="GET").statuses == [200]
    assert server.waited == []


def test_so_many_requests_of_an_address_are_open_and_one_that_ends_makes_room():
    table = Rates(lambda: 0.0)
    held = [table.opened("1.2.3.4") for _ in range(OPEN)]
    for each in held:
        each.__enter__()
    with pytest.raises(TooManyError), table.opened("1.2.3.4"):
        pass
    with table.opened("1.2.3.5"):
        pass
    held.pop().__exit__(None, None, None)
    with table.opened("1.2.3.4"):
        pass
    for each in held:
        each.__exit__(None, None, None)


def test_addresses_are_remembered_in_a_bounded_number(monkeypatch):
    monkeypatch.setattr(rates, "ADDRESSES", 9)
    table = Rates(lambda: 0.0)
    with table.opened("open"):
        for number in range(99):
            with table.opened(str(number)) as bucket:
                table.take(bucket, 1)
            assert len(table._buckets) <= 10
        assert table._buckets["open"].open == 1
        assert table._buckets["98"].tokens == CALLS - 1


@pytest.mark.parametrize(
    ("client", "address"),
    [
        ("1.2.3.4", "1.2.3.4"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:1.2.3.4", "1.2.3.4"),
        ("somewhere:else", "somewhere:else"),
        (None, ""),
    ],
)
def test_who_has_one_address_of_ipv6_has_the_network_of_it(client, address):
    assert askers.address_of({"client": (client, 1) if client else None}) == address


def test_on_a_space_its_proxy_says_where_visitors_come_from(monkeypatch):
    """All of them came from one address, and would have had one bucket."""
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "")  # to be as it was afterwards
    monkeypatch.delenv("FORWARDED_ALLOW_IPS")
    monkeypatch.delenv("SPACE_ID", raising=False)
    askers.trust_proxy_of_space()
    assert "FORWARDED_ALLOW_IPS" not in askers.os.environ
    monkeypatch.setenv("SPACE_ID", "ann/faces")
    askers.trust_proxy_of_space()
    seen = []

    async def app(scope, receive, send):
        seen.append(askers.address_of(scope))

    trusting = ProxyHeadersMiddleware(app, askers.os.environ["FORWARDED_ALLOW_IPS"])
    scope = asked() | {"headers": [(b"x-forwarded-for", b"6.6.6.6, 7.7.7.7")]}
    for client in ("10.16.3.4", "8.8.8.8"):  # what a visitor says of themselves counts for nothing
        asyncio.run(trusting(scope | {"client": (client, 1)}, None, None))
    assert seen == ["7.7.7.7", "8.8.8.8"]
