"""The source that comes with a TorchScript archive: what its classes say of their attributes, never run.

A class is written with its tensors named by kind (``__parameters__ = ["weight", ]``), its attributes declared
and its constants given (``stride : Final[int] = 1``): ``torch/csrc/jit/serialization/python_print.cpp``.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field

from ckptgui.core.display import display
from ckptgui.errors import CheckpointError
from ckptgui.formats.pickles.graph import Node, Ref
from ckptgui.formats.zips.directory import ZipDirectory
from ckptgui.sources.base import ByteSource

MAX_CODE = 32 << 20
"""Bytes of source that are looked at in all; a large traced model has some hundred thousand."""

_MAX_FILE = 8 << 20
_MAX_LITERAL = 256
_CLASS = re.compile(r"class (\w+)(?:\((\w*)\))?:")
_NAMES = re.compile(r"  __(parameters|buffers)__ = \[(.*)\]\Z")
_NAME = re.compile(r'"((?:[^"\\]|\\.)*)"')
_TENSOR = re.compile(r"  (\w+) : Tensor\Z")
_CONSTANT = re.compile(r"  (\w+) : Final\[.*\] = (.*)\Z")
_METHODS = ("   ", "  def ")
_PLAIN = (str, int, float, bool, type(None))


@dataclass(slots=True)
class ClassFacts:
    """What a class of the archive says: whether it is a module, and which attributes are what.

    ``buffers`` is None where the class has no word for them: before torch 1.5 every attribute of type
    ``Tensor`` that is no parameter was one; ``tensors`` are those.
    """

    is_module: bool
    parameters: set[str] = field(default_factory=set)
    buffers: set[str] | None = None
    tensors: set[str] = field(default_factory=set)
    constants: dict[str, Node] = field(default_factory=dict)

    def is_buffer(self, name: str) -> bool:
        """Whether an attribute that holds a tensor and is no parameter is one of the state dict's buffers."""
        return name in (self.tensors if self.buffers is None else self.buffers)


def classes_in(text: str) -> dict[str, ClassFacts]:
    """The classes of a source file by name."""
    found: dict[str, ClassFacts] = {}
    current: ClassFacts | None = None
    for line in text.splitlines():
        if line.startswith("class "):
            match = _CLASS.match(line)
            current = found.setdefault(match[1], ClassFacts(match[2] == "Module")) if match else None
        elif current is not None and line.startswith("  ") and not line.startswith(_METHODS):
            _note(current, line)
    return found


def _note(facts: ClassFacts, line: str) -> None:
    """What one declaration says."""
    if match := _NAMES.match(line):
        names = set(_NAME.findall(match[2]))
        if match[1] == "parameters":
            facts.parameters = names
        else:
            facts.buffers = names
    elif match := _TENSOR.match(line):
        facts.tensors.add(match[1])
    elif match := _CONSTANT.match(line):
        value = _literal(match[2])
        if value is not None:
            facts.constants[match[1]] = value


def _literal(text: str) -> Node:
    """A number, text, or list of such; None for anything else."""
    if len(text) > _MAX_LITERAL:
        return None
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None
    return value if _is_plain(value) else None


def _is_plain(value: object) -> bool:
    if isinstance(value, tuple | list):
        return all(map(_is_plain, value))
    return type(value) in _PLAIN


class Code:
    """The classes of an archive, each file read when one of its classes is asked for."""

    def __init__(self, source: ByteSource, directory: ZipDirectory, prefix: str) -> None:
        self._source = source
        self._directory = directory
        self._start = f"{prefix}code/"
        self._files: dict[str, dict[str, ClassFacts]] = {}
        self._left = MAX_CODE
        self.warnings: list[str] = []

    def facts(self, ref: Ref) -> ClassFacts | None:
        """What the class of this name says of itself; None where its source is not there or not readable."""
        known = self._files.get(ref.module)
        if known is None:
            known = self._files[ref.module] = self._read(ref.module)
        return known.get(ref.name)

    def _read(self, module: str) -> dict[str, ClassFacts]:
        name = f"{self._start}{module.replace('.', '/')}.py"
        entry = self._directory.entries.get(name)
        if entry is None or self._left < entry.size:
            return {}
        self._left -= entry.size
        try:
            raw = self._directory.read(self._source, name, _MAX_FILE, self.warnings)
        except CheckpointError as error:
            self.warnings.append(f"The source {display(name)} was not read: {error}")
            return {}
        return classes_in(raw.decode("utf-8", "replace"))
