"""What can be chosen on the page, and what its buttons do, in the visitor's language."""

from drag.models.catalogue import HubFile, Model
from drag.models.loaded import LoadedModels
from drag.server.language import name_in, say
from drag.solvers import SOLVERS

FORMATS = "png", "mp4", "gif", "webp", "drag", "npz"
BUTTONS = {  # their ids, by their words
    "drag": "drag",
    "stop": "stop",
    "undo": "undo",
    "redo": "redo",
    "reset_points": "reset-points",
    "reset_picture": "reset-picture",
    "faces": "dice",
    "looks": "looks",
    "save": "save",
    "share": "share",
    "numbers": "numbers",  # what unfolds them
}


def tooltips(language: str) -> dict:
    """The page's title, and what each button does to the picture, by its id on the page."""
    tips = {name: say(f"tip_{key}", language) for key, name in BUTTONS.items()}
    return {"title": say("page_title", language), "buttons": tips}


def models_menu(models: LoadedModels, language: str = "en") -> list[tuple[str, str]]:
    """The models to choose from, in words."""
    return [
        (
            f"{say(f'group_{model.group}', language)}: "
            + model.label.replace(model.title, name_in(model.title, language))
            + _download(model, language),
            model.name,
        )
        for model in models.menu()
    ]


def _download(model: Model, language: str) -> str:
    """What has to come from the Hub first, which needs the internet."""
    if not isinstance(model.source, HubFile):
        return ""
    return say("model_download", language, megabytes=model.megabytes or "?")


def formats_menu(language: str = "en") -> list[tuple[str, str]]:
    """The kinds of files to save, in words."""
    return [(say(f"as_{kind}", language), kind) for kind in FORMATS]


def solvers_menu(language: str = "en") -> list[tuple[str, str]]:
    """The solvers, in words."""
    return [(say(f"solver_{name}", language), name) for name in SOLVERS]
