"""A clock of the machine that is set an hour forwards or back, as by NTP or by hand: nobody is
forgotten, waits, or is let in for that. Ages and durations go by time.monotonic."""

import ast
import re
import time
from pathlib import Path

import pytest

from drag import new_edit
from drag.server.estimates import FIRST_GUESS
from drag.server.jobs import Job, Kind, Phase
from drag.server.line import Line
from drag.server.shares import Asker, Share
from drag.server.visitors import Sessions
from drag.web.answers import Answers
from drag.web.rates import CALLS, Rates
from tests.test_line import Work, enter, first_place

ROOT = Path(__file__).parent.parent
OF_DAY = {"time.time", "time.time_ns", "datetime", "time.localtime", "time.gmtime", "time.ctime"}
MARKED = {"assets/explain.js", "assets/canvas/follow.js"}  # outlives its page; a name, no time
FILES_TIMES = re.compile(r"\bst_[acm]time\b|\bget[acm]time\b|\butime\b")


@pytest.fixture(params=[-3600, 3600])
def jump(request, monkeypatch):
    """Sets the clock, once called."""
    tell = time.time

    def jump():
        monkeypatch.setattr(time, "time", lambda: tell() + request.param)

    return jump


def names(tree: ast.Module):
    """Modules and what is read of them: "time.time", "datetime"."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield f"{node.value.id}.{node.attr}"
        elif isinstance(node, ast.ImportFrom):
            yield node.module
            yield from (f"{node.module}.{each.name}" for each in node.names)
        elif isinstance(node, ast.Import):
            yield from (each.name for each in node.names)


def test_nothing_asks_for_the_time_of_day():
    sources = [ROOT / "app.py", *ROOT.glob("drag/**/*.py"), *ROOT.glob("networks/**/*.py")]
    for path in sources:
        text = path.read_text("utf-8")
        assert not OF_DAY & set(names(ast.parse(text))), path
        assert not FILES_TIMES.search(text), path
    scripts = {
        str(path.relative_to(ROOT))
        for path in ROOT.glob("assets/**/*.js")
        if re.search(r"Date\.now|new Date", path.read_text("utf-8"))
    }
    assert scripts == MARKED
    assert {"time.time", "datetime"} <= set(names(ast.parse("import datetime\na = time.time()")))


def test_visitors_files_and_buckets_keep_their_age(toy, jump, tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    now = [0.0]
    sessions, answers = Sessions(new_edit(toy, "toy")), Answers(clock=lambda: now[0])
    token, path = sessions.open("ann", "").token, Path(answers.keep(b"content", "draggan.png"))
    rates = Rates()
    with rates.opened("1.2.3.4") as bucket:
        rates.take(bucket, CALLS)
        jump()
        assert rates.take(bucket, 40) > 0.5
    sessions.sweep()
    answers.sweep()
    assert sessions.get("ann").token == token
    assert path.exists()
    now[0] = 3599.0
    answers.sweep()
    assert path.exists()
    now[0] = 3601.0
    answers.sweep()
    assert not path.exists()


def test_who_waits_in_a_line_waits_on_and_is_told_as_before(jump):
    line, work = Line(1), Work()
    running = enter(line, work.steps)
    work.go.set()
    next(running)
    jump()
    waiting = enter(line, lambda: ["mine"])
    assert first_place(waiting).seconds == pytest.approx(FIRST_GUESS[Kind.DRAG], abs=4)
    running.close()
    assert list(waiting)[-1] == "mine"
    assert line.waiting == 0


def test_jobs_and_shares_do_not_lapse(jump):
    photo, share = Job(Kind.PHOTO), Share(1)
    with share.place(Asker("ann")):
        jump()
        assert photo.phase is Phase.ASKED
    with share.place(Asker("ann")):
        assert share.running == 1
