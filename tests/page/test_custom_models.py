"""Models by owner/name/file: for visitors only where whoever runs the page allows them."""

import base64
import json

import gradio as gr
import pytest

from drag.files.project import to_project
from drag.models.loaded import MENU_ONLY
from drag.page.wording import about
from drag.server.engine import Engine
from drag.server.language import say
from drag.web.api import Api
from tests.page.conftest import CHINESE, ENGLISH, LINE, visitor

NAMES = [
    "team/nets/x.pkl",
    "team/nets@main/x.pkl",
    "https://huggingface.co/team/nets/x.pkl",
    "/etc/passwd",
    "../a.pkl",
    "kittens",
    "",
    None,
    5,
    ["lions"],
]
ALLOWED = NAMES[:3]


@pytest.fixture
def closed(handlers, monkeypatch):
    """The page where visitors may load nothing but what the menu has; nothing is fetched."""
    handlers.desk.models.custom = False

    def fetch(*_):
        raise AssertionError("this asked for a download")

    monkeypatch.setattr("drag.models.hub.fetch", fetch)
    return handlers


def project_of(handlers, model: str) -> bytes:
    """The visitor's edit as a file that says it is of this model."""
    record = json.loads(to_project(visitor(handlers).edit))
    for entry in record["entries"]:
        entry["model"] = model
    return json.dumps(record).encode()


def opened(handlers, content: bytes) -> str:
    """What the status line says after this file was opened."""
    value = {"name": "a.drag", "content": base64.b64encode(content).decode()}
    return list(handlers.files.open(value, ENGLISH))[-1][LINE]


@pytest.mark.parametrize("name", NAMES)
def test_a_typed_name_is_refused_in_one_sentence(closed, name):
    told = list(closed.pictures.choose(name, ENGLISH))[-1]
    assert MENU_ONLY in told[LINE]
    assert "本页面只提供菜单中的模型" in list(closed.pictures.choose(name, CHINESE))[-1][LINE]
    assert visitor(closed).edit.model == "a.pkl"
    assert closed.desk.models.loaded == ["a.pkl"]


@pytest.mark.parametrize("name", ALLOWED)
def test_a_project_or_a_browsers_copy_chooses_no_model(closed, name):
    project = project_of(closed, name)
    assert MENU_ONLY in opened(closed, project)
    shown = closed.visits.arrive("", project.decode(), None, ENGLISH)
    assert say("ready") in shown[LINE]
    assert visitor(closed).edit.model == "a.pkl"


@pytest.mark.parametrize("name", ALLOWED)
def test_no_program_chooses_one(closed, name):
    api = Api(closed.desk.models, Engine(closed.desk.models), closed.desk.shares)
    edit = json.loads(project_of(closed, name))
    for call in (
        lambda: api.sample(1, 0.7, name),
        lambda: api.render(edit),
        lambda: api.export(edit, "png"),
        lambda: list(api.drag(edit, [[5.0, 5.0, 9.0, 9.0]])),
    ):
        with pytest.raises(gr.Error, match="only the models of its menu"):
            call()


def test_what_the_menu_has_is_found_by_any_of_its_names(closed):
    for name in (
        "lions",
        "Lions",
        "lions, 512 PX",
        "b.pkl",
        "public-data/Self-Distilled-StyleGAN/models/lions_512_pytorch.pkl",
    ):
        assert closed.desk.models.find(name) in closed.desk.models.menu()
    another = "public-data/Self-Distilled-StyleGAN@main/models/other_512_pytorch.pkl"
    with pytest.raises(ValueError, match="only the models of its menu"):
        closed.desk.models.find(another)
    assert ">Opened <b>a.drag</b>" in opened(closed, project_of(closed, "a.pkl"))


@pytest.mark.parametrize("name", ALLOWED)
def test_any_is_found_where_that_is_allowed(handlers, name):
    model = handlers.desk.models.find(name)
    assert model.name == "team/nets/x.pkl"
    assert model not in handlers.desk.models.menu()
    assert "which is not in the menu" in opened(handlers, project_of(handlers, name))


def test_no_path_is_ever_found(handlers, folder):
    for name in (str(folder / "a.pkl"), "./a.pkl", "~/a.pkl", "file:///a.pkl", "a.pkl/../b.pkl"):
        with pytest.raises(ValueError, match="no such file"):
            handlers.desk.models.find(name)


@pytest.mark.parametrize("allowed", [False, True])
def test_under_the_menu_stands_whether_a_name_can_be_typed(handlers, allowed):
    model = handlers.desk.models.find("lions")
    assert about(model, custom=allowed) == "Licence: Apache-2.0." + (
        " Or type owner/name/file of the Hugging Face Hub." if allowed else ""
    )
    assert ("owner/name/file" in about(model, "zh", allowed)) is allowed
