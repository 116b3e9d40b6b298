"""Readers of weight files. All of them read data and execute nothing; none needs PyTorch.

    checkpoint = read_checkpoint("lions.pkl")  # any file of StyleGAN2 or 3

`python -m networks.checkpoints FILE` says what a file is, or why it is refused. A file is refused
where it names what weights are not made of (`records`), is no pickle as `machine` knows them, says
that it is larger than it is (`arrays`), or holds another network (`generators`, `architecture`);
`read_checkpoint`, below, turns all of it into one sentence.

    machine       walks a pickle as data
    records       what a pickle may build, and from which names: any other is refused
    arrays        tensors and arrays as views of a file's bytes
    torch_files   torch.save's two containers
    safe_tensors  safetensors
    nvidia        names and shapes of NVIDIA's PyTorch tools
    tensorflow    of the TensorFlow tools of 2019, but for classes of that year's own code
    rosinality    of rosinality's, of the tools built on it, of BasicSR and MMGeneration
    genforce      of genforce's
    others        of other networks, so that a refusal says what a file is
    containers    what a file holds, whichever of the three it is
    generators    finds the generator in it
    latents       finds latents in it
    architecture  what it is like, worked out from the shapes
    alias_free    the same of StyleGAN3
    openvino      the built-in model's files
    facenet       the face finder's
    errors        the readers' one error
    __main__      says what a file is

StyleGAN2 is read at 32 to 1024 px, square or not, StyleGAN3 where it is square, with or without
classes (a picture of no particular class then). What a file can make its reader do is bounded by
the file's size.
"""

import os

from networks.checkpoints.containers import read_file, read_value
from networks.checkpoints.errors import CheckpointError
from networks.checkpoints.generators import Checkpoint, find_generator

__all__ = ["SUFFIXES", "Checkpoint", "CheckpointError", "read_bytes", "read_checkpoint"]

SUFFIXES = (".pkl", ".pt", ".pth", ".bin", ".safetensors")


def read_checkpoint(path: str | os.PathLike[str]) -> Checkpoint:
    """The StyleGAN2 or StyleGAN3 generator in a file, whatever its name.

    Reads NVIDIA's pickles and those of TensorFlow, torch.save in both its forms, and safetensors.
    Raises CheckpointError, one sentence that names the file, where it is none of these, damaged,
    hostile, or another network; OSError where it cannot be opened.
    """
    return read_file(path, read_bytes)


def read_bytes(data: memoryview) -> Checkpoint:
    """As `read_checkpoint`, of a file's content; the sentence lacks its name and its full stop."""
    value, container = read_value(data)
    return find_generator(value, container, len(data))
