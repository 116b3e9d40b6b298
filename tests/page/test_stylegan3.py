"""A StyleGAN3 dragged from the page, by its handlers."""

from dataclasses import asdict

import numpy as np

from drag import PointPair, Settings
from drag.models.catalogue import local_models
from drag.models.loaded import LoadedModels
from tests.checkpoint_files import write_nvidia
from tests.page.conftest import CANVAS, ENGLISH, LINE, STEPS, PageHandlers, canvas_of, visitor
from tests.stylegan3_files import random_stylegan3

ARROW = PointPair((32, 32), (38, 29))


def test_a_drag_moves_the_handle_and_leaves_the_picture_where_it_is(tmp_path):
    """As long as the box under Advanced says so, and as far as it does."""
    write_nvidia(tmp_path / "net.pkl", random_stylegan3(64, width=16), layout="G_ema")
    handlers = PageHandlers(LoadedModels("cpu", local=local_models(tmp_path)), "net.pkl")
    handlers.visits.arrive("", "", None, ENGLISH)
    session = visitor(handlers)
    for held in (True, False):
        before = session.edit
        settings = Settings(max_steps=6, hold_placement=held)
        placed = canvas_of(session, ARROW)
        handlers.drags.arm({CANVAS: placed, STEPS: None, **asdict(settings)}, ENGLISH)
        *_, last = handlers.drags.run(ENGLISH)
        assert "problem" not in last[LINE]
        moved = session.edit.ws - before.ws
        assert np.abs(moved[1:6]).max(1).all()
        assert np.abs(moved[0]).any() != held
        (pair,) = session.edit.points
        assert pair.distance < ARROW.distance / 3
        handlers.history.reset_picture(ENGLISH)
