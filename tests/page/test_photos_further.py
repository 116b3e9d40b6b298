"""Going on from what was reached of a photo."""

from dataclasses import replace

import numpy as np

from drag.photo.inversion import Fit
from drag.server.inversions import Inversion
from tests.page.conftest import CANVAS, ENGLISH, LINE, UNDO, canvas_of, visitor
from tests.page.inversions import PHOTO, running, taken, use


def improve(handlers):
    """The button was pressed; its outputs."""
    return handlers.inversions.use_photo({"further": True}, ENGLISH)


def stopped(handlers, fits):
    """An inversion was stopped early; what was said of its end."""
    fits.count, fits.pause = 500, 0.02
    run = running(handlers)
    handlers.drags.halt(ENGLISH)
    *_, last = run
    fits.count, fits.pause = 4, 0.0
    return last


def test_what_was_stopped_goes_on_from_there(handlers, fits):
    last, session = stopped(handlers, fits), visitor(handlers)
    assert last[PHOTO]["fit"]["further"]
    assert 'data-remedy="improve"' in last[LINE]
    reached = session.edit.ws
    told = improve(handlers)
    assert "Starting" in told[LINE]
    assert "shown" not in told[PHOTO]["fit"]  # the canvas has what it goes on from
    *_, last = handlers.inversions.invert(ENGLISH)
    assert fits.begun[0] is None
    np.testing.assert_array_equal(fits.begun[1].ws, reached)
    assert fits.begun[1].picture is None  # which the server need not keep
    assert "A close likeness" in last[LINE]
    assert last[PHOTO]["fit"]["further"]
    assert last[CANVAS]["frame"]
    assert [entry.change for entry in session.edit.timeline] == ["sample", "photo", "photo"]
    handlers.history.undo(canvas_of(session), ENGLISH)
    np.testing.assert_array_equal(session.edit.ws, reached)


def test_what_added_nothing_is_no_change(handlers, fits, monkeypatch):
    stopped(handlers, fits)
    session = visitor(handlers)
    # It was moved meanwhile, which was lost: the photo came back as it had been.
    session.replace_edit(replace(session.edit.remember(), ws=session.edit.ws + 1, change="drag"))
    edit = session.edit

    def invert(model, picture, seconds, begun):
        yield replace(begun, share=0.0)

    monkeypatch.setattr(handlers.desk.engine, "invert", invert)
    improve(handlers)
    *_, last = handlers.inversions.invert(ENGLISH)
    assert session.edit is edit
    assert "Stopped, the best so far is kept" in last[LINE]
    assert last[PHOTO]["fit"]["phase"] == "done"
    assert last[PHOTO]["fit"]["further"]
    assert last[UNDO]["interactive"]


def test_a_second_try_in_memory_that_ran_out_goes_on_from_what_the_first_reached(handlers, fits):
    # It was told by the encoder's guess, with which one that goes on does not begin.
    taken(handlers)
    inversion = Inversion(visitor(handlers), None, np.zeros((32, 32, 3), np.uint8))
    begun, reached = (
        Fit("weights", share, 1.0, np.zeros((8, 24), np.float32), None, distance)
        for share, distance in ((0.0, 0.4), (0.5, 0.3))
    )
    for fit in (begun, reached, begun):
        inversion.take(fit)
    assert inversion.fit.distance == 0.3


def test_of_a_photo_of_which_nothing_was_reached_nothing_is_improved(handlers, fits):
    assert "Your photo is not here" in improve(handlers)[LINE]
    stopped(handlers, fits)
    taken(handlers)  # another one
    told = improve(handlers)
    assert "nothing to improve yet" in told[LINE]
    assert told[PHOTO]["fit"]["problem"]
    assert not visitor(handlers).inverting
    list(handlers.pictures.choose("b.pkl", ENGLISH))
    handlers.photos.reframe(ENGLISH)
    assert "nothing to improve yet" in improve(handlers)[LINE]


def test_what_was_reached_counts_in_the_memory(handlers, fits):
    stopped(handlers, fits)
    photo = visitor(handlers).photo
    assert photo.nbytes == len(photo.content) + photo.fit.ws.nbytes


def test_a_photo_that_is_far_can_be_gone_on_with_where_that_is_said(handlers, fits):
    fits.distance = 1.31
    taken(handlers)
    use(handlers)
    *_, last = handlers.inversions.invert(ENGLISH)
    assert 'data-remedy="anyway"' in last[LINE]
    assert "further" not in last[PHOTO]["fit"]
    assert visitor(handlers).photo.fit is None
