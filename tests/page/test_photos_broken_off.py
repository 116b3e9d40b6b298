"""Inversions that nobody fetches, or that cannot begin or go on, and photos that are gone."""

import operator
import threading

import numpy as np
import pytest

from drag.page.handlers import photos
from drag.photo.inversion import Fit
from drag.server.engine import NO_MEMORY, NoMemoryError
from drag.server.jobs import FETCH_SECONDS, Kind
from drag.server.shares import Share
from networks.errors import UserError
from tests.page.conftest import ENGLISH, LINE, ask, visitor
from tests.page.inversions import FACE, FRAME, PHOTO, running, taken, use

BUTTONS = ({"interactive": False, "__type__": "update"},) * 2  # nothing is placed, nothing runs


def panel(outputs):
    """What the photo's panel is told by handlers that have the line, Drag, Stop and it."""
    buttons = tuple(outputs[name] for name in ("go", "stop") if name in outputs)
    return outputs[PHOTO]["fit"]["phase"], buttons


def lapse(handlers):
    """Half a minute goes by."""
    visitor(handlers).inversion.asked -= FETCH_SECONDS[Kind.PHOTO] + 1


def test_one_that_is_never_fetched_keeps_no_session_alive(handlers):
    # A script that asked for one and never fetched it had a session, and memory, for ever.
    taken(handlers)
    session = visitor(handlers)
    before = session.nbytes
    use(handlers)
    assert session.nbytes == before + session.inversion.picture.nbytes
    session.seen -= 7200
    handlers.desk.sessions.sweep()
    assert handlers.desk.sessions._sessions == {}


def test_one_that_is_never_fetched_lapses(handlers, fits):
    taken(handlers)
    use(handlers)
    session = visitor(handlers)
    assert session.inverting
    lapse(handlers)
    assert not session.inverting
    handlers.desk.sessions.sweep()
    assert session.inversion.nbytes == 0
    use(handlers)
    lapse(handlers)
    *_, last = handlers.inversions.invert(ENGLISH)  # too late
    assert panel(last) == ("placing", BUTTONS)
    assert not session.inverting
    assert not fits.calls


def test_who_watches_or_waits_stays(handlers, fits):
    fits.count, fits.pause = 500, 0.02
    run = running(handlers)
    session = visitor(handlers)
    session.seen -= 7200
    session.inversion.asked -= 7200
    handlers.desk.sessions.sweep()
    assert visitor(handlers) is session
    assert session.inverting
    handlers.drags.halt(ENGLISH)
    list(run)


@pytest.mark.parametrize(
    "ends",
    [
        operator.attrgetter(name)
        for name in ("drags.halt", "inversions.halt_photo", "inversions.refuse_photo")
    ],
    ids=str,
)
def test_stopped_or_refused_before_it_began_it_leaves_the_panel_usable(handlers, fits, ends):
    # The panel stayed in “running” for good: nothing told it otherwise.
    taken(handlers)
    use(handlers)
    session = visitor(handlers)
    outputs = ends(handlers)(ENGLISH)
    assert panel(outputs) == ("placing", BUTTONS)
    words = "could not begin" if "refuse" in str(ends) else "before there was a picture"
    assert words in outputs[LINE]
    assert outputs[PHOTO]["fit"]["words"] in outputs[LINE]
    assert not session.inverting
    assert session.inversion.picture is None  # which is one of the visitor
    *_, last = handlers.inversions.invert(ENGLISH)
    assert panel(last) == ("placing", BUTTONS)
    assert not fits.calls
    assert "Starting" in use(handlers)[LINE]


def test_a_late_invert_takes_no_buttons_from_a_drag(handlers):
    taken(handlers)
    use(handlers)
    handlers.drags.halt(ENGLISH)
    ask(visitor(handlers))
    *_, last = handlers.inversions.invert(ENGLISH)
    assert panel(last) == ("placing", ())


def test_one_that_lapsed_does_not_answer_for_a_drag(handlers):
    taken(handlers)
    use(handlers)
    lapse(handlers)
    ask(visitor(handlers))
    outputs = handlers.drags.halt(ENGLISH)
    assert "before the first step" in outputs[LINE]
    assert PHOTO not in outputs


def test_all_that_ends_an_inversion_reaches_the_panel(handlers):
    reaching = {wire.handler.__name__ for wire in handlers.wires if PHOTO in wire.outputs}
    assert reaching >= {"halt", "halt_photo", "refuse_photo", "invert"}
    after = {wire.source for wire in handlers.wires if wire.handler.__name__ == "reframe"}
    assert after == {"choose", "example", "open"}


def test_a_lost_connection_is_said_and_the_panel_is_empty_again(handlers, fits):
    # The photo went with the connection, and beside it the page said: choose a photo first.
    taken(handlers)
    handlers.visits.leave(ENGLISH)
    for outputs in (use(handlers), handlers.inversions.halt_photo(ENGLISH)):
        assert "the connection was lost: choose it again" in outputs[LINE]
        assert outputs[PHOTO]["photo"] is False  # Gradio sends no null
        assert panel(outputs) == ("none", BUTTONS)
    assert not visitor(handlers).inverting


