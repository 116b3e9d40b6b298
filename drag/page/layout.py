"""What is where on the page."""

import gradio as gr

from drag.edit import Settings
from drag.files.film import SECONDS
from drag.page.components.base import OpenSlider
from drag.page.components.canvas import DragCanvas
from drag.page.components.exchange import FileExchange
from drag.page.components.photo_frame import PhotoFrame
from drag.page.components.thumbnails import Thumbnails
from drag.page.handlers.desk import Desk
from drag.page.menus import BUTTONS, formats_menu, models_menu, solvers_menu
from drag.page.wording import status
from drag.server.language import TRANSLATIONS, say

MAX_ENTRIES = 18  # of the latents, of a StyleGAN2 of 1024 px
word = gr.I18n(**TRANSLATIONS)  # words of the table, in the language of the browser


def _button(key: str, **kwargs) -> gr.Button:
    return gr.Button(word(key), elem_id=BUTTONS[key], **kwargs)


class Layout:
    """Makes the components, in the gr.Blocks that is open; each is an attribute."""

    def __init__(self, desk: Desk, first: str):
        """first: name of the model that a new visitor finds."""
        self.title = gr.HTML(say("title"), elem_classes="page-title", elem_id="title")
        with gr.Row(elem_id="page-row"):
            with gr.Column(scale=7, min_width=320):
                self._picture(desk)
            with gr.Column(scale=4, min_width=300):
                self._run(desk)
                with gr.Tabs():
                    with gr.Tab(word("tab_picture")):
                        self._other_pictures(desk, first)
                    with gr.Tab(word("tab_photo"), elem_id="tab-photo"):
                        self.photo = PhotoFrame(elem_id="photo")
                    with gr.Tab(word("tab_files")):
                        self._files()
                    with gr.Tab(word("tab_advanced")):
                        self.settings = self._advanced()
                # Outside the tabs: a tab that was not shown yet is not there to drop a file on.
                self.exchange = FileExchange(elem_id="exchange")
        self.note = gr.HTML(say("note"), elem_classes="page-note", elem_id="note")
        self.token, self.kept = gr.Textbox(visible=False), gr.Textbox(visible=False)
        self.placed, self.tips = gr.JSON(visible=False), gr.JSON(visible=False)

    def _picture(self, desk: Desk) -> None:
        self.canvas = DragCanvas(elem_id="canvas", server_functions=[_marked(desk.acknowledge)])
        self.history = Thumbnails(elem_id="history", server_functions=[
            _marked(desk.thumbnail), _marked(desk.keep)])
        self.steps = OpenSlider(0, 1, 1, step=1, label=word("scrub"), info=word("scrub_info"),
                                interactive=False, elem_id="steps")

    def _run(self, desk: Desk) -> None:
        with gr.Row(elem_id="run-row"):
            self.go = _button("drag", variant="primary", min_width=120)
            self.stop = _button("stop", variant="stop", interactive=False, min_width=90)
        self.line = gr.HTML(status(say(desk.greeting)), elem_id="status")
        with gr.Row(elem_classes="small-row"):
            self.undo, self.redo, self.reset_points, self.reset_picture = (
                _button(key, size="sm", min_width=120)
                for key in ("undo", "redo", "reset_points", "reset_picture"))
        self.examples = Thumbnails(elem_id="examples")

    def _other_pictures(self, desk: Desk, first: str) -> None:
        with gr.Row(elem_classes="number-row"):
            self.seed = gr.Textbox(label=word("seed"), info=word("seed_info"), elem_id="seed",
                                   min_width=120)
            self.dice = _button("faces", min_width=120)
        with gr.Row(elem_classes="number-row"):
            self.look = gr.Textbox(label=word("look"), info=word("look_info"), elem_id="look",
                                   min_width=120)
            self.looks = _button("looks", min_width=120)
        self.offered = Thumbnails(elem_id="offered")
        self.psi = OpenSlider(0, 1, 0.7, step=0.05, label=word("truncation"),
                              info=word("truncation_info"), elem_id="psi")
        custom = desk.models.custom
        self.model = gr.Dropdown(models_menu(desk.models), value=first, label=word("model"),
                                 info=word("custom") if custom else None,
                                 allow_custom_value=custom, elem_id="model")

    def _files(self) -> None:
        self.format = gr.Dropdown(
            formats_menu(), value="png", label=word("format"), info=word("format_info"),
            filterable=False, elem_id="format")
        self.seconds = OpenSlider(*SECONDS, 3, step=0.5, label=word("seconds"),
                                  info=word("seconds_info"), elem_id="seconds")
        with gr.Row():
            self.points = gr.Checkbox(False, label=word("with_points"), elem_id="with-points",
                                      info=word("with_points_info"), min_width=130)
            self.mark = gr.Checkbox(True, label=word("mark"), info=word("mark_info"),
                                    elem_id="mark", min_width=130)
        self.save = _button("save", variant="primary")

    def _advanced(self) -> list[gr.components.Component]:
        """The controls of `Settings`, in its order, with the paper's values but for the solver."""
        paper = Settings()
        solver = gr.Radio(solvers_menu(), value=paper.solver, label=word("solver"),
                          info=word("solver_info"), elem_id="solver")
        with gr.Row():
            numbers = [gr.Number(value, label=word(key), info=word(info), min_width=140, **kwargs)
                       for value, key, info, kwargs in (
                (paper.learning_rate, "rate", "rate_info", {"step": 0.0005}),
                (paper.r1, "r1", "radius_info", {}),
                (paper.r2, "r2", "radius_info", {}),
                (paper.lambda_mask, "lambda", "lambda_info", {}),
                (paper.max_steps, "cap", "cap_info", {"precision": 0}))]
            space = gr.Radio(["W+", "W"], value="W+", label=word("space"), info=word("space_info"),
                             min_width=140)
        entries = OpenSlider(1, MAX_ENTRIES, paper.num_entries, step=1, label=word("entries"),
                             info=word("entries_info"))
        return [solver, *numbers, space, entries]


def _marked(method):
    """A function for a component's script: Gradio writes on it, which a method does not allow."""
    def function(message):
        return method(message)

    function.__name__ = method.__name__
    return function
