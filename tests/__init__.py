"""Where pytest's workers run side by side, each has one thread for torch, and ports of its own."""

import os

_WORKER = os.environ.get("PYTEST_XDIST_WORKER")  # gw0, gw1, ...
if _WORKER:  # here, for torch reads it when it is imported
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("GRADIO_SERVER_PORT", str(7860 + 100 * int(_WORKER.removeprefix("gw"))))
