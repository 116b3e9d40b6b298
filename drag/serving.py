"""The page as it is served: what it takes for a call, whether it is ready, the gate before it."""

import logging
import os

import gradio as gr
from fastapi.exceptions import RequestValidationError
from starlette.middleware import Middleware
from starlette.responses import JSONResponse
from starlette.routing import Route

from drag.gate import NO_CALL, answer, gate
from drag.line import Line
from drag.loaded import LoadedModels

CHEAP = {  # Gradio sums up its last 10,000 events by pandas after each, and nobody reads that
    "GRADIO_ANALYTICS_MAX_EVENTS": "1", "GRADIO_ANALYTICS_CACHE_FREQUENCY": str(10**12)}
log = logging.getLogger("drag")


class Page(gr.Blocks):
    """gr.Blocks whose components need not understand all that is sent: what they refuse is answered
    in one sentence, without the traceback that Gradio prints."""

    def __init__(self, **kwargs):
        for name, value in CHEAP.items():
            os.environ.setdefault(name, value)
        super().__init__(**kwargs)

    async def preprocess_data(self, block_fn, inputs, *args, **kwargs):
        """The values that a handler takes."""
        try:
            if block_fn.fn is None:
                raise ValueError("what runs in the browser only")
            return await super().preprocess_data(block_fn, inputs, *args, **kwargs)
        except Exception as error:
            log.debug("a call of %s was refused", block_fn.name, exc_info=error)
            raise gr.Error(NO_CALL, print_exception=False) from None


def app_kwargs(models: LoadedModels, line: Line) -> dict:
    """What gr.Blocks.launch(app_kwargs=...) takes: readiness at /healthz, and the gate."""
    async def healthz(_) -> JSONResponse:
        return JSONResponse({
            "status": "ready", "device": models.device.type, "models": len(models.loaded),
            "running": line.running, "waiting": line.waiting,
            "room": max(0, line.length - line.waiting)})

    async def no_call(request, _) -> JSONResponse:  # FastAPI would repeat all that was sent
        return answer(request.scope, 422, NO_CALL)

    return {"routes": [Route("/healthz", healthz)], "middleware": [Middleware(gate)],
            "exception_handlers": {RequestValidationError: no_call}}