def test_leaving_between_asking_and_fetching_lets_go_of_the_picture(handlers):
    taken(handlers)
    use(handlers)
    session = visitor(handlers)
    handlers.visits.leave(ENGLISH)
    assert session.inversion.picture is None
    assert session.photo is None


def fit(share, distance, stage="latents", done=False):
    return Fit(
        stage, share, 1.0, np.full((8, 24), distance, np.float32), None, distance, None, done, 0.5
    )


def kept(handlers, monkeypatch, *fits, error=None):
    """The first latent of the visitor's edit after these fits, and the last outputs."""

    def invert(*args):
        yield from fits
        if error:
            raise error

    monkeypatch.setattr(handlers.desk.engine, "invert", invert)
    taken(handlers)
    use(handlers)
    *_, last = handlers.inversions.invert(ENGLISH)
    return visitor(handlers).edit.ws[0, 0], last


FIRST_TRY = fit(0, 0.9, "encoder"), fit(0.3, 0.6), fit(0.6, 0.4)


def test_an_inversion_that_began_anew_keeps_what_the_first_try_reached(handlers, monkeypatch):
    # Memory ran out once, Stop came at the second encoder's guess, and that was what was kept.
    best, _ = kept(
        handlers,
        monkeypatch,
        *FIRST_TRY,
        fit(0, 0.9, "encoder"),
        fit(0.3, 0.6),
        error=UserError("Too little of it."),
    )
    assert best == np.float32(0.4)


@pytest.mark.parametrize(
    ("again", "best"),
    [
        ((fit(0, 0.9, "encoder"), fit(0.3, 0.35), fit(0.4, 0.36)), 0.36),
        ((fit(0.7, 0.45),), 0.45),
        ((fit(0, 0.9, "encoder"), fit(1.0, 0.9, "encoder", True)), 0.4),  # no time was left
        ((fit(0, 0.9, "encoder"), fit(1.0, 0.1, "weights", True)), 0.1),
    ],
)
def test_a_second_try_counts_once_it_is_nearer_and_so_does_its_end(
    handlers, monkeypatch, again, best
):
    found, last = kept(handlers, monkeypatch, *FIRST_TRY, *again)
    assert found == np.float32(best)
    assert ("Stopped" in last[LINE]) == (not again[-1].done)


@pytest.mark.parametrize(
    ("error", "words"),
    [(KeyError("x"), "broke off"), (NoMemoryError(NO_MEMORY), "or with a smaller model")],
)
@pytest.mark.parametrize("fits", [(), FIRST_TRY])
def test_only_what_there_is_is_said_to_be_kept(handlers, monkeypatch, error, words, fits):
    before = visitor(handlers).edit
    _, last = kept(handlers, monkeypatch, *fits, error=error)
    assert words in last[LINE]
    assert "points" not in last[LINE]
    assert ("kept" in last[LINE]) == bool(fits)
    assert (visitor(handlers).edit is before) == (not fits)
    assert last[PHOTO]["fit"]["phase"] == ("done" if fits else "placing")


def find_with(monkeypatch, work):
    """Faces are looked for in every photo, by this."""

    class Finder:
        def find(self, pixels):
            work()
            return [FACE]

    monkeypatch.setattr(photos.faces, "load_finder", Finder)
    monkeypatch.setattr(photos, "is_of_faces", lambda model: True)


def test_a_photo_that_comes_while_the_former_is_used_is_refused(handlers, fits, monkeypatch):
    # It took the place of the one worked on, whose panel went back to the frame.
    taken(handlers)
    former = visitor(handlers).photo
    find_with(monkeypatch, lambda: use(handlers))
    told = taken(handlers)
    photo = told[PHOTO]
    assert "Your photo is being worked on" in told[LINE]
    assert "photo" not in photo
    assert "phase" not in photo["fit"]
    assert visitor(handlers).photo is former
    assert visitor(handlers).inverting


def test_a_photo_that_went_while_it_was_cut_is_not_used(handlers, monkeypatch):
    taken(handlers)

    def place(share, who):
        monkeypatch.setattr(Share, "place", original)
        taken(handlers)
        return original(share, who)

    original = Share.place
    monkeypatch.setattr(Share, "place", place)
    assert "another one now" in use(handlers, FRAME)[LINE]
    assert not visitor(handlers).inverting


def test_faces_are_looked_for_where_pictures_are_made(handlers, monkeypatch):
    # Each thread that uses PyTorch keeps others, and memory: not in all of Gradio's.
    names = []
    find_with(monkeypatch, lambda: names.append(threading.current_thread().name))
    taken(handlers)
    assert names[0].startswith("pictures")
