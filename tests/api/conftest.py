"""The endpoints for programs, served by a process of its own, and a program that calls them."""

import subprocess
import sys

import pytest
from gradio_client import Client

PAIR = [560, 600, 540, 600]

# A process of its own: Gradio leaves event loops open, which are errors here, and what it prints is
# part of what is tested.
SERVER = """
import gradio
from drag.web.answers import Answers
from drag.web.api import Api, publish
from drag.server.engine import Engine
from drag.server.line import Line
from drag.server.shares import Shares
from drag.models.loaded import LoadedModels

models = LoadedModels("cpu")
with gradio.Blocks(analytics_enabled=False) as demo:
    publish(Api(models, Engine(models), Shares(Line(1), Line(1)), Answers(seconds=3)))
demo.queue().launch(prevent_thread_lock=True, quiet=True, ssr_mode=False)
print(demo.local_url, flush=True)
demo.block_thread()
"""


@pytest.fixture(scope="package")
def server(generator, tmp_path_factory):
    """Where a server of the built-in model listens, and the file that has what it prints."""
    printed = tmp_path_factory.mktemp("server") / "printed"
    with (
        open(printed, "wb") as file,
        subprocess.Popen(
            [sys.executable, "-c", SERVER], stdout=subprocess.PIPE, stderr=file, text=True
        ) as run,
    ):
        try:
            yield run.stdout.readline().strip(), printed
        finally:
            run.kill()


@pytest.fixture(scope="package")
def address(server):
    """Where the server listens."""
    return server[0]


@pytest.fixture
def quiet(server):
    """A test in which the server prints no traceback."""
    _, printed = server
    before = printed.stat().st_size
    yield
    assert b"Traceback" not in printed.read_bytes()[before:]


@pytest.fixture(scope="package")
def client(address, tmp_path_factory):
    """A program that talks to it."""
    client = Client(address, verbose=False, download_files=tmp_path_factory.mktemp("downloads"))
    yield client
    client.close()


@pytest.fixture(scope="package")
def edit(client):
    """A sampled picture."""
    return client.predict(seed=3, api_name="/sample")


@pytest.fixture(scope="package")
def steps(client, edit):
    """A drag of it: whether it was over when each step came, and the step."""
    job = client.submit(edit, [PAIR], max_steps=3, hold_placement=False, api_name="/drag")
    return [(job.done(), step) for step in job]
