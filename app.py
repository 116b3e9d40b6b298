"""The page: press on a point of a generated picture, drag, and watch the picture follow."""

if __name__ == "__main__":  # Gradio reads the environment as it is imported
    from drag.web.environment import settle
    from networks.terminal import print_anywhere

    print_anywhere()
    settle()

import logging
import sys

import gradio as gr

from drag.models.progress import report_progress
from drag.page import layout, wording
from drag.page.components.exchange import FileExchange
from drag.page.components.photo_frame import PhotoFrame
from drag.page.controls import Controls
from drag.page.handlers import Desk, Handlers
from drag.page.handlers.scripts import Scripts
from drag.page.layout import word
from drag.page.theme import CSS, THEME
from drag.page.wiring import connect
from drag.server.engine import Engine
from drag.server.language import say
from drag.server.line import Line, slots_for
from drag.server.process import apart, give_way, in_background, keep_memory_low
from drag.web import zero
from drag.web.agents import Agents
from drag.web.answers import own_folder
from drag.web.api import Api, publish
from drag.web.flags import choose_models, parse_args
from drag.web.listening import place_of
from drag.web.origins import origins_of
from drag.web.serving import Page, app_kwargs, banner

PAGES = 300  # of which Gradio keeps what they were sent last: a picture, some hundred kB each
LIGHT_THREADS = 40  # for all that does not wait for the device


def build_demo(desk: Desk, api: Api) -> gr.Blocks:
    """The page for what is on this desk, with the endpoints for programs."""
    models, first = desk.models, desk.first
    with Page(title=say("page_title"), analytics_enabled=False) as demo:
        title = gr.HTML(wording.title(), elem_classes="page-title", elem_id="title")
        with gr.Row(elem_id="page-row"):
            with gr.Column(scale=7, min_width=320):
                picture = layout.picture(Scripts(desk))
            with gr.Column(scale=4, min_width=300):
                run = layout.run(say(desk.greeting))
                with gr.Tabs():
                    with gr.Tab(word("tab_picture")):
                        others = layout.other_pictures(models, first)
                    with gr.Tab(word("tab_photo"), elem_id="tab-photo"):
                        photo = PhotoFrame(elem_id="photo")
                    with gr.Tab(word("tab_files")):
                        files = layout.files()
                    with gr.Tab(word("tab_advanced")):
                        advanced = layout.advanced()
                # Outside the tabs: a tab that was not shown yet is not there to drop a file on.
                exchange = FileExchange(elem_id="exchange")
        note = gr.HTML(say("note"), elem_classes="page-note", elem_id="note")
        page = Controls(
            title=title,
            **picture,
            **run,
            **others,
            photo=photo,
            **files,
            advanced=advanced,
            exchange=exchange,
            note=note,
            **layout.unseen(),
        )
        connect(demo, page, Handlers(desk, page))
        publish(api)
    return demo


def main() -> int:
    """Load the model, then serve; the exit code is 1 where that cannot be."""
    args = parse_args(sys.argv[1:])
    keep_memory_low()
    give_way()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        place_of(args.host, args.port)  # so that what cannot be is said at once
        models, first = choose_models(args)
        wanted = first, *models.local.values()  # of a folder, where one may be broken
        first = apart(lambda: models.load_first(wanted, report_progress))
        engine, slots = Engine(models), slots_for(models.device.type)
        if zero.on_zero_gpu():
            engine, slots = zero.ZeroEngine(models), zero.SLOTS
            engine.place(first.name)
        line = Line(args.drags or slots, args.line, args.drag_seconds)
        places = line.slots + line.length
        with own_folder(), models.use(first):  # as long as the page is served
            desk = Desk(models, first.name, line, engine)
            api = Api(models, engine, desk.shares)
            demo = build_demo(desk, api)
            agents = Agents(api, desk.shares.threads) if args.mcp else None
            print(banner(models, first, line, bool(args.auth)), flush=True)
            demo.queue(max_size=4 * places).serve(
                args.host,
                args.port,
                lambda: in_background(desk.prepare),
                share=args.share,
                auth=args.auth,
                max_threads=LIGHT_THREADS + places + desk.shares.threads,
                app_kwargs=app_kwargs(
                    models, desk.shares, origins_of(args.origin, args.public, args.share), agents
                ),
                mcp_server=False,
                theme=THEME,
                css=CSS,
                run_history=False,
                footer_links=[],
                ssr_mode=False,
                enable_monitoring=False,
                state_session_capacity=PAGES,
                i18n=word,
            )
    except (ValueError, OSError) as error:
        print(f"app.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
