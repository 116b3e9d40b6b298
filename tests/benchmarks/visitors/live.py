"""Someone who presses on the picture, and has it follow the pointer."""

import asyncio
import contextlib
import itertools
import math
import time
from dataclasses import replace
from enum import Enum

from drag.edit import Edit, PointPair
from drag.page.components.canvas import to_value
from drag.page.handlers.holds import SLOW
from tests.benchmarks.visitors.held import Held
from tests.benchmarks.visitors.owner import BUSY, EVERY, FACE, StrangerError, WrongError, check_same
from tests.benchmarks.visitors.page import PageVisitor

WORD_SECONDS, ALIVE_SECONDS = 0.05, 1.0  # assets/canvas/follow.js: between words, and at most
STEP_SECONDS = 0.02  # between two moves of a mouse
LEGS, LEG_SECONDS = (2, 4), (0.5, 1.5)  # ways of a pointer from one press to its release
LONG_EVERY, LONG_LEGS = 6, 30  # holds of which one is so long, without a rest: beyond its turn
REST_SHARE, REST_SECONDS = 0.4, (0.2, 5.0)  # after a leg: at 3 s the slot is lent to others
CLOSE = 0.5  # px, between a handle as shown and as kept


class Way(Enum):
    """How a hold ends."""

    RELEASED = "released"
    TAKEN_BACK = "taken back"
    SILENT = "the page says nothing more; the server lets go for it"
    LEFT = "the page goes, and is opened again"


ENDS = Way.RELEASED, Way.TAKEN_BACK, Way.RELEASED, Way.LEFT, Way.RELEASED, Way.SILENT


class Hand:
    """A pointer that holds a pair, and what the page says of it, as `hold` of follow.js."""

    def __init__(self, name: str, pair: PointPair, seen: Held):
        self.name, self.pair, self.seen = name, pair, seen
        self.place, self.word = pair.target, "held"
        self.run = ""  # token, once the server follows
        self.refused = self.over = self.silent = False
        self.told = {pair.target}  # places that the server may know of
        self.woken = asyncio.Event()

    @property
    def news(self) -> tuple:
        """What is to be said."""
        return *self.place, self.word


