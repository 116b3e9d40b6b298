"""The visitors of a server: who is here, who comes back, and who is forgotten."""

import threading
import time
from collections.abc import Callable

from drag.edit import Edit
from drag.server.process import sweep_often
from drag.server.sessions import Session
from drag.server.shares import Asker, asker, in_turn
from drag.server.shown import Shown
from networks.errors import UserError

KEEP_SECONDS = 3600  # after the last sign of life
SWEEP_SECONDS, CROWD_SECONDS = 15, 1  # between two looks at who is to be forgotten; as many come
MAX_BYTES = 500_000_000  # of all sessions; a visitor's first edit has 0.1 million, 200 changes 3.5
FORGOTTEN = "The server does not know this page any more: reload it."


class ForgottenError(UserError):
    """The server does not know this page: it is another, was started anew, or has forgotten it."""


class Sessions:
    """The sessions of a server, by the hash that Gradio gives each page. Safe between threads."""

    def __init__(self, first_edit: Edit, clock: Callable[[], float] = time.monotonic):
        """first_edit: what a new visitor finds.   clock: seconds."""
        self._first_edit, self._clock = first_edit, clock
        self._sessions: dict[str, Session] = {}
        self._by_token: dict[str, Session] = {}
        self._lock, self._swept = threading.Lock(), clock()
        sweep_often(self, SWEEP_SECONDS)  # also where nobody comes any more

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
            known, now = self.find(token), self._clock()
            session = self._sessions.setdefault(key, Session(Shown(self._first_edit)))
            self._by_token[session.token] = session
            session.seen, session.left, session.asker = now, "", Asker(key, asker().address)
            crowded = now > self._swept + CROWD_SECONDS
        if crowded:
            self.sweep()
        if known and known is not session:
            session.replace_edit(known.edit)
            session.shelf = dict(known.shelf)
        return session

    def find(self, token: str) -> Session | None:
        """The session of the page that has this token, if there is one."""
        return self._by_token.get(token)

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
        """Forget pages without a sign of life for long, and some where all are too large together:
        first those that were closed, then those of which their address has most, then those longest
        without a sign, so that who just came goes last; none for whom something waits or runs. What
        they made is in their browser, too."""
        now = self._clock()
        with self._lock:
            self._swept = now
            newest = sorted(self._sessions.items(), key=lambda item: item[1].seen)[::-1]
            sizes = {key: session.nbytes for key, session in newest}
            total, keys = sum(sizes.values()), {id(session): key for key, session in newest}
            busy = {session: None for _, session in newest if session.busy}
            idle = [session for _, session in newest if session not in busy]
            opened, closed = (
                in_turn([each for each in idle if bool(each.left) is left], busy)
                for left in (False, True)
            )
            for session in (*reversed(closed), *reversed(opened)):
                if total > MAX_BYTES or session.seen < now - KEEP_SECONDS:
                    key = keys[id(session)]
                    total -= sizes[key]
                    del self._sessions[key], self._by_token[session.token]
