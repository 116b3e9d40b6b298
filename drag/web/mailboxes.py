"""The messages of sessions, with an end to what nobody fetches."""

import asyncio
import time

from drag.web.internals import calls_of, end_calls

MAX_SESSIONS = 2000  # whose results Gradio keeps until they are fetched
MAX_UNREAD, MAX_UNREAD_BYTES = 200, 100_000_000  # messages of one session; bytes of all of them


class Mailbox(asyncio.Queue):
    """The messages that a session has not fetched, and how much memory they take."""

    def __init__(self, session: str, boxes: "Mailboxes"):
        super().__init__()
        self.session, self.boxes = session, boxes
        self._fetched = time.monotonic()  # somebody has looked for the next one

    async def get(self):
        """The next message: Gradio asks for it every ten seconds, for as long as somebody is there
        to have it."""
        self._fetched = time.monotonic()
        try:
            return await super().get()
        finally:
            self._fetched = time.monotonic()

    def unfetched(self) -> float:
        """Seconds for which nobody has asked for a message."""
        return time.monotonic() - self._fetched

    def _put(self, message) -> None:  # these two are for subclasses, as asyncio.Queue says
        weight = weight_of(vars(message))
        self.boxes.weight += weight
        super()._put((time.monotonic(), weight, message))

    def _get(self):
        _, weight, message = super()._get()
        self.boxes.weight -= weight
        return message

    def put_nowait(self, message) -> None:
        super().put_nowait(message)
        self.boxes.judge(self)

    @property
    def since(self) -> float:
        """When the first message came; forever where there is none."""
        return self._queue[0][0] if self._queue else float("inf")


class Mailboxes(dict):
    """Gradio's `pending_messages_per_session`, with an end to what nobody fetches: whoever leaves
    too much there loses it, and its calls end, lest a few lock everybody out."""

    def __init__(self, queue):
        super().__init__()
        self.queue, self.weight = queue, 0

    def __setitem__(self, session: str, _) -> None:
        if len(self) >= MAX_SESSIONS:
            busy = {call.session_hash for call in calls_of(self.queue)}
            self.end(next((each for each in self if each not in busy), None) or self._stalest())
        super().__setitem__(session, Mailbox(session, self))

    def __delitem__(self, session: str) -> None:
        box = self[session]
        super().__delitem__(session)
        while not box.empty():  # a late reader gets nothing more
            box.get_nowait()

    def judge(self, box: Mailbox) -> None:
        """End what is too much, after a message was put into this box."""
        if box.qsize() > MAX_UNREAD:
            self.end(box.session)
        while self.weight > MAX_UNREAD_BYTES:
            self.end(self._stalest())

    def end(self, session: str) -> None:
        """Drop a session's messages and end its calls, as Gradio does where a page went."""
        end_calls(self.queue, session)
        if session in self:
            del self[session]

    def _stalest(self) -> str:
        return min(self, key=lambda session: self[session].since)


def weight_of(value) -> int:
    """About how many bytes of memory a value of JSON, or a message with one, takes."""
    weight, rest = 1000, [value]
    while rest:
        value = rest.pop()
        weight += 50
        if isinstance(value, (str, bytes)):
            weight += len(value)
        elif isinstance(value, dict):
            weight += 100 * len(value)
            rest.extend(value.values())
        elif isinstance(value, (list, tuple)):
            rest.extend(value)
    return weight
