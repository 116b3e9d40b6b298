"""What is told of a model while it is fetched and read, and the error where it cannot be had."""

import contextlib
import sys
from collections.abc import Callable, Iterator

from networks.errors import Message, UserError

Progress = Callable[[Message, float | None], None]  # what is done; share done, if known


class ModelUnavailableError(UserError):
    """The weights are not here and could not be had; the text says what to do."""


@contextlib.contextmanager
def waiting_for(lock, words: Message, progress: Progress) -> Iterator[None]:
    """Hold a lock or semaphore; progress is told these words again and again while it waits, and
    may end the wait by an error."""
    if not lock.acquire(blocking=False):
        progress(words, None)
        while not lock.acquire(timeout=0.2):
            progress(words, None)
    try:
        yield
    finally:
        lock.release()


def report_progress(words: Message | str, share: float | None) -> None:
    """A Progress for the terminal: one line, rewritten where that is possible."""
    if sys.stderr.isatty() and share is not None:
        print(f"\r{words}: {share:4.0%}", end="\n" if share >= 1 else "", file=sys.stderr)
    elif share in (None, 0.0):
        print(f"{words} ...", file=sys.stderr)
