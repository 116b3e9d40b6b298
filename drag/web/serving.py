"""The page as it is served: what it takes for a call and keeps of it, whether it is ready, the gate
and the doors before it."""

import contextlib
import logging
import os
from collections.abc import Callable

import gradio as gr
import torch
from fastapi.exceptions import RequestValidationError
from starlette.middleware import Middleware
from starlette.responses import JSONResponse
from starlette.routing import Route

from drag.models.catalogue import Model
from drag.models.loaded import LoadedModels
from drag.server.line import Line
from drag.server.shares import Shares, asking
from drag.web import zero
from drag.web.agents import Agents
from drag.web.askers import asker_of, attended, trust_proxy_of_space
from drag.web.front import card_route
from drag.web.gate import NO_CALL, answer, gate
from drag.web.internals import (
    CHEAP,
    asked_directly,
    forget_properties,
    forget_values,
    use_connection,
    use_mailboxes,
    wrap,
)
from drag.web.listening import place_of
from drag.web.mailboxes import Mailboxes, weight_of
from drag.web.origins import Origins, doors
from drag.web.rates import paced
from drag.web.strangers import one_page
from networks.errors import Message

MAX_KEPT = 10_000  # bytes of a property that a session may have of its own
log = logging.getLogger("drag")


class Page(gr.Blocks):
    """gr.Blocks that keeps of its visitors what the page needs, and whose components need not
    understand all that is sent: what they refuse is answered in one sentence, without the traceback
    that Gradio prints."""

    def __init__(self, **kwargs):
        for name, value in CHEAP.items():
            os.environ.setdefault(name, value)
        super().__init__(**kwargs)

    def queue(self, *args, **kwargs):
        """gr.Blocks.queue, with mailboxes that do not overflow."""
        super().queue(*args, **kwargs)
        use_mailboxes(self, Mailboxes)
        return self

    def serve(
        self, host: str | None, port: int | None, begun: Callable[[], object], **kwargs
    ) -> None:
        """gr.Blocks.launch, until the page is closed, at this place (see `place_of`).

        begun: called once the page answers. Raises ValueError, in one sentence with our flags, for
        whatever Gradio throws where it cannot begin.
        """
        host, port = place_of(host, port)
        try:
            with asked_directly():
                self.launch(server_name=host, server_port=port, prevent_thread_lock=True, **kwargs)
        except Exception as error:
            log.debug("the page did not begin", exc_info=error)
            raise ValueError(
                f"the page cannot be served at {host}:{port} ({error or type(error).__name__}): "
                "choose another place with --host and --port."
            ) from error
        begun()
        self.block_thread()

    async def call_function(
        self, block_fn, processed_input, iterator=None, requests=None, event_id=None, *args
    ):
        """Have a handler run, which knows by `asker()` for whom it does."""
        request = requests[0] if isinstance(requests, list) else requests
        with asking(asker_of(self, request, event_id)):
            return await super().call_function(
                block_fn, processed_input, iterator, requests, event_id, *args
            )

    async def preprocess_data(self, block_fn, inputs, state, *args, **kwargs):
        """The values that a handler takes."""
        try:
            if block_fn.fn is None:
                raise ValueError("what runs in the browser only")
            return await super().preprocess_data(block_fn, inputs, state, *args, **kwargs)
        except Exception as error:
            log.debug("a call of %s was refused", block_fn.name, exc_info=error)
            raise gr.Error(NO_CALL, print_exception=False) from None
        finally:
            forget_values(state, block_fn.inputs)

    async def postprocess_data(self, block_fn, predictions, state):
        """What a handler returned, for the browser."""
        if predictions == {}:  # it names nothing, and Gradio would take that for a value
            predictions = gr.skip()
        try:
            return await super().postprocess_data(block_fn, predictions, state)
        finally:
            forget_values(state, block_fn.outputs)
            for block in block_fn.outputs:
                forget_properties(state, block, lambda value: weight_of(value) > MAX_KEPT)


def app_kwargs(
    models: LoadedModels, shares: Shares, origins: Origins, agents: Agents | None = None
) -> dict:
    """What gr.Blocks.launch(app_kwargs=...) takes: how it is, at /healthz, the gate, and before all
    of it the doors, behind which each address has its share.

    shares: those of the page. It is busy where any line is full, and somebody is told so.
    agents: tools for them, where there are any.
    """

    @contextlib.asynccontextmanager
    async def lifespan(app):
        wrap(app, lambda inner: doors(paced(inner), origins))
        async with agents.manager.run() if agents else contextlib.nullcontext():
            yield

    async def healthz(_) -> JSONResponse:
        told = shares.told()
        full = any(not each["room"] and each["waiting"] for each in told.values())
        return JSONResponse(
            {
                "status": "busy" if full else "ready",
                "device": models.device.type,
                "models": len(models.loaded),
                **told.pop("drags"),
                **told,
            }
        )

    async def no_call(request, _) -> JSONResponse:  # FastAPI would repeat all that was sent
        return answer(request.scope, 422, Message(NO_CALL))

    use_connection("drag.web.connections:Connection")
    trust_proxy_of_space()
    return {
        "routes": [Route("/healthz", healthz), card_route()],
        "middleware": [
            Middleware(gate, agents=agents is not None),
            Middleware(attended),
            Middleware(one_page),
            *([Middleware(agents.before)] if agents else []),
        ],
        "lifespan": lifespan,
        "exception_handlers": {RequestValidationError: no_call},
    }


def banner(models: LoadedModels, first: Model, line: Line, login: bool) -> str:
    """What is served, for whoever started it."""
    if zero.on_zero_gpu():
        device = "ZeroGPU for drags, the CPU for pictures"
    elif models.device.type == "cuda":
        device = torch.cuda.get_device_name(models.device)
    else:
        device = (
            f"{models.device.type.upper()}, {os.cpu_count()} cores, "
            f"{torch.get_num_threads()} threads of PyTorch"
        )
    return "\n".join(
        [
            f"Device: {device}",
            *(
                f"        not {kind.upper()}, which failed its self-test: {why}"
                for kind, why in models.unfit.items()
            ),
            f"Model:  {first.label} (licence: {first.licence})",
            f"Memory: {models.nbytes / 1e6:.0f} MB of weights, {models.budget / 1e6:.0f} at most",
            f"Line:   {line.slots} at once, {line.length} wait, {line.seconds:g} seconds a drag",
            f"Open:   {'by login' if login else 'to all who reach it'}; custom models "
            f"{'allowed' if models.custom else 'not allowed'}",
        ]
    )
