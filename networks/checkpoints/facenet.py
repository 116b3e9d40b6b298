"""Read MTCNN's weights from the files of torch.save in the wheel `facenet-pytorch`.

Nothing of the wheel is imported or executed.
"""

import zipfile
from os import PathLike
from typing import IO

import numpy as np
import torch

from networks.checkpoints.arrays import Tensor, to_arrays
from networks.checkpoints.records import Budget
from networks.checkpoints.torch_files import read_stream


def read_mtcnn(wheel: str | PathLike[str] | IO[bytes]) -> dict[str, torch.Tensor]:
    """State dict for MTCNN from the wheel's three files.

    wheel: path or binary file of `facenet-pytorch`. Raises CheckpointError where a file inside is
    no stream of tensors, zipfile.BadZipFile or KeyError where it is not there at all.
    """
    state = {}
    with zipfile.ZipFile(wheel) as archive:
        for name in ("pnet", "rnet", "onet"):
            data = memoryview(archive.read(f"facenet_pytorch/data/{name}.pt"))
            found = read_stream(data, Budget(len(data)))
            tensors = {key: t for key, t in found.items() if isinstance(t, Tensor)}
            for key, values in to_arrays(tensors, len(data)).items():
                state[f"{name}.{key}"] = torch.from_numpy(np.array(values, np.float32))
    return state
