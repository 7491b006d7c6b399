"""Which element types a part of the file has: one stacked bar in slates by width, each labelled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from ckptgui.core.display import display
from ckptgui.core.dtypes import DType, Kind
from ckptgui.core.tree.build import Tree
from ckptgui.gui.inspector.flow import FlowLayout, grow_with_lines
from ckptgui.gui.labels import PlainLabel
from ckptgui.gui.numbers import counted, percent, size_text
from ckptgui.gui.theme import theme, theme_signal

_SLATES = {32: ("#434F5E", "#ABBBD3"), 16: ("#687482", "#8593A8"), 8: ("#8A949F", "#69758A")}
_BAR = 10


@dataclass(frozen=True)
class DTypeShare:
    """What one element type takes."""

    dtype: DType
    tensors: int
    nbytes: int


def dtype_shares(tree: Tree, node: int) -> list[DTypeShare]:
    """The element types below ``node``, most bytes first."""
    table = tree.checkpoint.tensors
    if tree.dtypes[node] == 1:
        only = table.dtypes[tree.dtype[node]]
        return [DTypeShare(only, int(tree.tensors[node]), int(tree.nbytes[node]))]
    part = slice(node, int(tree.end[node]))
    nodes = np.flatnonzero(tree.row[part] >= 0) + node
    types = table.dtype[tree.row[nodes]]
    counts = np.bincount(types, minlength=len(table.dtypes))
    sizes = np.bincount(types, weights=tree.nbytes[nodes].astype(np.float64), minlength=len(table.dtypes))
    shares = [DTypeShare(d, int(c), int(s)) for d, c, s in zip(table.dtypes, counts, sizes) if c]
    return sorted(shares, key=lambda share: -share.nbytes)


def slate(dtype: DType) -> QColor:
    """The grey of a width; wider is nearer to the text."""
    width = 32 if dtype.bits >= 32 else 16 if dtype.bits >= 16 else 8
    return QColor(_SLATES[width][1 if theme().dark else 0])


def _is_integer(dtype: DType) -> bool:
    return dtype.kind in (Kind.SIGNED, Kind.UNSIGNED, Kind.BOOL)


def fill(painter: QPainter, rect: QRectF, dtype: DType) -> None:
    """Paint a type's patch: plain, or hatched for integers."""
    colour = slate(dtype)
    if not _is_integer(dtype):
        painter.fillRect(rect, colour)
        return
    painter.fillRect(rect, theme().panel)
    painter.fillRect(rect, QBrush(colour, Qt.BrushStyle.BDiagPattern))
    painter.setPen(colour)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(rect.adjusted(0.5, 0.5, -0.5, -0.5))


class _Bar(QWidget):
    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.shares: Sequence[DTypeShare] = ()
        self.setFixedHeight(_BAR)
        theme_signal().changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint."""
        painter = QPainter(self)
        total = sum(share.nbytes for share in self.shares)
        left = 0.0
        for share in self.shares:
            width = self.width() * share.nbytes / max(1, total)
            if width >= 0.5:
                fill(painter, QRectF(left, 0, max(1.0, width - 1), _BAR), share.dtype)
            left += width


class _Patch(QWidget):
    def __init__(self, dtype: DType, parent: QWidget) -> None:
        super().__init__(parent)
        self._dtype = dtype
        self.setFixedSize(QSize(8, 8))
        theme_signal().changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint."""
        fill(QPainter(self), QRectF(self.rect()), self._dtype)


class DTypeBar(QWidget):
    """The bar and, below, what each patch stands for."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.setSpacing(6)
        self._bar = _Bar(self)
        layout.addWidget(self._bar)
        self._legend = FlowLayout(None, gap=16, leading=2)
        layout.addLayout(self._legend)
        grow_with_lines(self)

    def set_shares(self, shares: Sequence[DTypeShare]) -> None:
        """Show other shares."""
        self._bar.shares = shares
        self._bar.update()
        self._legend.clear()
        total = sum(share.nbytes for share in shares)
        texts = []
        for share in shares:
            entry = QWidget(self)
            row = QHBoxLayout(entry)
            row.setContentsMargins(0, 0, 0, 0)
            row.setSpacing(6)
            row.addWidget(_Patch(share.dtype, entry), 0, Qt.AlignmentFlag.AlignVCenter)
            row.addWidget(PlainLabel(display(str(share.dtype)), entry))
            parts = [counted(share.tensors, "tensor", "tensors"), size_text(share.nbytes)]
            if len(shares) > 1:
                parts.append(percent(share.nbytes, total))
            row.addWidget(PlainLabel(", ".join(parts), entry, colour="text2"))
            texts.append(f"{share.dtype}: {', '.join(parts)}")
            self._legend.addWidget(entry)
            entry.show()
        self._bar.setAccessibleName("; ".join(texts))
        self.updateGeometry()
