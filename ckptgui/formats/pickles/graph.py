"""What a pickle says, as a graph of inert nodes: nothing is imported, called, hashed or compared.

None, bool, int, float, str, bytes, tuple and list stand for themselves; everything else is a node of this
module. Two references to one value are one object here, as they were in the program that saved it. Nodes
and the tuples and lists that hold them are looked at by identity only: a file can make a container whose
``hash``, ``==`` or ``repr`` never ends.
"""

from __future__ import annotations

from enum import Enum
from typing import Any, Protocol

from ckptgui.core.names import NamePool
from ckptgui.formats.pickles.feed import FileBytes

Node = Any
"""A value of the graph; what it may be stands at the top of this module."""


class _Missing(Enum):
    MISSING = "missing"

    def __repr__(self) -> str:
        return "MISSING"


MISSING = _Missing.MISSING
"""No BUILD has been seen for an object, which is not the same as a state of None."""


class Ref:
    """An importable name, never imported. One object for each name in a pickle.

    ``called`` says that a loader would call it, with ``arguments`` the first time, ``made`` that it would make
    an instance of it without that, ``tampered`` that it would change it, ``opened`` that all it would
    unpickle has been read here. ``offset`` is the byte where it stands.
    """

    __slots__ = ("arguments", "called", "made", "module", "name", "offset", "opened", "path", "tampered")

    def __init__(self, module: str, name: str, offset: int = -1) -> None:
        self.module = module
        self.name = name
        self.path = f"{module}.{name}"
        self.offset = offset
        self.arguments: int | None = None
        self.called = False
        self.made = False
        self.opened = False
        self.tampered = False

    def note_call(self, arguments: int) -> None:
        """A loader would call it with so many arguments."""
        if not self.called:
            self.arguments = arguments
        self.called = True

    def __repr__(self) -> str:
        return f"Ref({self.path[:80]!r})"


class Run(Protocol):
    """Very many pairs of a text and a plain tensor, kept in columns (``pickle_runs.TensorRun``).

    ``touched`` says that one of its calls was handed out, on which the pickle may have set more.
    """

    names: NamePool
    touched: bool

    @property
    def sample(self) -> Node:
        """The first of its calls."""
        ...

    def pairs(self) -> list[Node]:
        """Names and calls in turns, as they would have been set."""
        ...


class Runs(list[tuple[int, Run]]):
    """Runs that were set on something, each with how many keys and values were set one by one before it.

    ``cut`` (once ``is_cut``) and ``glance`` keep what ``pickle_pieces`` makes of them.
    """

    def __init__(self) -> None:
        super().__init__()
        self.is_cut = False
        self.cut: list[Any] | None = None
        self.glance: list[Node] | None = None


class _Pairs:
    """What pairs are set on. Runs stay as they are until someone asks for ``flat``."""

    __slots__ = ("loose", "runs")

    loose: Any
    """Keys and values that were set one by one, in turns."""
    runs: Runs | None

    @property
    def flat(self) -> Any:
        """Keys and values in turns."""
        if self.runs is not None:
            flat: list[Node] = []
            done = 0
            for at, run in self.runs:
                flat += self.loose[done:at]
                flat += run.pairs()
                done = at
            self.flat = flat + self.loose[done:]
        return self.loose

    @flat.setter
    def flat(self, flat: list[Node] | None) -> None:
        self.loose = flat
        self.runs = None

    def set_pairs(self, flat: list[Node]) -> None:
        """Set keys and values given in turns."""
        if self.loose is None:
            self.loose = []
        self.loose += flat

    def set_run(self, run: Run) -> None:
        """Set all pairs of a run."""
        if self.loose is None:
            self.loose = []
        if self.runs is None:
            self.runs = Runs()
        self.runs.append((len(self.loose), run))


class Dict(_Pairs):
    """A dictionary as the pairs that were set, keys and values in turns; a key may stand there twice."""

    __slots__ = ()

    def __init__(self) -> None:
        self.loose = []
        self.runs = None


class Set:
    """A set or frozenset as the items that were added."""

    __slots__ = ("frozen", "items")

    def __init__(self, items: list[Node], frozen: bool) -> None:
        self.items = items
        self.frozen = frozen


