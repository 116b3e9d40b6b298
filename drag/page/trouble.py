"""What goes wrong on the page, as a sentence in its status line."""

import functools
import logging

from drag.loop import OUTSIDE
from drag.page.wording import REGION, problem, remedies_for
from drag.server.language import language_of, say, translated
from drag.server.visitors import ForgottenError
from networks.errors import UserError

RUNNING = "A drag is running: wait for its end, or press Stop."
WAITS = "Your drag waits in the line: press Stop to leave it."
PHOTO_RUNS = "Your photo is being worked on: wait for its end, or press Stop."
TROUBLE = ValueError, RuntimeError, MemoryError  # torch says RuntimeError where memory lacks
log = logging.getLogger("drag")


def plain_errors(handler):
    """What the library says of bad input goes to the status line.

    Not as gr.Error: for events outside the queue Gradio answers that with a 500 and shows nothing.
    The handler is a method of an object that has the page; its last argument is its gr.Request.
    """

    @functools.wraps(handler)
    def plain(self, *args):
        try:
            return handler(self, *args)
        except TROUBLE as error:
            return {self.page.status: in_words(error, language_of(args[-1]))}

    return plain


def in_words(error: Exception, language: str = "en") -> str:
    """The status line for an error; one that is not in words for a visitor is logged."""
    if isinstance(error, UserError):
        remedies = remedies_for(REGION, language) if error.key == OUTSIDE else ""
        return problem(translated(error, language), isinstance(error, ForgottenError), remedies)
    log.error("a picture could not be made", exc_info=error)
    return problem(say("no_picture", language))
