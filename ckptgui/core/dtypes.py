"""Every element type a checkpoint can name, with its width and how its bytes become numbers.

Names are torch's without ``torch.``. Storage class names are from ``torch/storage.py``
(``_dtype_to_storage_type_map``), safetensors codes from ``safetensors/src/tensor.rs`` (``Dtype``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from types import MappingProxyType
from typing import Any, Literal

import numpy as np

ByteOrder = Literal["little", "big"]


class Kind(Enum):
    """What the elements of a dtype are."""

    FLOAT = "float"
    SIGNED = "signed"
    UNSIGNED = "unsigned"
    BOOL = "bool"
    COMPLEX = "complex"
    QUANTIZED = "quantized"  # integers that stand for reals by a rule kept beside them
    PACKED = "packed"  # several elements in a byte, or bits whose meaning the file does not tell


@dataclass(frozen=True)
class DType:
    """An element type. ``bits`` is the width of one element, ``array_name`` numpy's or ml_dtypes' type.

    ``array_name`` is empty where no array type shows the values; the stored bytes are then shown as uint8.
    """

    name: str
    kind: Kind
    bits: int
    array_name: str
    storage_class: str = ""  # torch's typed storage, for instance "FloatStorage"
    safetensors: str = ""  # the code in a safetensors header, for instance "F32"

    @property
    def itemsize(self) -> int:
        """Bytes of one element as it is stored; 1 for packed types, whose unit is the byte."""
        return max(1, self.bits // 8)

    def nbytes(self, numel: int) -> int:
        """Bytes that ``numel`` contiguous elements take on disk."""
        return (numel * self.bits + 7) // 8

    @cached_property
    def array(self) -> np.dtype[Any]:
        """The numpy dtype of decoded values, little-endian; uint8 where no array type shows them."""
        if not self.array_name:
            return np.dtype(np.uint8)
        if self.array_name in _NUMPY_NAMES:
            return np.dtype(self.array_name)
        import ml_dtypes  # half a megabyte of code that most files do not need

        found: np.dtype[Any] = np.dtype(getattr(ml_dtypes, self.array_name))
        return found

    @property
    def is_packed(self) -> bool:
        """True where an element is less than a byte, whether or not a byte holds several."""
        return self.kind is Kind.PACKED and self.name not in ("bits8", "bits16")

    def __str__(self) -> str:
        return self.name


_NUMPY_NAMES = frozenset(
    f"{kind}{bits}"
    for kind, widths in (("uint", (8, 16, 32, 64)), ("int", (8, 16, 32, 64)), ("float", (16, 32, 64)))
    for bits in widths
) | {"bool", "complex64", "complex128"}

_F, _S, _U, _C, _Q, _P = Kind.FLOAT, Kind.SIGNED, Kind.UNSIGNED, Kind.COMPLEX, Kind.QUANTIZED, Kind.PACKED

_ALL: tuple[DType, ...] = (
    DType("float32", _F, 32, "float32", "FloatStorage", "F32"),
    DType("float16", _F, 16, "float16", "HalfStorage", "F16"),
    DType("bfloat16", _F, 16, "bfloat16", "BFloat16Storage", "BF16"),
    DType("float64", _F, 64, "float64", "DoubleStorage", "F64"),
    DType("int64", _S, 64, "int64", "LongStorage", "I64"),
    DType("int32", _S, 32, "int32", "IntStorage", "I32"),
    DType("int16", _S, 16, "int16", "ShortStorage", "I16"),
    DType("int8", _S, 8, "int8", "CharStorage", "I8"),
    DType("uint8", _U, 8, "uint8", "ByteStorage", "U8"),
    DType("uint16", _U, 16, "uint16", "", "U16"),
    DType("uint32", _U, 32, "uint32", "", "U32"),
    DType("uint64", _U, 64, "uint64", "", "U64"),
    DType("bool", Kind.BOOL, 8, "bool", "BoolStorage", "BOOL"),
    DType("complex32", _C, 32, "complex32"),
    DType("complex64", _C, 64, "complex64", "ComplexFloatStorage", "C64"),
    DType("complex128", _C, 128, "complex128", "ComplexDoubleStorage"),
    DType("float8_e4m3fn", _F, 8, "float8_e4m3fn", "", "F8_E4M3"),
    DType("float8_e5m2", _F, 8, "float8_e5m2", "", "F8_E5M2"),
    DType("float8_e4m3fnuz", _F, 8, "float8_e4m3fnuz", "", "F8_E4M3FNUZ"),
    DType("float8_e5m2fnuz", _F, 8, "float8_e5m2fnuz", "", "F8_E5M2FNUZ"),
    DType("float8_e8m0fnu", _F, 8, "float8_e8m0fnu", "", "F8_E8M0"),
    # Two values a byte; torch counts the bytes, a safetensors header counts the values.
    DType("float4_e2m1fn_x2", _P, 8, ""),
    DType("F4", _P, 4, "", "", "F4"),
    DType("F6_E2M3", _P, 6, "", "", "F6_E2M3"),
    DType("F6_E3M2", _P, 6, "", "", "F6_E3M2"),
    DType("qint8", _Q, 8, "int8", "QInt8Storage"),
    DType("quint8", _Q, 8, "uint8", "QUInt8Storage"),
    DType("qint32", _Q, 32, "int32", "QInt32Storage"),
    DType("quint4x2", _P, 4, "", "QUInt4x2Storage"),
    DType("quint2x4", _P, 2, "", "QUInt2x4Storage"),
    DType("bits8", _P, 8, ""),
    DType("bits16", _P, 16, ""),
    DType("bits1x8", _P, 8, ""),
    DType("bits2x4", _P, 8, ""),
    DType("bits4x2", _P, 8, ""),
    # torch's shell types: one element a byte in memory, the name says how many bits count.
    *(DType(f"uint{n}", _P, 8, "") for n in range(1, 8)),
    *(DType(f"int{n}", _P, 8, "") for n in range(1, 8)),
)

BY_NAME: Mapping[str, DType] = MappingProxyType({dtype.name: dtype for dtype in _ALL})
"""Every dtype by torch's name."""

BY_STORAGE_CLASS: Mapping[str, DType] = MappingProxyType({d.storage_class: d for d in _ALL if d.storage_class})
"""Every dtype that has a typed storage in torch, by that class's name."""

BY_SAFETENSORS: Mapping[str, DType] = MappingProxyType({d.safetensors: d for d in _ALL if d.safetensors})
"""Every dtype of the safetensors format, by its code in the header."""


def decode(
    data: memoryview | bytes | bytearray | np.ndarray, dtype: DType, byteorder: ByteOrder = "little"
) -> np.ndarray:
    """Show raw bytes as a 1-d array of ``dtype``: no copy, or a swapped one where they are big-endian."""
    raw = data.view(np.uint8).reshape(-1) if isinstance(data, np.ndarray) else np.frombuffer(data, np.uint8)
    if byteorder == "big" and dtype.array.itemsize > 1:
        return _swapped(raw, dtype).view(dtype.array)
    return raw.view(dtype.array)


def _swapped(raw: np.ndarray, dtype: DType) -> np.ndarray:
    """Reverse the bytes of each number; a complex element is two numbers."""
    width = dtype.itemsize // 2 if dtype.kind is Kind.COMPLEX else dtype.itemsize
    return raw.view(f"u{width}").byteswap().view(np.uint8)
