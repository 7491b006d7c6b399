"""The archives of torch 1.0 to 1.2: a ``model.json`` that names every tensor, and the tensors in ``tensors/``.

Facts: ``caffe2/proto/torch.proto`` and ``torch/csrc/jit/export.cpp`` of those releases. What is not a tensor
lies in ``attributes.pkl`` (from 1.1 on) and is counted from there. Newer releases of torch refuse the format.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ckptgui.core.dtypes import BY_NAME, DType
from ckptgui.errors import DamagedFileError
from ckptgui.formats.base import Check
from ckptgui.formats.limits import DEFAULT, exceeded
from ckptgui.formats.objects.rebuild import is_tensor
from ckptgui.formats.pickles.graph import Call, Dict, Node, Persistent, Ref
from ckptgui.formats.pickles.machine import Parsed, parse
from ckptgui.formats.programs.json_records import items, read_json, table, text, whole
from ckptgui.formats.programs.torchscript_modules import inside, tell_as_modules
from ckptgui.formats.torch_save.torch_archive import Archive
from ckptgui.formats.zips.directory import ZipDirectory
from ckptgui.formats.zips.entries import ZipEntry
from ckptgui.sources.base import ByteSource

MODEL = "model.json"
_ATTRIBUTES = "attributes.pkl"
_BY_ID = "torch.jit._pickle.build_tensor_from_id"

# caffe2's names of element types (caffe2.proto, TensorProto.DataType), and those of quantised tensors.
_DTYPES = {
    "FLOAT": "float32", "DOUBLE": "float64", "FLOAT16": "float16", "BFLOAT16": "bfloat16", "INT64": "int64",
    "INT32": "int32", "INT16": "int16", "INT8": "int8", "UINT8": "uint8", "BYTE": "uint8", "BOOL": "bool",
}  # fmt: skip
_QUANTIZED = {"INT8": "qint8", "UINT8": "quint8", "BYTE": "quint8", "INT32": "qint32"}


def json_prefix(directory: ZipDirectory) -> str | None:
    """The folder in the archive when it is of this kind, else None."""
    prefix = next(iter(directory.entries), "").partition("/")[0] + "/"
    has = directory.entries.keys() >= {f"{prefix}{MODEL}", f"{prefix}version"}
    return prefix if has else None


def open_json(source: ByteSource, directory: ZipDirectory, prefix: str, check: Check) -> Archive:
    """The archive with its root module told as a pickle would tell it; storages are named by their records."""
    model = read_json(source, directory, prefix + MODEL)
    archive = Archive(source, directory, prefix, Parsed(None, None, (), 0), 0)
    tensors = [_tensor(table(item), directory.entries, prefix) for item in items(model.get("tensors"))]
    archive.parsed = _attributes(archive, check)
    values = _resolved(archive.parsed.root, tensors)
    root = _module(table(model.get("mainModule")), tensors, values, 0)
    tell_as_modules(archive.parsed.root, lambda _: None, check)
    scripted = Ref("torch.jit", "ScriptModule")  # of which class the modules were, the file does not say
    refs = (scripted, *archive.parsed.refs)
    archive.parsed = Parsed(root, archive.parsed.broken, refs, archive.parsed.end)
    return archive


def _attributes(archive: Archive, check: Check) -> Parsed:
    """The pickle of values that are no parameters; an empty one where the release had none."""
    name = archive.prefix + _ATTRIBUTES
    if name not in archive.directory.entries:
        return Parsed((), None, (), 0)
    data = archive.directory.read(archive.source, name, DEFAULT.pickle_bytes, archive.warnings)
    archive.length = len(data)
    return parse(data, check)


def _tensor(said: Mapping[str, Any], entries: Mapping[str, ZipEntry], prefix: str) -> Call:
    """One of the table's tensors, as the call that a pickle would have in its place."""
    quantized = said.get("isQuantized") is True
    dtype = _dtype(text(said.get("dataType")), quantized)
    sizes = tuple(whole(size) for size in items(said.get("dims")))
    strides = tuple(whole(step) for step in items(said.get("strides")))
    key = text(table(said.get("data")).get("key"))
    entry = entries.get(prefix + key)
    count = entry.size // dtype.itemsize if entry is not None and dtype else 1
    storage = Ref("torch", dtype.storage_class) if dtype else None
    place = Persistent(("storage", storage, key, text(said.get("device")) or "cpu", count))
    view = (place, whole(said.get("offset", 0)), sizes, strides)
    grad, hooks = said.get("requiresGrad") is True, Call(Ref("collections", "OrderedDict"), ())
    if not quantized:
        return Call(Ref("torch._utils", "_rebuild_tensor_v2"), (*view, grad, hooks))
    scheme = (Ref("torch", "per_tensor_affine"), said.get("scale"), whole(said.get("zeroPoint", 0)))
    return Call(Ref("torch._utils", "_rebuild_qtensor"), (*view, scheme, grad, hooks))


def _dtype(name: str, quantized: bool) -> DType | None:
    return BY_NAME.get((_QUANTIZED if quantized else _DTYPES).get(name, ""))


def _resolved(root: Node, tensors: list[Call]) -> list[Node]:
    """The values of the pickle, with tensors in place of what they are counted by."""
    waiting, seen = [root], set()
    while waiting:
        node = waiting.pop()
        if type(node) is Call and node.path == _BY_ID and type(node.args) is tuple and len(node.args) == 1:
            found = _nth(tensors, node.args[0])
            if found is not None:
                node.target, node.args = found.target, found.args
        elif id(node) not in seen:
            seen.add(id(node))
            waiting += inside(node)
    return list(root) if type(root) in (list, tuple) else []


def _nth(values: list[Any], number: object) -> Any:
    """A value by its number; None where there is none such."""
    index = whole(number)
    return values[index] if index is not None and 0 <= index < len(values) else None


def _module(said: Mapping[str, Any], tensors: list[Call], values: list[Node], depth: int) -> Call:
    """A module with its tensors, attributes and submodules; an attribute that is a tensor is a buffer."""
    if depth > DEFAULT.depth:
        raise exceeded("depth")
    parameters, buffers, children, state = Dict(), Dict(), Dict(), Dict()
    for item in map(table, items(said.get("parameters"))):
        tensor = _nth(tensors, item.get("tensorId"))
        if tensor is None:
            raise DamagedFileError("Its model.json has a parameter whose tensor is not in its table.")
        (buffers if item.get("isBuffer") is True else parameters).flat.extend((text(item.get("name")), tensor))
    for item in map(table, items(said.get("attributes"))):
        value = _nth(values, item.get("id"))
        (buffers if is_tensor(value) else state).flat.extend((text(item.get("name")), value))
    for item in map(table, items(said.get("submodules"))):
        children.flat.extend((text(item.get("name")), _module(item, tensors, values, depth + 1)))
    state.flat += ["_parameters", parameters, "_buffers", buffers, "_modules", children]
    module = Call(Ref("torch.jit", "ScriptModule"), (), makes=True)
    module.state = state
    return module
