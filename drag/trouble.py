"""What goes wrong on the page, as a sentence in its status line."""

import functools
import logging

import gradio as gr

from drag import wording
from drag.wording import problem

TROUBLE = ValueError, RuntimeError, MemoryError  # torch says RuntimeError where memory lacks
log = logging.getLogger("drag")


def plain_errors(outputs: int, line: int):
    """What the library says of bad input goes to the status line, output number `line`.

    Not as gr.Error: for events outside the queue Gradio answers that with a 500 and shows nothing.
    """
    def around(handler):
        @functools.wraps(handler)
        def plain(*args, **kwargs):
            try:
                return handler(*args, **kwargs)
            except TROUBLE as error:
                results = [gr.skip()] * outputs
                results[line] = in_words(error)
                return results if outputs > 1 else results[0]
        return plain
    return around


def in_words(error: Exception) -> str:
    """The status line for an error; one that is not of the visitor's making is logged."""
    if isinstance(error, ValueError):
        return problem(str(error))
    log.error("a picture could not be made", exc_info=error)
    return problem(wording.NO_PICTURE)
