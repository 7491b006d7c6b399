"""What a selection of cells comes to: one value with every digit, or how many, the range and the mean."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QObject, QTimer

from ckptgui.gui.inspector.cells import cell_text, exact_text, is_unusual
from ckptgui.gui.inspector.values.foot import ValuesFoot
from ckptgui.gui.inspector.values.model import Block, ValuesModel
from ckptgui.gui.inspector.values.table import MAX_COPIED, ValuesTable
from ckptgui.gui.numbers import counted, significant, tr

SETTLE_MS = 60
"""How long a selection stays as it is before it is read."""


class SelectionReader(QObject):
    """Follows the table's selection and tells the foot, once it has stayed the same for a moment."""

    def __init__(self, table: ValuesTable, model: ValuesModel, foot: ValuesFoot) -> None:
        super().__init__(table)
        self._table, self._model, self._foot = table, model, foot
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(SETTLE_MS)
        self._soon.timeout.connect(self._read)
        table.selectionModel().selectionChanged.connect(self._changed)
        model.modelReset.connect(self._changed)

    def _changed(self) -> None:
        self._foot.select("")
        self._soon.start()

    def _read(self) -> None:
        """What is too much to read for this is only counted."""
        chosen = self._table.chosen()
        if chosen is None:
            return
        rows, columns = chosen
        cells = len(rows) * len(columns)
        if cells > MAX_COPIED:
            self._foot.select(counted(cells, "value", "values"))
            return
        place = self._model.position(rows[0], columns[0])

        def tell(found: Block) -> None:
            values = [value for row in found for value in row] if cells == 1 else []
            one = [cell_text(value) if is_unusual(value) else exact_text(value) for value in values]
            self._foot.select(f"[{', '.join(map(str, place))}]  {one[0]}" if one else selection_text(found))

        self._model.read(rows, columns, tell, quietly=True)


def selection_text(rows: Sequence[np.ndarray]) -> str:
    """``12 values, −0.0210 to 0.0410, mean 0.0012``; what is not finite is counted apart."""
    values = np.concatenate([np.asarray(row).reshape(-1) for row in rows]) if rows else np.zeros(0)
    parts = [counted(values.size, "value", "values")]
    if values.dtype == bool:
        parts.append(tr("{0} true").format(significant(int(values.sum()))))
        return ", ".join(parts)
    if values.dtype.kind in "iu":
        low, high = int(values.min()), int(values.max())
        mean = float(np.mean(values, dtype=np.float64))
        return ", ".join([*parts, _range(low, high), tr("mean {0}").format(significant(mean))])
    if values.dtype.kind == "c" or values.dtype.name == "complex32":
        return parts[0]
    with np.errstate(invalid="ignore", over="ignore"):
        real = values.astype(np.float64)
        finite = real[np.isfinite(real)]
        if finite.size:
            parts.append(_range(float(finite.min()), float(finite.max())))
            parts.append(tr("mean {0}").format(significant(float(finite.mean()))))
    nan = int(np.isnan(real).sum())
    if nan:
        parts.append(tr("{0} NaN").format(significant(nan)))
    if real.size - finite.size - nan:
        parts.append(tr("{0} infinite").format(significant(int(real.size - finite.size - nan))))
    return ", ".join(parts)


def _range(low: float | int, high: float | int) -> str:
    return tr("{0} to {1}").format(significant(low), significant(high))
