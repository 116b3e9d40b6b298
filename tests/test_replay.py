"""What a solver has recorded is what it would have done, as far as that shows without CUDA."""

from dataclasses import dataclass, replace

import pytest
import torch

from drag import drag
from drag.features import whole_part
from drag.solvers import gauss_newton
from drag.solvers.replay import Recorder


class Stand(Recorder):
    """Replays as a CUDA graph does: what was recorded reads and leaves its own tensors only."""

    replays = 0

    def __init__(self, device):
        super().__init__(device)
        self.on = True

    def record(self, work):
        outputs = work()

        def replay():
            Stand.replays += 1
            for own, new in zip(outputs, work(), strict=True):
                own.detach().copy_(new.detach())
            for output in outputs:
                assert output.isfinite().all()

        return outputs, replay


@dataclass(frozen=True, eq=False)
class Pair:
    left: torch.Tensor
    name: str
    right: tuple[torch.Tensor, ...]


def test_replayed_work_follows_what_it_is_given():
    calls = []

    def work(pair, factor):
        calls.append(pair.name)
        return pair.left * factor + pair.right[0], pair.right[0]

    recorded = Stand(torch.device("cpu"))(work)
    kept = []
    for number in range(5):
        given = Pair(torch.tensor([float(number)]), "pair", (torch.tensor([0.5]),))
        left, right = recorded(given, torch.tensor(2.0))
        kept.append(left)
        assert (left.item(), right.item()) == (2 * number + 0.5, 0.5)
    assert [left.item() for left in kept] == [0.5, 2.5, 4.5, 6.5, 8.5]  # no replay overwrote them
    assert Stand.replays


def test_nothing_is_recorded_without_cuda():
    def work(x):
        return (x,)

    assert Recorder(torch.device("cpu"))(work) is work


def test_work_that_cannot_be_recorded_is_done_all_the_same(caplog):
    class Broken(Stand):
        def record(self, work):
            raise RuntimeError("operation not permitted when stream is capturing\nmore")

    recorder = Broken(torch.device("cpu"))
    double, half = recorder(lambda x: (2 * x,)), recorder(lambda x: (x / 2,))
    for number in range(3):
        assert double(torch.tensor(number))[0].item() == 2 * number
        assert half(torch.tensor(number))[0].item() == number / 2
    assert caplog.text.count("not recorded as CUDA graphs: operation not permitted") == 1


@pytest.mark.parametrize("space", ["w", "w+"])
def test_a_recorded_drag_is_the_same_drag(toy, toy_edit, monkeypatch, space):
    toy_edit = replace(
        toy_edit, settings=replace(toy_edit.settings, solver="gauss-newton", latent_space=space)
    )
    plain = list(drag(toy, toy_edit))
    monkeypatch.setattr(gauss_newton, "Recorder", Stand)
    monkeypatch.setattr(
        gauss_newton,
        "cells_around",
        lambda points, reach, cells, size: whole_part(size, points.device),
    )
    Stand.replays = 0
    for again in range(2):
        steps = list(drag(toy, toy_edit))
        assert Stand.replays > 4 * again * len(steps)
        assert len(steps) == len(plain)
        for step, other in zip(steps, plain, strict=True):
            torch.testing.assert_close(
                torch.tensor(step.handles), torch.tensor(other.handles), atol=1e-3, rtol=0
            )
            torch.testing.assert_close(
                torch.from_numpy(step.ws), torch.from_numpy(other.ws), atol=1e-3, rtol=1e-3
            )
