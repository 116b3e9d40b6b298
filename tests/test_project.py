"""Projects and latents as files: what was saved opens the same, what a stranger made is safe."""

import io
import json
import pickle
from dataclasses import replace

import numpy as np
import pytest

from drag import PointPair
from drag.files.arrays import MAX_BYTES, from_npz, to_npz
from drag.files.opening import read_content
from drag.files.project import from_project, to_project
from drag.generate import check_model


@pytest.fixture
def edit(toy_edit):
    """Two entries of history that share their latents, then a third; a mask and settings."""
    mask = np.zeros(toy_edit.img_size, bool)
    mask[:, 20:90] = True
    placed = replace(toy_edit, settings=replace(toy_edit.settings, solver="adam", r2=9.5))
    placed = placed.place([PointPair((60, 64), (72.25, 64)), PointPair((1, 2), (3, 4))], mask)
    return placed.remember().remember().moved(placed.ws + 0.125, [(61.5, 64), (2, 2)])


def same(one, other):
    assert np.array_equal(one.ws, other.ws)
    assert one.ws.dtype == other.ws.dtype
    assert (one.mask is None) == (other.mask is None)
    assert one.mask is None or np.array_equal(one.mask, other.mask)
    assert np.array_equal(one.origin, other.origin)
    for name in (
        "model",
        "seed",
        "truncation_psi",
        "img_size",
        "points",
        "settings",
        "style_seed",
        "change",
    ):
        assert getattr(one, name) == getattr(other, name), name
    for entries in ("history", "future"):
        for mine, theirs in zip(getattr(one, entries), getattr(other, entries), strict=True):
            same(mine, theirs)


def test_a_project_opens_as_it_was_saved(toy, edit):
    content = to_project(edit)
    opened = from_project(content)
    same(opened, edit)
    check_model(toy, opened)
    same(opened.undo().undo(), edit.undo().undo())
    assert b"AI-generated" in content
    assert len(json.loads(content)["data"]) == 3  # two latents and a mask, though three entries


def test_what_was_undone_opens_too(edit):
    back = edit.undo()
    opened = from_project(to_project(back))
    same(opened, back)
    same(opened.redo(), edit)


def large(edit, entries):
    first = np.zeros((16, 512), np.float32)
    for number in range(entries):
        edit = replace(edit.remember(), ws=first + number / 7, origin=first)
    return edit


def test_fifty_entries_are_a_small_file(edit):
    content = to_project(large(edit, 52))
    assert len(content) < 3_000_000
    assert len(from_project(content).history) == 54


def test_a_copy_may_be_asked_to_stay_small(edit):
    edit = large(edit, 52).undo().undo()
    for most, entries in ((1e9, 54), (400_000, 8), (1, 0)):
        content = to_project(edit, most)
        opened = from_project(content)
        assert len(content) <= max(most, 90_000)
        assert np.array_equal(opened.ws, edit.ws)
        assert len(opened.history) >= min(entries, 3)
        assert len(opened.history) <= entries


def spoilt(edit, **changes):
    """The file with other values at paths such as entries__0__seed."""
    record = json.loads(to_project(edit))
    for path, value in changes.items():
        place = record
        *way, last = (int(key) if key.isdigit() else key for key in path.split("__"))
        for key in way:
            place = place[key]
        place[last] = value
    return json.dumps(record).encode()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"version": 1}, "of another version"),
        ({"format": "cake"}, "not a project"),
        ({"entries": []}, "not a project"),
        ({"entries": {}}, "not a project"),
        ({"entries__2__ws": [10, 8]}, "not a project"),
        ({"entries__2__ws": [10, 8, 0]}, "not a project"),
        ({"entries__2__ws": [10, 8, 99, 0]}, "not a project"),
        ({"entries__2__ws": [10, 8, 0, 99]}, "not a project"),
        ({"entries__2__ws": [10, 8, 0, -1]}, "not a project"),
        ({"entries__2__ws": [10**9, 10**9, 0, 0]}, "not a project"),
        ({"entries__2__ws": [True, 8, 0, 0]}, "not a project"),
        ({"at": 3}, "not a project"),
        ({"at": -1}, "not a project"),
        ({"at": True}, "not a project"),
        ({"at": None}, "not a project"),
        ({"at": 1.0}, "not a project"),
        ({"entries__1__change": "magic"}, "not a project"),
        ({"entries__1__change": ["drag"]}, "not a project"),
        ({"entries__1__style_seed": -4}, "must be a whole number"),
        ({"entries__2__img_size": [10**6, 10**6]}, "not a project"),
        ({"entries__2__img_size": [64, 64]}, "not a project"),  # the mask is of another size
        ({"entries__2__img_size": [64, 64], "entries__2__mask": None}, "outside the picture"),
        ({"entries__2__mask": 1}, "not a project"),  # latents
        ({"entries__2__model": ["a"]}, "not a project"),
        ({"entries__2__model": "../" * 100}, "not a project"),
        ({"entries__0__model": "another"}, "not a project"),
        ({"entries__1__seed": "face"}, "must be a whole number"),
        ({"entries__1__seed": [1]}, "must be a whole number"),
        ({"entries__1__truncation_psi": 7}, "from 0 to 1"),
        ({"entries__2__points": [[1, 2, 3]]}, "not a project"),
        ({"entries__2__points": [[1, 2, 3, [4], 5]]}, "not a project"),
        ({"entries__2__points": [[1, 2, 3, 4, "key"]]}, "not a project"),
        ({"entries__2__points": [[1, 2, 3, 1e9, 1]]}, "outside the picture"),
        ({"entries__2__points": [[1, 2, 3, 4, 1]] * 101}, "not a project"),
        ({"entries__2__points": 5}, "not a project"),
        ({"entries__2__settings": {"magic": 1}}, "not a project"),
        ({"entries__2__settings__solver": "magic"}, "not a project"),
        ({"entries__2__settings__solver": []}, "not a project"),
        ({"entries__2__settings__max_steps": 10**9}, "step limit must be"),
        ({"entries__2__settings__r1": "3"}, "radius r1 must be"),
        ({"data__0": "%%%"}, "not a project"),
        ({"data__0": 7}, "not a project"),
        ({"data": None}, "not a project"),
    ],
)
def test_a_project_edited_by_hand_is_refused_in_one_sentence(edit, changes, words):
    with pytest.raises(ValueError, match=words) as caught:
        from_project(spoilt(edit, **changes))
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("number", [np.nan, np.inf, -1e9])
def test_latents_that_are_none_are_refused(edit, number):
    ws = edit.ws.copy()
    ws[3, 5] = number
    with pytest.raises(ValueError, match="not finite, or far too large"):
        from_project(to_project(replace(edit, ws=ws)))
    with pytest.raises(ValueError, match="not finite, or far too large"):
        from_npz(to_npz(replace(edit, ws=ws)))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"7",
        b"\xff\xfe\x00",
        b'{"format": NaN}',
        b"[" * 1_000_000,
        b'{"a":' * 500_000,
        b"1" * 100_000,
        b"\x80\x04N.",
        pickle.dumps({"format": "drag project"}),
        b"PK\x03\x04",
        b'{"format": "drag project", "version": 2}',
    ],
)
def test_what_is_no_project_is_refused(content):
    with pytest.raises(ValueError, match="not a project"):
        from_project(content)


