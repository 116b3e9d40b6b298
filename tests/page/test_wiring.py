"""How events, handlers and outputs belong together."""

import pytest

from tests.page.conftest import ENGLISH, LINE, PAGE, checked


def test_a_handler_that_changes_what_is_not_among_its_outputs_fails():
    # Gradio raises then, but only when that line is reached: every test of a handler looks for it.
    def choose(request):
        yield {PAGE.status: "Fetching."}
        yield {PAGE.status: "Ready.", PAGE.canvas: None}

    told = checked(choose, {LINE})(ENGLISH)
    assert next(told) == {LINE: "Fetching."}
    with pytest.raises(AssertionError, match="canvas"):
        next(told)
    with pytest.raises(AssertionError, match="photo"):
        checked(lambda request: {PAGE.photo: None}, {LINE})(ENGLISH)


def test_every_handler_is_wired(handlers):
    wired = {(type(wire.handler.__self__), wire.handler.__name__) for wire in handlers.wires}
    public = {
        (kind, name)
        for kind, _ in wired
        for name, member in vars(kind).items()
        if callable(member) and not name.startswith("_")
    }
    assert {name for _, name in public - wired} == {"reframed"}  # which another handler asks
