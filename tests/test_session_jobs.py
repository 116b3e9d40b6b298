"""The jobs of a visitor: what is in the way of what, and what ends them."""

import logging
import threading
from types import SimpleNamespace

import numpy as np
import pytest

from drag import PointPair, new_edit
from drag.loop import Ending, Step
from drag.server.drags import Drag
from drag.server.inversions import Inversion
from drag.server.jobs import LEFT, Kind, Phase
from drag.server.line import Line
from drag.server.sessions import NO_PHOTO_KEPT, PHOTO_KEPT, WELCOME, Session
from drag.server.shown import Shown
from drag.server.visitors import Sessions
from tests.test_jobs import LONG, Work


def step_of(edit, number, ending=None):
    return Step(
        number,
        edit.ws + number,
        tuple(pair.handle for pair in edit.points),
        tuple(pair.distance for pair in edit.points),
        ending=ending,
    )


@pytest.fixture
def session(toy):
    """A visitor with a point placed."""
    edit = new_edit(toy, "toy", seed=1).place([PointPair((60, 64), (72, 64))])
    return Session(Shown(edit))


@pytest.fixture
def engine():
    """Steps that come when they are let; an inversion of nothing."""
    let = threading.Semaphore(0)

    def steps(edit, seconds):
        for number in range(1, 4):
            assert let.acquire(timeout=LONG)
            yield step_of(edit, number, Ending.ARRIVED if number == 3 else None)

    return SimpleNamespace(let=let, steps=steps, invert=lambda *args: iter(()))


def asked(session, engine):
    """A drag that was asked for."""
    drag = Drag(session, engine)
    assert session.arm(drag, session.edit, session.edit)
    return drag


def test_two_presses_before_the_first_is_fetched_are_one_drag(session, engine):
    first, second = asked(session, engine), asked(session, engine)
    assert first.phase is Phase.ENDED
    assert session.fetch(Kind.DRAG) is second
    assert session.fetch(Kind.DRAG) is None
    assert not session.ask(Drag(session, engine))  # a third, while it waits
    assert session.drag is second


def test_a_drag_and_an_inversion_are_in_each_others_way(session, engine):
    photo = Inversion(session, engine, np.zeros((4, 4, 3), np.uint8))
    assert session.ask(photo)
    assert not session.arm(Drag(session, engine), session.edit, session.edit)
    assert not session.ask(Inversion(session, engine, photo.picture))  # a second press
    assert session.inversion is photo
    assert session.nbytes >= 48
    photo.stop()
    drag = asked(session, engine)
    assert not session.ask(Inversion(session, engine, np.zeros((4, 4, 3), np.uint8)))
    assert session.drag is drag


def test_while_it_is_told_how_one_ended_no_other_is_asked_for(session, engine):
    # The end of the first drag gave the second one's Stop button back as Drag.
    drag = asked(session, engine)
    engine.let.release(3)
    list(Line(1).run(drag))
    assert session.dragging
    assert not session.running
    assert not session.arm(Drag(session, engine), session.edit, session.edit)
    drag.close()
    assert not session.dragging
    assert session.arm(Drag(session, engine), session.edit, session.edit)


def test_another_edit_calls_off_a_drag_that_waits_and_ends_one_that_runs(session, engine, caplog):
    caplog.set_level(logging.INFO, "drag")
    waiting = asked(session, engine)
    session.replace_edit(session.edit.remember(), session.edit)
    assert waiting.phase is Phase.ENDED
    drag = asked(session, engine)
    run = Line(1).run(drag)
    engine.let.release()
    assert next(run)[0].number == 1
    other = session.edit.undo()
    session.replace_edit(other, session.edit)
    assert drag.phase is Phase.STOPPING
    engine.let.release()
    assert list(run) == []  # a step of an edit that has gone
    assert session.edit is other
    assert "toy: 1 points, 2 steps" in caplog.text
    assert "another picture" in caplog.text


def test_another_edit_in_the_moment_in_which_a_drag_begins_is_not_dragged(session, engine):
    drag = asked(session, engine)
    drag.enter()
    drag.begin()
    other = session.edit.remember()
    session.replace_edit(other, session.edit)
    engine.let.release(3)
    assert list(drag.steps()) == []
    assert session.edit is other


def test_leaving_ends_a_drag_in_every_phase(session, engine, caplog):
    caplog.set_level(logging.INFO, "drag")
    for moves in ((), ("enter",), ("enter", "begin")):
        drag = asked(session, engine)
        for move in moves:
            getattr(drag, move)()
        session.leave()
        assert session.left == WELCOME
        if drag.running:
            drag.end()
        assert drag.phase is Phase.ENDED
        assert not session.busy
    drag = asked(session, engine)
    run = Line(1).run(drag)
    engine.let.release()
    next(run)
    session.leave()
    engine.let.release()
    drag.join(LONG)  # nobody fetched or closed anything
    assert drag.phase is Phase.ENDED
    assert LEFT in caplog.text


def test_what_runs_to_its_end_says_why_in_the_log(session, engine, caplog):
    caplog.set_level(logging.INFO, "drag")
    engine.let.release(3)
    drag = asked(session, engine)
    *_, (last, _) = Line(1).run(drag)
    assert last.ending is Ending.ARRIVED
    assert "toy: 1 points, 3 steps" in caplog.text
    assert caplog.text.count("arrived") == len(caplog.records) == 1
    assert session.edit.trail.numbers == (0, 1, 2, 3)
    assert drag.ways == [12]


def test_a_film_ends_as_its_page_leaves_and_so_does_one_that_comes_later(session):
    work, line = Work(), Line(2)
    with session.filming(work) as film:
        run = line.run(film)
        work.let.release()
        assert next(run) == 0
        assert session.busy
        session.leave()
        work.let.release()
        film.join(LONG)
        assert film.phase is Phase.ENDED
        assert work.ended.is_set()
    assert session.films == set()
    with session.filming(lambda: "abc") as film:
        assert list(line.run(film)) == []
    session.left = ""
    with session.filming(lambda: "abc") as film:
        assert list(line.run(film)) == ["a", "b", "c"]


def test_what_is_said_to_who_comes_back_follows_from_what_became_of_their_photo(toy, engine):
    store = Sessions(new_edit(toy, "toy"))
    session = store.open("a", "")
    photo = Inversion(session, engine, np.zeros((4, 4, 3), np.uint8))
    assert session.finish() == WELCOME
    session.ask(photo)
    assert session.finish() == NO_PHOTO_KEPT  # a tab was copied while it is worked on
    photo.enter()
    photo.begin()
    store.leave("a")
    store.leave("a")  # said twice
    assert session.finish() == NO_PHOTO_KEPT
    photo.kept, session.left = True, PHOTO_KEPT  # as Inversion.keep has it
    photo.end()
    assert session.finish() == PHOTO_KEPT
    store.get("a")  # it had not gone
    store.leave("a")
    assert session.finish() == WELCOME
