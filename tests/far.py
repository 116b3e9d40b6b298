"""A pretend accelerator: a device that keeps its data on the CPU, and is as strict as CUDA.

It refuses operations on tensors of two devices, and notes what crosses between it and the host:

    network = far.moved(network)                  # then drag as ever
    with far.crossings() as crossed: ...          # a Crossing for each

It says nothing of speed, and is no CUDA: what is done on CUDA alone (graphs, half precision) is
not done. Of PyTorch's device "lazy" it uses the name: no hardware has it, and gradients there are
worked out by the thread that asks for them, so that the line that did is known.
"""

import contextlib
import copy
import functools
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch

DEVICE = "lazy"
ROOT = Path(__file__).parent.parent
OURS = tuple(f"{ROOT / folder}/" for folder in ("drag", "networks"))
COPIES = {"aten::copy_", "aten::_copy_from", "aten::_copy_from_and_resize"}
# Indices may be on the CPU, as for CUDA, which fetches them.
INDEXED = {"aten::index", "aten::index_put", "aten::index_put_", "aten::_index_put_impl_"}
# What the host cannot go on without: a number, a shape that depends on numbers.
WAITS = {
    "aten::_local_scalar_dense",
    "aten::_linalg_check_errors",
    "aten::equal",
    "aten::is_nonzero",
    "aten::masked_select",
    "aten::nonzero",
}
PRODUCTS = torch.matmul, torch.Tensor.matmul, torch.Tensor.__matmul__
# They make a tensor and then change its shape, which a tensor with another inside cannot follow.
FACTORIES = "arange", "arange.start", "arange.start_step", "eye", "eye.m", "linspace"


@dataclass(frozen=True)
class Crossing:
    """Something that crosses between host and device."""

    kind: str  # up (to the device), down, or wait: a number that the host needs
    # The innermost function of drag/ or networks/ that asked for it, drag/course.py:step_of, or ""
    place: str


class Far(torch.Tensor):
    """Says that it is on the device; its data are `inner`, on the CPU."""

    inner: torch.Tensor

    @staticmethod
    def around(inner: torch.Tensor) -> "Far":
        """One with these data."""
        far = torch.Tensor._make_wrapper_subclass(
            Far,
            inner.size(),
            strides=inner.stride(),
            storage_offset=inner.storage_offset(),
            dtype=inner.dtype,
            device=f"{DEVICE}:0",
        )
        far.inner = inner
        return far

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        if func is torch.Tensor.tolist:
            _note("wait")
            return args[0].inner.detach().tolist()
        if func in PRODUCTS and args[0].dim() == 1 < args[1].dim():
            return (args[0][None] @ args[1])[..., 0, :]  # else its shape is changed afterwards
        with torch._C.DisableTorchFunctionSubclass():
            return func(*args, **kwargs or {})

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        return _run(func, args, kwargs or {})


def moved(network):
    """A copy of a network on the device."""
    present()
    return copy.deepcopy(network).to(DEVICE)


@functools.lru_cache
def present() -> None:
    """Have the device, as long as the process lives."""
    every = torch.library.Library("_", "IMPL")
    every.fallback(lambda func, *args, **kw: _run(func, *_by_name(func, args, kw)), "Lazy")
    own = torch.library.Library("aten", "IMPL")
    for name in FACTORIES:
        first, _, second = name.partition(".")
        func = getattr(getattr(torch.ops.aten, first), second or "default")
        own.impl(name, functools.partial(_made, func), "Lazy")
    _kept.extend([every, own])
    torch.tensor, torch.as_tensor = map(_sent, (torch.tensor, torch.as_tensor))


@contextlib.contextmanager
def crossings() -> Iterator[list[Crossing]]:
    """What crosses from now on."""
    noted: list[Crossing] = []
    _lists.append(noted)
    try:
        yield noted
    finally:
        _lists.remove(noted)


@contextlib.contextmanager
def broken(name: str, how: Callable[[object], object]) -> Iterator[None]:
    """Have the operation of this name (aten::...) give how(what it should give), or raise."""
    _broken[name] = how
    try:
        yield
    finally:
        del _broken[name]


_kept: list[torch.library.Library] = []  # what they hold goes when they go
_lists: list[list[Crossing]] = []
_broken: dict[str, Callable[[object], object]] = {}


def _note(kind: str) -> None:
    if not _lists:
        return
    frame = sys._getframe(1)
    while frame is not None and not frame.f_code.co_filename.startswith(OURS):
        frame = frame.f_back
    place = ""
    if frame is not None:
        file = Path(frame.f_code.co_filename).relative_to(ROOT).as_posix()
        place = f"{file}:{frame.f_code.co_name}"
    for noted in _lists:
        noted.append(Crossing(kind, place))


def _inner(x):
    return x.inner if isinstance(x, Far) else x


def _made(func, *args, device=None, **kwargs):
    return Far.around(func(*args, device="cpu", **kwargs))


def _sent(factory):
    """Of numbers: it goes past what can be intercepted."""

    def made(*args, device=None, **kwargs):
        if device is None or torch.device(device).type != DEVICE:
            return factory(*args, device=device, **kwargs)
        return factory(*args, **kwargs).to(device)

    return functools.wraps(factory)(made)


def _run(func, args, kwargs):
    """An operation that has to do with the device."""
    name = func._schema.name
    if name in COPIES:
        return _copied(name, *args[:2])
    far: dict[int, Far] = {}
    near = False

    def inner(x):
        nonlocal near
        if isinstance(x, Far):
            far[id(x.inner)] = x
            return x.inner
        near = near or x.dim() > 0
        return x

    args, kwargs = _each(inner, args), {key: _each(inner, value) for key, value in kwargs.items()}
    device = kwargs.get("device")
    to_far = bool(far) if device is None else torch.device(device).type == DEVICE
    if name == "aten::_to_copy":
        if to_far != bool(far):
            _note("up" if to_far else "down")
    elif name in INDEXED:
        if near:
            _note("up")
        if any(part is not None and part.dtype == torch.bool for part in args[1]):
            _note("wait")  # for how many there are
    elif far and near:
        raise RuntimeError(f"Expected all tensors to be on the same device: {name}")
    if name in WAITS:
        _note("wait")
    if device is not None:
        kwargs["device"] = "cpu"
    out = func(*args, **kwargs)
    if name in _broken:
        out = _broken[name](out)
    if not to_far:
        return out
    # What was changed in place is given back.
    return _each(lambda x: far[id(x)] if id(x) in far else Far.around(x), out)


def _by_name(func, args, kwargs):
    """The fallback passes all by place; what has a default may be missing at the end."""
    for number, formal in enumerate(func._schema.arguments[: len(args)]):
        if formal.name == "device":
            return args[:number], {**kwargs, "device": args[number]}
    return args, kwargs


def _each(change, value):
    """A value with its tensors changed."""
    if isinstance(value, torch.Tensor):
        return change(value)
    if isinstance(value, list | tuple):
        return type(value)([_each(change, part) for part in value])
    return value


def _copied(name, first, second):
    """copy_ has what is written first, the others what is read."""
    target, source = (first, second) if name == "aten::copy_" else (second, first)
    if isinstance(target, Far) != isinstance(source, Far):
        _note("up" if isinstance(target, Far) else "down")
    _inner(target).copy_(_inner(source))
    return target
