"""Fixtures that many tests share."""

import pytest
import torch
import torch.nn.functional as F
from filelock import FileLock

from drag import PointPair, load_generator, new_edit
from networks.blocks import Maps
from networks.windows import WHOLE

# What a worker has for itself: the tests whose names begin so share a browser, or a server.
TOGETHER = "tests/api/", "tests/browser/test_canvas_", "tests/browser/"
# Where only what is slow runs that would be most of it; files are enough, the longest first.
LONGEST = (
    "tests/browser/test_drag.py",
    "tests/test_inversion.py",
    "tests/browser/test_photo.py",
    "tests/browser/test_story.py",
    "tests/browser/",
)


class PlainShiftGenerator:
    """A generator whose answer is known: w's first two numbers of entry 0 shift a fixed pattern.

    The first number moves the picture to the right, the second down, each by 40 px a unit; the
    third brightens it everywhere. So the least change that drags a point is a shift.
    """

    z_dim = w_dim = 8
    num_ws, img_resolution, img_size = 10, 128, (128, 128)
    has_encoder, placing_entries = False, 0
    sides, margins, feature_block, window_block = ((64, 64),), (0,), 0, 1
    features_suffice = True

    def __init__(self):
        noise = torch.randn(1, 6, 11, 11, generator=torch.Generator().manual_seed(0))
        self.pattern = F.interpolate(noise, 64, mode="bicubic")
        self.w_avg = torch.zeros(8)
        self.images = 0

    def mapping(self, z, truncation_psi=1.0):
        return (0.25 * truncation_psi * z)[:, None].repeat(1, self.num_ws, 1)

    def features(self, ws, window=None, moving=None):
        side = torch.linspace(-1, 1, 65)[:-1] + 1 / 64
        y, x = torch.meshgrid(side, side, indexing="ij")
        shift = ws[0, 0, :2] * 2 * 40 / self.img_resolution
        grid = torch.stack([x - shift[0], y - shift[1]], -1)[None]
        moved = F.grid_sample(self.pattern, grid, padding_mode="reflection", align_corners=False)
        moved = moved + ws[0, 0, 2]
        return moved if window is None else moved[(..., *window)]

    def needs(self, i, window):
        return window, window

    def reached(self, entries):
        return 0

    def block(self, i, before, ws, window=WHOLE, paint=False):
        return Maps(self.features(torch.stack(list(ws), 1))[(..., *window)])

    def painted(self, last, ws):
        return self.image(torch.stack(list(ws), 1), last.features)

    def freeze(self):
        """From now on nothing moves, whatever the latents are."""
        still = self.features(torch.zeros(1, 10, 8))
        self.features = lambda ws, window=None, moving=None: (
            (still[(..., *window)] if window else still) + 0 * ws.sum()
        )

    def image(self, ws, features=None):
        self.images += 1
        features = self.features(ws) if features is None else features
        return F.interpolate(features[:, :3], scale_factor=2, mode="bilinear").tanh()


class ShiftGenerator(PlainShiftGenerator):
    """The same with a cheap way to a soft picture."""

    def preview(self, ws, features=None, window=None):
        soft = (self.features(ws) if features is None else features)[:, :3].tanh()
        return soft if window is None else soft[(..., *window)]


@pytest.fixture
def toy():
    """A ShiftGenerator of the test's own."""
    return ShiftGenerator()


@pytest.fixture
def toy_edit(toy):
    """An edit of the toy with one point to drag 12 px to the right."""
    return new_edit(toy, "toy", seed=1).place([PointPair((60, 64), (72, 64))])


@pytest.fixture
def drags_in_this_process(monkeypatch):
    """The benchmarks drag here, not in a process for each drag."""
    monkeypatch.setattr("tests.benchmarks.faces.in_a_process", lambda work, *args: work(*args))


@pytest.fixture(scope="session")
def generator(tmp_path_factory):
    """The built-in generator, on the CPU; fetched from the package index the first time, by the
    first of those who run side by side."""
    with FileLock(tmp_path_factory.getbasetemp().parent / "builtin.lock"):
        return load_generator("builtin", "cpu")


def only_slow(config) -> bool:
    """Whether just tests that take long are asked for."""
    return config.getoption("markexpr").startswith("slow")


def pytest_collection_modifyitems(config, items):
    """Let nobody wait at the end for a file that takes long."""

    def place(item):
        places = (i for i, name in enumerate(LONGEST) if item.nodeid.startswith(name))
        return next(places, len(LONGEST))

    if only_slow(config):
        items.sort(key=place)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """With --dist loadfile the tests of a file go to one worker, and so do those of TOGETHER."""
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid):
            together = () if only_slow(config) else TOGETHER
            return next(filter(nodeid.startswith, together), None) or super()._split_scope(nodeid)

    return Scheduling(config, log) if config.getoption("dist") == "loadfile" else None
