"""Where the page is for whoever asks, also below a path of a proxy's host."""

import pytest

from drag.web.addresses import page_address, path_of
from tests.gates import asked


@pytest.mark.parametrize(
    ("root", "path", "meant"),
    [
        ("", "/card.jpg", "/card.jpg"),
        ("/below", "/below/card.jpg", "/card.jpg"),  # a proxy that leaves it on
        ("/below", "/card.jpg", "/card.jpg"),  # and one that takes it off
        ("/below", "/below", "/"),
        ("/below", "/below/", "/"),
        ("/below/", "/below/card.jpg", "/card.jpg"),
        ("/s", "/static/a.js", "/static/a.js"),  # another word that begins so
        ("/below", "/belower", "/belower"),
        ("https://demo.example/below", "/below/card.jpg", "/card.jpg"),
        ("https://demo.example", "/card.jpg", "/card.jpg"),
        ("", "", "/"),
    ],
)
def test_a_path_is_what_stands_below_the_page(root, path, meant):
    assert path_of(asked(path) | {"root_path": root}) == meant
    if not root:
        assert path_of(asked(path)) == meant


@pytest.mark.parametrize(
    ("root", "headers", "address"),
    [
        ("", {}, "http://localhost"),
        ("", {"host": "a:7860"}, "http://a:7860"),
        ("/below", {"host": "a"}, "http://a/below"),
        ("/below", {"host": "a", "x_forwarded_host": "b, c"}, "http://b/below"),
        ("", {"host": "a", "x_forwarded_proto": "https"}, "https://a"),
        ("https://demo.example/below/", {"host": "a"}, "https://demo.example/below"),
    ],
)
def test_the_address_is_the_one_that_a_browser_has(root, headers, address):
    assert page_address(asked("/", "GET", **headers) | {"root_path": root}) == address