class LiveVisitor(PageVisitor):
    """Holds a point of each of their pictures; where the picture cannot follow, places an arrow."""

    FINE = BUSY, SLOW

    def __init__(self, *args):
        super().__init__(*args)
        self.hold = self.wiring.on("canvas", "hold")
        self._names = (f"{self.owner.number}-{count}" for count in itertools.count())

    async def round(self, turn: int, until: float) -> None:
        """A picture of their own, which follows the pointer, and back and forth through that."""
        fresh, deep = await self.turn_to(turn), turn % EVERY == 0
        x, y = (self.owner.random.randint(*side) for side in FACE)
        press = self.owner.marked(x), float(y)
        pair = PointPair(press, press, 1)
        count = turn + self.owner.number // 4
        way, long = ENDS[count % len(ENDS)], count % LONG_EVERY == LONG_EVERY - 2
        hand = await self._hold(fresh, pair, way, long)
        if hand.refused:
            await self._refused(hand, fresh, way, until, deep)
        elif way is Way.TAKEN_BACK:
            self.value = to_value(fresh, self.value["revision"] + 1)
            await self.check(fresh)
        else:
            await self._held(hand, fresh, way, deep)

    async def _hold(self, fresh: Edit, pair: PointPair, way: Way, long: bool) -> Hand:
        """Press, move and let go; what came of it."""
        hand = Hand(next(self._names), pair, Held(self.owner.number, time.monotonic()))
        self.value = to_value(replace(fresh, points=(pair,)), self.value["revision"] + 1)
        watching = asyncio.create_task(self._watch(hand, fresh))
        try:
            await self._lead(hand, long)
            if watching.done():
                await watching  # it may say why
                if not hand.refused:
                    raise WrongError("a hold ended while it was held")
            hand.silent = way in (Way.SILENT, Way.LEFT)
            hand.word = hand.word if hand.silent else way.value
            hand.woken.set()
            if way is not Way.LEFT:
                await watching
        finally:
            watching.cancel()
            await asyncio.wait([watching])
        hand.seen.ended = time.monotonic()
        if way is Way.LEFT:
            token = self.row["token"]
            self.go()
            await self.page.reload()
            await self._arrive(token)
            self.owner.check_seed(self.seed)
        if not hand.refused:
            self.notes.holds.append(hand.seen)
        return hand

    async def _lead(self, hand: Hand, long: bool) -> None:
        """Move the pointer, and have it rest now and then, unless it is for long."""
        for _ in range(LONG_LEGS if long else self.owner.random.randint(*LEGS)):
            (x, y), end = hand.place, self.owner.target(*hand.pair.handle)
            seconds, began = self.owner.random.uniform(*LEG_SECONDS), time.monotonic()
            while (part := (time.monotonic() - began) / seconds) < 1:
                hand.place = (
                    self.owner.marked(x + part * (end[0] - x)),
                    round(y + part * (end[1] - y), 1),
                )
                hand.woken.set()
                await asyncio.sleep(STEP_SECONDS)
            hand.place = end
            hand.seen.moving.append((began, time.monotonic()))
            if hand.refused:
                return
            if not long and self.owner.random.random() < REST_SHARE:
                await asyncio.sleep(self.owner.random.uniform(*REST_SECONDS))

    async def _watch(self, hand: Hand, fresh: Edit) -> None:
        """Take what the server says of a hold; once it follows, tell it of the pointer."""
        says, speaking, last = {"id": hand.name, "key": hand.pair.key}, None, {}
        try:
            async with contextlib.aclosing(
                self.page.queued(self.hold, self.value, says=says)
            ) as answers:
                async for last in answers:
                    self._take_live(last, hand, fresh)
                    if hand.run and speaking is None:
                        speaking = asyncio.create_task(self._say(hand))
            if BUSY in last.get("status", {}).get("value", ""):  # one came first
                hand.refused = True
            if not hand.refused and not self.frame["settle"]:
                raise WrongError("a hold ended without its last picture")
        finally:
            hand.over = True
            hand.woken.set()
            if speaking:
                await speaking

    def _take_live(self, answer: dict, hand: Hand, fresh: Edit) -> None:
        self.take(answer)
        canvas = answer.get("canvas", {})
        live = canvas.get("live") or {}
        if live and live["id"] != hand.name:
            raise StrangerError("the answer to another press")
        if live.get("run", self.row["token"]) != self.row["token"]:
            raise StrangerError("another visitor's hold")
        hand.run, hand.refused = live.get("run", hand.run), live.get("refused", hand.refused)
        if "frame" in canvas:
            self.watch(fresh)
            if not self.frame["settle"]:
                hand.seen.frames.append((time.monotonic(), self.frame["move"]))

    async def _say(self, hand: Hand) -> None:
        """As `sayHold` of follow.js."""
        number = 0
        while not hand.over and not hand.silent:
            since, (x, y, word) = time.monotonic(), hand.news
            number += 1
            hand.seen.said[number] = since
            hand.told.add((x, y))
            message = [hand.run, hand.name, number, x, y, word]
            goes = await self.page.server("canvas", "move", message)
            hand.over = not goes
            await asyncio.sleep(max(0.0, since + WORD_SECONDS - time.monotonic()))
            while not (hand.over or hand.silent or hand.news != (x, y, word)):
                left = since + ALIVE_SECONDS - time.monotonic()
                if left <= 0:
                    break
                hand.woken.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(hand.woken.wait(), left)

    async def _refused(self, hand: Hand, fresh: Edit, way: Way, until: float, deep: bool) -> None:
        """It is an arrow to where the pointer was let go of."""
        self.notes.refused.append(self.owner.number)
        if way is Way.TAKEN_BACK:
            self.value = to_value(fresh, self.value["revision"] + 1)
            await self.check(fresh)
            return
        start = replace(fresh, points=(replace(hand.pair, target=hand.place),))
        self.value = to_value(start, self.value["revision"] + 1)
        self.take(await self.page.call("change", self.change, self.value))
        await self.think()
        await self.drag_and_look(start, until, deep)

    async def _held(self, hand: Hand, fresh: Edit, way: Way, deep: bool) -> None:
        """What is kept of it is as told, and is one change."""
        kept = await self.kept()
        if way is Way.LEFT and kept.change == "sample":  # before its first step
            return
        (pair,) = kept.points
        places = hand.told if hand.silent else {hand.place}
        if pair.target not in places:
            raise WrongError(f"held to {pair.target}, where {hand.place} was said")
        self.owner.check_dragged(
            replace(fresh, points=(replace(hand.pair, target=pair.target),)), kept
        )
        check_same(kept.history[-1], fresh)
        self.notes.checks.append(self.owner.number)
        if way is not Way.LEFT:  # else the page that came after shows it
            handle = self.frame["handles"].get(str(pair.key), pair.handle)
            if math.dist(handle, pair.handle) > CLOSE:
                raise WrongError(f"the handle is shown at {handle}, not at {pair.handle}")
            self.value = to_value(kept, self.value["revision"] + 1)
        await self.back_and_forth(fresh, kept, deep)
