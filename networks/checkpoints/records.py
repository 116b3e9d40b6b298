"""What a pickle of weights may build, and from which names.

`Global.allowed` knows the names; `call`, `new` and `build` are what a pickle's REDUCE, NEWOBJ and
BUILD do with them. All of it makes plain containers, numbers, and the small records of this file.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from networks.checkpoints.arrays import Array, DType, Storage, Tensor
from networks.checkpoints.errors import CheckpointError, shown

# Several packages carry a copy of NVIDIA's tools, so their modules may have a prefix.
_PREFIXED = re.compile(r"(?:[A-Za-z_][A-Za-z_0-9]*\.)*(torch_utils\.persistence|dnnlib\.util)")
_STORAGES = {
    "FloatStorage": "<f4",
    "DoubleStorage": "<f8",
    "HalfStorage": "<f2",
    "BFloat16Storage": "bf16",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "i1",
    "ByteStorage": "u1",
    "BoolStorage": "?",
}
_NUMPY_CORES = (
    "numpy.core.multiarray",
    "numpy._core.multiarray",
    "numpy.core._multiarray_umath",
    "numpy._core._multiarray_umath",
)
_NAMES = {
    ("collections", "OrderedDict"): "ordered dict",
    ("argparse", "Namespace"): "namespace",
    ("builtins", "set"): "set",
    ("__builtin__", "set"): "set",
    ("_codecs", "encode"): "encode",
    ("dnnlib.util", "EasyDict"): "easy dict",
    ("dnnlib.tflib.network", "Network"): "tensorflow network",
    ("torch_utils.persistence", "_reconstruct_persistent_obj"): "module",
    ("torch._utils", "_rebuild_parameter"): "parameter",
    ("torch._utils", "_rebuild_parameter_with_state"): "parameter",
    ("torch._utils", "_rebuild_tensor_v2"): "tensor",
    ("torch.storage", "_load_from_bytes"): "storage",
    ("numpy", "dtype"): "dtype",
    ("numpy", "ndarray"): "ndarray",
    **{(core, "scalar"): "scalar" for core in _NUMPY_CORES},
    **{(core, "_reconstruct"): "array" for core in _NUMPY_CORES},
    **{("torch", name): name for name in _STORAGES},
}
# Layers of other networks, which a file may have beside a generator.
_FOREIGN = re.compile(
    r"(torch\.nn|torch\.optim|timm|torchvision|pg_modules|feature_networks|training\.networks_\w+)"
    r"(\.\w+)+|torch\.(Size|device)|functools\.partial",
    re.ASCII,
)
_NUMPY_TYPES = re.compile(r"[fiu][248]|[iu]1|b1")
_MAX_NAME = 300  # characters of a module's name
_MAX_NUMBER_KEYS = 5000  # an optimiser's state has one a weight
_ITEM = 100  # bytes, about what an item of a container takes


@dataclass
class Budget:
    """What one file may make its reader do, over all the pickles in it.

    An opcode may copy, or read once more, a value that another has made; what a file gains by that
    is bounded by its own size: each of its bytes made text, encoded, and read as a stream.
    """

    nbytes: int  # size of the file
    opcodes: int = 0  # run so far
    worked: int = 0  # bytes copied or read again so far
    number_keys: int = 0  # keys of dicts so far that are numbers, which can be chosen to collide

    def count_number_key(self) -> None:
        """One key more that is no text."""
        self.number_keys += 1
        if self.number_keys > _MAX_NUMBER_KEYS:
            raise CheckpointError("has dicts with more numbers for keys than any weights: refused")

    def count_work(self, nbytes: int) -> None:
        """So many bytes more are copied or read again."""
        self.worked += nbytes
        if self.worked > 2 * self.nbytes + 1_000_000:
            raise CheckpointError("makes its reader work without end and was refused")


@dataclass(frozen=True)
class Global:
    """A name that weight files may use. It is never looked up."""

    kind: str  # what it stands for here

    @classmethod
    def allowed(cls, module: str, name: str) -> "Global | Foreign":
        """The record for a name; raises CheckpointError, with the name, for one off the list."""
        if len(module) > _MAX_NAME:
            raise CheckpointError(
                "names {name}..., far longer than any name: refused", name=shown(module)
            )
        own = _PREFIXED.fullmatch(module)
        kind = _NAMES.get((own[1] if own else module, name))
        if kind is None and _FOREIGN.fullmatch(path := f"{module}.{name[:_MAX_NAME]}"):
            return Foreign(path)
        if kind is None:
            raise CheckpointError(
                "names {name}, which is not on the short list of what weights are made of; it was "
                "refused and nothing in it was run",
                name=shown(f"{module}.{name[:80]}", 80),
            )
        return cls(kind)


@dataclass(frozen=True, eq=False)
class Foreign:
    """A class or object of another network's code, of which the name is all that is kept."""

    name: str


class OrderedDict(dict):
    """A dict that may be followed by BUILD, which state dicts use for their version."""


class Namespace(dict):
    """The options of a training script."""


@dataclass(eq=False)
class Module:
    """A network or layer as NVIDIA's tools pickle it; its source text is dropped unread."""

    class_name: str
    state: dict


