"""Many visitors at once, for long: does each get what is theirs, and soon?

    python -m tests.benchmarks.load --visitors 32 --minutes 10

Two visitors have the server alone, one after the other, then all come at once: three of four have
the page open, as a browser has it (visitors/client.py says why that is not gradio_client). Two of
those place points and press Drag, the third presses on the picture and has it follow
(visitors/live.py); every fourth is a program that calls the endpoints by gradio_client. All are
played by this one process, which takes a little of the same cores; the server (`python app.py
--device cpu`) is nicer than it, so that what is measured is the server and not the measuring. The
exit code is 0 only if all of `verdict` held.
"""

import argparse
import asyncio
import contextlib
import json
import os
import sys
import tempfile
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np

from drag import load_generator
from drag.server.holds import TURN_SECONDS
from networks.terminal import print_anywhere
from tests.benchmarks.machine import announce, markdown
from tests.benchmarks.visitors import again
from tests.benchmarks.visitors.client import PageClient, Wiring
from tests.benchmarks.visitors.held import followed, waits_as_first, waits_beside
from tests.benchmarks.visitors.live import LiveVisitor
from tests.benchmarks.visitors.memory import Memory, pid_at
from tests.benchmarks.visitors.owner import (
    LATE_SECONDS,
    Notes,
    Owner,
    StrangerError,
    WrongError,
)
from tests.benchmarks.visitors.page import PageVisitor
from tests.benchmarks.visitors.program import ProgramVisitor
from tests.running_app import running_app

ALONE_SHARE, ALONE_SECONDS = 0.25, 120  # of the time, at most: for one visitor without the others
LIGHT = "change", "undo", "redo", "compare", "acknowledge", "keep", "thumbnail"
BEGIN_SECONDS = 10.0  # from when a drag has a slot to its first step, where all are busy
SOON, GROWTH = 1.0, 1.1  # seconds, of the 95th percentile; memory at the end, of that at first
IDLE_SECONDS = 2  # of a connection that is used again: the server closes it after 5
AGAIN = 3  # drags that are done again alone
SAME_WS, SAME_PICTURE = 0.01, 3.0  # see visitors/again.py: that differ at most
MOST = 250  # visitors: each has a number of its own among `MARKS`
WORDS = {True: "held", False: "FAILED", None: "not known"}
SHOWN = 20  # faults


