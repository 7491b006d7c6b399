"""What an exported program takes and gives, from its graph in JSON; the graph itself is counted, not shown.

Facts: ``ExportedProgram``, ``GraphModule`` and ``GraphSignature`` in ``torch/_export/serde/schema.py``. The
older schema that lies in archives of before 2.8 has the same words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ckptgui.core.checkpoint import Json
from ckptgui.formats.limits import DEFAULT
from ckptgui.formats.programs.export_payloads import SCALARS
from ckptgui.formats.programs.json_records import items, read_json, table, text, whole
from ckptgui.formats.zips.directory import ZipDirectory
from ckptgui.sources.base import ByteSource

MOST = 256
"""Inputs, outputs and ranges that are listed of each."""

_SYMBOL = re.compile(r"Symbol\('(\w+)'[^()]*\)|Integer\((\d+)\)")


@dataclass(frozen=True, slots=True)
class Program:
    """``metadata`` for eyes and scripts; ``passing`` are the buffers that are kept among the constants."""

    metadata: dict[str, Json]
    passing: frozenset[str] = frozenset()


def program_of(source: ByteSource, directory: ZipDirectory, name: str) -> Program:
    """The program in the record ``name``. A very large graph is left unread, and that said.

    Raises a ``CheckpointError`` where it is no JSON.
    """
    entry = directory.entries[name]
    if entry.size > DEFAULT.record_bytes:
        return Program({"graph_bytes": entry.size})
    said = read_json(source, directory, name)
    module = table(said.get("graph_module"))
    graph, signature = table(module.get("graph")), table(module.get("signature"))
    values = table(graph.get("tensor_values"))
    inputs = [_argument(spec["arg"], values) for spec in _specs(signature, "input_specs", "user_input")]
    outputs = [_argument(spec["arg"], values) for spec in _specs(signature, "output_specs", "user_output")]
    buffers = _specs(signature, "input_specs", "buffer")
    metadata: dict[str, Json] = {
        "torch_version": text(said.get("torch_version")) or None,
        "schema_version": _version(said.get("schema_version")),
        "opset_version": _plain(said.get("opset_version")),
        "inputs": inputs[:MOST],
        "outputs": outputs[:MOST],
        "range_constraints": _plain(said.get("range_constraints")),
        "graph_nodes": len(items(graph.get("nodes"))),
    }
    passing = (text(spec.get("buffer_name")) for spec in buffers if spec.get("persistent") is False)
    return Program({key: value for key, value in metadata.items() if value is not None}, frozenset(passing))


def _specs(signature: Mapping[str, Any], list_name: str, kind: str) -> Iterator[Mapping[str, Any]]:
    """The entries of one kind in a list of the signature."""
    for spec in items(signature.get(list_name)):
        found = table(spec).get(kind)
        if isinstance(found, dict):
            yield {"arg": None, **found}


def _argument(said: Any, values: Mapping[str, Any]) -> Json:
    """A tensor's name, type and shape; of other arguments what they are."""
    kind, value = next(iter(table(said).items()), ("", None))
    name = text(table(value).get("name"))
    meta = table(values.get(name))
    if kind != "as_tensor" or not meta:
        return {"name": name, "kind": text(kind).removeprefix("as_")} if name else {"kind": text(kind)}
    sizes = [_size(size) for size in items(meta.get("sizes"))[:64]]
    return {"name": name, "dtype": SCALARS.get(whole(meta.get("dtype")) or 0, "unknown"), "shape": sizes}


def _size(said: Any) -> Json:
    """A size: its number, or the expression that it may be."""
    number = whole(table(said).get("as_int"))
    if number is not None:
        return number
    return _SYMBOL.sub(r"\1\2", text(table(table(said).get("as_expr")).get("expr_str"))[:1024])


def _version(said: Any) -> str | None:
    major, minor = whole(table(said).get("major")), whole(table(said).get("minor"))
    return None if major is None else f"{major}.{minor}"


def _plain(said: Any) -> Json:
    """A small table of numbers and texts, nested once."""
    found: dict[str, Json] = {}
    for key, value in list(table(said).items())[:MOST]:
        found[text(key)] = (
            {text(k): _atom(v) for k, v in value.items()} if isinstance(value, dict) else _atom(value)
        )
    return found or None


def _atom(value: Any) -> Json:
    return value if value is None or type(value) in (bool, int) else text(value)[:256] or None
