"""Archives of latents that others made: theirs open, what is none is refused and not executed."""

import io
import pickle
import tracemalloc
import zipfile

import numpy as np
import pytest

from drag.files.arrays import from_npz


def npz(**arrays):
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "array",
    [
        np.ones((10, 512), np.float32),
        np.ones((3, 10, 512), np.float64),
        np.ones((1, 10, 512), np.float16),
    ],
)
def test_latents_of_other_tools_open(array):
    ws = from_npz(npz(w=array, other=np.arange(3)))
    assert ws.shape == (10, 512)
    assert ws.dtype == np.float32


def forged(header: str) -> bytes:
    """An archive whose w.npy says this of itself, with few numbers behind."""
    text = header.ljust(117).encode() + b"\n"
    member = b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + bytes(64)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("w.npy", member)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK",
        pickle.dumps(7),
        npz(v=np.ones((1, 10, 512))),
        npz(w=np.ones(7)),
        npz(w=np.ones((1, 10, 512), np.int64)),
        npz(w=np.ones((1, 1, 10, 512))),
        npz(w=np.ones((0, 10, 512))),
        npz(w=np.ones((10, 4096))),
        npz(w=np.array("text")),
        forged("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1000000, 1000000), }"),
        forged("{'descr': '<f4', 'fortran_order': False, 'shape': (-4, -4), }"),
        forged("{'descr': '|O', 'fortran_order': False, 'shape': (1, 8), }"),
        forged("{'descr': '<f4', 'fortran_order': False, 'shape': (), }"),
        forged("__import__('os').system('false')"),
        forged("{"),
    ],
)
def test_what_has_no_latents_is_refused(content):
    with pytest.raises(ValueError, match="no latents"):
        from_npz(content)


class Fires:
    """A pickle that would run a command."""

    def __reduce__(self):
        return exec, ("raise SystemError('a pickle was executed')",)


def test_pickled_objects_in_an_archive_are_not_executed():
    content = npz(w=np.array([Fires()], object))
    with pytest.raises(ValueError, match="no latents"):
        from_npz(content)


def test_an_archive_that_unpacks_to_gigabytes_is_not_unpacked():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("w.npy", bytes(300_000_000))
    tracemalloc.start()
    with pytest.raises(ValueError, match="larger than 20 MB"):
        from_npz(buffer.getvalue())
    assert tracemalloc.get_traced_memory()[1] < 80_000_000
    tracemalloc.stop()
