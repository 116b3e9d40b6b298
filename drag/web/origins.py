"""Under which names the page is asked, and whose pages may ask: what any site could otherwise have
the browser of a visitor do, who is logged in here, or on whose machine the page runs.

Gradio answers every site as if it were its own, cookies and all, unless it runs on localhost.
"""

import contextlib
import ipaddress
import os
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response

from drag.web.addresses import path_of
from drag.web.gate import RefusedError, answer
from drag.web.headers import headers_for

OTHER_NAME = (
    "This page is for the machine that it runs on, and has no other name: open it at localhost, or "
    "have whoever serves it name this address with --origin."
)
OTHER_SITE = (
    "Another site asked for this: open the page itself, or have whoever serves it name that site "
    "with --origin."
)
NO_LOGOUT = "Who asked for this cannot be told here: close the browser to log out."
PORTS = {"http": ":80", "https": ":443"}


@dataclass(frozen=True)
class Origins:
    """public: whether the page may be asked under any name.   own: further origins that are this
    page, such as https://example.com, by the environment.   listed: those of other pages that may
    call it, or of itself behind a proxy, by the flag."""

    public: bool = True
    own: tuple[str, ...] = ()
    listed: tuple[str, ...] = ()
    share: bool = False

    def knows(self, host: str) -> bool:
        """Whether a page that is just for this machine may be asked under this name: a site may
        have its own name lead here, and would be the same origin as the page then."""
        name = _name(f"http://{host}")
        with contextlib.suppress(ValueError):
            return ipaddress.ip_address(name).is_loopback
        names = {_name(origin) for origin in (*self.own, *self.listed)}
        return name == "localhost" or name.endswith(".localhost") or name in names


def origins_of(listed: Iterable[str], public: bool, share: bool = False) -> Origins:
    """The Origins of a page, by its flags and by the environment: a Space's address, and the whole
    one in GRADIO_ROOT_PATH."""
    space = os.environ.get("SPACE_HOST")
    named = f"https://{space}" if space else "", os.environ.get("GRADIO_ROOT_PATH", "")
    own = []
    for address in named:
        with contextlib.suppress(ValueError):
            own.append(origin_of(address))
    return Origins(public, tuple(own), tuple(listed), share)


def origin_of(address: str) -> str:
    """The origin of an address, as browsers write it. Raises ValueError where it has none."""
    parts = urlsplit(address.strip().lower())
    if parts.scheme not in PORTS or not parts.hostname or "@" in parts.netloc or parts.port == 0:
        raise ValueError(f"expected http:// or https:// and a name, got {address!r}")
    return f"{parts.scheme}://{parts.netloc.removesuffix(PORTS[parts.scheme])}"


def doors(app, origins: Origins):
    """The whole ASGI application behind a check of who asks, with what browsers are told of each
    answer. Gradio itself never learns of an Origin, so that it allows none."""
    told = headers_for(origins.own, origins.listed, origins.share)

    async def checked(scope, receive, send):
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        origin = _origin(headers)
        listed = origin in origins.listed

        async def sending(message):
            if message["type"] == "http.response.start":
                answered = MutableHeaders(scope=message)
                for name, value in told(scope):
                    answered.setdefault(name, value)
                if listed:
                    answered["access-control-allow-origin"] = origin
                    answered["access-control-allow-credentials"] = "true"
                if origins.listed:
                    answered.add_vary_header("Origin")
            await send(message)

        try:
            _check(scope, headers, origin, origins)
        except RefusedError as refused:
            await answer(scope, refused.status, refused)(scope, receive, sending)
            return
        if listed and scope["method"] == "OPTIONS":
            asked = headers.get("access-control-request-headers", "")
            may = {"allow-methods": "GET, POST", "allow-headers": asked, "max-age": "600"}
            may = {f"access-control-{name}": value for name, value in may.items()}
            await Response(None, 204, may)(scope, receive, sending)
            return
        await app(_plain(scope), receive, sending)

    return checked


def _check(scope, headers: Headers, origin: str | None, origins: Origins) -> None:
    """Raises RefusedError where nobody who may ask does."""
    host = headers.get("host", "")
    if host and not origins.public and not origins.knows(host):
        raise RefusedError(403, OTHER_NAME)
    site = headers.get("sec-fetch-site")  # which no script can have a browser say
    if _is_logout(scope) and scope["method"] != "POST":
        if site not in ("none", "same-origin"):  # typed, or by this page
            raise RefusedError(403, NO_LOGOUT)
    elif scope["method"] not in ("GET", "HEAD", "OPTIONS"):
        known = {*origins.listed, *origins.own}
        if origin in known or site in ("none", "same-origin"):
            return
        if site is None and (origin is None or _is_this_page(origin, headers, host)):
            return
        raise RefusedError(403, OTHER_SITE)


def _is_this_page(origin: str, headers: Headers, host: str) -> bool:
    """Whether an origin is where the browser sent the request, to a proxy perhaps. No site can have
    a browser send X-Forwarded-Host elsewhere without being asked."""
    scheme, _, name = origin.partition("://")
    forwarded = headers.get("x-forwarded-host", "").partition(",")[0].strip()
    asked = {each.lower().removesuffix(PORTS.get(scheme, "")) for each in (host, forwarded)}
    return bool(name) and name in asked


def _origin(headers: Headers) -> str | None:
    """Who asks, as a browser says it; None where none does, "null" where it hides that."""
    said = headers.get("origin")
    if said is None:
        return None
    try:
        return origin_of(said)
    except ValueError:
        return "null"


def _plain(scope) -> dict:
    """A request as Gradio is to see it: of nobody in particular, and where the page has it; it logs
    out where that is read."""
    headers = [(name, value) for name, value in scope["headers"] if name != b"origin"]
    plain = {**scope, "headers": headers, "path": path_of(scope)}
    if _is_logout(scope):
        plain["method"] = "GET"
    return plain


def _is_logout(scope) -> bool:
    return path_of(scope).rstrip("/") == "/logout"


def _name(address: str) -> str:
    """The name in an address, without its port; empty where there is none."""
    try:
        return (urlsplit(address).hostname or "").rstrip(".")
    except ValueError:
        return ""
