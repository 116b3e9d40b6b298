"""What test_engine.py runs: a process that has the stand-in for `spaces`, as a Space's server."""

import json
import os
import signal
import time
from dataclasses import replace

import spaces

from drag import PointPair, Settings, drag, load_generator, new_edit
from drag.models.loaded import LoadedModels
from drag.web import zero
from networks.terminal import print_anywhere


def say(**line):
    print(json.dumps(line), flush=True)


def summary(steps):
    *_, last = steps
    return {
        "numbers": [step.number for step in steps],
        "ending": last.ending.value,
        "ws": last.ws[0, :8].tolist(),
        "picture": list(last.picture.shape),
    }


def raised(steps):
    try:
        list(steps)
    except Exception as error:
        return [str(error), type(error).__name__]
    return None


def main():
    generator = load_generator("builtin", "cpu")
    engine = zero.ZeroEngine(LoadedModels("cpu"))
    engine.place("builtin")
    # Few enough steps that it never ends where a last bit of a sum would decide.
    sample = new_edit(generator, seed=4, settings=Settings(max_steps=3))
    edit = sample.place([PointPair((480, 600), (540, 600))]).remember()
    next(drag(generator, edit))  # OpenMP's threads are there: a worker must not wait for them
    say(first=summary(list(engine.steps(edit))))
    say(second=summary(list(engine.steps(edit))))
    say(**{"nothing placed": raised(engine.steps(sample))})
    adam = replace(edit, settings=Settings("adam", learning_rate=1e-5, max_steps=2000))
    steps = engine.steps(adam)
    next(steps)
    worker = spaces._workers[0]
    began = time.monotonic()
    steps.close()
    say(closed={"seconds": time.monotonic() - began, "alive": worker.process.is_alive()})
    say(late=summary(list(engine.steps(adam, seconds=1.0))))
    broken = replace(edit, settings=replace(edit.settings))
    object.__setattr__(broken.settings, "r1", None)  # an error that nobody thought of
    say(failed=raised(engine.steps(broken)))
    steps = engine.steps(adam)
    next(steps)
    os.kill(worker.process.pid, signal.SIGKILL)
    say(died=raised(steps))
    say(after=summary(list(engine.steps(edit))))


if __name__ == "__main__":
    print_anywhere()
    main()
