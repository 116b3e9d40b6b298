"""What browsers are told of each answer (`origins` puts it on): where the page may take things from
(Content-Security-Policy), in whose frames it may stand, and what may be kept."""

from collections.abc import Callable, Iterable

from drag.web.addresses import path_of

CDN = "https://gradio.s3-us-west-2.amazonaws.com"  # where Gradio has the scripts of shared links
HUB = "https://huggingface.co"  # whose pages have those of Spaces in a frame
FOR_GOOD = "/assets/", "/static/", "/svelte/"  # files of Gradio, by version; its own headers hold


def headers_for(
    own: Iterable[str], listed: Iterable[str], share: bool
) -> Callable[[dict], list[tuple[str, str]]]:
    """A function from the ASGI scope of a request to the headers of its answer.

    own, listed: origins of this page under other names, and of pages that may have it in a frame.
    share: whether it has a public link of Gradio's.
    """
    own, on_space = list(own), any(name.endswith(".hf.space") for name in own)
    here = " ".join(["'self'", *own, *([CDN] if share else []), *([HUB] if on_space else [])])
    around = " ".join(["'self'", *own, *listed, *([HUB] if on_space else [])])
    policy = "; ".join(
        [
            f"default-src {here}",
            # Gradio writes its settings into the page, and makes functions of components' scripts.
            f"script-src {here} 'unsafe-inline' 'unsafe-eval'",
            f"style-src {here} 'unsafe-inline'",
            f"img-src {here} data: blob:",
            f"media-src {here} data: blob:",
            f"font-src {here} data:",
            f"connect-src {here} data: blob:",
            f"worker-src {here} blob:",
            "object-src 'none'",
            "base-uri 'self'",
            f"form-action {here}",
            f"frame-ancestors {around}",
        ]
    )
    always = [("content-security-policy", policy), ("x-content-type-options", "nosniff")]
    # What is said depends on the Host, the cookie and the language.
    fresh = [("cache-control", "private, no-cache")]

    def headers(scope: dict) -> list[tuple[str, str]]:
        path = path_of(scope)
        return always if path.startswith(FOR_GOOD) else always + fresh

    return headers
