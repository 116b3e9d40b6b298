"""The visitors of a server: who is here, who comes back, and who is forgotten."""

import threading
import time
import weakref
from collections.abc import Callable

from drag.edit import Edit
from drag.server.sessions import Session
from drag.server.shown import Shown
from networks.errors import UserError

KEEP_SECONDS = 3600  # after the last sign of life
SWEEP_SECONDS = 60  # between two looks at who is to be forgotten
MAX_SESSIONS = 1000
MAX_BYTES = 1_000_000_000  # of all edits together; a visitor's first one has 0.1 million
FORGOTTEN = "The server does not know this page any more: reload it."


class ForgottenError(UserError):
    """The server does not know this page: it is another, was started anew, or has forgotten it."""


class Sessions:
    """The sessions of a server, by the hash that Gradio gives each page. Safe between threads."""

    def __init__(self, first_edit: Edit, clock: Callable[[], float] = time.monotonic):
        """first_edit: what a new visitor finds.   clock: seconds."""
        self._first_edit, self._clock = first_edit, clock
        self._sessions: dict[str, Session] = {}
        self._lock = threading.Lock()
        threading.Thread(
            target=_sweep_often, args=(weakref.ref(self),), daemon=True, name="sweep"
        ).start()

    def get(self, key: str) -> Session:
        """The session of a page. Raises ForgottenError, in words fit for a visitor, where it is
        gone."""
        with self._lock:
            session = self._sessions.get(key)
            if session is None:
                raise ForgottenError(FORGOTTEN)
            session.seen, session.left = self._clock(), ""
            return session

    def open(self, key: str, token: str) -> Session:
        """The session of a page just loaded, with the edit of the page that had this token.

        An edit is a value, so a second tab with the same token gets a copy of its own.
        """
        with self._lock:
            known = self.find(token)
            session = self._sessions.setdefault(key, Session(Shown(self._first_edit)))
            session.seen, session.left = self._clock(), ""
            crowded = len(self._sessions) > MAX_SESSIONS
        if crowded:
            self.sweep()
        if known and known is not session:
            session.replace_edit(known.edit)
            session.shelf = dict(known.shelf)
        return session

    def find(self, token: str) -> Session | None:
        """The session of the page that has this token, if there is one."""
        for session in list(self._sessions.values()):
            if session.token == token:
                return session
        return None

    def drawn(self, token: str, serial: int) -> None:
        """The browser of the page with this token has drawn the frame of this serial."""
        session = self.find(token)
        if session:
            session.seen, shown = self._clock(), session.shown
            shown.drawn = max(shown.drawn, min(serial, shown.serial))

    def leave(self, key: str) -> None:
        """The page was closed; its edit is kept for a while, for a reload."""
        session = self._sessions.get(key)
        if session:
            session.seen = self._clock()
            session.leave()

    def sweep(self) -> None:
        """Forget pages without a sign of life for long, and some where there are too many or their
        edits too large: first those on which nothing was made, then those that were closed, then
        those longest without a sign; none for whom something waits or runs."""
        now = self._clock()
        with self._lock:
            idle = sorted(
                (item for item in self._sessions.items() if not item[1].busy),
                key=lambda item: (item[1].made, not item[1].left, item[1].seen),
            )
            sizes = {key: session.nbytes for key, session in self._sessions.items()}
            total = sum(sizes.values())
            for key, session in idle:
                surplus = len(self._sessions) > MAX_SESSIONS or total > MAX_BYTES
                if surplus or session.seen < now - KEEP_SECONDS:
                    total -= sizes[key]
                    del self._sessions[key]


def _sweep_often(reference: weakref.ref) -> None:
    """Have forgotten who is to be, also where nobody comes any more."""
    while (sessions := reference()) is not None:
        sessions.sweep()
        del sessions
        time.sleep(SWEEP_SECONDS)
