"""A short list of tensors: glyph, name, size and a bar; each row leads to its tensor."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from ckptgui.core.checkpoint import Checkpoint, Role
from ckptgui.core.display import display
from ckptgui.core.optimizers.slots import SlotMap
from ckptgui.core.tensors import Path
from ckptgui.core.tree.build import ROLES, Tree
from ckptgui.gui.labels import Pressable, draw_focus, plain_tooltip
from ckptgui.gui.numbers import shape_text, size, tr
from ckptgui.gui.theme import theme, theme_signal, ui_font
from ckptgui.gui.tree.glyphs import tensor_glyph

ROW = 23
_BAR = 88


class TensorRow(Pressable):
    """One tensor. ``share`` is its size against the largest of the list."""

    def __init__(
        self, path: Path, name: str, shape: tuple[int, ...], nbytes: int, share: float, role: Role, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.path = path
        self._name, self._shape, self._role, self._share = display(name), shape, role, share
        self._number, self._unit = size(nbytes)
        self.setFont(ui_font())
        self.setFixedHeight(ROW)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setText(self._name)
        self.setShortcut("")
        self.setToolTip(plain_tooltip(f"{display(' › '.join(path), 1024)}\n{shape_text(shape)}"))
        self.setAccessibleName(f"{self._name}, {self._number} {self._unit}")
        theme_signal().changed.connect(self.update)

    def sizeHint(self) -> QSize:
        """How large it would like to be."""
        return QSize(220, ROW)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint."""
        t, painter = theme(), QPainter(self)
        if self.underMouse():
            painter.fillRect(self.rect(), t.hover)
        painter.setFont(self.font())
        metrics = QFontMetrics(self.font())
        bar = _BAR if self.width() > 330 else 0
        unit = metrics.horizontalAdvance("MiB")
        right = self.width() - (bar + 8 if bar else 2)
        number_right = right - unit - 4
        number_left = number_right - metrics.horizontalAdvance(self._number)
        tensor_glyph(painter, QPointF(8, ROW / 2), self._shape, t.role(self._role))
        painter.setPen(t.text)
        room = max(20, number_left - 12 - 24)
        centre = Qt.AlignmentFlag.AlignVCenter
        name = metrics.elidedText(self._name, Qt.TextElideMode.ElideMiddle, room)
        painter.drawText(QRectF(24, 0, room, ROW), centre, name)
        painter.drawText(QRectF(0, 0, number_right, ROW), centre | Qt.AlignmentFlag.AlignRight, self._number)
        painter.setPen(t.text2)
        painter.drawText(QRectF(number_right + 4, 0, unit + 2, ROW), centre, self._unit)
        if bar:
            width = max(2.0, self._share * bar)
            painter.fillRect(QRectF(self.width() - bar, (ROW - 7) / 2, width, 7), t.role(self._role))
        if self.hasFocus():
            draw_focus(painter, self.rect())


class TensorList(QWidget):
    """Rows in the order given."""

    link_activated = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 2, 0, 0)
        self._layout.setSpacing(0)
        self.rows: list[TensorRow] = []

    def set_rows(
        self,
        checkpoint: Checkpoint,
        tree: Tree,
        nodes: Sequence[int],
        prefix: str = "",
        slots: SlotMap | None = None,
    ) -> None:
        """List the tensors at these nodes; ``prefix`` is left away in front of their names.

        Where ``slots`` are known an optimizer's tensor is named by its parameter: ``exp_avg of fc.weight``.
        """
        for row in self.rows:
            row.hide()
            row.deleteLater()
        self.rows = []
        owners = {node: slots.parameter_of(int(tree.row[node])) if slots else None for node in nodes}
        named = [node for node in nodes if owners[node] is None]
        several = len({checkpoint.section_of(int(tree.row[node])) for node in named}) > 1
        most = max((int(tree.nbytes[node]) for node in nodes), default=0)
        for node in nodes:
            info, owner = checkpoint.info(int(tree.row[node])), owners[node]
            nbytes, role = int(tree.nbytes[node]), ROLES[int(tree.role[node])]
            if owner is not None and slots is not None:
                of = tree.bare_name(owner)
                name = tr("{0} of {1}").format(slots.name(info.index), of)
            else:
                name = tree.bare_name(info.index).removeprefix(prefix) or info.name
                section = checkpoint.section_of(info.index)
                if several and section is not None:
                    name = " › ".join((*section.path[: len(info.path) - 1], name))
            row = TensorRow(info.path, name, info.shape, nbytes, nbytes / max(1, most), role, self)
            row.clicked.connect(lambda _=False, path=info.path: self.link_activated.emit(path))
            self._layout.addWidget(row)
            row.show()
            self.rows.append(row)


def largest_tensors(tree: Tree, node: int, count: int) -> list[int]:
    """The nodes of the largest tensors below ``node``, largest first, saved order among equals."""
    start, stop = node, int(tree.end[node])
    nodes = np.flatnonzero(tree.row[start:stop] >= 0) + start
    sizes = tree.nbytes[nodes]
    if len(nodes) > 4 * count:
        keep = np.argpartition(sizes, len(sizes) - 2 * count)[len(sizes) - 2 * count :]
        threshold = sizes[keep].min()
        above = np.flatnonzero(sizes > threshold)
        equal = np.flatnonzero(sizes == threshold)[: 2 * count]
        chosen = np.sort(np.concatenate([above, equal]))
        nodes, sizes = nodes[chosen], sizes[chosen]
    order = np.argsort(-sizes, kind="stable")[:count]
    return [int(node) for node in nodes[order] if tree.nbytes[node] > 0]
