"""Tests, one file a module of the project; none needs the Hub.

What they share:

    judge                            dlib, which knows faces and not our tracker
    checkpoint_files, torch_files    weight files as each tool writes them
    hostile_files, exhausting_files  and as an enemy would
    mutants                          and as chance would
    hub                              a Hub on this machine
    running_app                      `python app.py` in a process of its own
    gates                            requests that go through the gate
    photo_files, real_photos         photos: sound and odd files; faces that ship in packages
    tunings                          changes of weights that no photo was needed for
    writes                           what is written meanwhile
    far                              a pretend accelerator, which says what crosses to it and back
    lock                             a command: `python -m tests.lock` writes requirements.lock

page/ calls the page's handlers; browser/ drives the page in Chromium, and the canvas alone on a
bench; api/ calls the endpoints as a program does; zero/ has a stand-in for the package `spaces`,
and drags in its workers; reference/, figures of the built-in model, and StyleGAN2 by its
definition; benchmarks/ measure. `test_layers.py` says who may import whom. What takes long is
marked slow and left out, unless `-m slow` asks for it or `-m ''` for all; what of it goes by the
clock is marked alone, too, and run with nothing beside it. Where pytest's workers run side by side,
each has one thread for torch, and ports of its own.

Browser tests take Chromium from `apt-get install chromium-headless-shell` (or `chromium`, which
takes more of the cores), `playwright install chromium`, or the path in CHROMIUM.
`DRAG_ALL_SEEDS=1 python -m pytest tests/browser/test_drag.py -m '' -s` drags noses on five seeds by
mouse and five by touch, judged by dlib. `python -m tests.reference.make
WHEEL --compare` compares every pixel with the model's own graph in the OpenVINO runtime (its
docstring has the two installs it needs).
"""

import os

_WORKER = os.environ.get("PYTEST_XDIST_WORKER")  # gw0, gw1, ..., where tests run side by side
if _WORKER:  # one thread and ports of its own; here, for torch reads it when it is imported
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("GRADIO_SERVER_PORT", str(7860 + 100 * int(_WORKER.removeprefix("gw"))))
