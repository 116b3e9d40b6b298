"""The siege, for seconds: a visitor's day goes on while strangers ask for all there is."""

import pytest

from tests.benchmarks import siege
from tests.running_app import running_app


@pytest.mark.slow
def test_a_visitors_day_goes_on_under_attack(tmp_path):
    steps = "arrive", "place", "undo", "drag"
    with running_app(tmp_path) as app:
        days, memory = siege.siege(app, 1.0, ["exports"], tmp_path, steps)
    assert set(days) == {"alone", "exports"}
    for day in days.values():  # how soon, only a machine of its own can tell
        assert set(day.took) == set(steps)
        assert day.wrong == []
    assert memory["most"] < siege.MOST_BYTES


def test_each_condition_of_the_siege_can_fail():
    alone, attacked = (siege.Day(None, None, None, ("arrive",)) for _ in range(2))
    alone.took, attacked.took = {"arrive": 1.0}, {"arrive": 8.0}
    days, memory = {"alone": alone, "faces": attacked}, {"before": 1, "most": 2, "after": 1}
    assert [*siege.verdict(days, memory, "").values()] == [True] * 5
    attacked.took["arrive"] = 8.1
    attacked.wrong.append("arrive: none")
    worse = {"before": 1, "most": siege.MOST_BYTES, "after": 2}
    assert [*siege.verdict(days, worse, "Traceback").values()] == [False] * 5
    assert "| faces | 8.10 |" in siege.tables(days, memory)
