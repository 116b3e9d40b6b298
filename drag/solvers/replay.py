"""Work of fixed shapes, recorded as a CUDA graph and replayed.

A step of a drag is a thousand small operations. On a GPU they take some 4 ms, but to ask for them
one by one takes ten times as long; a graph asks for all of them at once.
"""

import logging
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from typing import Any

import torch

Work = Callable[..., tuple[torch.Tensor, ...]]
log = logging.getLogger("drag")


class Recorder:
    """Makes functions that are recorded. Those of one recorder share memory, and may leave each
    other tensors with gradients, as long as they are called in turn."""

    allowed = True  # off in processes that live for one drag (drag/web/zero.py)

    def __init__(self, device: torch.device):
        """Nothing is recorded where the device is no CUDA one, nor after a recording failed."""
        self.on = self.allowed and device.type == "cuda"
        if self.on:
            self.stream, self.pool = torch.cuda.Stream(device), torch.cuda.graph_pool_handle()

    def __call__(self, work: Work) -> Work:
        """The work, recorded at its second call.

        work: (tensors, and records that hold some) -> tensors. Of its arguments only tensors may
        differ between calls, and their shapes may not; whatever else it reads stays as it was, and
        it never waits for the device. What it returns is the caller's.
        """
        return _Recorded(self, work) if self.on else work

    def record(
        self, work: Callable[[], tuple[torch.Tensor, ...]]
    ) -> tuple[tuple[torch.Tensor, ...], Callable[[], None]]:
        """Have work done as a graph: (where it leaves what it returns, what does it again)."""
        graph, current = torch.cuda.CUDAGraph(), torch.cuda.current_stream()
        self.stream.wait_stream(current)
        with torch.cuda.stream(self.stream):
            graph.capture_begin(pool=self.pool, capture_error_mode="thread_local")
            try:
                outputs = work()
            finally:
                graph.capture_end()
        current.wait_stream(self.stream)
        return outputs, graph.replay


class _Recorded:
    """A function that is called once, then recorded, then replayed."""

    def __init__(self, recorder: Recorder, work: Work):
        self.recorder, self.work, self.warm = recorder, work, False
        self.replay: Callable[[], None] | None = None

    def __call__(self, *given: Any) -> tuple[torch.Tensor, ...]:
        if self.warm and self.recorder.on and self.replay is None:
            self._record(given)
        self.warm = True
        if self.replay is None or not self.recorder.on:
            return self.work(*given)
        for own, new in zip(_tensors(self.given), _tensors(given), strict=True):
            own.copy_(new)
        self.replay()
        return tuple(output.clone() for output in self.outputs)  # the next replay overwrites them

    def _record(self, given: tuple[Any, ...]) -> None:
        self.given = _copied(given)
        try:
            outputs, self.replay = self.recorder.record(lambda: self.work(*self.given))
            self.outputs = tuple(output.detach() for output in outputs)
        except RuntimeError as error:
            log.warning("steps are not recorded as CUDA graphs: %s", str(error).splitlines()[0])
            self.recorder.on = False


def _tensors(value: Any) -> list[torch.Tensor]:
    """All tensors in a tensor, a tuple of values, or a record."""
    if isinstance(value, torch.Tensor):
        return [value]
    if is_dataclass(value):
        value = tuple(getattr(value, field.name) for field in fields(value))
    return [t for part in value for t in _tensors(part)] if isinstance(value, tuple) else []


def _copied(value: Any) -> Any:
    """The same with tensors of its own."""
    if isinstance(value, torch.Tensor):
        return value.detach().clone()
    if isinstance(value, tuple):
        return tuple(map(_copied, value))
    if is_dataclass(value) and not isinstance(value, type):
        return replace(
            value, **{field.name: _copied(getattr(value, field.name)) for field in fields(value)}
        )
    return value
