"""Faces and looks to choose from, and the languages, by the page's handlers."""


from tests.page.conftest import (
    CHINESE,
    ENGLISH,
    LINE,
    SEED,
    event,
    visitor,
)


def test_six_are_offered_and_one_is_taken(handlers):
    session = visitor(handlers)
    _, row = handlers.faces(0.5, ENGLISH)
    assert len({item["id"] for item in row["items"]}) == 6
    assert all(item["src"].startswith("data:image/jpeg") for item in row["items"])
    seed = row["items"][4]["label"]
    outputs = handlers.pick(event(row["items"][4]["id"]), 0.5, 3, ENGLISH)
    assert (outputs[SEED], session.edit.truncation_psi) == (seed, 0.5)
    line, _ = handlers.looks(64, ENGLISH)  # as under Advanced: none would be left
    assert "lower their number under Advanced" in line
    _, row = handlers.looks(3, ENGLISH)
    outputs = handlers.pick(event(row["items"][1]["id"]), 0.5, 3, ENGLISH)
    assert outputs[SEED] == seed
    assert str(session.edit.style_seed) == row["items"][1]["label"]
    changes = len(session.edit.history)
    handlers.pick(event(row["items"][1]["id"]), 0.5, 3, ENGLISH)  # it has that look already
    assert len(session.edit.history) == changes
    assert "whole number" in handlers.pick(event("look:x"), 0.5, 3, ENGLISH)[LINE]


def test_chinese_is_spoken_to_who_prefers_it(handlers):
    assert "在图片上按住" in handlers.arrive("", "", None, CHINESE)[LINE]
    assert "种子必须" in handlers.resample("face", 0.7, CHINESE)[LINE]
    title, note, formats, solvers, models, row, tips = handlers.speak(CHINESE)
    assert "拖动人脸" in title + note
    assert formats["choices"][0] == ("图片 (PNG)", "png")
    assert solvers["choices"][0][1] == "gauss-newton"
    assert ("本机文件: a.pkl", "a.pkl") in models["choices"]
    assert row["items"][0]["label"] == "笑得更开"
    assert "Ctrl+Z" in tips["buttons"]["undo"]
    assert "Press on the picture" in handlers.arrive("", "", None, ENGLISH)[LINE]
