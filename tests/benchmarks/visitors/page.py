"""Someone who has the page open in a browser."""

import asyncio
import contextlib
import time
from dataclasses import replace

from drag.edit import Edit
from drag.files.project import from_project
from drag.page.components.canvas import to_value
from tests.benchmarks.visitors.client import PageClient, QueueFullError
from tests.benchmarks.visitors.owner import (
    BUSY,
    EVERY,
    Notes,
    Owner,
    StrangerError,
    WrongError,
    check_same,
)

KEEP_SECONDS = 1.2  # assets/keep.js: from a change until the browser asks for its copy
LOOK_SECONDS = 0.5  # into a drag: a look at the picture as sampled
IN_SIGHT = 4  # pictures of the history
PROBLEM = 'class="status problem"'  # of a status line that says what went wrong


class PageVisitor:
    """Someone who has the page open: a picture, points, a drag, back and forth, and the next."""

    FINE: tuple[str, ...] = (BUSY,)  # that it may say where it cannot do what it is asked

    def __init__(self, owner: Owner, page: PageClient, notes: Notes):
        self.owner, self.page, self.notes, self.wiring = owner, page, notes, page.wiring
        on = self.wiring.on
        self.resample, self.jump = on("seed", "submit"), on("history", "pick")
        self.change, self.compare = on("canvas", "release"), on("canvas", "compare")
        self.arm, self.undo, self.redo = (on(name, "click") for name in ("drag", "undo", "redo"))
        self.value, self.frame, self.row, self.steps, self.seed = {}, {}, {}, 1, None
        self.known: set[str] = set()  # pictures of the history
        self._rows = 0  # that came
        self._aside: set[asyncio.Task] = set()  # what the page does meanwhile

    async def stay(self, until: float) -> None:
        """Do so until then (time.monotonic), at least once, and end what was begun."""
        turn = 0
        async with self.page:
            with self.notes.blame(self.owner.number):
                await self._arrive()
            while self.row and (not turn or time.monotonic() < until):
                with self.notes.blame(self.owner.number):
                    await self.round(turn, until)
                await self.think()
                turn += 1
            await asyncio.gather(*self._aside)

    async def think(self) -> None:
        """A moment in which nothing is done."""
        await asyncio.sleep(self.owner.moment())

    async def _arrive(self, token: str = "") -> None:
        arrive, *others = self.wiring.loads()
        _, _, *rest = self.wiring.defaults(arrive)  # no token, no copy: a new visitor
        self.take(await self.page.call("arrive", arrive, token, "", *rest))
        for event in others:
            await self.page.call(event["api_name"], event, *self.wiring.defaults(event))
        if not token:
            self.owner.first = self.seed

    def take(self, answer: dict) -> dict:
        """Show what came, as the page does; raises WrongError where it is not this visitor's."""
        line = answer.get("status", {}).get("value", "")
        if PROBLEM in line and not any(fine in line for fine in self.FINE):
            raise WrongError(line)
        if "seed" in answer:
            self.seed = int(answer["seed"]["value"])
            if self.row:
                self.owner.check_seed(self.seed)
        self.steps = answer.get("steps", {}).get("value", self.steps)
        canvas = answer.get("canvas", {})
        self.value = canvas.get("value", self.value)
        if self.seed != self.owner.first and self.row:
            for pair in self.value["points"]:
                self.owner.check_target(pair["target"][0])
        if "frame" in canvas:
            self.frame = canvas["frame"]
        if "value" in answer.get("history", {}):
            self._take_row(answer["history"]["value"])
        return answer

    def _take_row(self, row: dict) -> None:
        if self.row and row["token"] != self.row["token"]:
            raise StrangerError("the history of another page")
        self.row, self._rows = row, self._rows + 1
        self._meanwhile(self._look_after(row, self._rows))

    def _meanwhile(self, work) -> None:
        """Do this aside; what goes wrong in it is noted."""

        async def blamed():
            with self.notes.blame(self.owner.number):
                await work

        task = asyncio.create_task(blamed())
        self._aside.add(task)
        task.add_done_callback(self._aside.discard)

    def go(self) -> None:
        """The page goes, and what it was about to ask for; another has another token."""
        for task in self._aside:
            task.cancel()
        self.row = {}

    async def _look_after(self, row: dict, number: int) -> None:
        """What the page asks for when the history has changed: pictures that it lacks, one by one,
        and, unless it changes again, a copy."""
        for item in row["items"][-IN_SIGHT:]:
            if item["picture"] not in self.known:
                self.known.add(item["picture"])
                await self.page.server("history", "thumbnail", [row["token"], item["picture"]])
        await asyncio.sleep(KEEP_SECONDS)
        if number == self._rows and len(row["items"]) > 1:
            await self.kept()

    async def kept(self) -> Edit:
        """The edit as the server has it, all of which is this visitor's."""
        project = await self.page.server("history", "keep", [self.row["token"]])
        if project is None:
            raise WrongError("the server has no edit of this page")
        edit = from_project(project.encode())
        self.owner.check_edit(edit)
        return edit

    async def check(self, expected: Edit) -> None:
        """That the server has this edit."""
        check_same(await self.kept(), expected)
        self.notes.checks.append(self.owner.number)

    async def round(self, turn: int, until: float) -> None:
        """A picture of their own, points, a drag, and back and forth through it."""
        fresh, deep = await self.turn_to(turn), turn % EVERY == 0
        start = await self.place(fresh)
        if deep:
            await self.check(start)
        await self.drag_and_look(start, until, deep)

    async def turn_to(self, turn: int) -> Edit:
        """Their picture of this turn."""
        fresh = self.owner.picture(turn)
        self.take(await self.page.call("resample", self.resample, str(fresh.seed), 0.7))
        if self.seed != fresh.seed or self.frame["sample"] != fresh.sample:
            raise WrongError(f"the picture is {self.seed}, not {fresh.seed}")
        await self.think()
        return fresh

    async def drag_and_look(self, start: Edit, until: float, deep: bool) -> None:
        """A drag of what is placed, and back and forth through it."""
        if not await self.drag(start, until):
            return
        dragged = await self.kept()
        self.owner.check_dragged(start, dragged)
        self.notes.checks.append(self.owner.number)
        if deep:
            self.notes.done[self.owner.number] = start, dragged, self.frame["src"]
        await self.back_and_forth(start, dragged, deep)

    async def place(self, fresh: Edit) -> Edit:
        """Points on the picture, which may be moved once; the edit that comes of it."""
        pairs = self.owner.pairs()
        for last in (False, True):
            edit = replace(fresh, points=tuple(pairs))
            self.value = to_value(edit, self.value["revision"] + 1)
            self.take(await self.page.call("change", self.change, self.value))
            await self.think()
            if last or self.owner.random.random() < 0.5:
                return edit
            pairs[0] = replace(pairs[0], target=self.owner.target(*pairs[0].handle))
        raise AssertionError("the second time returns")

    async def drag(self, start: Edit, until: float) -> bool:
        """Press Drag until there is room for it; False where time is up before."""
        settings = self.wiring.defaults(self.arm)[2:]
        while not await self._drag(start, settings):
            self.notes.busy.append(self.owner.number)
            await asyncio.sleep(self.owner.while_busy())
            if time.monotonic() > until:
                return False
        return True

    async def _drag(self, start: Edit, settings: list) -> bool:
        """False where the server was too busy for it."""
        answer = self.take(await self.page.call("arm", self.arm, self.value, self.steps, *settings))
        if BUSY in answer["status"]["value"]:
            return False
        run, asked, began = self.wiring.then(self.arm), time.monotonic(), None
        self._meanwhile(self._compare(start, LOOK_SECONDS))
        try:
            async with contextlib.aclosing(self.page.queued(run)) as answers:
                async for answer in answers:
                    self.take(answer)
                    if BUSY in answer.get("status", {}).get("value", ""):
                        return False
                    if "frame" in answer.get("canvas", {}):
                        began = began or time.monotonic()
                        self.watch(start)
        except QueueFullError:
            await self.page.call("refused", self.wiring.then(run, failed=True))
            return False
        ended = time.monotonic()
        if began is None or not self.frame["settle"]:
            raise WrongError("a drag ended without its last picture")
        self.notes.drags.append((self.owner.number, ended, began - asked, ended - began))
        return True

    def watch(self, start: Edit) -> None:
        """A frame of the drag is drawn."""
        if self.frame["run"] != self.row["token"] or self.frame["sample"] != start.sample:
            raise StrangerError("a frame of another drag")
        self._meanwhile(
            self.page.server("canvas", "acknowledge", [self.frame["run"], self.frame["serial"]])
        )

    async def _compare(self, start: Edit, after: float = 0.0) -> None:
        await asyncio.sleep(after)
        answer = await self.page.call("compare", self.compare)
        if answer["canvas"]["before"]["sample"] != start.sample:
            raise StrangerError("the picture of another visitor to compare with")

    async def back_and_forth(self, start: Edit, dragged: Edit, deep: bool) -> None:
        """Undo, redo, and a look at the first picture of the history and back."""
        await self.think()
        for kind, event, expected in (("undo", self.undo, start), ("redo", self.redo, dragged)):
            self.take(await self.page.call(kind, event, self.value))
            if self.seed != start.seed:
                raise WrongError(f"{kind} went to {self.seed}")
            if deep:
                await self.check(expected)
            await self.think()
        await self._compare(start)
        items, at = self.row["items"], self.row["at"]
        for item in (items[0], items[at]):
            self.take(await self.page.call("jump", self.jump, says={"id": item["id"]}))
            await self.think()
        if deep:
            await self.check(dragged)
