"""Devices that are not fit for use, each in its way, and what is done then."""

import sys

import numpy as np
import pytest
import torch

import app
from drag.models import reading
from drag.server import trial
from drag.server.line import Line
from drag.server.trial import fit_device, tried, why_not
from drag.web.flags import choose_models, parse_args
from drag.web.serving import banner
from tests import far

FAR = torch.device(far.DEVICE)
READ = "aten::_embedding_bag_forward_only"  # how features are read
CONVOLVE = "aten::convolution"
EIGH = "The operator 'aten::_linalg_eigh.eigenvalues' is not currently implemented for the MPS ..."
# A process that tries the pretend device, which is broken so.
BROKEN = """
import sys, time
from unittest.mock import patch
sys.argv = ["-", "lazy"]
from tests import far
from drag.server import trial
far.present()
def how(out):
    {how}
with far.broken({operation!r}, how), patch("drag.latents.SAMPLES", 300):
    trial.main()
"""


@pytest.fixture(autouse=True)
def _here(monkeypatch):
    """The pretend device, whose trials take less time, and nobody else's flags."""
    far.present()
    monkeypatch.setattr("drag.latents.SAMPLES", 300)
    monkeypatch.delenv("DRAG_FLAGS", raising=False)


@pytest.fixture
def mac(monkeypatch):
    """A machine with MPS, as PyTorch says, and CUDA, so that there is more than one to try."""
    for module in (reading, trial):
        monkeypatch.setattr(module, "devices", lambda: ["cuda", "mps", "cpu"])


def raising(error):
    def how(out):
        raise error

    return how


def noisy(out):
    return out * (1 + 1e-5 * torch.randn(out.shape, generator=torch.Generator().manual_seed(0)))


def test_a_device_that_works_out_the_same_but_for_rounding_is_fit():
    with far.broken(CONVOLVE, noisy):
        assert why_not(FAR) is None


@pytest.mark.parametrize(
    ("operation", "how", "why"),
    [
        (READ, raising(NotImplementedError(EIGH)), "lacks an operation (aten::_linalg_eigh.eigen"),
        (READ, raising(NotImplementedError("no kernel")), "it lacks an operation (no kernel)"),
        (READ, raising(torch.OutOfMemoryError("CUDA out of memory.")), "its memory is full"),
        (READ, raising(RuntimeError("MPS backend out of memory (...")), "its memory is full"),
        (READ, raising(RuntimeError("CUDA error: unknown\nmore")), "(CUDA error: unknown)"),
        (READ, lambda out: (out[0].roll(1, 0), *out[1:]), "wrong numbers (a step: 100% off, 5%"),
        ("aten::grid_sampler_2d", lambda out: 1.3 * out, "wrong numbers (a flow"),
        ("aten::convolution_backward", lambda out: (out[0].flip(3), *out[1:]), "numbers (a step"),
    ],
)
def test_one_that_does_not_is_not_and_the_reason_is_told(operation, how, why):
    with far.broken(operation, how):
        assert why in why_not(FAR)


def test_what_is_no_number_is_wrong(monkeypatch):
    found = {FAR: np.array([1.0, np.nan]), torch.device("cpu"): np.array([1.0, 2.0])}
    monkeypatch.setattr(trial, "_results", lambda device: {"a map": found[device]})
    assert "wrong numbers (a map: nan% off" in why_not(FAR)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("print('noise'); print('null')", None),
        ("print('\"its memory is full\"')", "its memory is full"),
        ("import os; os.abort()", "ended with -6: without a word"),  # as MPS does
        ("raise SystemExit('no driver')", "ended with 1: no driver"),
        ("print('null'); raise SystemExit(3)", "ended with 3: without a word"),
        ("print('what')", "ended with 0: without a word"),
    ],
)
def test_it_is_tried_by_a_process_of_its_own_whose_end_is_told(words, why):
    found = tried("mps", command=[sys.executable, "-c", words])
    assert found == why if why is None else found.endswith(why)


def test_a_process_that_hangs_does_not_hold_the_start():
    words = "import time; time.sleep(1000)"
    found = tried("mps", seconds=0.2, command=[sys.executable, "-c", words])
    assert found == "it did not answer within 0.2 seconds"
    assert "could be started" in tried("mps", command=["/no/such/program"])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("how", "why"),
    [
        ("return out", None),
        ("return out.flip(3)", "it works out wrong numbers (a step"),
        ("time.sleep(1000)", "it did not answer within 5 seconds"),
    ],
)
def test_so_is_the_pretend_device(how, why):
    words = BROKEN.format(how=how, operation=CONVOLVE)
    seconds = 5 if "sleep" in how else 200
    found = tried(far.DEVICE, seconds, [sys.executable, "-c", words])
    assert found is None if why is None else found.startswith(why)


def test_auto_takes_the_first_that_is_fit(mac):
    asked = []

    def none_but(*fit):
        asked.clear()
        return lambda kind: asked.append(kind) or (None if kind in fit else f"{kind} is out")

    assert fit_device(trial=none_but("cuda", "mps")) == (torch.device("cuda"), {})
    assert asked == ["cuda"]
    assert fit_device(trial=none_but("mps")) == (torch.device("mps"), {"cuda": "cuda is out"})
    device, unfit = fit_device(trial=none_but())
    assert (device.type, list(unfit)) == ("cpu", ["cuda", "mps"])
    assert fit_device("mps", none_but("mps")) == (torch.device("mps"), {})
    with pytest.raises(ValueError, match=r"MPS device failed its self-test: mps is out\."):
        fit_device("mps", none_but("cuda"))
    with pytest.raises(ValueError, match="no toaster device"):
        fit_device("toaster", none_but())


def never(kind):
    raise AssertionError("there is nothing to try")


def test_where_there_is_only_a_cpu_and_where_it_is_named_nothing_is_tried(monkeypatch, mac):
    assert fit_device("cpu", never) == (torch.device("cpu"), {})
    monkeypatch.setattr(trial, "devices", lambda: ["cpu"])
    assert fit_device("auto", never) == (torch.device("cpu"), {})


def test_nothing_is_tried_on_zero_gpu_either(monkeypatch, mac):
    monkeypatch.setattr(trial, "tried", never)
    monkeypatch.setattr("drag.web.zero.on_zero_gpu", lambda: True)
    models, _ = choose_models(parse_args([]))
    assert models.device.type == "cpu"


def test_the_banner_names_what_is_not_used_and_why(monkeypatch, mac):
    monkeypatch.setattr(trial, "tried", lambda kind: "its memory is full")
    models, first = choose_models(parse_args([]))
    told = banner(models, first, Line(), False).splitlines()
    assert told[0].startswith("Device: CPU, ")
    assert told[1:3] == [
        f"        not {kind}, which failed its self-test: its memory is full"
        for kind in ("CUDA", "MPS")
    ]


def test_one_that_is_named_and_not_fit_ends_the_start(monkeypatch, mac, capsys):
    monkeypatch.setattr(trial, "tried", lambda kind: "its memory is full")
    monkeypatch.setattr(sys, "argv", ["app.py", "--device", "mps"])
    for name in ("keep_memory_low", "give_way", "logging.basicConfig"):  # of the whole process
        monkeypatch.setattr(f"app.{name}", lambda **_: None)
    assert app.main() == 1
    assert "MPS device failed its self-test: its memory is full" in capsys.readouterr().err
