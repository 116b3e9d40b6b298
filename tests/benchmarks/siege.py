"""A visitor's day, alone and while strangers attack the page: is everything theirs, and soon?

    python -m tests.benchmarks.siege --seconds 120

The visitor arrives, places a point, takes it back, looks at six faces, drags, brings a photo and
saves a film: alone, then under each attack (visitors/attacks.py, a process and an address each),
then under all of them. The exit code is 0 only if all of `verdict` held.
"""

import argparse
import asyncio
import base64
import contextlib
import io
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
from PIL import Image

from drag import PointPair, load_generator, new_edit
from drag.files.project import to_project
from drag.page.components.canvas import to_value
from networks.terminal import print_anywhere
from tests.benchmarks.machine import announce, markdown
from tests.benchmarks.visitors.attacks import ATTACKS, UNDER_WAY
from tests.benchmarks.visitors.client import PageClient, PageError, Wiring
from tests.benchmarks.visitors.memory import resident
from tests.running_app import ROOT, running_app

TIMES, MORE_SECONDS = 3, 5  # as long as alone, and so much more, may a step take
MOST_BYTES, REST_SHARE, REST_SECONDS = 1_500_000_000, 1.1, 60
LONG_SECONDS = 30  # of a siege that is meant as a measurement
READY_SECONDS = 2  # from the first request of an attack until the visitor comes
STEPS = "arrive", "place", "undo", "six faces", "drag", "photo", "film"


class Day:
    """What a visitor does, and how long each step took."""

    def __init__(self, http: httpx.AsyncClient, wiring: Wiring, generator, steps=STEPS):
        self.page, self.wiring, self.generator = PageClient(http, wiring), wiring, generator
        self.steps = steps
        self.took: dict[str, float] = {}
        self.wrong: list[str] = []

    async def live(self) -> None:
        """All steps; what goes wrong is noted, and the day goes on."""
        self.value: dict = {}
        async with self.page:
            for step in self.steps:
                began = time.monotonic()
                try:
                    if wrong := await getattr(self, step.replace(" ", "_"))():
                        self.wrong.append(f"{step}: {wrong}")
                except (PageError, KeyError, TypeError) as error:
                    self.wrong.append(f"{step}: {type(error).__name__} {str(error)[:200]}")
                self.took[step] = time.monotonic() - began

    async def arrive(self) -> str:
        arrive, *_ = self.wiring.loads()
        _, _, *rest = self.wiring.defaults(arrive)
        answer = await self.page.call("arrive", arrive, "", "", *rest)
        self.value = answer["canvas"]["value"]
        return "" if "frame" in answer["canvas"] else answer["status"]["value"]

    async def place(self) -> str:
        edit = new_edit(self.generator, seed=0).place([PointPair((500, 600), (520, 600), 1)])
        self.value = to_value(edit, self.value["revision"] + 1)
        answer = await self.page.call("change", self.wiring.on("canvas", "release"), self.value)
        return "" if answer["undo"]["interactive"] else "it cannot be undone"

    async def undo(self) -> str:
        answer = await self.page.call("undo", self.wiring.on("undo", "click"), self.value)
        self.value = answer["canvas"]["value"]
        return "" if answer["redo"]["interactive"] else "it cannot be done again"

    async def six_faces(self) -> str:
        event = self.wiring.then(self.wiring.on("dice", "click"))
        answer = await self.page.call("faces", event, 0.7)
        return "" if "offered" in answer else answer["status"]["value"]

    async def drag(self) -> str:
        await self.place()
        arm = self.wiring.on("drag", "click")
        settings = self.wiring.defaults(arm)[2:]
        answer = await self.page.call("arm", arm, self.value, 1, *settings)
        async for told in self.page.queued(self.wiring.then(arm)):
            answer = told
        return "" if "canvas" in answer else answer["status"]["value"]

    async def photo(self) -> str:
        file = io.BytesIO()
        Image.new("RGB", (400, 400), "grey").save(file, "JPEG")
        value = {"name": "a.jpg", "content": base64.b64encode(file.getvalue()).decode()}
        answer: dict = {}
        async for told in self.page.queued(self.wiring.on("photo", "take"), value):
            answer = told
        return "" if answer["photo"].get("photo") else answer["status"]["value"]

    async def film(self) -> str:
        answer: dict = {}
        save = self.wiring.then(self.wiring.on("save", "click"))
        async for told in self.page.queued(save, "mp4", 0.5, False, True):
            answer = told
        return "" if answer.get("exchange", {}).get("saved") else answer["status"]["value"]


