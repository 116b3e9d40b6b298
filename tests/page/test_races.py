"""Handlers that overlap, as they do in threads: nothing is lost, and the last word is shown."""

import threading
from dataclasses import replace

import numpy as np

from drag import PointPair
from drag.page.components.canvas import to_value
from tests.page.conftest import (
    CANVAS,
    ENGLISH,
    LINE,
    POINT,
    SEED,
    another,
    canvas_of,
    dragged,
    event,
    pressed,
    visitor,
)

OTHER = PointPair((20, 8), (8, 20))


def during_the_next_picture(handlers, monkeypatch, work):
    """Have work done while the next picture is made, which takes a second where it is large."""
    render = handlers.desk.render

    def slow(edit):
        monkeypatch.setattr(handlers.desk, "render", render)
        work()
        return render(edit)

    monkeypatch.setattr(handlers.desk, "render", slow)


def test_what_was_done_while_a_project_opens_is_in_the_history(handlers, monkeypatch):
    # A drag that was made meanwhile was gone: what follows had been worked out before it.
    session, _ = dragged(handlers)
    made = session.edit

    def opened(generator):
        return replace(made, history=(), points=())

    def work():
        handlers.history.change(canvas_of(session, POINT, OTHER), ENGLISH)

    during_the_next_picture(handlers, monkeypatch, work)
    list(handlers.pictures.changes.turn_to(session, handlers.desk.models.find("a.pkl"), opened))
    assert len(session.edit.undo().points) == 2
    assert session.edit.points == ()


def test_a_point_placed_while_a_picture_is_sampled_is_in_the_history(handlers, monkeypatch):
    session, use = visitor(handlers), handlers.desk.models.use

    def slow(name, *args):
        monkeypatch.setattr(handlers.desk.models, "use", use)
        handlers.history.change(canvas_of(session, POINT), ENGLISH)
        return use(name, *args)

    monkeypatch.setattr(handlers.desk.models, "use", slow)
    assert handlers.pictures.resample("7", 0.7, ENGLISH)[SEED] == "7"
    assert [pair.handle for pair in session.edit.undo().points] == [(8, 8)]


def test_of_two_quick_undos_the_last_one_is_shown(handlers, monkeypatch):
    # The first one's picture was sent last, with the second one's name, and stayed.
    session = visitor(handlers)
    for seed in ("5", "6"):
        handlers.pictures.resample(seed, 0.7, ENGLISH)
    second = []
    during_the_next_picture(
        handlers, monkeypatch, lambda: second.append(session.replace_edit(session.edit.undo()))
    )
    outputs = handlers.history.undo(to_value(session.edit, session.revision), ENGLISH)
    assert outputs == {}
    assert session.edit.seed == 0
    assert second[0].serial == session.shown.serial  # and its frame is the newest


def test_a_picture_that_takes_long_is_older_than_the_drag_that_began_meanwhile(
    handlers, monkeypatch
):
    session = visitor(handlers)
    serials = []
    during_the_next_picture(handlers, monkeypatch, lambda: serials.append(session.next_serial()))
    outputs = handlers.pictures.resample("5", 0.7, ENGLISH)
    assert outputs[CANVAS]["frame"]["serial"] < serials[0]


def test_ten_undos_at_once_do_not_make_ten_pictures_at_once(handlers, monkeypatch):
    session, make, now, most = visitor(handlers), handlers.desk.gallery._make, [], []
    for seed in range(1, 12):
        handlers.pictures.resample(str(seed), 0.7, ENGLISH)

    def counted(edit):
        now.append(1)
        most.append(len(now))
        try:
            return make(edit)
        finally:
            now.pop()

    monkeypatch.setattr(handlers.desk.gallery, "_make", counted)
    monkeypatch.setattr(handlers.desk.gallery, "find", lambda edit: None)
    value = to_value(session.edit, session.revision)
    threads = [
        threading.Thread(target=handlers.history.undo, args=(value, ENGLISH)) for _ in range(10)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(most) == 1
    assert session.edit.seed == 1


def test_drag_goes_on_from_where_the_slider_stands_though_it_was_not_heard_of(handlers):
    # Drag pressed just after the slider was moved was called off by the slider's own message.
    session, _ = dragged(handlers)
    trail = session.edit.trail
    value = to_value(session.edit, session.revision)
    handlers.drags.arm(pressed(value, 2, at=1), ENGLISH)
    assert session.armed
    np.testing.assert_array_equal(session.edit.ws, trail.at(session.edit.ws, 1)[0])
    assert handlers.history.scrub(1, ENGLISH) == {}
    assert session.armed
    *_, last = handlers.drags.run(ENGLISH)
    assert "Step limit" in last[LINE]


def test_a_late_message_of_another_models_canvas_is_left_alone(handlers):
    session = visitor(handlers)
    value = {"revision": session.revision, "points": [], "mask": "data:image/png;base64,AAAA"}
    assert LINE not in handlers.history.change(value, ENGLISH)


def test_a_page_that_the_server_does_not_know_is_told_to_reload(handlers):
    # After a server was started anew an example, a model or a file ended in a traceback.
    lost = another("unknown")
    pictures, files = handlers.pictures, handlers.files
    for outputs in (
        pictures.example(event("smile"), lost),
        pictures.choose("b.pkl", lost),
        files.open({}, lost),
        files.save("png", 1, 512, False, False, lost),
        handlers.drags.run(lost),
    ):
        assert "reload it" in list(outputs)[-1][LINE]


def test_an_untouched_page_does_not_overwrite_what_a_browser_keeps(handlers):
    session = visitor(handlers)
    assert handlers.scripts.keep([session.token]) is None
    list(handlers.pictures.choose("b.pkl", ENGLISH))
    assert handlers.scripts.keep([session.token]) is None  # a fresh picture of another model
    handlers.history.change(canvas_of(session, POINT), ENGLISH)
    assert handlers.scripts.keep([session.token]) is not None


def test_resetting_what_is_as_it_was_sampled_changes_nothing(handlers):
    session = visitor(handlers)
    for _ in range(3):
        assert "as it was sampled" in handlers.history.reset_picture(ENGLISH)[LINE]
    assert session.edit.history == ()


def test_points_under_one_region_share_it(handlers):
    session = visitor(handlers)
    mask = np.zeros(session.edit.img_size, bool)
    mask[:20] = True
    session.take_changes([POINT], mask, session.revision + 1)
    for number in range(5):
        moved = replace(POINT, target=(20 + number, 24))
        session.take_changes([moved], mask, session.revision + 1)
    masks = {id(entry.mask_png) for entry in session.edit.timeline if entry.mask_png}
    assert len(masks) == 1
