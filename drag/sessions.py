"""What the server keeps of each visitor: their edit, and whether a drag of theirs runs."""

import secrets
import threading
import time
from dataclasses import dataclass, field, replace

from drag.edit import Edit
from drag.loop import Step

KEEP_SECONDS = 3600  # after the last sign of life
MAX_SESSIONS = 1000


@dataclass(eq=False)
class Session:
    """One visitor's page. Everything worth keeping is in `edit`, a value; the rest is the moment.

    token: what the browser shows after a reload to get its edit back.   revision: of the points
    and mask in `edit`, as the canvas counts.   serial: of the last frame sent.   armed: a drag was
    asked for and has not begun.   running, stop: one runs; it shall end.
    """

    edit: Edit
    token: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    revision: int = 0
    serial: int = 0
    armed: bool = False
    running: bool = False
    stop: bool = False
    seen: float = field(default_factory=time.monotonic)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def next_serial(self) -> int:
        """The serial of the next frame."""
        self.serial += 1
        return self.serial

    def replace_edit(self, edit: Edit) -> None:
        """Take another edit whose points and mask the canvas does not know yet."""
        with self.lock:
            self.edit, self.revision = edit, self.revision + 1

    def take_changes(self, points, mask, revision: int) -> None:
        """Take what the visitor placed and painted; raises ValueError where it cannot be."""
        with self.lock:
            self.edit, self.revision = self.edit.place(points, mask), revision

    def take_step(self, started: Edit, revision: int, step: Step) -> None:
        """Take a step of the drag that started from an edit of that revision.

        Points and mask that were changed while it ran stay as the visitor left them.
        """
        with self.lock:
            if self.revision == revision:
                self.edit = started.moved(step.ws, step.handles)
            else:
                self.edit = replace(self.edit, ws=step.ws)

    def settle(self, seconds: float = 10.0) -> None:
        """Stop this visitor's drag and wait until it has ended."""
        self.stop, self.armed = True, False
        until = time.monotonic() + seconds
        while self.running and time.monotonic() < until:
            time.sleep(0.02)


class Sessions:
    """The sessions of a server, by the hash that Gradio gives each page. Safe between threads."""

    def __init__(self, first_edit: Edit):
        """first_edit: what a new visitor finds."""
        self._first_edit = first_edit
        self._sessions: dict[str, Session] = {}
        self._lock = threading.Lock()

    def get(self, key: str) -> Session:
        """The session of a page, a new one if it has none."""
        with self._lock:
            session = self._sessions.pop(key, None) or Session(self._first_edit)
            self._sessions[key] = session  # last in the order of use
            session.seen = time.monotonic()
            self._drop_old()
            return session

    def open(self, key: str, token: str) -> Session:
        """The session of a page just loaded, with the edit of the page that had this token.

        An edit is a value, so a second tab with the same token gets a copy of its own.
        """
        with self._lock:
            known = [s for s in self._sessions.values() if token and s.token == token]
        session = self.get(key)
        if known and known[0] is not session:
            session.replace_edit(known[0].edit)
        return session

    def leave(self, key: str) -> None:
        """The page was closed: its drag ends; its edit is kept for a while, for a reload."""
        session = self._sessions.get(key)
        if session:
            session.stop, session.armed = True, False

    def _drop_old(self) -> None:
        limit = time.monotonic() - KEEP_SECONDS
        for key, session in list(self._sessions.items()):
            if session.running:
                continue
            if session.seen < limit or len(self._sessions) > MAX_SESSIONS:
                del self._sessions[key]
