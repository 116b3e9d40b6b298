"""Tensors and arrays as views of a file's bytes, checked to lie within them."""

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from networks.checkpoints.errors import CheckpointError

_MAX_DIMENSIONS = 8
_MAX_WEIGHTS = 10_000  # of a network; a generator of 1024 px has 200


@dataclass(eq=False)
class Storage:
    """Numbers in a row."""

    dtype: str  # as numpy writes it, or bf16
    count: int
    data: memoryview | None = None  # the file's bytes; None until the reader has come to them

    @property
    def nbytes(self) -> int:
        """Bytes that the numbers take."""
        return self.count * (2 if self.dtype == "bf16" else np.dtype(self.dtype).itemsize)


@dataclass(frozen=True, eq=False)
class Tensor:
    """A part of a storage, checked to lie within it."""

    storage: Storage
    offset: int  # numbers, as the strides
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    @classmethod
    def within(cls, storage: Storage, offset: int, shape: tuple, strides: tuple) -> "Tensor":
        """That part of a storage; raises CheckpointError where it does not lie within it."""
        if (
            len(shape) != len(strides)
            or len(shape) > _MAX_DIMENSIONS
            or any(type(n) is not int or n < 0 for n in (offset, *shape, *strides))
        ):
            raise CheckpointError("has a tensor of an impossible shape and was refused")
        count = math.prod(shape)
        last = offset + sum((n - 1) * step for n, step in zip(shape, strides, strict=True))
        if count > storage.count or (count and last >= storage.count):
            raise CheckpointError(
                "has a tensor that reaches beyond its own numbers and was refused"
            )
        if not count:  # whatever its other sides are
            return cls(storage, 0, (0,) * len(shape), (0,) * len(shape))
        # the stride of a side of one is never used, and may be larger than any that numpy takes
        used = tuple(step if n > 1 else 0 for n, step in zip(shape, strides, strict=True))
        return cls(storage, offset, shape, used)

    def array(self) -> np.ndarray:
        """The numbers, a view of the file except for bf16, which become float32."""
        data, dtype = self.storage.data, self.storage.dtype
        if data is None or len(data) != self.storage.nbytes:
            raise CheckpointError("is cut short: a tensor's numbers are missing")
        flat = np.frombuffer(data, "<u2" if dtype == "bf16" else dtype)
        steps = tuple(step * flat.itemsize for step in self.strides)
        values = np.lib.stride_tricks.as_strided(flat[self.offset :], self.shape, steps)
        if dtype == "bf16":  # the upper half of a float32
            values = (values.astype("<u4") << 16).view("<f4")
        return values


@dataclass(eq=False)
class DType:
    """A numpy type."""

    name: str  # such as f4
    order: str = "<"  # or >


@dataclass(eq=False)
class Array:
    """A numpy array, empty until BUILD."""

    shape: tuple[int, ...] = (0,)
    dtype: str = "<f4"
    data: memoryview | bytes = b""
    fortran: bool = False

    @classmethod
    def filled(cls, shape: tuple, dtype: DType, fortran: bool, data: bytes | memoryview) -> "Array":
        """An array of these bytes; raises CheckpointError where its shape is not theirs."""
        # dtypes are shared by many arrays, so an array keeps the text, not the record
        form = dtype.order + dtype.name
        if (
            len(shape) > _MAX_DIMENSIONS
            or any(type(n) is not int or n < 0 for n in shape)
            or (math.prod(shape) * np.dtype(form).itemsize != len(data))
        ):
            raise CheckpointError("has a numpy array whose shape is not that of its bytes")
        return cls(shape if len(data) else (0,) * len(shape), form, memoryview(data), fortran)

    @classmethod
    def of(cls, number: float) -> "Array":
        """A single number as an array."""
        return cls((), "<f8", struct.pack("<d", number))

    def array(self) -> np.ndarray:
        """The numbers, a view of the file."""
        flat = np.frombuffer(self.data, self.dtype)
        return flat.reshape(self.shape, order="F" if self.fortran else "C")


def to_arrays(items: Mapping[str, Tensor | Array], nbytes: int) -> dict[str, np.ndarray]:
    """The numbers of all, views of the file except for bf16.

    nbytes: size of the file. Raises CheckpointError where they claim more than twice that, taken as
    the float32 that they become, or are far more than a generator has.
    """
    if len(items) > _MAX_WEIGHTS:
        raise CheckpointError("has more than {most} weights and was refused", most=_MAX_WEIGHTS)
    if sum(4 * math.prod(item.shape) for item in items.values()) > 2 * nbytes:
        raise CheckpointError("uses the same numbers again and again and was refused")
    return {name: item.array() for name, item in items.items()}
