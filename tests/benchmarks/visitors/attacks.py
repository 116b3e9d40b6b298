"""What strangers do to a page, each in a process of its own and from an address of its own:

python -m tests.benchmarks.visitors.attacks faces http://127.0.0.1:7860 20 127.0.0.2 edit.drag
"""

import asyncio
import base64
import io
import json
import sys
import time
from pathlib import Path

import httpx
from PIL import Image

from networks.terminal import print_anywhere
from tests.benchmarks.visitors.client import API, PageClient, PageError, Wiring

SESSIONS, FACES, EXPORTS, SCANS, CALLS = 20, 300, 180, 4500, 300
UNDER_WAY = "under way"  # what is printed then
LEAVE_SECONDS = 3  # after which whoever asked for faces has gone


async def arrivals(http, wiring, until, edit) -> None:
    """Pages that open one after the other, each changes something, and none is closed."""
    while time.monotonic() < until:
        page = PageClient(http, wiring)
        answer = await _arrive(page)
        value = answer["canvas"]["value"]
        value = value | {"points": [], "revision": value.get("revision", 0) + 1}
        await page.call("change", wiring.on("canvas", "release"), value)


async def faces(http, wiring, until, edit) -> None:
    """Requests for six faces, all at once, whose sender goes."""
    pages = [PageClient(http, wiring) for _ in range(SESSIONS)]
    for page in pages:
        await _arrive(page)
    event = wiring.then(wiring.on("dice", "click"))
    while time.monotonic() < until:
        asked = [
            asyncio.create_task(pages[number % SESSIONS].call("faces", event, 0.7))
            for number in range(FACES)
        ]
        await asyncio.wait(asked, timeout=LEAVE_SECONDS)
        for task in asked:
            task.cancel()
        await asyncio.gather(*asked, return_exceptions=True)


async def exports(http, wiring, until, edit) -> None:
    """Films that nobody fetches."""
    while time.monotonic() < until:
        body = {"data": [edit, "mp4", 20.0, False, True]}
        asked = [http.post(f"{API}/call/export", json=body) for _ in range(EXPORTS)]
        await asyncio.gather(*asked, return_exceptions=True)
        await asyncio.sleep(1)


async def photos(http, wiring, until, edit) -> None:
    """Small photos that would take minutes to unpack."""
    file = io.BytesIO()
    Image.new("L", (7000, 7000), 99).save(file, "JPEG", progressive=True)
    content, scan = file.getvalue(), file.getvalue().rindex(b"\xff\xda")
    content = content[:-2] + SCANS * content[scan:-2] + content[-2:]
    value = {"name": "a.jpg", "content": base64.b64encode(content).decode()}
    page = PageClient(http, wiring)
    await _arrive(page)
    event = wiring.on("photo", "take")
    while time.monotonic() < until:
        body = {"data": [value], "fn_index": event["id"], "session_hash": page.session_hash}
        await http.post(f"{API}/queue/join", json=body)
        await asyncio.sleep(0.2)


async def calls(http, wiring, until, edit) -> None:
    """Calls of a handler that refuses them, all at once."""
    page, event = PageClient(http, wiring), wiring.on("undo", "click")
    while time.monotonic() < until:
        asked = [page.call("undo", event, {}) for _ in range(CALLS)]
        await asyncio.gather(*asked, return_exceptions=True)


ATTACKS = {each.__name__: each for each in (arrivals, faces, exports, photos, calls)}


async def _arrive(page: PageClient) -> dict:
    arrive, *_ = page.wiring.loads()
    _, _, *rest = page.wiring.defaults(arrive)
    return await page.call("arrive", arrive, "", "", *rest)


async def attack(kind: str, address: str, seconds: float, source: str, edit: dict) -> None:
    """Do so for so long; what the server says to it is of no interest."""
    limits = httpx.Limits(max_connections=2 * FACES)
    transport = httpx.AsyncHTTPTransport(local_address=source, limits=limits)
    async with httpx.AsyncClient(base_url=address, transport=transport, timeout=60) as http:
        wiring = Wiring((await http.get("/config")).json())
        print(UNDER_WAY, flush=True)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                await asyncio.wait_for(
                    ATTACKS[kind](http, wiring, until, edit), until - time.monotonic()
                )
            except (TimeoutError, asyncio.TimeoutError, PageError, httpx.HTTPError):
                await asyncio.sleep(0.1)


if __name__ == "__main__":
    print_anywhere()
    kind, address, seconds, source, file = sys.argv[1:]
    asyncio.run(attack(kind, address, float(seconds), source, json.loads(Path(file).read_text())))