def test_every_project_cut_short_is_refused(edit):
    content = to_project(edit)
    for length in range(0, len(content), 97):
        with pytest.raises(ValueError, match="not a project"):
            from_project(content[:length])


def test_a_large_file_is_not_read(edit):
    large = bytes(MAX_BYTES + 1)
    for name in ("a.drag", "a.npz", "a.pt", "a.png"):
        with pytest.raises(ValueError, match="larger than 20 MB"):
            read_content(name, large)
    with pytest.raises(ValueError, match="larger than 20 MB"):
        from_project(large)


def test_a_project_changed_at_random_opens_or_is_refused(edit):
    content, random = to_project(replace(edit, history=())), np.random.RandomState(0)
    refused = 0
    for _ in range(2000):
        spoiled = bytearray(content)
        for place in random.randint(len(content) * (random.rand() < 0.5) or 700, size=3):
            spoiled[place] = random.randint(256)
        try:
            from_project(bytes(spoiled))
        except ValueError:
            refused += 1
    assert 1000 < refused <= 2000


def test_latents_open_in_numpy_as_nvidias_tools_read_them(edit):
    w = np.load(io.BytesIO(to_npz(edit)))["w"]
    assert w.shape == (1, *edit.ws.shape)
    assert w.dtype == np.float32
    assert np.array_equal(w[0], edit.ws)
    assert np.array_equal(from_npz(to_npz(edit)), edit.ws)


def test_latents_of_another_model_are_refused(toy, edit):
    other = replace(edit, ws=np.zeros((18, 512), np.float32))
    with pytest.raises(ValueError, match="here, and this model"):
        check_model(toy, other)
    with pytest.raises(ValueError, match="here, and this model"):
        check_model(toy, replace(edit, history=(other,)))


@pytest.mark.parametrize(
    ("changes", "lost", "shown"),
    [
        ({"entries__0__change": "magic"}, [0], 2),
        ({"entries__1__seed": "face"}, [1], 2),
        ({"entries__0__model": "another"}, [0], 2),
        ({"entries__1__img_size": [64, 64], "entries__1__mask": None}, [1], 2),
        ({"entries__1": None}, [1], 2),
        ({"entries__2__settings__solver": "magic"}, [2], 1),
        ({"entries__2": 7, "entries__1__points": 5}, [1, 2], 0),
        ({"data__2": "%%%"}, [2], 1),  # latents of the last drag alone
        ({"data__2": 7}, [2], 1),
    ],
)
def test_a_damaged_entry_spoils_no_other(edit, changes, lost, shown):
    # One of two hundred cost all of them, in files and in what browsers kept.
    content, said = spoilt(edit, **changes), []
    opened = from_project(content, said)
    assert said == lost
    entries = [each for i, each in enumerate(edit.timeline) if i not in lost]
    assert len(opened.timeline) == len(entries)
    for mine, theirs in zip(opened.timeline, entries, strict=True):
        same(mine, theirs)
    assert opened.change == edit.timeline[shown].change
    assert np.array_equal(opened.ws, edit.timeline[shown].ws)
    with pytest.raises(ValueError, match=r"\."):
        from_project(content)  # of a program, which is told


def test_where_all_entries_are_damaged_it_is_said_why(edit):
    ws = np.full_like(edit.ws, np.nan)
    with pytest.raises(ValueError, match="not finite"):
        from_project(to_project(replace(edit, ws=ws, history=())), [])
    with pytest.raises(ValueError, match="not a project"):
        from_project(spoilt(edit, data=[]), [])
