"""Models chosen while other things go on, by the page's handlers."""

import numpy as np

from drag import PointPair
from drag.page.components.canvas import to_value
from networks.errors import Message
from networks.stylegan2 import StyleGAN2
from tests.page.conftest import (
    CANVAS,
    ENGLISH,
    LINE,
    SEED,
    ask,
    pressed,
    visitor,
)


def choose(handlers, name):
    """Choose a model and wait for it; returns what the page was told last."""
    return list(handlers.pictures.choose(name, ENGLISH))[-1]


def test_another_picture_asked_for_while_another_model_comes_is_not_mixed_up(handlers, monkeypatch):
    # The edit had one model's name and another's latents, and no picture could be made any more.
    use = handlers.desk.models.use

    def slow(name, *args):  # the model was dropped and is loaded again; the visitor goes on
        monkeypatch.setattr(handlers.desk.models, "use", use)
        choose(handlers, "b.pkl")
        return use(name, *args)

    monkeypatch.setattr(handlers.desk.models, "use", slow)
    told = handlers.pictures.resample("5", 0.7, ENGLISH)
    assert told == {}
    assert visitor(handlers).edit.model == "b.pkl"
    assert visitor(handlers).edit.ws.shape == (8, 32)
    assert handlers.pictures.resample("5", 0.7, ENGLISH)[SEED] == "5"


def test_a_model_that_is_no_longer_wanted_says_nothing_more(handlers, monkeypatch):
    fetch = handlers.desk.models.fetch

    def slow(model):
        yield Message("Downloading"), 0.1
        yield from fetch(model)
        yield Message("Reading"), None
        raise ValueError("never wanted")

    monkeypatch.setattr(handlers.desk.models, "fetch", slow)
    first = handlers.pictures.choose("b.pkl", ENGLISH)
    assert next(first) == {}
    assert "Downloading" in next(first)[LINE]
    monkeypatch.setattr(handlers.desk.models, "fetch", fetch)
    choose(handlers, "c.pkl")
    assert list(first) == []
    assert visitor(handlers).edit.model == "c.pkl"


def test_a_name_that_is_none_leaves_the_model_that_is_on_its_way(handlers):
    first = handlers.pictures.choose("b.pkl", ENGLISH)
    next(first)
    assert "no model of that name" in choose(handlers, "kittens")[LINE]
    assert "Press on the picture" in list(first)[-1][LINE]
    assert visitor(handlers).edit.model == "b.pkl"


def test_a_picture_that_does_not_fit_into_memory_changes_nothing(handlers, monkeypatch):
    image = StyleGAN2.image

    def scarce(self, ws, *args):
        if self.w_dim == 32:
            raise RuntimeError("not enough memory: you tried to allocate 9 bytes")
        return image(self, ws, *args)

    monkeypatch.setattr(StyleGAN2, "image", scarce)
    told = choose(handlers, "b.pkl")
    assert "for lack of memory" in told[LINE]
    assert told["model"]["value"] == "a.pkl"
    assert told["model"]["info"] in told[LINE]  # beside the menu, too
    assert visitor(handlers).edit.model == "a.pkl"
    monkeypatch.setattr(StyleGAN2, "image", image)
    choose(handlers, "b.pkl")
    monkeypatch.setattr(StyleGAN2, "image", scarce)
    for told in (
        handlers.pictures.resample("7", 0.7, ENGLISH),
        handlers.visits.arrive("", "", None, ENGLISH),
    ):
        assert "for lack of memory" in told[LINE]  # and the page comes back with the first model
    assert visitor(handlers).edit.model == "a.pkl"


def test_a_drag_begun_on_one_model_does_not_run_on_another(handlers, monkeypatch):
    session = visitor(handlers)
    session.take_changes([PointPair((8, 8), (24, 24))], None, session.revision + 1)
    ask(session, handlers.desk.engine)
    use = handlers.desk.models.use

    def slow(name, *args):
        monkeypatch.setattr(handlers.desk.models, "use", use)
        session.turn_to(handlers.desk.fresh("b.pkl"))
        return use(name, *args)

    monkeypatch.setattr(handlers.desk.models, "use", slow)
    list(handlers.drags.run(ENGLISH))
    fresh = handlers.desk.fresh("b.pkl")
    assert np.array_equal(session.edit.ws, fresh.ws)
    assert not session.running


def test_drag_pressed_while_another_model_comes_drags_nothing(handlers, monkeypatch):
    session, use = visitor(handlers), handlers.desk.models.use
    session.take_changes([PointPair((8, 8), (24, 24))], None, session.revision + 1)

    def slow(name, *args):
        monkeypatch.setattr(handlers.desk.models, "use", use)
        session.turn_to(handlers.desk.fresh("b.pkl"))
        return use(name, *args)

    monkeypatch.setattr(handlers.desk.models, "use", slow)
    value = to_value(session.edit, session.revision + 1)
    handlers.drags.arm(pressed(value, 9), ENGLISH)
    assert session.edit.model == "b.pkl"
    assert not session.armed
    ws = session.edit.ws
    list(handlers.drags.run(ENGLISH))
    assert session.edit.ws is ws


def test_of_two_models_chosen_in_a_drag_the_last_one_is_shown(handlers, monkeypatch):
    session = visitor(handlers)
    settle, first = session.settle, handlers.pictures.choose("b.pkl", ENGLISH)

    def slow():
        monkeypatch.setattr(session, "settle", settle)
        choose(handlers, "c.pkl")
        settle()

    monkeypatch.setattr(session, "settle", slow)
    assert not any(CANVAS in told for told in first)
    assert session.edit.model == "c.pkl"


def test_choosing_the_model_that_is_shown_leaves_the_picture_alone(handlers):
    assert CANVAS not in choose(handlers, "a.pkl")


def test_a_drag_that_ends_late_says_nothing_over_another_model(handlers):
    session = visitor(handlers)
    session.take_changes([PointPair((8, 8), (24, 24))], None, session.revision + 1)
    ask(session, handlers.desk.engine)
    outputs = handlers.drags.run(ENGLISH)
    while "Step" not in str(next(outputs).get(LINE)):
        pass
    session.turn_to(handlers.desk.fresh("b.pkl"))  # its last step took longer than one waits for it
    *_, last = outputs
    assert set(last) == {"go", "stop"}
