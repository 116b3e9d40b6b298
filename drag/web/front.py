"""What the page is before any script of it runs: its card, where a link to it is shown elsewhere,
and the language that was chosen on it, which Gradio asks the browser for as it starts."""

import functools
import html
import re
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.routing import Route

from drag.server.language import language_of, say
from drag.web.addresses import page_address

ASSETS = Path(__file__).parents[2] / "assets"
CARD = "/card.jpg"
ICON = b'<link rel="icon" href="favicon.ico">'  # else it is asked for at the host's root
CARDS = re.compile(rb'<meta\s+(?:property="og:|name="twitter:)[^>]*>')  # of Gradio


@functools.cache
def _chooser() -> bytes:
    return (ASSETS / "language.html").read_bytes()


def introduced(scope: dict, body: bytes) -> bytes:
    """The page's HTML with all that.   scope: of the request for it."""
    language = language_of(Request(scope))
    body = CARDS.sub(b"", body).replace(b'lang="en"', b'lang="%b"' % language.encode(), 1)
    return body.replace(b"<head>", b"<head>" + _card(scope, language) + ICON + _chooser(), 1)


def _card(scope: dict, language: str) -> bytes:
    address = page_address(scope)
    told = {
        "og:type": "website",
        "og:title": say("page_title", language),
        "og:description": say("card", language),
        "og:url": address + "/",
        "og:image": address + CARD,
        "twitter:card": "summary_large_image",
    }
    tags = (
        f'<meta {"name" if name.startswith("twitter") else "property"}="{name}" '
        f'content="{html.escape(value)}">'
        for name, value in told.items()
    )
    return "".join(tags).encode()


def card_route() -> Route:
    """Where the card's picture is."""

    async def card(_) -> FileResponse:
        return FileResponse(ASSETS / "examples" / "card.jpg", media_type="image/jpeg")

    return Route(CARD, card)
