"""The notes that ``state_dict()`` attaches to its dictionary: each module's name and version."""

from __future__ import annotations

from typing import Any

from ckptgui.formats.pickles.graph import Call, Node, entries


def versions_of(node: Node) -> dict[str, dict[str, Any]]:
    """``_metadata`` of a state dict: module name to its notes, plain values alone; empty where there is none."""
    if type(node) is not Call:
        return {}
    attached = dict(entries(node.state) or ()).get("_metadata")
    return {
        name: {key: value for key, value in entries(notes) or () if type(value) in (str, int, float, bool)}
        for name, notes in entries(attached) or ()
    }