def main() -> int:
    """Measure and print; 0 if all held."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--seconds", type=float, default=120.0, help="that each attack takes")
    parser.add_argument("--only", nargs="*", choices=ATTACKS, default=[*ATTACKS], metavar="ATTACK")
    args = parser.parse_args()
    announce()
    with tempfile.TemporaryDirectory(prefix="siege-") as folder, running_app(Path(folder)) as app:
        days, memory = siege(app, args.seconds, args.only, Path(folder))
        held = verdict(days, memory, app.text)
    print(tables(days, memory))
    for sentence, true in held.items():
        print(f"{'held' if true else 'FAILED'}: {sentence}")
    return 0 if all(held.values()) else 1


def siege(
    app, seconds: float, kinds: list[str], folder: Path, steps: tuple[str, ...] = STEPS
) -> tuple[dict, dict]:
    """The days of a visitor by the attack, "alone" first, and the server's memory in bytes."""
    generator, file = load_generator("builtin"), folder / "edit.drag"
    edit = new_edit(generator, seed=3)
    file.write_bytes(to_project(edit.remember().moved(edit.ws + 0.1, ())))
    warm = 2 if seconds > LONG_SECONDS else 1  # days: what the first one waits for comes once
    days = {"alone": [asyncio.run(_day(app.address, generator, steps)) for _ in range(warm)][-1]}
    memory = {"before": resident(app.pid), "most": 0}
    for attack in [*([kind] for kind in kinds), *([kinds] if len(kinds) > 1 else [])]:
        name = attack[0] if len(attack) == 1 else "all"
        with contextlib.ExitStack() as under_way:
            processes = []
            for number, kind in enumerate(attack, 2):
                process = subprocess.Popen(
                    [
                        *(sys.executable, "-m", "tests.benchmarks.visitors.attacks"),
                        *(kind, app.address, str(seconds), f"127.0.0.{number}", str(file)),
                    ],
                    cwd=ROOT,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    text=True,
                )
                under_way.enter_context(process)  # to its end
                under_way.callback(process.kill)
                processes.append(process)
            for process in processes:
                assert process.stdout.readline().strip() == UNDER_WAY
            time.sleep(READY_SECONDS)
            until = time.monotonic() + seconds - READY_SECONDS
            while True:
                day = asyncio.run(_day(app.address, generator, steps))
                days[name] = _worse(days.get(name), day)
                memory["most"] = max(memory["most"], resident(app.pid))
                if time.monotonic() > until:
                    break
    until = time.monotonic() + min(REST_SECONDS, seconds)
    while resident(app.pid) > REST_SHARE * memory["before"] and time.monotonic() < until:
        time.sleep(1)
    memory["after"] = resident(app.pid)
    return days, memory


async def _day(address: str, generator, steps) -> Day:
    async with httpx.AsyncClient(base_url=address, timeout=60) as http:
        day = Day(http, Wiring((await http.get("/config")).json()), generator, steps)
        await day.live()
        health = (await http.get("/healthz")).json()
        if health["status"] not in ("ready", "busy"):
            day.wrong.append(f"/healthz: {health}")
    return day


def _worse(one: Day | None, other: Day) -> Day:
    """Of two days, each step as long as in the worse one."""
    if one is not None:
        other.wrong += one.wrong
        other.took = {step: max(one.took[step], other.took[step]) for step in other.steps}
    return other


def verdict(days: dict[str, Day], memory: dict, printed: str) -> dict[str, bool]:
    """Whether each condition held.   printed: what the server did."""
    alone, *others = days.values()
    return {
        f"every step took at most {TIMES} times as long as alone and {MORE_SECONDS} s": all(
            day.took[step] <= TIMES * alone.took[step] + MORE_SECONDS
            for day in others
            for step in day.steps
        ),
        "every step was answered as it should be": not any(day.wrong for day in days.values()),
        f"memory stayed under {MOST_BYTES / 1e9:g} GB": memory["most"] < MOST_BYTES,
        f"and was back within {REST_SHARE - 1:.0%}": memory["after"]
        <= REST_SHARE * memory["before"],
        "no traceback": "Traceback" not in printed,
    }


def tables(days: dict[str, Day], memory: dict) -> str:
    """The figures as Markdown, and what went wrong."""
    rows = [
        f"{name} | " + " | ".join(f"{day.took[step]:.2f}" for step in day.steps)
        for name, day in days.items()
    ]
    lines = [
        markdown(
            "under attack by | "
            + " | ".join(f"{step}, s" for step in next(iter(days.values())).steps),
            rows,
        ),
        "",
    ]
    lines.append(
        "Memory: " + ", ".join(f"{nbytes / 1e6:.0f} MB {when}" for when, nbytes in memory.items())
    )
    lines += [f"{name}: {each}" for name, day in days.items() for each in day.wrong[:9]]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    print_anywhere()
    sys.exit(main())
