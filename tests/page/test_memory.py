"""A long sitting: a visitor's memory on the server is bounded, and undo reaches far back."""

import gc
import tracemalloc

import numpy as np
import pytest

from drag import PointPair
from drag.models.catalogue import local_models
from drag.models.loaded import LoadedModels
from tests.checkpoint_files import random_state, write_nvidia
from tests.page.conftest import (
    CANVAS,
    ENGLISH,
    LINE,
    UNDO,
    PageHandlers,
    canvas_of,
    pressed,
    visitor,
)

DRAGS, MOST = 100, 5_000_000


def held_by(handlers, session) -> int:
    """Bytes: all that Python has allocated since tracing began, and the latents, which PyTorch
    has, but for the pictures that all visitors share."""
    entries = session.edit.timeline
    arrays = {id(array): array.nbytes for entry in entries for array in (entry.ws, entry.origin)}
    return tracemalloc.get_traced_memory()[0] + sum(arrays.values()) - handlers.desk.gallery.nbytes


def drag_once(handlers, session, number):
    """Place a point, drag it by three small steps, and look at the row of the history."""
    x = 10 + number % 40
    point = PointPair((x, 20), (x + 12, 30), key=number + 1)
    value = canvas_of(session, point)
    handlers.history.change(value, ENGLISH)
    handlers.drags.arm(pressed(value, 3), ENGLISH)
    *_, last = handlers.drags.run(ENGLISH)
    assert "Step limit" in last[LINE]


@pytest.mark.slow
def test_a_hundred_drags_take_less_than_five_megabytes(tmp_path):
    # Latents as large as those of a StyleGAN2 of 1024 px: each drag makes others.
    write_nvidia(tmp_path / "a.pkl", random_state(w_dim=512, resolution=64), layout="G_ema")
    handlers = PageHandlers(LoadedModels("cpu", local=local_models(tmp_path)), "a.pkl")
    handlers.visits.arrive("", "", None, ENGLISH)
    session = visitor(handlers)
    drag_once(handlers, session, 0)  # what the first one makes once for all is not the visitor's
    gc.collect()
    tracemalloc.start()
    begun = held_by(handlers, session)
    for number in range(1, DRAGS + 1):
        drag_once(handlers, session, number)
    gc.collect()
    grown = held_by(handlers, session) - begun
    tracemalloc.stop()
    scale = 18 / len(session.edit.ws)  # its latents have more entries
    print(f"\n{DRAGS} drags: {grown / 1e6:.2f} MB, {scale * grown / 1e6:.2f} at 1024 px")
    assert scale * grown < MOST
    assert sum(entry.change == "drag" for entry in session.edit.history) > 50
    dragged = session.edit.ws
    for _ in range(50):
        outputs = handlers.history.undo(canvas_of(session, *session.edit.points), ENGLISH)
    assert outputs[UNDO]["interactive"]
    assert len(outputs[CANVAS]["value"]["points"]) <= 1
    assert not np.array_equal(session.edit.ws, dragged)
    for _ in range(50):
        handlers.history.redo(canvas_of(session, *session.edit.points), ENGLISH)
    np.testing.assert_array_equal(session.edit.ws, dragged)
