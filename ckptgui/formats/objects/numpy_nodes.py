"""numpy's arrays, scalars and dtypes as they stand in a pickle; their bytes are the pickle's own."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ckptgui.core.dtypes import BY_NAME, ByteOrder, DType
from ckptgui.formats.pickles.feed import FileBytes
from ckptgui.formats.pickles.graph import MISSING, Call, LongText, Node, Ref

_MAX_NDIM = 64
"""What numpy itself allows."""

_CORES = ("numpy._core.", "numpy.core.")
_BYTEARRAYS = frozenset({"__builtin__.bytearray", "builtins.bytearray"})
CODES = {
    "b1": "bool", "i1": "int8", "i2": "int16", "i4": "int32", "i8": "int64",
    "u1": "uint8", "u2": "uint16", "u4": "uint32", "u8": "uint64",
    "f2": "float16", "f4": "float32", "f8": "float64", "c8": "complex64", "c16": "complex128",
}  # fmt: skip
"""numpy's short names of the types that a tensor can have."""


@dataclass(frozen=True, slots=True)
class Array:
    """A plain array: shape, element type, bytes in C or Fortran order."""

    shape: tuple[int, ...]
    dtype: DType
    data: bytes | FileBytes
    byteorder: ByteOrder
    fortran: bool


def numpy_name(node: Node) -> str:
    """What a call makes, without the part of the path that changed between numpy's versions."""
    path = node.path if type(node) is Call else ""
    return next((path[len(core) :] for core in _CORES if path.startswith(core)), path)


def bytes_of(node: Node) -> bytes | None:
    """Bytes, as such or as protocol 2 has them: a text that is encoded as Latin-1 when loaded."""
    if type(node) is bytes:
        return node
    if type(node) is FileBytes:
        return node.read()
    if type(node) is not Call or type(node.args) is not tuple:
        return None
    args = node.args
    if node.path == "_codecs.encode" and len(args) == 2 and args[1].__class__ is str:
        if args[1] not in ("latin1", "latin-1"):
            return None
        text = args[0]
        if type(text) is LongText:
            text = text.raw.decode("utf-8", "surrogatepass")
        try:
            return text.encode("latin-1") if type(text) is str else None
        except UnicodeEncodeError:
            return None
    if node.path in ("__builtin__.bytes", "builtins.bytes") and not args:
        return b""
    if node.path in _BYTEARRAYS:
        return bytes_of(args[0]) if len(args) == 1 else (b"" if not args else None)
    return None


def data_of(node: Node) -> bytes | FileBytes | None:
    """The same; what lies in the file is left there."""
    if type(node) is FileBytes:
        return node
    if type(node) is Call and node.path in _BYTEARRAYS and type(node.args) is tuple and len(node.args) == 1:
        return data_of(node.args[0])
    return bytes_of(node)


def from_old_text(node: Node) -> Node:
    """The bytes of a string of Python 2 where only bytes make sense; other nodes as they are."""
    if type(node) is not str:
        return node
    try:
        return node.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return node


def byte_count(node: Node) -> int | None:
    """How many bytes a node stands for; None where it is none."""
    data = data_of(node)
    return None if data is None else len(data)


def dtype_of(node: Node) -> tuple[DType, ByteOrder] | None:
    """The element type of a ``numpy.dtype`` call, if a tensor can have it."""
    if type(node) is not Call or node.path != "numpy.dtype" or type(node.args) is not tuple or not node.args:
        return None
    code = node.args[0]
    if type(code) is Ref and code.module == "ml_dtypes":
        found = BY_NAME.get(code.name)
    else:
        found = BY_NAME[CODES[code]] if type(code) is str and code in CODES else None
    if found is None:
        return None
    order = node.state[1] if type(node.state) is tuple and len(node.state) > 1 else "<"
    return found, "big" if order.__class__ is str and order == ">" else "little"


def array_of(node: Node) -> Array | None:
    """The array that a node rebuilds; None for other nodes and for arrays of objects, texts or records."""
    name = numpy_name(node)
    if name == "multiarray._reconstruct":
        state = node.state
        if type(state) is not tuple or len(state) != 5:
            return None
        _, shape, dtype, fortran, data = state
        return _array(shape, dtype, data, fortran is True)
    if name == "numeric._frombuffer" and type(node.args) is tuple and len(node.args) == 4:
        data, dtype, shape, order = node.args
        return _array(shape, dtype, data, order.__class__ is str and order == "F")
    return None


def objects_of(node: Node) -> list[Node] | None:
    """The items of an array of objects, flat; None for other nodes."""
    state = node.state if numpy_name(node) == "multiarray._reconstruct" else None
    return state[4] if type(state) is tuple and len(state) == 5 and type(state[4]) is list else None


def _array(shape: Node, dtype: Node, data: Node, fortran: bool) -> Array | None:
    kind, raw = dtype_of(dtype), data_of(from_old_text(data))
    if kind is None or raw is None or type(shape) is not tuple:
        return None
    if len(shape) > _MAX_NDIM or not all(type(size) is int and size >= 0 for size in shape):
        return None
    if math.prod(shape) * kind[0].itemsize != len(raw):
        return None
    return Array(shape, kind[0], raw, kind[1], fortran)


def scalar_of(node: Node) -> Any:
    """The Python number of a numpy scalar; ``MISSING`` for other nodes."""
    if numpy_name(node) != "multiarray.scalar" or type(node.args) is not tuple or len(node.args) != 2:
        return MISSING
    kind, raw = dtype_of(node.args[0]), bytes_of(from_old_text(node.args[1]))
    if kind is None or raw is None or len(raw) != kind[0].itemsize:
        return MISSING
    dtype = np.dtype(kind[0].name).newbyteorder("<" if kind[1] == "little" else ">")
    return np.frombuffer(raw, dtype)[0].item()
