"""numpy's dtypes as a person writes them, those too that no tensor can have: dates, records, texts."""

from __future__ import annotations

from ckptgui.formats.objects.numpy_nodes import CODES, bytes_of, from_old_text
from ckptgui.formats.pickles.graph import Call, Node, Ref, entries

_MOST_FIELDS = 32
_LONGEST_NAME = 64


def dtype_text(node: Node) -> str | None:
    """A numpy dtype or scalar type as a text: ``float32``, ``M8[ns]``, ``V6 (a: int32, b: int16)``."""
    if type(node) is not Call or node.path != "numpy.dtype" or type(node.args) is not tuple or not node.args:
        return None
    code = node.args[0]
    if type(code) is Ref:
        return code.name if code.module == "ml_dtypes" else code.path
    if type(code) is not str:
        return None
    state = node.state if type(node.state) is tuple else ()
    if code in ("M8", "m8"):
        return f"{code}[{_unit(state)}]"
    if code.startswith("V") and len(state) > 4 and type(state[3]) is tuple:
        return f"{code} ({', '.join(_fields(state[3], state[4]))})"
    return CODES.get(code, code)


def _unit(state: tuple[Node, ...]) -> str:
    """The unit of dates and spans, which stands at the end of their state: ``(…, (b"ns", 25, 1, 1))``."""
    last = state[-1] if state else None
    found = last[1] if type(last) is tuple and len(last) == 2 else None
    if type(found) is not tuple or len(found) < 2 or type(found[1]) is not int:
        return "?"
    raw = bytes_of(from_old_text(found[0]))
    unit = "?" if raw is None else raw[:16].decode("ascii", "replace")
    return unit if found[1] == 1 else f"{found[1]}{unit}"


def _fields(names: tuple[Node, ...], places: Node) -> list[str]:
    """Names and types of a record's fields, of which ``places`` has ``(dtype, offset)``."""
    known = dict(entries(places) or ())
    told = []
    for name in names[:_MOST_FIELDS]:
        place = known.get(name) if type(name) is str else None
        inner = place[0] if type(place) is tuple and place else None
        kind = CODES.get(_code(inner) or "")
        told.append(f"{name[:_LONGEST_NAME] if type(name) is str else '?'}: {kind or 'other'}")
    return told


def _code(node: Node) -> str | None:
    """The short name that a dtype is made from."""
    if type(node) is not Call or type(node.args) is not tuple or not node.args:
        return None
    return node.args[0] if type(node.args[0]) is str else None
