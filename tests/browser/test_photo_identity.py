"""A real photo on the real page, as a visitor uses it: who it was stays who it is when dragged."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from tests.browser.test_photo import choose, invert
from tests.judge import NOSE_TIP, find_face, identity
from tests.real_photos import astronaut
from tests.running_app import running_app

WAY = 40  # pixels that the nose is dragged
SAME = 0.45  # dlib's identity distance


@pytest.fixture(scope="module")
def server(generator, tmp_path_factory):
    """A page whose inversions take the time they need."""
    with running_app(tmp_path_factory.mktemp("identity")) as app:
        yield app


@pytest.mark.slow
@pytest.mark.alone
def test_the_astronaut_turns_her_head_and_is_herself(open_page):
    page = open_page()
    assert "Is the face in the frame" in choose(page, astronaut(), "astronaut.png")
    said = invert(page)
    assert "likeness" in said
    page.wait_for_entries("[Photo]")
    source = page.page.get_attribute(".ph-crop", "src")
    photo = np.asarray(Image.open(io.BytesIO(base64.b64decode(source.partition(",")[2]))))
    who = identity(photo, find_face(photo)[0])
    inverted, _ = find_face(page.picture())
    assert np.linalg.norm(identity(page.picture(), inverted) - who) < SAME
    x, y = inverted[NOSE_TIP]
    page.press_and_drag((x, y), (x + WAY, y))
    page.drag()
    turned, _ = find_face(page.picture())
    distance = np.linalg.norm(identity(page.picture(), turned) - who)
    print(f"{said!r}; identity distance {distance:.2f}, nose went {turned[NOSE_TIP][0] - x:.0f} px")
    assert distance < SAME
    assert turned[NOSE_TIP][0] - x > WAY / 2
