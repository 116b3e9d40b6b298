"""A small change of a generator's weights that makes it paint one picture better.

Pivotal tuning (PTI, arXiv 2106.05744) changes all weights for the sake of one photo; here the
change is small enough to belong to an edit: low-rank for what mixes channels (as LoRA, arXiv
2106.09685), plain for the rest. A tuned generator is a view: shallow copies of its modules, whose
layers read their weights as the sum of the generator's own and the change, worked out where they
are used. So nothing of the generator is copied or touched, and without a tuning nothing is slower.
"""

import functools
import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.numpy import load, save
from torch import nn

from networks import layers, mobile_stylegan, stylegan3
from networks.errors import UserError
from networks.generator import Generator

MAX_BYTES = 400_000  # of a tuning's numbers
# Of those of a fresh one: in base64, two thirds of what a browser keeps of an edit, which leaves
# room for latents. A 1024 px StyleGAN2 gets rank 1, 149 kB.
FRESH_BYTES = 200_000
MAX_RANK = 64
MAX_HEADER = 50_000  # bytes of names and shapes in a file
MAX_NUMBER = 100.0  # weights are about 1
DAMAGED = "What this file says of a photo's fine tuning is damaged: choose another file."
TOO_LARGE = "The fine tuning of this photo is not finite, or far too large: choose another file."
OTHER_MODEL = (
    "The fine tuning of this photo is of another model: choose the model that it was made with."
)


@dataclass(frozen=True, eq=False)
class Tuning:
    """A change of weights; those of it that are left out do not change."""

    arrays: dict[str, np.ndarray]  # float16, not to be written to, by `fresh_tuning`'s LAYER.PART

    def __post_init__(self) -> None:
        arrays = {}
        with np.errstate(over="ignore"):  # to infinity, which `check_tuning` finds
            for name, values in sorted(self.arrays.items()):
                arrays[name] = np.array(values, np.float16, order="C")
                arrays[name].flags.writeable = False
        object.__setattr__(self, "arrays", arrays)

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, torch.Tensor]) -> "Tuning":
        """What was fitted, of any device and with or without gradients."""
        return cls({name: tensor.detach().cpu().numpy() for name, tensor in tensors.items()})

    def to_tensors(self, device: torch.device | str) -> dict[str, torch.Tensor]:
        """Its numbers as float32 on a device, to be read or fitted further."""
        arrays = self.arrays.items()
        return {name: torch.from_numpy(each.astype(np.float32)).to(device) for name, each in arrays}

    @property
    def nbytes(self) -> int:
        """Bytes of its numbers."""
        return sum(array.nbytes for array in self.arrays.values())

    @functools.cached_property
    def key(self) -> str:
        """Stands for these numbers under these names."""
        told = hashlib.blake2b(digest_size=16)
        for name, array in self.arrays.items():
            told.update(f"{name} {array.shape} ".encode())
            told.update(array.tobytes())
        return told.hexdigest()


# Both are properties that stand in for a tensor of the layer, which no checker could know: Any.
def _with_sum(name: str) -> Any:
    """A weight that is read with its change added."""

    def read(layer: Any) -> torch.Tensor:
        change = layer.delta.get(name)
        return _own(layer, name) if change is None else _own(layer, name) + change

    return property(read)


def _with_product(name: str) -> Any:
    """A weight (out, in, kh, kw) that is read with up (out, r) times down (r, in, ...) added: one
    layer's worth of memory for a moment, cheaper than a path of its own through large maps."""

    def read(layer: Any) -> torch.Tensor:
        own, up, down = _own(layer, name), layer.delta.get("up"), layer.delta.get("down")
        if up is None:
            return own
        return torch.addmm(own.flatten(1), up, down.flatten(1)).view(own.shape)

    return property(read)


def _own(layer: nn.Module, name: str) -> torch.Tensor:
    own = layer._parameters[name] if name in layer._parameters else layer._buffers[name]
    assert own is not None
    return own


class _Separable(mobile_stylegan.Convolution):
    product, sums = "pointwise", ("depthwise", "bias")
    pointwise = _with_product("pointwise")
    depthwise, bias = _with_sum("depthwise"), _with_sum("bias")


class _MobileRGB(mobile_stylegan.ToRGB):
    product, sums = None, ("weight", "bias")
    weight, bias = _with_sum("weight"), _with_sum("bias")


class _Modulated(layers.Convolution):  # its demodulation stays that of its own weights
    product, sums = "weight", ("bias",)
    weight, bias = _with_product("weight"), _with_sum("bias")


class _RGB(layers.ToRGB):
    product, sums = None, ("weight", "bias")
    weight, bias = _with_sum("weight"), _with_sum("bias")


class _Filtered(stylegan3.Layer):  # and here
    product, sums = "weight", ("bias",)
    weight, bias = _with_product("weight"), _with_sum("bias")


class _LastRGB(stylegan3.ToRGB):
    product, sums = None, ("weight", "bias")
    weight, bias = _with_sum("weight"), _with_sum("bias")


_TUNED: dict[type, Any] = {
    mobile_stylegan.Convolution: _Separable,
    mobile_stylegan.ToRGB: _MobileRGB,
    layers.Convolution: _Modulated,
    layers.ToRGB: _RGB,
    stylegan3.Layer: _Filtered,
    stylegan3.ToRGB: _LastRGB,
}


def untuned(generator: Generator) -> Generator:
    """The generator that this one is a view of; itself if it is none."""
    return getattr(generator, "base", generator)


