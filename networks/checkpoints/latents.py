"""Latents as other tools save them with torch.save (PTI, e4e, HyperStyle, rosinality's projector),
as pickles or as safetensors."""

import numpy as np

from networks.checkpoints.arrays import Array, Tensor, to_arrays
from networks.checkpoints.containers import leaves_of, read_value
from networks.checkpoints.errors import CheckpointError
from networks.checkpoints.generators import MARKS
from networks.checkpoints.records import Module

_MOST = 3  # dimensions


def read_arrays(data: memoryview) -> dict[str, np.ndarray]:
    """The arrays in a file's content that may be latents, by dotted names; "" for one by itself.

    They are views of the content. Raises CheckpointError, whose sentence lacks the file's name and
    its full stop, where it is a network, or nothing that is read here.
    """
    leaves = leaves_of(read_value(data)[0])
    if any(type(item) is Module or name.endswith(MARKS) for name, item in leaves.items()):
        raise CheckpointError("is a network, not latents of one; choose a file of latents")
    few = {
        name: item
        for name, item in leaves.items()
        if isinstance(item, Tensor | Array) and 1 <= len(item.shape) <= _MOST
    }
    arrays = to_arrays(few, len(data))
    return {name: values for name, values in arrays.items() if values.dtype.kind == "f"}
