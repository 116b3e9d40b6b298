"""State dicts in safetensors: a header in JSON that says where in the file each tensor lies.

Read here, not by the library of that name, whose numpy side knows no bf16 and copies every tensor.
"""

import json
import math

from networks.checkpoints.arrays import Storage, Tensor
from networks.checkpoints.errors import NOT_REAL, CheckpointError, shown

_MAX_HEADER = 1_000_000  # bytes; three networks take a tenth of it
_TYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "BF16": "bf16",
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "i1",
    "U64": "<u8",
    "U32": "<u4",
    "U16": "<u2",
    "U8": "u1",
    "BOOL": "?",
}


def is_safetensors(data: memoryview) -> bool:
    """Whether a file begins as safetensors do."""
    return bytes(data[8:9]) == b"{" and int.from_bytes(data[:8], "little") < 2**40


def read_safetensors(data: memoryview) -> dict[str, Tensor]:
    """The tensors of a file by name; raises CheckpointError where it is damaged."""
    start = 8 + int.from_bytes(data[:8], "little")
    if start > min(len(data), _MAX_HEADER):
        raise CheckpointError("is a damaged safetensors file: its header is longer than it can be")
    try:
        header = json.loads(bytes(data[8:start]))
    except (ValueError, RecursionError):
        raise CheckpointError("is a damaged safetensors file: its header is no JSON") from None
    header.pop("__metadata__", None)
    return {name: _tensor(name, entry, data[start:]) for name, entry in header.items()}


def _tensor(name: str, entry: object, data: memoryview) -> Tensor:
    match entry:
        case {"dtype": str(dtype), "shape": [*shape], "data_offsets": [int(begin), int(end)]}:
            pass
        case _:
            raise CheckpointError("is a damaged safetensors file at {name}", name=shown(name))
    if dtype not in _TYPES:
        raise CheckpointError(NOT_REAL, name=shown(name), kind=shown(dtype, 20))
    if len(shape) > 8 or any(type(n) is not int or not 0 <= n < 2**40 for n in shape):
        raise CheckpointError("has {name} of an impossible shape", name=shown(name))
    content = data[max(0, begin) : max(0, end)]
    storage = Storage(_TYPES[dtype], math.prod(shape), content)
    if begin < 0 or len(content) != end - begin or storage.nbytes != end - begin:
        raise CheckpointError(
            "is a damaged safetensors file: {name} is not all there", name=shown(name)
        )
    strides = tuple(math.prod(shape[i + 1 :]) for i in range(len(shape)))
    return Tensor.within(storage, 0, tuple(shape), strides)
