"""Archives of latents that others made: theirs open, what is none is refused and not executed."""

import io
import pickle
import tracemalloc
import zipfile

import numpy as np
import pytest
import torch
from safetensors.torch import save

from drag.edit import Edit
from drag.files.arrays import OBJECTS, from_npy, from_npz
from drag.files.opening import read, read_content
from drag.generate import check_model, from_latents
from tests.hostile_files import PROTO, STOP, called, text
from tests.test_neighbours import CASES, needs_cases


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
@pytest.mark.parametrize("key", ["w", "dlatents", "latents", "W_plus"])
def test_latents_of_other_tools_open(key, array):
    ws = from_npz(npz(**{"noise": np.ones((4, 4)), key: array, "other": np.arange(3)}))
    assert ws.shape == (10, 512)
    assert ws.dtype == np.float32


def test_an_array_that_is_the_only_one_needs_no_name():
    assert from_npz(npz(pivot=np.ones((1, 10, 512)))).shape == (10, 512)
    with pytest.raises(ValueError, match=r"several arrays \(a, b\), and none of them is called w"):
        from_npz(npz(a=np.ones((10, 512)), b=np.ones((10, 512))))


def saved(value, zipped=True):
    buffer = io.BytesIO()
    torch.save(value, buffer, _use_new_zipfile_serialization=zipped)
    return buffer.getvalue()


WS = torch.randn(1, 10, 512, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    "content",
    {
        "PTI": saved(WS),
        "PTI, of old": saved(WS, zipped=False),
        "e4e, several": saved(torch.cat([WS, WS + 1])),
        "with a gradient": saved(torch.nn.Parameter(WS)),
        "turned": saved(WS.transpose(1, 2).contiguous().transpose(1, 2)),
        "a part of more": saved(torch.cat([WS + 1, WS])[1:]),
        "double": saved(WS.double()),
        "a dict": saved({"latent": WS, "noise": [torch.ones(1, 1, 4, 4)], "loss": torch.ones(3)}),
        "rosinality's projector": saved(
            {"me.png": {"img": torch.ones(3, 8, 8), "latent": WS[0], "noise": [torch.ones(4, 4)]}}
        ),
        "a list": saved([WS[0]]),
        "numpy": pickle.dumps(WS.numpy(), 4),
        "numpy in a dict": pickle.dumps({"w": WS.numpy()}, 2),
        "safetensors": save({"w": WS}),
    }.items(),
    ids=lambda pair: pair[0],
)
@pytest.mark.parametrize("suffix", [".pt", ".PKL"])
def test_latents_of_torch_save_open(content, suffix):
    ws = read_content(f"0{suffix}", content[1])
    np.testing.assert_array_equal(ws, WS[0])
    assert ws.dtype == np.float32


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", r"0\.pt is no file of weights or latents"),
        (saved(torch.ones(1, 10, 512))[:-30], r"0\.pt is a zip archive that is cut short"),
        (saved(torch.ones(1, 10, 512, dtype=torch.int64)), "no latents"),
        (saved(torch.ones(1, 1, 10, 512)), "no latents"),
        (saved({}), "no latents"),
        (saved(torch.full((1, 10, 512), torch.nan)), "not finite"),
        (saved({"a": WS, "b": WS}), r"several arrays \(a, b\)"),
        (saved({"g_ema": {"input.input": torch.ones(1, 4, 4, 4)}}), "is a network, not latents"),
        (PROTO + called("os", "system", text("false") + b"\x85") + STOP, r"names os\.system"),
        (bytes(20_000_001), "larger than 20 MB"),
    ],
)
def test_what_is_no_file_of_latents_is_told(content, words):
    with pytest.raises(ValueError, match=words):
        read_content("folder/0.pt", content)


def test_what_lies_beside_latents_does_not_count(tmp_path):
    """As rosinality's projector keeps its noise: the file was too large, its latents are not."""
    noise = torch.zeros(5_100_000)
    (tmp_path / "0.pt").write_bytes(saved({"latent": WS, "noise": noise}))
    np.savez(tmp_path / "0.npz", w=WS.numpy(), noise=noise.numpy())
    for name in ("0.pt", "0.npz"):
        np.testing.assert_array_equal(read(str(tmp_path / name)), WS[0])


def test_one_row_of_w_is_that_of_all_entries(toy):
    row = np.random.RandomState(0).randn(toy.w_dim).astype(np.float32)
    for shape in ((-1,), (1, -1), (1, 1, -1)):
        ws = from_npz(npz(w=row.reshape(shape)))
        edit = from_latents(toy, "toy", ws)
        check_model(toy, edit)
        assert edit.ws.shape == (toy.num_ws, toy.w_dim)
        assert (edit.ws == row).all()


@pytest.mark.parametrize("shape", [(18, 512), (1, 7), (3, 16)])
def test_latents_that_do_not_fit_are_told_by_their_size(toy, shape):
    """Not as another model's: nothing in the file says whose they are."""
    with pytest.raises(ValueError, match=r"are \d+ x \d+ here, and this model takes") as told:
        check_model(toy, from_latents(toy, "toy", np.zeros(shape, np.float32)))
    rows = toy.num_ws if shape[0] == 1 else shape[0]
    assert f"{rows} x {shape[1]} here" in str(told.value)
    assert f"takes {toy.num_ws} x {toy.w_dim}:" in str(told.value)


def test_a_picture_of_another_size_is_told_by_that(toy):
    ws = np.zeros((toy.num_ws, toy.w_dim), np.float32)
    with pytest.raises(ValueError, match="has 256 x 64 px here, and this model makes 128 x 128 px"):
        check_model(toy, Edit("toy", None, 0.7, ws, (64, 256)))


@needs_cases
@pytest.mark.parametrize(
    ("name", "rows"), [("pti_0.pt", 16), ("dlatents.npz", 16), ("w_space_1_1_512.npz", 1)]
)
def test_latents_that_people_have_open(name, rows):
    assert read(str(CASES / name)).shape == (rows, 512)


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
        npz(),
        npz(w=np.ones(())),
        npz(w=np.ones((1, 10, 512), np.int64)),
        npz(w=np.ones((1, 1, 10, 512))),
        npz(w=np.ones((0, 10, 512))),
        npz(w=np.ones((10, 4096))),
        npz(w=np.array("text")),
        forged("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1000000, 1000000), }"),
        forged("{'descr': '<f4', 'fortran_order': False, 'shape': (-4, -4), }"),
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
    """As np.save writes a dict."""
    content = npz(w=np.array([Fires()], object))
    with pytest.raises(ValueError, match=OBJECTS):
        from_npz(content)
    buffer = io.BytesIO()
    np.save(buffer, {"me.png": np.ones((10, 512))})
    with pytest.raises(ValueError, match="Python objects, which are not opened"):
        from_npy(buffer.getvalue())


def test_an_archive_that_unpacks_to_gigabytes_is_not_unpacked():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("w.npy", bytes(300_000_000))
    tracemalloc.start()
    with pytest.raises(ValueError, match="larger than 20 MB"):
        from_npz(buffer.getvalue())
    assert tracemalloc.get_traced_memory()[1] < 80_000_000
    tracemalloc.stop()