@dataclass(eq=False)
class TensorFlowNetwork:
    """A network as the TensorFlow tools of 2019 pickle it."""

    state: dict = field(default_factory=dict)


MAPPINGS = (dict, OrderedDict, Namespace)


def _is(value: Any, *kinds: Any) -> bool:
    """Whether a tuple holds exactly these types; None stands for any."""
    return (
        type(value) is tuple
        and len(value) == len(kinds)
        and all(
            kind is None or type(item) is kind or (type(kind) is tuple and type(item) in kind)
            for item, kind in zip(value, kinds, strict=True)
        )
    )


_BYTES = (bytes, memoryview)
_MADE_WITHOUT = {
    "ordered dict": OrderedDict,
    "set": set,
    "easy dict": dict,
    "namespace": Namespace,
    "tensorflow network": TensorFlowNetwork,
}


def call(
    function: Any,
    arguments: Any,
    budget: Budget,
    read_storage: Callable[[memoryview, Budget], Storage],
) -> Any:
    """What REDUCE builds: a listed name applied to arguments of the right types.

    read_storage: reads a storage in a byte string, which walks pickles itself.
    """
    if type(function) is Foreign:
        return function
    kind = function.kind if type(function) is Global else None
    if kind in ("ordered dict", "set") and arguments == ():
        return _MADE_WITHOUT[kind]()
    if kind == "set" and _is(arguments, list):
        budget.count_work(_ITEM * len(arguments[0]))
        if all(type(item) is str for item in arguments[0]):
            return set(arguments[0])
    if kind == "encode" and _is(arguments, str, str) and arguments[1] in ("latin1", "latin-1"):
        budget.count_work(len(arguments[0]))
        try:
            return memoryview(arguments[0].encode("latin-1"))
        except UnicodeEncodeError:
            raise CheckpointError("is damaged: a byte string in it is none") from None
    if kind == "module" and _is(arguments, dict):
        return _module(arguments[0])
    if (
        kind == "parameter"
        and type(arguments) is tuple
        and len(arguments) <= 4
        and _is(arguments[:3], Tensor, bool, None)
    ):
        return arguments[0]
    if (
        kind == "tensor"
        and type(arguments) is tuple
        and _is(arguments[:6], Storage, int, tuple, tuple, bool, None)
    ):
        return Tensor.within(*arguments[:4])
    if kind == "storage" and _is(arguments, _BYTES):
        budget.count_work(len(arguments[0]))
        return read_storage(memoryview(arguments[0]), budget)
    if kind == "dtype" and _is(arguments, str, (bool, int), (bool, int)):
        if not _NUMPY_TYPES.fullmatch(arguments[0]):
            raise CheckpointError(
                "has numpy numbers of type {kind}: refused", kind=shown(arguments[0], 20)
            )
        return DType(arguments[0])
    if kind == "scalar" and _is(arguments, DType, _BYTES):
        return Array.filled((), arguments[0], False, arguments[1]).array()[()].item()
    if kind == "array" and _is(arguments, Global, tuple, None) and arguments[0].kind == "ndarray":
        return Array()
    raise CheckpointError("calls something in a way that no weights need, and was refused")


def new(kind: Any, arguments: Any) -> Any:
    """What NEWOBJ builds: an empty container."""
    if type(kind) is Foreign:
        return kind
    kind = kind.kind if type(kind) is Global else None
    if arguments == () and kind in _MADE_WITHOUT and kind != "set":
        return _MADE_WITHOUT[kind]()
    raise CheckpointError("makes an object that no weights need, and was refused")


def build(target: Any, state: Any, budget: Budget) -> Any:
    """What BUILD does: give a record its state, once."""
    if type(target) is Foreign:
        return target
    if type(target) is OrderedDict and type(state) is dict:
        return target  # {'_metadata': versions of layers}
    if type(target) is Namespace and type(state) is dict:
        budget.count_work(_ITEM * len(state))
        if all(type(name) is str for name in state):
            target.update(state)
            return target
    if type(target) is TensorFlowNetwork and type(state) is dict and not target.state:
        target.state = state
        return target
    if (
        type(target) is DType
        and type(state) is tuple
        and len(state) >= 2
        and state[1] in ("<", ">", "|", "=")
    ):
        target.order = ">" if state[1] == ">" else "<"
        return target
    if type(target) is Array and _is(state, int, tuple, DType, (bool, int), _BYTES):
        filled = Array.filled(state[1], state[2], bool(state[3]), state[4])
        target.__dict__.update(filled.__dict__)
        return target
    raise CheckpointError("changes an object in a way that no weights need, and was refused")


def _module(meta: dict) -> Module:
    name, state = meta.get("class_name"), meta.get("state")
    if meta.get("type") != "class" or type(name) is not str or type(state) is not dict:
        raise CheckpointError("holds an object of NVIDIA's tools that is no network layer: refused")
    return Module(name, state)


def storage_kind(value: Any) -> str | None:
    """The number type that a storage's name stands for, None for any other value."""
    return _STORAGES.get(value.kind) if type(value) is Global else None
