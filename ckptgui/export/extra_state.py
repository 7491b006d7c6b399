"""Values of a state dict that are no tensors and yet belong to it: what ``get_extra_state`` gave.

Without them ``load_state_dict(strict=True)`` misses a key. They go along as far as they are plain.
"""

from __future__ import annotations

from collections.abc import Iterable

from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.tensors import Path
from ckptgui.export.object_pickle import ObjectPickler
from ckptgui.export.pickle_file import SETITEM, PickleWriter
from ckptgui.export.saved_object import below
from ckptgui.export.whole import saved_root
from ckptgui.formats.pickles.graph import Node


class ExtraState:
    """The named values of one section. ``dropped`` tells what of them could not be said."""

    def __init__(self, checkpoint: Checkpoint, section: Path, names: Iterable[str]) -> None:
        cache: dict[int, dict[str, Node]] = {}
        node = saved_root(checkpoint)
        for key in section:
            node = below(node, key, cache)
        self._values = {name: below(node, name, cache) for name in names}
        self.dropped: list[str] = []

    def say(self, pickle: PickleWriter) -> None:
        """Set each value on the dictionary at the top of the stack."""
        walk = ObjectPickler(pickle, tensor=lambda node: False, metadata=lambda path: None)
        for name, node in self._values.items():
            if walk.can_say(node, 0):
                pickle.text(name)
                walk.say(node, (name,))
                pickle.op(SETITEM)
            else:
                self.dropped.append(name)
        self.dropped += walk.dropped
