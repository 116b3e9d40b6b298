"""What still works while others keep the makers of pictures busy, and what ends unasked for."""

import contextlib
import itertools
import threading
import time

import gradio as gr
import pytest

from drag.files import export
from drag.page.handlers import pictures
from drag.server.shares import BUSY, TOO_MUCH, Asker, asking
from drag.web.api import Api, _record
from tests.page.conftest import (
    CANVAS,
    ENGLISH,
    LINE,
    POINT,
    another,
    canvas_of,
    visitor,
)


@pytest.fixture
def crowded(handlers):
    """The page while others have all makers of pictures and decoders of photos."""
    shares = handlers.desk.shares
    with contextlib.ExitStack() as held:
        for share in (shares.pictures, shares.photos):
            share.seconds = 0.0  # as after a long wait
            for number in range(share.slots):
                held.enter_context(share.place(Asker(f"eve {number}", "6.6.6.6")))
        yield handlers


def test_who_arrives_or_places_a_point_waits_for_no_picture_of_others(crowded):
    # 300 requests for six faces kept everybody out for five minutes.
    for name in ("ann", "bob"):
        assert crowded.visits.arrive("", "", None, another(name))[CANVAS]["frame"]
    session = visitor(crowded)
    told = crowded.history.change(canvas_of(session, POINT), ENGLISH)
    assert told["undo"]["interactive"]
    with crowded.desk.models.use("a.pkl") as generator:  # nor who comes back with their own
        edit = pictures.new_edit(generator, "a.pkl", 77)
    session.replace_edit(edit)
    back = crowded.visits.arrive(session.token, "", None, another("back"))
    assert back[CANVAS]["frame"]
    assert BUSY in crowded.pictures.faces(0.7, ENGLISH)[LINE]
    assert (
        crowded.scripts.thumbnail([session.token, edit.picture_key.hex()]) is not None
    )  # it is there


def test_an_arrival_for_which_there_is_no_room_says_so_and_keeps_the_edit(handlers):
    session = visitor(handlers)
    handlers.pictures.resample("77", 0.7, ENGLISH)
    handlers.desk.gallery._kept.clear()
    share = handlers.desk.shares.arrivals
    share.seconds = 0.0
    with share.place(Asker("eve")):
        told = handlers.visits.arrive(session.token, "", None, another("back"))
    assert BUSY in told[LINE]
    assert handlers.desk.sessions.get("back").edit.seed == 77


def test_a_photo_waits_for_its_turn_and_is_told_where_that_takes_long(crowded):
    *_, told = crowded.photos.take_photo({"name": "a.jpg", "content": "AAAA"}, ENGLISH)
    assert BUSY in told[LINE]


def test_six_faces_end_at_the_next_picture_where_nobody_waits_for_them(handlers, monkeypatch):
    made, small = [], pictures.thumbnail
    monkeypatch.setattr(pictures, "thumbnail", lambda *args: made.append(1) or small(*args))
    with asking(Asker("visitor", "1.1.1.1", lambda: len(made) >= 2)):
        handlers.pictures.faces(0.7, ENGLISH)
    assert len(made) == 2


def test_a_visitor_asks_for_a_few_pictures_at_once_and_no_more(handlers):
    share, left = handlers.desk.shares.pictures, threading.Event()

    def ask():
        with asking(Asker("visitor", "1.1.1.1", left.is_set)):
            return handlers.pictures.faces(0.7, ENGLISH)

    with contextlib.ExitStack() as held:
        for number in range(share.slots):
            held.enter_context(share.place(Asker(f"eve {number}")))
        asked = [threading.Thread(target=ask) for _ in range(share.each)]
        for number, thread in enumerate(asked, 1):
            thread.start()
            while share.waiting < number:
                time.sleep(0.001)
        assert TOO_MUCH in ask()[LINE]
        assert share.waiting == share.each
        left.set()
        for thread in asked:  # they leave the line, though it does not move
            thread.join()
    assert (share.running, share.waiting) == (0, 0)


@pytest.fixture
def endless(monkeypatch):
    """Films that have no end, and whether one was let go of."""
    closed = threading.Event()

    def film(*args):
        try:
            for _ in itertools.count():
                yield 0.5
        finally:
            closed.set()

    monkeypatch.setattr(export, "making", film)
    monkeypatch.setattr("drag.page.handlers.files.making", film)
    return closed


def soon(times):
    """Somebody who has gone after so many looks."""
    looks = itertools.count()
    return lambda: next(looks) >= times


def test_an_export_that_nobody_fetches_ends(handlers, endless):
    # 180 exports that nobody fetched kept the device for hours.
    desk = handlers.desk
    api, edit = Api(desk.models, desk.engine, desk.shares), visitor(handlers).edit
    with asking(Asker("program", "6.6.6.6", soon(9))), pytest.raises(gr.Error, match="waited"):
        api.export(_record(edit), "mp4")
    assert endless.wait(9)
    with contextlib.suppress(AssertionError):
        assert desk.shares.films.waiting == 0


def test_a_film_that_nobody_watches_ends(handlers, endless):
    with asking(Asker("visitor", "1.1.1.1", soon(9))):
        *_, last = handlers.files.save("mp4", 3.0, 512, False, True, ENGLISH)
    assert "Nobody waited" in last[LINE]
    assert endless.wait(9)


def test_pictures_and_projects_wait_for_no_film(handlers):
    films = handlers.desk.shares.films
    films.slots = 0
    *_, last = handlers.files.save("png", 3.0, 512, False, True, ENGLISH)
    assert last["exchange"]["saved"]["name"].endswith(".png")
