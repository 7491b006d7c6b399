"""Values that are no tensors, as words: Python's name of their type, and what they say on one line."""

from __future__ import annotations

from typing import Any

from ckptgui.core.display import MAX_CELL, MAX_DETAIL, display
from ckptgui.core.tree.build import Remainder
from ckptgui.gui.numbers import counted, integer, tr


def value_type(value: Any) -> str:
    """Python's word for a metadata value."""
    if isinstance(value, Remainder):
        return ""
    if isinstance(value, dict):
        if "__class__" in value:
            return display(str(value["__class__"]).rpartition(".")[2])
        return "bytes" if "__bytes__" in value else "dict"
    return "None" if value is None else type(value).__name__


def value_text(value: Any, limit: int = MAX_CELL, whole: bool = False) -> str:
    """A metadata value on one line; ``whole`` writes containers out."""
    if isinstance(value, Remainder):
        return counted(value.count, "more value", "more values")
    if whole and isinstance(value, (dict, list)):
        return display(_json(value), limit)
    if isinstance(value, dict):
        if "__bytes__" in value:
            return counted(int(value["__bytes__"]), "byte", "bytes")
        count = len(value) - ("__class__" in value)
        return counted(count, "value", "values") if count else tr("empty")
    if isinstance(value, list):
        return _list_text(value, limit)
    if isinstance(value, str):
        return display(value, limit)
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, int) and abs(value) >= 10_000 and not whole:
        return integer(value) if abs(value) < 2**63 else display(str(value), limit)
    return display(repr(value), limit)


_LIST_SHOWN = 16


def _list_text(value: list[Any], limit: int) -> str:
    plain = all(not isinstance(item, (dict, list)) for item in value[:_LIST_SHOWN])
    if not value or not plain or len(value) > _LIST_SHOWN:
        return counted(len(value), "value", "values") if value else tr("empty")
    return display(", ".join(value_text(item, limit) for item in value), limit)


def _json(value: Any) -> str:
    import json

    return json.dumps(value, ensure_ascii=False, default=str)[: 4 * MAX_DETAIL]
