"""What of a state dict is no tensor and yet belongs to it: what ``get_extra_state`` gave, the modules' versions.

Without the former ``load_state_dict(strict=True)`` misses a key. They go along as far as they are plain.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ckptgui.core.checkpoint import Checkpoint, Section
from ckptgui.core.tensors import Path
from ckptgui.errors import ExportError
from ckptgui.export.object_pickle import ObjectPickler
from ckptgui.export.pickle_file import SETITEM, PickleWriter
from ckptgui.export.saved_object import below
from ckptgui.export.whole import saved_root
from ckptgui.formats.objects.state_dict_notes import versions_of
from ckptgui.formats.pickles.graph import Node


class ExtraState:
    """Values of one section, found by ``sources`` and written as ``names``.

    ``dropped`` tells what of them could not be said.
    """

    def __init__(
        self, checkpoint: Checkpoint, section: Path, sources: Sequence[str], names: Sequence[str]
    ) -> None:
        cache: dict[int, dict[str, Node]] = {}
        node = _saved_at(checkpoint, section)
        self._values = {name: below(node, source, cache) for source, name in zip(sources, names)}
        self.names = tuple(names)
        self.dropped: list[str] = []

    def say(self, pickle: PickleWriter) -> None:
        """Set each value on the dictionary at the top of the stack."""
        walk = ObjectPickler(pickle, _no_tensor, takes=lambda path: False, metadata=lambda path: None)
        for name, node in self._values.items():
            if walk.can_say(node, (name,)):
                pickle.text(name)
                walk.say(node, (name,))
                pickle.op(SETITEM)
            else:
                self.dropped.append(name)
        self.dropped += walk.dropped


def module_notes(checkpoint: Checkpoint, section: Section) -> Mapping[str, Mapping[str, Any]] | None:
    """A state dict's ``_metadata`` if there is one; the saved object is read again for a dict within a section."""
    found: Mapping[Path, Mapping[str, Mapping[str, Any]]] = checkpoint.attributes.get("state_dict_metadata", {})
    if section.path in found or section in checkpoint.sections:
        return found.get(section.path)
    try:
        return versions_of(_saved_at(checkpoint, section.path)) or None
    except ExportError:
        return None  # nothing but a whole .pt has them there


def _saved_at(checkpoint: Checkpoint, path: Path) -> Node:
    cache: dict[int, dict[str, Node]] = {}
    node = saved_root(checkpoint)
    for key in path:
        node = below(node, key, cache)
    return node


def _no_tensor(node: Node, path: Path) -> None:
    raise AssertionError(f"no tensor is taken, {path} neither")