def tuned(generator: Generator, tuning: Tuning | Mapping[str, torch.Tensor] | None) -> Generator:
    """A generator with changed weights: a view of it, made in a millisecond.

    generator: any, or a view, whose own change does not count.   tuning: None gives the generator
    itself; tensors that require gradients get them. Raises ValueError, in words fit for a visitor,
    where a Tuning does not fit.
    """
    base = untuned(generator)
    if tuning is None:
        return base
    if isinstance(tuning, Tuning):
        if generator is not base and vars(generator)["tuning"] is tuning:
            return generator
        check_tuning(base, tuning)
        tensors: Mapping[str, torch.Tensor] = tuning.to_tensors(base.w_avg.device)
    else:
        tensors = tuning
    deltas: dict[str, dict[str, torch.Tensor]] = {}
    for name, tensor in tensors.items():
        layer, _, part = name.rpartition(".")
        deltas.setdefault(layer, {})[part] = tensor.to(base.w_avg.device)
    view = _view(cast(nn.Module, base), deltas)
    view.__dict__.update(base=base, tuning=tuning)  # past nn.Module, which would list its modules
    return cast(Generator, view)


def _view(
    module: nn.Module, deltas: dict[str, dict[str, torch.Tensor]], path: str = ""
) -> nn.Module:
    """A shallow copy of a module and those in it, with these changes by the paths of layers."""
    kind, delta = type(module), deltas.get(path)
    view = object.__new__(kind if delta is None else _TUNED[kind])
    view.__dict__.update(
        module.__dict__,
        _modules={
            name: child and _view(child, deltas, f"{path}.{name}" if path else name)
            for name, child in module._modules.items()
        },
    )
    if delta is not None:
        view.__dict__["delta"] = delta
    return view


def fresh_tuning(generator: Generator, rank: int = 4) -> dict[str, torch.Tensor]:
    """A tuning that changes nothing yet, to be fitted: float32 tensors on the generator's device.

    rank: of the change of what mixes channels; less where FRESH_BYTES are too few.
    Of a convolution there are LAYER.up (out, rank), LAYER.down (rank, in) or (rank, in, 3, 3),
    LAYER.bias (out,), and of a depthwise one LAYER.depthwise (in, 1, 3, 3); of a conversion to RGB
    LAYER.weight and LAYER.bias. All are zeros but down: small random numbers of fixed seed.
    Raises ValueError where nothing of the generator can be tuned.
    """
    shapes = _shapes(generator, rank)
    while rank > 1 and 2 * sum(map(math.prod, shapes.values())) > FRESH_BYTES:
        rank -= 1
        shapes = _shapes(generator, rank)
    random, tensors = torch.Generator().manual_seed(0), {}
    for name, shape in shapes.items():
        tensor = torch.zeros(shape)
        if name.endswith(".down"):
            tensor = torch.randn(shape, generator=random) / tensor[0].numel() ** 0.5
        tensors[name] = tensor.to(untuned(generator).w_avg.device)
    return tensors


def check_tuning(generator: Generator, tuning: Tuning) -> None:
    """Raise ValueError, in words fit for a visitor, where a tuning is not of this generator, or is
    too large, or has a number that is none."""
    ranks = [
        array.shape[-1]
        for name, array in tuning.arrays.items()
        if name.endswith(".up") and array.ndim
    ]
    rank = max(ranks, default=1)
    if not 1 <= rank <= MAX_RANK:
        raise UserError(OTHER_MODEL)
    shapes = _shapes(generator, rank)
    for name, array in tuning.arrays.items():
        layer, _, part = name.rpartition(".")
        paired = part not in ("up", "down") or all(
            f"{layer}.{each}" in tuning.arrays for each in ("up", "down")
        )
        if shapes.get(name) != array.shape or not paired:
            raise UserError(OTHER_MODEL)
    _check_numbers(tuning)


def _check_numbers(tuning: Tuning) -> None:
    if tuning.nbytes > MAX_BYTES or not all(
        (np.abs(array) <= MAX_NUMBER).all() for array in tuning.arrays.values()
    ):
        raise UserError(TOO_LARGE)


def _shapes(generator: Generator, rank: int) -> dict[str, tuple[int, ...]]:
    """Shapes of all that a tuning of this generator can have."""
    base = untuned(generator)
    shapes: dict[str, tuple[int, ...]] = {}
    for path, layer in base.named_modules() if isinstance(base, nn.Module) else ():
        kind = _TUNED.get(type(layer))
        if kind is None or not getattr(layer, "separable", True):
            continue
        if kind.product:
            out, *rest = _own(layer, kind.product).shape
            rest = rest[:1] if rest[1:] == [1, 1] else rest
            shapes |= {f"{path}.up": (out, rank), f"{path}.down": (rank, *rest)}
        shapes |= {f"{path}.{name}": tuple(_own(layer, name).shape) for name in kind.sums}
    if not shapes:
        raise UserError("This model cannot be tuned to a photo: choose another model.")
    return shapes


def to_bytes(tuning: Tuning) -> bytes:
    """The tuning as safetensors."""
    return save(tuning.arrays)


def from_bytes(content: bytes) -> Tuning:
    """The tuning that `to_bytes` wrote; `check_tuning` says whether a generator fits. Raises
    ValueError, in words fit for a visitor, where that is not what it is."""
    if len(content) > MAX_BYTES + MAX_HEADER:
        raise UserError(TOO_LARGE)
    try:
        arrays = load(content)
    except (SafetensorError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise UserError(DAMAGED) from error
    if not arrays or any(array.dtype != np.float16 for array in arrays.values()):
        raise UserError(DAMAGED)
    tuning = Tuning(arrays)
    _check_numbers(tuning)
    return tuning
