"""What the real library says of a tensor or an array: shape, dtype, strides and the bytes of its values."""

import hashlib
from dataclasses import dataclass

import numpy as np
import torch


@dataclass(frozen=True)
class Oracle:
    """``data`` is row-major and little-endian, conjugation and negation applied; None where there are no values.

    ``strides`` count elements; None where the library has none (a sparse or nested whole).
    """

    shape: tuple
    dtype: str
    strides: tuple | None
    data: bytes | None

    @property
    def sha256(self):
        return None if self.data is None else hashlib.sha256(self.data).hexdigest()


def oracle(value):
    """The answer for a ``torch.Tensor``, a ``numpy.ndarray``, or an ``Oracle`` that a test made itself."""
    if isinstance(value, Oracle):
        return value
    return _tensor(value.detach()) if isinstance(value, torch.Tensor) else _array(value)


def _array(array):
    plain = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"), copy=False)
    strides = tuple(step // array.itemsize for step in array.strides) if array.size else None
    return Oracle(array.shape, array.dtype.name, strides, plain.tobytes())


def _tensor(tensor):
    dtype = str(tensor.dtype).removeprefix("torch.")
    if tensor.is_nested:
        return Oracle(tuple(tensor._nested_tensor_size().shape[:1]), dtype, None, None)
    shape = tuple(tensor.shape)
    if tensor.layout is not torch.strided:
        return Oracle(shape, dtype, None, None)
    strides = tuple(tensor.stride())
    if tensor.device.type == "meta":
        return Oracle(shape, dtype, strides, None)
    return Oracle(shape, dtype, strides, values_of(tensor))


def values_of(tensor):
    """The values of a strided tensor as bytes; of a quantised one its integers."""
    if tensor.is_quantized:
        tensor = tensor.int_repr()
    flat = tensor.resolve_conj().resolve_neg().contiguous().reshape(-1)
    return flat.view(torch.uint8).numpy().tobytes() if flat.numel() else b""
