"""State dicts in safetensors, by the library of that name."""

import numpy as np
from safetensors import SafetensorError, safe_open

from networks.checkpoints.errors import CheckpointError
from networks.checkpoints.records import Array


def read_safetensors(path) -> dict[str, Array]:
    """The arrays of a file by name; raises CheckpointError where it is damaged."""
    try:
        with safe_open(path, framework="numpy") as file:
            return {name: _array(file.get_tensor(name)) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, TypeError, KeyError, ValueError) as error:
        text = str(error).splitlines()[0][:80] if str(error) else "unreadable"
        raise CheckpointError(f"is a damaged safetensors file ({text})") from None


def _array(values: np.ndarray) -> Array:
    return Array(values.shape, values.dtype.str, values.reshape(-1).view(np.uint8).data)
