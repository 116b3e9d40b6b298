"""The load test, with few visitors for seconds: it notices whatever is wrong, and nothing else."""

import json
import os
import socket
import sys
from dataclasses import replace

import pytest

from drag.edit import PointPair
from tests.benchmarks import load
from tests.benchmarks.visitors import live, memory, owner, page
from tests.benchmarks.visitors.client import PageError
from tests.benchmarks.visitors.held import Held, followed, waits_as_first, waits_beside

pytestmark = pytest.mark.usefixtures("drags_in_this_process")


@pytest.mark.slow
@pytest.mark.alone
def test_visitors_at_once_get_what_is_theirs(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(owner, "THINK", (0.0, 0.1))
    monkeypatch.setattr(page, "KEEP_SECONDS", 0.1)
    monkeypatch.setattr(live, "LEGS", (1, 1))
    monkeypatch.setattr(live, "REST_SECONDS", (0.0, 0.1))
    monkeypatch.setattr(memory, "EVERY_SECONDS", 0.1)
    monkeypatch.setattr(load, "AGAIN", 1)
    monkeypatch.setattr(load, "SOON", 10.0)  # other tests may run on the same cores
    monkeypatch.setattr(load, "GROWTH", 10.0)  # from where it has just started
    monkeypatch.setattr(
        sys,
        "argv",
        ["-", "--visitors", "4", "--minutes", "0.05", "--json", str(tmp_path / "report.json")],
    )
    code = load.main()
    printed = capsys.readouterr().out
    report = json.loads((tmp_path / "report.json").read_text())
    assert code == 0, printed
    assert set(report["verdict"].values()) == {True}
    assert report["alone"]["drags"] >= 1
    assert report["crowd"]["visitors_with_drags"] == 4  # two pages, one that holds, a program
    assert report["alone"]["live"]["holds"] >= 1
    assert report["alone"]["events"]["move"]["count"] >= 1
    assert report["crowd"]["live"]["holds"] + report["crowd"]["live"]["refused"] >= 1
    assert {*load.LIGHT, "/sample"} <= {*report["crowd"]["events"]}
    assert report["crowd"]["checks"] > report["crowd"]["drags"]
    assert report["crowd"]["faults"] == []
    assert report["memory"]["first"] > 300e6
    assert "| all light events |" in printed


def test_a_visitor_notices_what_is_not_theirs(generator):
    visitor, other = (owner.Owner(number, generator, first=14) for number in (3, 4))
    start = replace(visitor.picture(0), points=tuple(visitor.pairs()))
    ws = start.ws.copy()
    ws[:6] += 0.1
    dragged = replace(start.remember(), ws=ws)
    visitor.check_dragged(start, dragged)
    owner.check_same(dragged.undo(), start)
    with pytest.raises(owner.StrangerError, match="a target at x"):
        visitor.check_edit(replace(dragged, points=tuple(other.pairs())))
    with pytest.raises(owner.StrangerError, match="picture of seed 40000"):
        visitor.check_edit(replace(dragged, history=(other.picture(0),)))
    with pytest.raises(owner.StrangerError):
        other.check_dragged(start, dragged)
    visitor.check_dragged(start, start.remember())  # it may end where it began, gaining nothing
    moved = [replace(pair, handle=(9, 9)) for pair in start.points]
    for wrong in (
        replace(start, points=tuple(moved)),
        replace(dragged, ws=ws + 0.1),
        replace(dragged, seed=30001),
        replace(dragged, origin=ws),
        replace(dragged, points=(PointPair((500, 500), visitor.target(500, 500), 1),)),
    ):
        with pytest.raises(owner.WrongError):
            visitor.check_dragged(start, wrong)
        with pytest.raises(owner.WrongError):
            owner.check_same(replace(wrong, ws=ws + 0.2), dragged)


def test_each_condition_of_the_load_test_can_fail():
    notes = owner.Notes(
        heard=[("undo", 70.0, 0.2), ("resample", 71.0, 9.0)],
        drags=[(1, 70.0, 1.0, 2.0)],
        checks=[1],
        busy=[1],
    )

    def held(notes, printed="", again=(), memory=None, **figures):
        side = load.summary(notes, 60.0, 10.0)
        return list(
            load.verdict(
                {
                    "visitors": 1,
                    "alone": load.summary(owner.Notes(), 60.0, 0.0),
                    "crowd": side,
                    "again": list(again),
                    "memory": memory,
                }
                | figures,
                printed,
            ).values()
        )

    assert held(notes) == [
        True,
        True,
        True,
        None,
        True,
        True,
    ]  # slow pictures and a full line are fine
    assert held(notes, memory={"first": 100, "last": 109})[3] is True
    assert held(notes, memory={"first": 100, "last": 111})[3] is False
    assert held(notes, printed="Traceback (most recent call last)")[2] is False
    assert held(notes, visitors=2)[0] is False  # one of whom never dragged
    assert held(notes, again=[{"ws": 0.5, "picture": 1.0}])[0] is False
    assert held(notes, again=[{"ws": 0.0, "picture": 30.0}])[0] is False
    assert held(replace(notes, checks=[]))[0] is False
    assert held(replace(notes, heard=[("undo", 70.0, 1.2)]))[4] is False
    moves = [("undo", 70.0, 0.1)] * 9 + [("move", 70.0, 1.2)]
    assert held(replace(notes, heard=moves))[4] is False
    assert held(replace(notes, drags=[(1, 70.0, 40.0, 2.0)]))[5] is False  # with nobody before it
    assert held(replace(notes, holds=[Held(1, 70.0)]))[0] is False  # what is kept was not compared
    minutes = [("undo", 15.0, 0.1)] * 100 + [("undo", 75.0, 1.2)]  # the second one is slow
    assert held(replace(notes, heard=minutes))[4] is False
    for error, which in (
        (PageError("500"), 2),
        (owner.WrongError("other latents"), 0),
        (owner.StrangerError("another's points"), 1),
    ):
        failed = held(replace(notes, faults=[(1, error)]))
        assert failed[which] is False
        assert failed.count(False) == 1


def test_what_holds_show_and_what_they_cost_others_is_counted():
    hold = Held(2, 10.0, 20.0, moving=[(10.0, 12.0), (15.0, 16.0)])
    hold.said = {1: 10.5, 2: 11.0, 3: 15.0}
    hold.frames = [(11.0, 1), (11.2, 1), (11.5, 2), (14.0, 2), (15.5, 3)]
    figures = followed([hold, Held(6, 10.0)])  # the picture of the second never came
    assert figures["holds"] == 2
    assert figures["frames_a_second"] == 1.5  # three in one second and the other; one as it rested
    assert figures["first"] == 1.0
    assert figures["behind"] == 0.5
    assert figures["gap"] == 0.5
    # When each ended, waited and ran: the second waits for the first, then for whoever holds.
    drags = [(1, 15.0, 1.0, 4.0), (3, 29.0, 12.0, 3.0), (5, 40.0, 0.5, 2.0)]
    assert waits_beside(drags, [hold]) == [1.0, 12.0]
    assert waits_as_first(drags) == [1.0, 11.0, 0.5]


def test_the_server_of_an_address_is_found_and_its_memory_seen():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        assert memory.pid_at(f"http://127.0.0.1:{listening.getsockname()[1]}") == os.getpid()
    assert memory.resident(os.getpid()) > 100e6
    assert memory.pid_at("http://127.0.0.1:9") is None
