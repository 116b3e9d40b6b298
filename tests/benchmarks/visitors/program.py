"""A program that calls the page's endpoints, by gradio_client."""

import contextlib
import json
import time
from dataclasses import replace
from pathlib import Path

from gradio_client import Client
from gradio_client.exceptions import AppError
from PIL import Image

from drag.files.project import from_project
from tests.benchmarks.visitors.owner import (
    BUSY,
    EVERY,
    LATE_SECONDS,
    Notes,
    Owner,
    WrongError,
    check_same,
)

POLL_SECONDS = 0.25  # between two looks at a drag: to iterate over a Job looks a thousand times


class ProgramVisitor:
    """A program that samples, drags and renders; it works in a thread of its own."""

    def __init__(self, owner: Owner, address: str, notes: Notes, folder: Path):
        """folder: for what it downloads."""
        self.owner, self.address, self.notes, self.folder = owner, address, notes, folder
        self.client: Client | None = None

    def stay(self, until: float) -> None:
        """As `PageVisitor.stay`."""
        turn = 0
        with (
            self.notes.blame(self.owner.number),
            contextlib.closing(
                Client(
                    self.address,
                    verbose=False,
                    ssl_verify=False,
                    analytics_enabled=False,
                    download_files=self.folder,
                )
            ) as self.client,
        ):  # ssl_verify: reads files each time
            while not turn or time.monotonic() < until:
                with self.notes.blame(self.owner.number):
                    self.round(turn, until)
                time.sleep(self.owner.moment())
                turn += 1

    def round(self, turn: int, until: float) -> None:
        """A picture, a drag of it, and now and then the picture as a file."""
        fresh = self.owner.picture(turn)
        record = self._predict("/sample", fresh.seed, 0.7, "builtin")
        check_same(_edit(record), fresh)
        self.notes.checks.append(self.owner.number)
        start = replace(fresh, points=tuple(self.owner.pairs()))
        steps = self._drag(record, start.points, until)
        if not steps:
            return
        for step in steps:
            for entry in step["edit"]["entries"]:
                self.owner.check_seed(entry["seed"])
        dragged = _edit(steps[-1]["edit"])
        self.owner.check_dragged(start, dragged)
        self.notes.checks.append(self.owner.number)
        if turn % EVERY == 0:
            path = Path(self._predict("/render", steps[-1]["edit"], True))
            with Image.open(path) as picture:
                self.owner.check_seed(json.loads(picture.info["drag"])["seed"])
            path.unlink()

    def _predict(self, endpoint: str, *args):
        began = time.monotonic()
        answer = self.client.submit(*args, api_name=endpoint).result(LATE_SECONDS)
        self.notes.hear(endpoint, time.monotonic() - began)
        return answer

    def _drag(self, record: dict, pairs, until: float) -> list[dict]:
        """The steps of a drag, asked for until there is room; none where time is up before."""
        points = [[*pair.handle, *pair.target] for pair in pairs]
        while True:
            try:
                return self._steps(record, points)
            except AppError as error:
                if BUSY not in str(error):
                    raise
            self.notes.busy.append(self.owner.number)
            time.sleep(self.owner.while_busy())
            if time.monotonic() > until:
                return []

    def _steps(self, record: dict, points: list[list[float]]) -> list[dict]:
        asked, began = time.monotonic(), None
        job = self.client.submit(record, points, api_name="/drag")
        while not job.done():
            time.sleep(POLL_SECONDS)
            if time.monotonic() > asked + LATE_SECONDS:
                raise TimeoutError("a drag did not end")
            if began is None and any(step["number"] for step in job.outputs()[-1:]):
                began = time.monotonic()
        job.result()  # raises what the server says
        steps, ended = job.outputs(), time.monotonic()
        if not steps or not steps[-1]["ending"]:
            raise WrongError("a drag ended without its last step")
        began = began or ended
        self.notes.drags.append((self.owner.number, ended, began - asked, ended - began))
        return steps


def _edit(record: dict):
    """The edit of an answer."""
    return from_project(json.dumps(record).encode())
