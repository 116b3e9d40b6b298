"""The parts of the page: each makes its components, in the gr.Blocks that is open, and returns
them by their names in `drag.page.controls.Controls`."""

import gradio as gr

from drag.files.film import SECONDS, SIZES, SMALL
from drag.models.loaded import LoadedModels
from drag.page.components.base import OpenSlider
from drag.page.components.canvas import DragCanvas
from drag.page.components.thumbnails import Thumbnails
from drag.page.examples import USUAL
from drag.page.handlers.scripts import Scripts
from drag.page.menus import BUTTONS, formats_menu, models_menu, solvers_menu
from drag.page.wording import status
from drag.server.language import TRANSLATIONS
from drag.settings import WHOLE, Settings

MAX_ENTRIES = 18  # of the latents, of a StyleGAN2 of 1024 px
word = gr.I18n(**TRANSLATIONS)  # words of the table, in the language of the browser


def picture(scripts: Scripts) -> dict:
    """The picture, six to choose from over it, and what it was before."""
    with gr.Column(elem_id="picture-place"):
        over = {
            "canvas": DragCanvas(
                elem_id="canvas",
                server_functions=[_marked(scripts.acknowledge), _marked(scripts.move)],
            ),
            "offered": Thumbnails(elem_id="offered"),
        }
    return over | {
        "history": Thumbnails(
            elem_id="history", server_functions=[_marked(scripts.thumbnail), _marked(scripts.keep)]
        ),
        "steps": OpenSlider(
            0,
            1,
            1,
            step=1,
            label=word("scrub"),
            info=word("scrub_info"),
            interactive=False,
            elem_id="steps",
        ),
        "reach": OpenSlider(
            20,
            WHOLE,
            USUAL.reach,
            step=2,
            label=word("reach"),
            info=word("reach_info"),
            elem_id="reach",
        ),
    }


def run(greeting: str) -> dict:
    """Drag and Stop, what is said, ways back, and examples; greeting: said first (HTML)."""
    with gr.Row(elem_id="run-row"):
        go = _button("drag", variant="primary", min_width=120)
        stop = _button("stop", variant="stop", interactive=False, min_width=90)
    line = gr.HTML(status(greeting), elem_id="status")
    with gr.Row(elem_classes="small-row"):
        back = {
            key: _button(key, size="sm", min_width=120)
            for key in ("undo", "redo", "reset_points", "reset_picture")
        }
    return {
        "go": go,
        "stop": stop,
        "status": line,
        **back,
        "examples": Thumbnails(elem_id="examples"),
    }


def other_pictures(models: LoadedModels, first: str) -> dict:
    """Another picture, another look, another model; first: name of the one that is shown."""
    with gr.Row(elem_classes="number-row"):
        seed = gr.Textbox(label=word("seed"), info=word("seed_info"), elem_id="seed", min_width=120)
        dice = _button("faces", min_width=120)
    with gr.Row(elem_classes="number-row"):
        look = gr.Textbox(label=word("look"), info=word("look_info"), elem_id="look", min_width=120)
        looks = _button("looks", min_width=120)
    return {
        "seed": seed,
        "dice": dice,
        "look": look,
        "looks": looks,
        "psi": OpenSlider(
            0,
            1,
            0.7,
            step=0.05,
            label=word("truncation"),
            info=word("truncation_info"),
            elem_id="psi",
        ),
        "model": gr.Dropdown(
            models_menu(models),
            value=first,
            label=word("model"),
            info=word("custom") if models.custom else None,
            allow_custom_value=models.custom,
            elem_id="model",
        ),
    }


def files() -> dict:
    """What is saved, and how."""
    kind = gr.Dropdown(
        formats_menu(),
        value="png",
        label=word("format"),
        info=word("format_info"),
        filterable=False,
        elem_id="format",
    )
    seconds = OpenSlider(
        *SECONDS,
        3,
        step=0.5,
        label=word("seconds"),
        info=word("seconds_info"),
        visible=False,
        elem_id="seconds",
    )
    size = gr.Radio(
        [(f"{each} px", each) for each in SIZES],
        value=SMALL,
        label=word("size"),
        info=word("size_info"),
        visible=False,
        elem_id="size",
    )
    with gr.Row():
        points = gr.Checkbox(
            False,
            label=word("with_points"),
            info=word("with_points_info"),
            elem_id="with-points",
            min_width=130,
        )
        mark = gr.Checkbox(
            True, label=word("mark"), info=word("mark_info"), elem_id="mark", min_width=130
        )
    return {
        "format": kind,
        "seconds": seconds,
        "size": size,
        "points": points,
        "mark": mark,
        "save": _button("save", variant="primary"),
        "share": _button("share"),
    }


def advanced() -> dict:
    """The controls of `Settings` by its fields but for the reach, with the paper's values but for
    the solver."""
    paper = Settings()

    def number(field: str, key: str, info: str, **kwargs) -> gr.Number:
        return gr.Number(
            getattr(paper, field), label=word(key), info=word(info), min_width=140, **kwargs
        )

    made = {
        "solver": gr.Radio(
            solvers_menu(),
            value=paper.solver,
            label=word("solver"),
            info=word("solver_info"),
            elem_id="solver",
        )
    }
    with gr.Accordion(word("numbers"), open=False, elem_id="numbers"), gr.Row():
        made |= {
            "learning_rate": number("learning_rate", "rate", "rate_info", step=0.0005),
            "r1": number("r1", "r1", "radius_info"),
            "r2": number("r2", "r2", "radius_info"),
            "lambda_mask": number("lambda_mask", "lambda", "lambda_info"),
            "max_steps": number("max_steps", "cap", "cap_info", precision=0),
            "latent_space": gr.Radio(
                [("W+", "w+"), ("W", "w")],
                value=paper.latent_space,
                label=word("space"),
                info=word("space_info"),
                min_width=140,
            ),
        }
        made["num_entries"] = OpenSlider(
            1,
            MAX_ENTRIES,
            paper.num_entries,
            step=1,
            label=word("entries"),
            info=word("entries_info"),
        )
    made["hold_placement"] = gr.Checkbox(
        paper.hold_placement, label=word("placement"), info=word("placement_info")
    )
    return made


def unseen() -> dict:
    """What passes between the browser's storage and the server."""
    return {
        "token": gr.Textbox(visible=False),
        "kept": gr.Textbox(visible=False),
        "placed": gr.JSON(visible=False),
        "tips": gr.JSON(visible=False),
    }


def _button(key: str, **kwargs) -> gr.Button:
    return gr.Button(word(key), elem_id=BUTTONS[key], **kwargs)


def _marked(method):
    """A function for a component's script: Gradio writes on it, which a method does not allow."""

    def function(message):
        return method(message)

    function.__name__ = method.__name__
    return function
