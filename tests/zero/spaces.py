"""A stand-in for the package `spaces` on a ZeroGPU Space, for a server that is started with this
folder on its path: what GPU decorates runs in a forked worker.

It does what the package was seen to do (../shared/GRADIO.md, f): the worker is forked at the first
call, and again for a second one at the same time; it is reused; it knows nothing of what the server
does after the fork; arguments and yielded values cross by pickle; the generator there runs on
without waiting for who reads; closing it has it stop after the step that it is at; a worker that
dies, an error there, and time that is up end in a gr.Error. SPACES_LOG names a file for lines of
JSON about what happened.
"""

import json
import multiprocessing
import os
import pickle
import threading

import gradio as gr

WORKER_ERROR = "ZeroGPU worker error"
_fork = multiprocessing.get_context("fork")
_lock, _workers = threading.Lock(), []


def GPU(task=None, *, duration=60, size=None):  # noqa: N802, the package's own name
    """Decorate a generator function; duration: seconds, or a function of its arguments."""

    def decorate(task):
        def on_gpu(*args):
            seconds = duration(*args) if callable(duration) else duration
            yield from _lend(task, args, seconds)

        return on_gpu

    return decorate if task is None else decorate(task)


def _lend(task, args, seconds):
    with _lock:
        idle = [
            worker
            for worker in _workers
            if worker.task is task and worker.idle and worker.process.is_alive()
        ]
        worker = idle[0] if idle else _Worker(task)
        worker.idle = False
    content = pickle.dumps(args)
    _log(run=worker.process.pid, server=os.getpid(), seconds=seconds, arguments=len(content))
    timer = threading.Timer(seconds, worker.process.kill)
    timer.start()
    largest, ended = 0, False
    try:
        worker.arguments.send_bytes(content)
        while True:
            content = worker.results.recv_bytes()
            largest = max(largest, len(content))
            kind, value = pickle.loads(content)
            if kind == "end":
                ended = True
                return
            if kind == "error":
                ended = True
                raise gr.Error(value, title=WORKER_ERROR)
            yield value
    except GeneratorExit:
        worker.stop.set()
        raise
    except (EOFError, OSError):
        raise gr.Error("GPU task aborted", title=WORKER_ERROR) from None
    finally:
        while not ended and worker.process.is_alive():  # as the package does: it waits for the end
            try:
                ended = pickle.loads(worker.results.recv_bytes())[0] != "value"
            except (EOFError, OSError):
                break
        timer.cancel()
        worker.idle = ended
        _log(ended=worker.process.pid, largest=largest, alive=worker.process.is_alive())


class _Worker:
    def __init__(self, task):
        theirs, self.arguments = _fork.Pipe(duplex=False)
        self.results, results = _fork.Pipe(duplex=False)
        self.task, self.stop, self.idle = task, _fork.Event(), False
        self.process = _fork.Process(target=_work, args=(self, task, theirs, results), daemon=True)
        self.process.start()
        theirs.close()
        results.close()
        _workers.append(self)
        _log(fork=self.process.pid)


def _work(worker, task, arguments, results):
    worker.arguments.close()  # the server's ends: when it is gone, this is to end
    worker.results.close()
    for other in _workers:
        other.arguments.close()
        other.results.close()
    while True:
        try:
            args = pickle.loads(arguments.recv_bytes())
        except (EOFError, OSError):
            return
        worker.stop.clear()
        try:
            steps = task(*args)
            for value in steps:
                if worker.stop.is_set():
                    steps.close()
                    break
                results.send_bytes(pickle.dumps(("value", value)))
            results.send_bytes(pickle.dumps(("end", None)))
        except Exception as error:
            results.send_bytes(pickle.dumps(("error", type(error).__name__)))


def _log(**line):
    path = os.environ.get("SPACES_LOG")
    if path:
        with open(path, "a") as file:
            file.write(json.dumps(line) + "\n")
