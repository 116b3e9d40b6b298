"""Hostile calls by the thousand, the same ones each time: any JSON to any function, bombs, paths,
and what is no call at all."""

import json
import os
import random
import re
import threading
import time
from pathlib import Path

import httpx

from tests.api.hostile_values import API, KEYS, NOT_JSON, PATHS, PLAIN, SHORT, bombs, file

SEED = 6
ANSWER_SECONDS = 15  # for one call, while others come; those of work where others have the cores
LOST_SECONDS = 120  # after which no answer is waited for, however busy the machine is


class Caller:
    """Calls the page by HTTP, and keeps how long its answers take: by the clock, or by the work
    that the server did meanwhile, whichever is less. On a machine that is busy with something else
    a call that costs little may take a minute."""

    def __init__(self, app):
        self.client, self.pid = httpx.Client(base_url=app.address, timeout=LOST_SECONDS), app.pid
        self.functions = self.client.get("/config").json()["dependencies"]
        self.mine = threading.local()
        self.answers: list[tuple[str, int, bytes, float]] = []

    def run(self, name: str, session: str, *data, **more) -> httpx.Response:
        """Call a handler of the page as the page does; inputs that are not given are empty."""
        (function,) = (each for each in self.functions if each["api_name"] == name)
        rest = [None] * (len(function["inputs"]) - len(data))
        return self.client.post(
            f"{API}/run/predict",
            json={
                "fn_index": function["id"],
                "session_hash": session,
                "data": [*data, *rest],
                **more,
            },
        )

    def send(self, what: str, method: str, path: str, **kwargs) -> bytes:
        """Send something, and keep how it was answered."""
        began = self._now()
        try:
            answer = self.client.request(method, path, **kwargs)
            status, body = answer.status_code, answer.content
        except (httpx.WriteError, httpx.RemoteProtocolError, httpx.ReadError):
            status, body = 413, b""  # hung up on in the midst of too large a body
        self.answers.append((what, status, body, self._since(began)))
        return body

    def listen(self, what: str, path: str) -> None:
        """Read the events of a call until the last one."""
        began, told = self._now(), b""
        with self.client.stream("GET", path) as answer:
            for line in answer.iter_lines():
                told += line.encode()
                if re.search(
                    r"process_completed|close_stream|unexpected_error|^event: (complete"
                    "|error)",
                    line,
                ):
                    break
                assert time.monotonic() < began[0] + LOST_SECONDS, f"{what} does not end"
        self.answers.append((what, answer.status_code, told, self._since(began)))

    def _now(self) -> tuple[float, float]:
        """Seconds by the clock, and those that the server's threads have worked."""
        with open(f"/proc/{self.pid}/stat") as file:  # its name may have spaces
            _, _, numbers = file.read().rpartition(")")
        user, system = numbers.split()[11:13]
        return time.monotonic(), (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def _since(self, began: tuple[float, float]) -> float:
        return min(now - then for now, then in zip(self._now(), began, strict=True))


class Storm:
    """Makes hostile calls, the same ones for the same seed."""

    def __init__(self, caller: Caller, victim: str, folder: Path):
        self.call, self.victim, self.folder = caller, victim, folder
        self.bombs = bombs()

    def value(self, rng: random.Random, depth: int = 0):
        """Any JSON."""
        kind = rng.random()
        if kind < 0.55 or depth > 2:
            return rng.choice(PLAIN)
        if kind < 0.65:
            return [self.value(rng, depth + 1) for _ in range(rng.randrange(6))]
        if kind < 0.8:
            keys = rng.sample(KEYS, rng.randrange(6))
            return {key: self.value(rng, depth + 1) for key in keys}
        if kind < 0.85:
            pair = {
                "handle": [rng.choice(SHORT), 5],
                "target": [9, rng.choice(SHORT)],
                "key": rng.choice(SHORT),
            }
            return {
                "points": [pair] * rng.choice([1, 3, 300]),
                "mask": self.value(rng, 3),
                "revision": rng.choice([2**40, self.value(rng, 3)]),
            }
        if kind < 0.88:
            return {
                "path": rng.choice(["/etc/passwd", "../secret.txt", "http://127.0.0.1:1/x"]),
                "meta": {"_type": "gradio.FileData"},
                "url": "file:///etc/passwd",
            }
        if kind < 0.9:
            return [rng.random()] * rng.choice([10, 30_000])
        if kind < 0.92:
            return rng.choice(self.bombs)
        return file(
            rng.choice(["a.drag", "a.npz", "a.npy", "../x.drag", "x", ""]),
            rng.choice([b"", b"PK\3\4", b"\x93NUMPY\1\0", b"{}", rng.randbytes(99)]),
        )

    def session(self, rng: random.Random) -> str:
        """A guessed page, or that of the caller, who was let in as everyone is."""
        mine = self.call.mine
        if not hasattr(mine, "session"):
            mine.session = f"storm{threading.get_ident()}"
            assert self.call.run("arrive", mine.session, "", "").status_code == 200
        return mine.session if rng.random() < 0.7 else f"{rng.getrandbits(50):x}"

    def body(self, rng: random.Random) -> dict:
        """A call of any function, with anything."""
        function = rng.choice(self.call.functions)
        count = len(function["inputs"]) if rng.random() < 0.9 else rng.randrange(4)
        return {
            "fn_index": function["id"] if rng.random() < 0.97 else self.value(rng),
            "data": [self.value(rng) for _ in range(count)],
            "session_hash": self.session(rng),
            "event_data": rng.choice([{"id": self.value(rng)}, self.value(rng)]),
            "trigger_id": rng.choice([None, 5, 29, 10**6, self.value(rng)]),
        }

    def one(self, number: int) -> None:
        """One call."""
        rng = random.Random(SEED * 10_000 + number)
        kind = rng.choices(
            [self.direct, self.queued, self.named, self.server, self.get, self.raw],
            [40, 15, 10, 15, 15, 5],
        )[0]
        kind(rng)

    def direct(self, rng: random.Random) -> None:
        body = self.body(rng)
        self.call.send(f"direct {body['fn_index']}", "POST", f"{API}/run/predict", json=body)

    def queued(self, rng: random.Random) -> None:
        body = self.body(rng)
        answer = self.call.send(f"join {body['fn_index']}", "POST", f"{API}/queue/join", json=body)
        if b"event_id" in answer:
            self.call.listen(
                f"queued {body['fn_index']}",
                f"{API}/queue/data?session_hash={body['session_hash']}",
            )

    def named(self, rng: random.Random) -> None:
        name = rng.choice(["sample", "drag", "render", "export", "arrive", "open", "no", "..", "é"])
        kind = rng.choice(["call", "call", "api", "run", "call/v2"])
        data = [self.value(rng) for _ in range(rng.choice([1, 2, 3, 5]))]
        body = (
            {"edit": self.value(rng), "seed": self.value(rng)}
            if kind[-1] == "2"
            else {"data": data}
        )
        answer = self.call.send(f"{kind}/{name}", "POST", f"{API}/{kind}/{name}", json=body)
        if b"event_id" in answer:
            event = json.loads(answer)["event_id"]
            self.call.listen(f"{kind}/{name}", f"{API}/{kind}/{name}/{event}")

    def server(self, rng: random.Random) -> None:
        near = self.victim[:-1] + rng.choice("abcdef-_")
        function = rng.choice(
            [
                "acknowledge",
                "thumbnail",
                "keep",
                "__init__",
                "postprocess",
                "get_config",
                "constructor_args",
                self.value(rng),
            ]
        )
        token = self.victim if function == "acknowledge" else near
        data = rng.choice([[token, self.value(rng)], [token], self.value(rng)])
        self.call.send(
            f"server {function!r:.20}",
            "POST",
            f"{API}/component_server",
            json={
                "component_id": rng.choice([4, 5, 4, 5, 55, 10**9, self.value(rng)]),
                "data": data,
                "fn_name": function,
                "session_hash": self.session(rng),
            },
        )

    def get(self, rng: random.Random) -> None:
        path = rng.choice(PATHS).format(
            secret=self.folder / "secret.txt", gradio=self.folder / "gradio"
        )
        self.call.send(f"get {path}", rng.choice(["GET", "GET", "HEAD", "PUT", "POST"]), path)

    def raw(self, rng: random.Random) -> None:
        path = rng.choice(
            [
                "run/predict",
                "queue/join",
                "call/render",
                "component_server",
                "cancel",
                "reset",
                "upload",
                "process_recording",
                "run/..%2f..",
                "stream/x",
            ]
        )
        number = rng.randrange(len(NOT_JSON))
        kind = rng.choice(
            [*["application/json"] * 3, "multipart/form-data; boundary=x", "text/plain"]
        )
        self.call.send(
            f"raw {path} {number}",
            "POST",
            f"{API}/{path}",
            content=NOT_JSON[number],
            headers={"content-type": kind},
        )
