"""What is looked at: one selection for all views, said in paths, so that it holds across the epochs of a run."""

from __future__ import annotations

from dataclasses import dataclass

from ckptgui.core.tensors import Path
from ckptgui.core.tree.build import NodeKind


@dataclass(frozen=True, slots=True)
class Selection:
    """A row of the tree. ``path`` is a tensor's or value's own path; a module's is its section's path and its
    dotted name, ``("model", "layers.0")``; the file's is ``()``.

    ``node`` is its number in the tree that is shown, ``row`` its tensor's row or -1.
    """

    kind: NodeKind
    path: Path
    node: int = 0
    row: int = -1

    @property
    def is_tensor(self) -> bool:
        """Whether it has values that can be read."""
        return self.row >= 0
