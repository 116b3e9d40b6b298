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
    row = handlers.pictures.faces(0.5, ENGLISH)["offered"]
    assert len({item["id"] for item in row["items"]}) == 6
    assert all(item["src"].startswith("data:image/jpeg") for item in row["items"])
    seed = row["items"][4]["label"]
    outputs = handlers.pictures.pick(event(row["items"][4]["id"]), 0.5, 3, ENGLISH)
    assert (outputs[SEED], session.edit.truncation_psi) == (seed, 0.5)
    told = handlers.pictures.looks(64, ENGLISH)  # as under Advanced: none would be left
    assert "lower their number under Advanced" in told[LINE]
    row = handlers.pictures.looks(3, ENGLISH)["offered"]
    outputs = handlers.pictures.pick(event(row["items"][1]["id"]), 0.5, 3, ENGLISH)
    assert outputs[SEED] == seed
    assert str(session.edit.style_seed) == row["items"][1]["label"]
    changes = len(session.edit.history)
    handlers.pictures.pick(event(row["items"][1]["id"]), 0.5, 3, ENGLISH)  # it has that look
    assert len(session.edit.history) == changes
    assert "whole number" in handlers.pictures.pick(event("look:x"), 0.5, 3, ENGLISH)[LINE]


def test_chinese_is_spoken_to_who_prefers_it(handlers):
    assert "在图片上按住" in handlers.visits.arrive("", "", None, CHINESE)[LINE]
    assert "人脸编号" in handlers.pictures.resample("face", 0.7, CHINESE)[LINE]
    told = handlers.visits.speak(CHINESE)
    assert "拖动人脸" in told["title"] + told["note"]
    assert told["format"]["choices"][0] == ("图片 (PNG)", "png")
    assert told["solver"]["choices"][0][1] == "gauss-newton"
    assert ("本机文件: a.pkl", "a.pkl") in told["model"]["choices"]
    labels = [item["label"] for item in told["examples"]["items"]]
    assert labels[:2] == ["您的照片", "笑得更开"]
    assert "Ctrl+Z" in told["tips"]["buttons"]["undo"]
    assert "Press on the picture" in handlers.visits.arrive("", "", None, ENGLISH)[LINE]
