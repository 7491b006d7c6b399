"""One row by its path, without the index of all paths, which takes long to make for a few questions."""

from __future__ import annotations

import numpy as np

from ckptgui.core.tensors import Path, TensorTable


def row_at(table: TensorTable, path: Path) -> int | None:
    """The first row whose path this is, or None."""
    if not path or path[:-1] not in table.containers:
        return None
    rows = np.flatnonzero(table.container == table.containers.index(path[:-1]))
    return next((row for row in rows.tolist() if table.names[row] == path[-1]), None)
