"""What the panel of a photo is told (PhotoFrame), beside the status line."""

import html
import io
import re

import gradio as gr
import numpy as np
from PIL import Image

from drag.page.components.base import to_url
from drag.page.controls import Controls
from drag.page.showing import idle
from drag.page.trouble import in_words
from drag.page.wording import problem, status
from drag.server.photos import photo_jpeg
from drag.server.sessions import Session

SIDE = 512  # of pictures that are compared, pixels


def plain(line: str) -> str:
    """The text of a status line, without its HTML."""
    return html.unescape(re.sub(r"<[^>]*>", "", line))


def small(picture: np.ndarray | bytes | None) -> str | None:
    """A picture, uint8 (H, W, 3) or a JPEG, as the page compares it."""
    if picture is None:
        return None
    if isinstance(picture, bytes):
        picture = np.asarray(Image.open(io.BytesIO(picture)))
    return to_url("image/jpeg", photo_jpeg(picture, 90, most=SIDE))


def on_canvas(picture: np.ndarray) -> str:
    """A picture, uint8 (H, W, 3), as the canvas shows it while it is worked on."""
    return to_url("image/jpeg", photo_jpeg(picture, 90))


def said(page: Controls, error: Exception, language: str) -> dict:
    """The status line for an error, and the same beside the photo."""
    line = in_words(error, language)
    return {page.status: line, page.photo: gr.update(fit={"words": plain(line), "problem": True})}


def at_rest(page: Controls, session: Session, words: str, bad: bool = False) -> dict:
    """Status line, Drag, Stop and the panel where no inversion waits or runs: it has the photo with
    its frame, or none where that went with a connection that was lost.

    words: why (plain text).   bad: it is no good news.
    """
    fit = {"phase": "placing", "words": words, "problem": bad}
    photo = {}
    if session.photo is None:
        words, bad, photo = session.say("photo_lost"), True, {"photo": False}  # null is not sent
        fit = {"phase": "none", "words": words, "problem": True}
    buttons = {} if session.armed or session.dragging else idle(page, session.edit)
    return {
        page.status: problem(words) if bad else status(words),
        **buttons,
        page.photo: gr.update(fit=fit, **photo),
    }


def stopped(page: Controls, session: Session) -> dict:
    """The same where Stop was pressed: one that waits or runs ends after the step that it is at;
    one that has ended by itself has said so itself."""
    inversion = session.inversion
    if inversion is not None:
        inversion.stop()
        if inversion.watched:  # whoever watches it says how it ended
            words = session.say("stopping")
            return {page.status: status(words), page.photo: gr.update(fit={"words": words})}
    if session.photo and not session.awaited:
        return {}
    return at_rest(page, session, session.say("photo_not_begun"))
