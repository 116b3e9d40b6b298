"""The endpoints for programs with an edit that tunes its generator."""

import io
import json
from dataclasses import replace

import gradio as gr
import numpy as np
import pytest
from PIL import Image

from drag import PointPair, Settings, new_edit
from drag.files.project import from_project, to_project
from drag.models.catalogue import local_models
from drag.models.loaded import LoadedModels
from drag.render import render_edit
from drag.server.engine import Engine
from drag.server.line import Line
from drag.server.shares import Shares
from drag.web.api import Api
from networks.tuning import Tuning
from tests.checkpoint_files import random_state, write_nvidia
from tests.tunings import random_tuning


@pytest.fixture
def models(tmp_path):
    write_nvidia(tmp_path / "a.pkl", random_state(), layout="G_ema")
    return LoadedModels("cpu", local=local_models(tmp_path))


def picture(file):
    with open(file.path, "rb") as content:
        return np.asarray(Image.open(io.BytesIO(content.read())))


def record(edit):
    return json.loads(to_project(edit))


def test_it_is_rendered_dragged_and_exported_tuned(models):
    api = Api(models, Engine(models), Shares(Line(1), Line(1)))
    with models.use("a.pkl") as network:
        edit = new_edit(network, "a.pkl", 3, settings=Settings("adam"))
        edit = replace(edit, tuning=random_tuning(network)).place([PointPair((8, 8), (24, 24))])
        np.testing.assert_array_equal(
            picture(api.render(record(edit), mark=False)), render_edit(network, edit)
        )
        *_, last = api.drag(record(edit), [], max_steps=2, solver="adam")
        went = from_project(json.dumps(last["edit"]).encode())
        assert went.tuning.key == went.undo().tuning.key == edit.tuning.key
        steps = list(
            Engine(models).steps(
                replace(edit, settings=replace(edit.settings, max_steps=2)), view=False
            )
        )
        np.testing.assert_array_equal(went.ws, steps[-1].ws)
        np.testing.assert_array_equal(
            picture(api.export(last["edit"], "png", mark=False)), render_edit(network, went)
        )
        odd = replace(edit, tuning=Tuning({"const": np.zeros(3)}))
        with pytest.raises(gr.Error, match="fine tuning of this photo is of another model"):
            api.render(record(odd))
