"""The notes that ``state_dict()`` attaches to its dictionary: each module's name and version.

Among them, under a name that no module has, an export may have put the training's values.
"""

from __future__ import annotations

from typing import Any

from ckptgui.core.kept import NOTE
from ckptgui.formats.objects.metadata import to_json
from ckptgui.formats.pickles.graph import Call, Node, entries


def versions_of(node: Node) -> dict[str, dict[str, Any]]:
    """``_metadata`` of a state dict: module name to its notes, plain values alone; empty where there is none.

    What stands under ``training`` is as JSON, nested as it was saved.
    """
    if type(node) is not Call:
        return {}
    attached = dict(entries(node.state) or ()).get("_metadata")
    return {name: _told(notes) if name == NOTE else _plain(notes) for name, notes in entries(attached) or ()}


def _plain(notes: Node) -> dict[str, Any]:
    return {key: value for key, value in entries(notes) or () if type(value) in (str, int, float, bool)}


def _told(values: Node) -> dict[str, Any]:
    found = to_json(values)
    return found if isinstance(found, dict) else {}