class Call(_Pairs):
    """A call that a loader would make: ``target(*args)``, then items appended, pairs set and a state given.

    ``makes`` is True where the loader would only make an instance (``cls.__new__``), not call the name.
    """

    __slots__ = ("args", "items", "kwargs", "makes", "state", "target")

    def __init__(self, target: Node, args: Node, makes: bool = False, kwargs: Node = None) -> None:
        self.target = target
        self.args = args
        self.makes = makes
        self.kwargs = kwargs
        self.items: list[Node] | None = None
        self.state: Node = MISSING
        self.loose = None
        self.runs = None

    @property
    def path(self) -> str:
        """Dotted name of what would be called; empty when that is not a plain name."""
        return self.target.path if type(self.target) is Ref else ""


class Persistent:
    """A value that lives outside the pickle, by the identity that the pickle gives for it.

    ``home`` knows the identities of an embedded stream; None for those of the stream that was opened.
    """

    __slots__ = ("home", "pid")

    def __init__(self, pid: Node, home: Any = None) -> None:
        self.pid = pid
        self.home = home


class LongText:
    """Text too long to be a name or a remark, left undecoded: UTF-8 bytes as they stand in the pickle."""

    __slots__ = ("raw",)

    def __init__(self, raw: bytes) -> None:
        self.raw = raw


def pairs_of(node: Node) -> list[Node] | None:
    """Keys and values in turns when ``node`` is a dictionary or an object that pairs were set on."""
    if type(node) is Dict:
        flat: list[Node] = node.flat
        return flat
    if type(node) is Call and node.path in MAPPINGS:
        return _mapping_pairs(node)
    return None


MAPPINGS = frozenset({"collections.OrderedDict", "collections.defaultdict", "collections.Counter"})
"""Callables that make a dictionary which pairs are then set on."""


def _mapping_pairs(call: Call) -> list[Node]:
    """Pairs set one by one, behind those in the arguments (protocol 0 and ``Counter`` give them so)."""
    first = call.args[-1] if type(call.args) is tuple and call.args else None
    given: list[Node] = []
    if type(first) is Dict:
        given = first.flat
    elif type(first) is list:
        for pair in first:
            if type(pair) in (tuple, list) and len(pair) == 2:
                given.extend(pair)
    own: list[Node] = call.flat or []
    return given + own if own and given else (own or given)


_STRINGS, _INTEGERS = frozenset({str}), frozenset({int})


def entries(node: Node) -> list[tuple[str, Node]] | None:
    """Items of a dictionary under unique string keys, in the order a Python dict has them; None for others.

    Keys that become the same string get their type's name (``1``, ``1 (int)``).
    """
    flat = pairs_of(node)
    if flat is None:
        return None
    keys = flat[::2]
    kinds = set(map(type, keys))
    if kinds <= _STRINGS:
        return list(dict(zip(keys, flat[1::2])).items())
    if kinds == _INTEGERS:
        return list(dict(zip(map(str, keys), flat[1::2])).items())
    chosen: dict[tuple[str, str], Node] = {}
    for key, value in zip(keys, flat[1::2]):
        chosen[key_text(key), type_name(key)] = value  # set again: the later value at the earlier place
    taken = {text for text, kind in chosen if kind == "str"}  # a text keeps its name, whatever collides with it
    named: dict[str, Node] = {}
    for (text, kind), value in chosen.items():
        name = text if text not in named and (kind == "str" or text not in taken) else f"{text} ({kind})"
        while name in named or (name != text and name in taken):
            name += "'"
        named[name] = value
    return list(named.items())


def key_text(key: Node, depth: int = 3) -> str:
    """A dictionary key as the string that stands for it in paths and metadata."""
    if type(key) is str:
        return key
    if key is None or type(key) in (bool, int, float):
        return str(key)
    if type(key) is bytes:
        return repr(key[:64])
    if type(key) is tuple and depth:
        inner = ", ".join(key_text(part, depth - 1) for part in key[:16])
        return f"({inner})"
    if type(key) is Call and type(key.args) is tuple and depth:
        return f"{key.path or 'call'}({', '.join(key_text(part, depth - 1) for part in key.args[:4])})"
    if type(key) is Ref:
        return key.path
    return f"<{type_name(key)}>"


def type_name(node: Node) -> str:
    """Python's name for the type of a value, as a person would write it."""
    if node is None:
        return "None"
    if type(node) is Call:
        return node.target.name if type(node.target) is Ref else "object"
    return _TYPE_NAMES.get(type(node), type(node).__name__)


_TYPE_NAMES = {
    Dict: "dict", Set: "set", Ref: "name", Persistent: "stored", LongText: "str", FileBytes: "bytes"
}  # fmt: skip
