"""A tensor as the call that rebuilds it describes it, and how the values of such a call are read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, runtime_checkable

from ckptgui.core.dtypes import BY_NAME, ByteOrder, DType
from ckptgui.core.tensors import TensorKind
from ckptgui.core.views import Views
from ckptgui.formats.objects.storages import Storage
from ckptgui.formats.pickles.feed import FileBytes
from ckptgui.formats.pickles.graph import Call, Node, Ref
from ckptgui.formats.pickles.runs import TensorRun

FALLBACK = BY_NAME["uint8"]
"""The element type of a tensor of which it is not known."""

MAX_WRAPS = 16
"""Parameters of subclasses of tensors … that are followed."""

Args = tuple[Node, ...]


class Storages(Protocol):
    """Turns persistent ids into extents (see ``torch_storages``)."""

    @property
    def byteorder(self) -> ByteOrder:
        """Byte order of the storages."""
        ...

    def get(self, node: Node) -> Storage:
        """The storage of a persistent id."""
        ...

    def inline(self, data: bytes | FileBytes, byteorder: ByteOrder, owner: Node) -> int:
        """Register bytes of the pickle itself, once for each node that owns such."""
        ...

    def bytes_of(self, node: Node, start: int, length: int) -> bytes | None:
        """A few bytes of a storage, or None."""
        ...


@runtime_checkable
class ManyStorages(Protocol):
    """Storages that know how to find those of a whole run of tensors."""

    def get_all(self, run: TensorRun) -> Views | None:
        """The tensors of a run on their storages; None leaves them to ``Storages.get``."""
        ...


@dataclass(slots=True)
class TensorSpec:
    """A tensor as a call describes it. ``components`` are further tensors, by name, that it is made of."""

    shape: tuple[int, ...]
    dtype: DType
    storage: int = -1
    strides: tuple[int, ...] | None = None
    offset: int = 0
    device: str = "cpu"
    requires_grad: bool = False
    kind: TensorKind = TensorKind.TENSOR
    layout: str = "strided"
    conj: bool = False
    neg: bool = False
    error: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)
    components: list[tuple[str, Node]] = field(default_factory=list)
    source: Node = None  # the persistent id, for the few who must look at the values


class Nonsense(Exception):  # noqa: N818 - becomes TensorSpec.error
    """A call that is known but makes no sense; the text says why."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a tensor is rebuilt: its storages, and how what is wrapped in it is known and rebuilt in turn."""

    storages: Storages
    knows: Callable[[Node], bool]
    rebuild: Callable[[Node, Scope], TensorSpec | None]
    wraps: int = 0

    def inner(self, node: Node) -> TensorSpec:
        """The tensor inside a parameter or a subclass."""
        if self.wraps >= MAX_WRAPS:
            raise Nonsense(f"it is wrapped more than {MAX_WRAPS} times")
        spec = self.rebuild(node, replace(self, wraps=self.wraps + 1))
        if spec is None:
            raise Nonsense("there is no tensor in it")
        return spec


Rebuild = Callable[[Args, Scope], TensorSpec]
"""From the arguments of a call to the tensor; raises ``Nonsense``."""

RebuildCall = Callable[[Call, Scope], TensorSpec]
"""The same from a call with the state that it was given."""


def need(args: Args, least: int) -> None:
    """Refuse a call with too few arguments."""
    if len(args) < least:
        raise Nonsense(f"it has {len(args)} of the {least} values that describe a tensor")


def whole_numbers(node: Node, what: str) -> tuple[int, ...]:
    """A tuple of integers (a ``torch.Size`` is a call around one)."""
    if type(node) is Call and node.path == "torch.Size" and type(node.args) is tuple and len(node.args) == 1:
        node = node.args[0]
    if type(node) not in (tuple, list):
        raise Nonsense(f"its {what} is no list of numbers")
    for number in node:
        if type(number) is not int:
            raise Nonsense(f"its {what} is no list of whole numbers")
    return node if type(node) is tuple else tuple(node)


def whole_number(node: Node, what: str) -> int:
    """An integer."""
    if type(node) is not int:
        raise Nonsense(f"its {what} is no whole number")
    return node


def dtype_of(node: Node) -> DType | None:
    """The dtype that a reference such as ``torch.float32`` names."""
    return BY_NAME.get(node.name) if type(node) is Ref and node.module == "torch" else None


def element_type(node: Node) -> DType:
    """The same for a tensor, which needs one."""
    found = dtype_of(node)
    if found is None:
        raise Nonsense("its element type is not known")
    return found


def device_of(node: Node) -> str | None:
    """The device that a text or a ``torch.device`` call names."""
    if type(node) is str:
        return node
    if type(node) is Call and node.path == "torch.device" and type(node.args) is tuple:
        parts = [part for part in node.args if type(part) in (str, int)]
        return ":".join(map(str, parts)) if parts and len(parts) == len(node.args) else None
    return None