def main() -> int:
    """Measure and print; 0 if all held."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--visitors", type=int, default=32)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--address", metavar="URL", help="of a server that runs already")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write all figures there")
    args = parser.parse_args()
    if not 1 <= args.visitors <= MOST:
        parser.error(f"--visitors must be from 1 to {MOST}")
    report = announce()
    with tempfile.TemporaryDirectory(prefix="load-") as folder, contextlib.ExitStack() as served:
        if args.address:
            address, pid, app = args.address.rstrip("/"), pid_at(args.address), None
        else:
            app = served.enter_context(running_app(Path(folder)))
            address, pid = app.address, app.pid
        figures = measure(address, pid, args.visitors, 60 * args.minutes, Path(folder))
        held = verdict(figures, app.text if app else "")
    print(tables(figures))
    for sentence, true in held.items():
        print(f"{WORDS[true]}: {sentence}")
    if args.json:
        args.json.write_text(json.dumps(report | figures | {"verdict": held}, indent=1))
    return 0 if all(true is not False for true in held.values()) else 1


def measure(address: str, pid: int | None, visitors: int, seconds: float, folder: Path) -> dict:
    """Two visitors, each alone, then all; what was seen. pid: of the server, where it is known."""
    generator = load_generator("builtin")
    alone, crowd, memory = Notes(), Notes(), Memory(pid)
    single = min(ALONE_SECONDS, ALONE_SHARE * seconds)
    started = time.monotonic()
    for number in (4 * visitors + 1, 4 * visitors + 2):  # one who presses Drag; one who holds
        asyncio.run(_visit(address, [number], single, alone, generator, folder))
    began, worked = time.monotonic(), time.process_time()
    with memory:
        asyncio.run(_visit(address, range(1, visitors + 1), seconds, crowd, generator, folder))
    elapsed, worked = time.monotonic() - began, time.process_time() - worked
    return {
        "visitors": visitors,
        "seconds": seconds,
        "alone": summary(alone, single, started),
        "crowd": summary(crowd, seconds, began),
        "memory": memory.compared(began, seconds, dragged_by(crowd) - began),
        "own_share": worked / elapsed / os.cpu_count(),
        "again": again.compare(generator, crowd.done, AGAIN),
    }


async def _visit(address: str, numbers, seconds: float, notes: Notes, generator, folder) -> None:
    """Have visitors of these numbers come, stay so long, and end what they have begun."""
    until = time.monotonic() + seconds
    programs = [number for number in numbers if number % 4 == 0]
    loop, limits = asyncio.get_running_loop(), httpx.Limits(keepalive_expiry=IDLE_SECONDS)
    async with httpx.AsyncClient(base_url=address, limits=limits) as http:
        wiring = Wiring((await http.get("/config", timeout=60)).json())
        pages = [
            (LiveVisitor if number % 4 == 2 else PageVisitor)(
                Owner(number, generator), PageClient(http, wiring, notes.hear), notes
            )
            for number in numbers
            if number not in programs
        ]
        with ThreadPoolExecutor(max(1, len(programs)), "program") as pool:
            stays = [asyncio.create_task(page.stay(until)) for page in pages]
            for number in programs:
                program = ProgramVisitor(Owner(number, generator), address, notes, folder)
                stays.append(loop.run_in_executor(pool, program.stay, until))
            _, late = await asyncio.wait(stays, timeout=seconds + LATE_SECONDS)
            for stay in late:
                notes.faults.append((0, TimeoutError("a visitor's drag did not end")))
                stay.cancel()
            for stay in set(stays) - late:
                stay.result()


def dragged_by(notes: Notes) -> float:
    """When the last visitor had dragged once (time.monotonic); 0 where nobody did."""
    first: dict[int, float] = {}
    for number, ended, *_ in notes.drags:
        first.setdefault(number, ended)
    return max(first.values(), default=0.0)


def summary(notes: Notes, seconds: float, began: float) -> dict:
    """What was seen from then on (time.monotonic), for so long and until all had ended."""
    rounds = [(ended, waited, ran) for _, ended, waited, ran in notes.drags]
    events = {}
    for kind in sorted({kind for kind, *_ in notes.heard}):
        events[kind] = spread([took for name, _, took in notes.heard if name == kind])
    light = [(int((at - began) / 60), took) for kind, at, took in notes.heard if kind in LIGHT]
    minutes = [
        spread([took for at, took in light if at == minute])["p95"]
        for minute in {at for at, _ in light}
    ]
    return {
        "drags": len(rounds),
        "visitors_with_drags": len(
            {each[0] for each in notes.drags} | {hold.visitor for hold in notes.holds}
        ),
        "live": followed(notes.holds) | {"refused": len(notes.refused)},
        "waits_beside_holds": spread(waits_beside(notes.drags, notes.holds)),
        "waits_as_first": spread(waits_as_first(notes.drags)),
        "drags_a_minute": 60 / seconds * sum(ended < began + seconds for ended, *_ in rounds),
        "waits": spread([waited for _, waited, _ in rounds]),
        "runs": spread([ran for *_, ran in rounds]),
        "told_busy": len(notes.busy),
        "checks": len(notes.checks),
        "events": events,
        "light": spread([took for _, took in light]),
        "worst_minute": max(minutes, default=0.0),
        "faults": [
            {"visitor": visitor, "kind": kind_of(error), "what": in_words(error)}
            for visitor, error in notes.faults
        ],
    }


def spread(seconds: list[float]) -> dict:
    """Count, median, 95th percentile and most of these seconds."""
    if not seconds:
        return {"count": 0, "p50": 0.0, "p95": 0.0, "max": 0.0}
    p50, p95, most = np.percentile(seconds, [50, 95, 100]).tolist()
    return {"count": len(seconds), "p50": p50, "p95": p95, "max": most}


def in_words(error: Exception) -> str:
    """What it is, what it says, and where it came from."""
    *_, last = traceback.extract_tb(error.__traceback__) or [None]
    return f"{type(error).__name__}: {str(error)[:300]}" + (
        f" ({Path(last.filename).name}, {last.lineno})" if last else ""
    )


def kind_of(error: Exception) -> str:
    """Which promise of `verdict` an error breaks."""
    if isinstance(error, StrangerError):
        return "stranger"
    return "picture" if isinstance(error, WrongError) else "error"


def verdict(figures: dict, printed: str) -> dict[str, bool | None]:
    """Whether each condition held; None where that is not known. printed: what the server did."""
    crowd, memory = figures["crowd"], figures["memory"]
    broken = {fault["kind"] for side in ("alone", "crowd") for fault in figures[side]["faults"]}
    moves = crowd["events"].get("move", spread([]))  # apart: they are twenty a second
    turn = crowd["waits_as_first"]
    light = [crowd["light"]["p95"], crowd["worst_minute"], moves["p95"]]
    return {
        "every visitor dragged, and every drag ended with their own picture": "picture"
        not in broken
        and crowd["visitors_with_drags"] == figures["visitors"]
        and crowd["checks"] >= crowd["drags"] + crowd["live"]["holds"]
        and all(
            each["ws"] < SAME_WS and each["picture"] < SAME_PICTURE for each in figures["again"]
        ),
        "no session saw what is another's": "stranger" not in broken,
        "no error": "error" not in broken and "Traceback" not in printed,
        f"memory grew by less than {GROWTH - 1:.0%} once each had dragged": memory
        and memory["last"] <= GROWTH * memory["first"],
        f"95 % of the light events took less than {SOON:g} s, in each minute": max(light) < SOON,
        f"no drag waited for a hold for more than {TURN_SECONDS:g} s": turn["max"]
        < TURN_SECONDS + BEGIN_SECONDS,
    }


def tables(figures: dict) -> str:
    """The figures as Markdown."""
    alone, crowd, memory = figures["alone"], figures["crowd"], figures["memory"]
    beside, first = crowd["waits_beside_holds"], crowd["waits_as_first"]
    rows = [
        f"{count} | {side['drags_a_minute']:.1f} | {side['runs']['p50']:.1f} "
        f"| {side['waits']['p50']:.1f} | {side['waits']['max']:.1f} | {side['told_busy']} "
        f"| {side['checks']}"
        for count, side in ((1, alone), (figures["visitors"], crowd))
    ]
    held = [
        f"{count} | {live['holds']} | {live['refused']} | {live['frames_a_second']:.1f} "
        f"| {live['first']:.1f} | {live['behind']:.2f} | {live['gap']:.1f}"
        for count, live in ((1, alone["live"]), (figures["visitors"], crowd["live"]))
    ]
    events = {"all light events": crowd["light"]} | {
        f"{kind} (light)" if kind in LIGHT else kind: each
        for kind, each in sorted(crowd["events"].items(), key=lambda item: item[0] not in LIGHT)
    }
    lines = [
        markdown(
            "visitors | drags a minute | seconds a drag, median | seconds in line, median "
            "| at most | told busy | checks",
            rows,
        ),
        "",
        markdown(
            "visitors | holds | presses that became arrows | frames a second while the pointer "
            "moves | seconds to the first, median | behind, median | picture still, at most",
            held,
        ),
        "",
        markdown(
            "event | count | median, s | 95 %, s | most, s",
            [
                f"{kind} | {each['count']} | {each['p50']:.3f} | {each['p95']:.3f} "
                f"| {each['max']:.3f}"
                for kind, each in events.items()
            ],
        ),
        "",
        "Drags waited, while somebody held a picture, "
        f"{beside['p95']:.1f} s (95 %) and {beside['max']:.1f} s at most; with none before them "
        f"any more, {first['p95']:.1f} s and {first['max']:.1f} s.",
        f"Light events in the worst minute: 95 % within {crowd['worst_minute']:.3f} s.",
        f"The visitors themselves took {figures['own_share']:.0%} of the cores.",
    ]
    if memory:
        first, last, most = (f"{memory[name] / 1e6:.0f} MB" for name in ("first", "last", "most"))
        lines.append(f"Memory: {first} once each had dragged, {last} at the end, {most} at most.")
    for each in figures["again"]:
        lines.append(
            f"A drag of visitor {each['visitor']}, done again alone: latents off by "
            f"{each['ws']:.1e} of its change, last frame by {each['picture']:.2f} of 255."
        )
    for fault in (*alone["faults"], *crowd["faults"])[:SHOWN]:
        lines.append(f"Visitor {fault['visitor']}: {fault['what']} ({fault['kind']})")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    print_anywhere()
    sys.exit(main())
