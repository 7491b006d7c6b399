"""Where the bytes of a file go: its sections, below them what is in each; what no tensor reaches is hatched."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QBrush, QColor, QFont, QFontMetrics, QHelpEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QToolTip, QVBoxLayout, QWidget

from ckptgui.core.checkpoint import Checkpoint, Role
from ckptgui.core.display import display
from ckptgui.core.sharing import unreached_bytes
from ckptgui.core.tensors import Path
from ckptgui.core.tree import ROLES, NodeKind, Tree
from ckptgui.gui.inspector.flow import FlowLayout, grow_with_lines
from ckptgui.gui.labels import SEMIBOLD, PlainLabel, plain_tooltip
from ckptgui.gui.numbers import counted, percent, size_text, tr
from ckptgui.gui.theme import theme, theme_signal, ui_font

_TOP, _BELOW = 27, 22
_MAX_PARTS = 400
"""Parts of a section that are told apart; below that they would be thinner than a pixel."""


_MAX_SLOTS = 24


@dataclass(frozen=True)
class Part:
    """A stretch of the bar and where a click leads."""

    label: str
    nbytes: int
    tensors: int
    role: Role | None  # None: reached by no tensor
    path: Path | None = None
    parts: tuple[Part, ...] = ()


def byte_parts(checkpoint: Checkpoint, tree: Tree) -> list[Part]:
    """The sections of a file in saved order, then what no tensor reaches, then everything else."""
    found = []
    for child in tree.children(0):
        if not tree.tensors[child]:
            continue
        role = ROLES[int(tree.role[child])]
        label = tree.labels[child]
        found.append(_part(tree, child, label, role, _children(tree, child, role)))
    if len(found) > 24 or all(tree.kind[child] != NodeKind.SECTION for child in tree.children(0)):
        found = _one_section(tree, found)
    table = checkpoint.tensors
    wasted = int(unreached_bytes(table).sum()) if len(table.extents) else 0
    if wasted:
        found.append(Part(tr("Seen by no tensor"), wasted, 0, None))
    return found


def _part(tree: Tree, node: int, label: str, role: Role, parts: tuple[Part, ...] = ()) -> Part:
    return Part(display(label), int(tree.nbytes[node]), int(tree.tensors[node]), role, tree.path(node), parts)


def _one_section(tree: Tree, children: list[Part]) -> list[Part]:
    """A bare state dict has no section rows; its modules are then the second level of the one section."""
    role = max(children, key=lambda part: part.nbytes).role if children else Role.OTHER
    return [Part("", int(tree.nbytes[0]), int(tree.tensors[0]), role, (), tuple(children[:_MAX_PARTS]))]


def _children(tree: Tree, node: int, role: Role) -> tuple[Part, ...]:
    """What is in a section; a list of numbered modules that is most of it stands for its members."""
    if role is Role.OPTIMIZER:
        return _slots(tree, node)
    parts: list[Part] = []
    for child in tree.children(node)[:_MAX_PARTS]:
        inner = tree.children(child) if tree.is_branch(child) else []
        numbered = len(inner) > 1 and all(tree.labels[i].isdecimal() for i in inner[:8])
        if numbered and len(inner) <= _MAX_PARTS and tree.nbytes[child] * 3 > tree.nbytes[node]:
            parts += [_part(tree, i, tree.labels[i], role) for i in inner]
        else:
            label = tree.labels[child]
            parts.append(_part(tree, child, label.partition(".")[0] if tree.row[child] >= 0 else label, role))
    return tuple(part for part in parts if part.nbytes)


def _slots(tree: Tree, node: int) -> tuple[Part, ...]:
    """An optimizer's bytes by slot (``exp_avg``, ``exp_avg_sq``), which says more than by parameter."""
    table = tree.checkpoint.tensors
    part = slice(node, int(tree.end[node]))
    nodes = np.flatnonzero(tree.row[part] >= 0) + node
    sizes: dict[str, list[int]] = {}
    for row, nbytes in zip(tree.row[nodes].tolist(), tree.nbytes[nodes].tolist()):
        entry = sizes.setdefault(table.names[row], [0, 0])
        entry[0] += nbytes
        entry[1] += 1
        if len(sizes) > _MAX_SLOTS:
            return ()
    return tuple(Part(display(name), size, count, Role.OPTIMIZER) for name, (size, count) in sizes.items() if size)


def role_title(role: Role) -> str:
    """What a section is for, as a heading."""
    return {
        Role.MODEL: tr("Model"),
        Role.EMA: tr("EMA"),
        Role.OPTIMIZER: tr("Optimizer"),
        Role.SCHEDULER: tr("Scheduler"),
        Role.SCALER: tr("Scaler"),
        Role.RNG: tr("Random state"),
        Role.OTHER: "",
    }[role]


class _Bar(QWidget):
    """The two levels, painted. A click leads to the part under it."""

    link_activated = Signal(object)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.parts: list[Part] = []
        self._places: list[tuple[QRectF, Part]] = []
        self.setFixedHeight(_TOP + 1 + _BELOW)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)
        theme_signal().changed.connect(self.update)

    def places(self) -> list[tuple[QRectF, Part]]:
        """Where each part stands, the second level after the first."""
        total = sum(part.nbytes for part in self.parts)
        found: list[tuple[QRectF, Part]] = []
        if not total or self.width() <= 0:
            return found
        least = 3.0
        widths = np.array([max(least, self.width() * part.nbytes / total) for part in self.parts])
        widths *= self.width() / widths.sum()
        edges = np.round(np.concatenate([[0.0], np.cumsum(widths)]))
        for part, left, right in zip(self.parts, edges[:-1].tolist(), edges[1:].tolist()):
            gap = 1 if right < self.width() else 0
            single = not part.parts
            found.append((QRectF(left, 0, max(1.0, right - left - gap), self.height() if single else _TOP), part))
            inside = sum(inner.nbytes for inner in part.parts)
            x = 0.0
            for inner in part.parts:
                begin = round(left + (right - left) * x / inside)
                x += inner.nbytes
                end = round(left + (right - left) * x / inside)
                if end > begin:
                    wide = max(1.0, float(end - begin) - (1 if end - begin > 3 or end == right else 0))
                    found.append((QRectF(begin, _TOP + 1, wide, _BELOW), inner))
        return found

    def part_at(self, x: float, y: float) -> Part | None:
        """The part at a place of the widget."""
        return next((part for rect, part in self.places() if rect.contains(x, y)), None)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint."""
        t, painter = theme(), QPainter(self)
        first = {id(part) for part in self.parts}
        for rect, part in self.places():
            if part.role is None:
                painter.fillRect(rect, t.panel)
                painter.fillRect(rect, QBrush(t.text2, Qt.BrushStyle.BDiagPattern))
            elif id(part) in first:
                painter.fillRect(rect, t.role(part.role))
                self._first(painter, rect, part)
            else:
                painter.fillRect(rect, t.role_pale(part.role))
                self._second(painter, rect, part.label)

    def _first(self, painter: QPainter, rect: QRectF, part: Part) -> None:
        title = role_title(part.role or Role.OTHER) or part.label
        font, plain = ui_font(13, SEMIBOLD), ui_font(13)
        room = rect.width() - 16
        if room < 24:
            return
        ink = theme().on_role[part.role or Role.OTHER]
        text = QFontMetrics(font).elidedText(title, Qt.TextElideMode.ElideRight, int(room))
        taken = QFontMetrics(font).horizontalAdvance(text)
        line = rect.adjusted(8, 0, -8, 0)
        centre = Qt.AlignmentFlag.AlignVCenter
        painter.setFont(font)
        painter.setPen(ink)
        painter.drawText(line, centre, text)
        number = size_text(part.nbytes)
        if text == title and taken + 8 + QFontMetrics(plain).horizontalAdvance(number) <= room:
            painter.setFont(plain)
            painter.drawText(line.adjusted(taken + 8, 0, 0, 0), centre, number)

    def _second(self, painter: QPainter, rect: QRectF, label: str) -> None:
        font = ui_font(11, QFont.Weight.Medium)
        metrics = QFontMetrics(font)
        painter.setFont(font)
        painter.setPen(theme().text)
        needed = metrics.horizontalAdvance(label)
        if needed + 4 <= rect.width():
            wide = needed + 16 <= rect.width() and not label.isdecimal()
            flag = Qt.AlignmentFlag.AlignLeft if wide else Qt.AlignmentFlag.AlignHCenter
            painter.drawText(
                rect.adjusted(8, 0, 0, 0) if wide else rect, flag | Qt.AlignmentFlag.AlignVCenter, label
            )
        elif rect.width() > 44:
            text = metrics.elidedText(label, Qt.TextElideMode.ElideRight, int(rect.width()) - 12)
            painter.drawText(rect.adjusted(8, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, text)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        part = self.part_at(event.position().x(), event.position().y())
        if part is not None and part.path is not None and event.button() == Qt.MouseButton.LeftButton:
            self.link_activated.emit(part.path)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        part = self.part_at(event.position().x(), event.position().y())
        leads = part is not None and part.path is not None
        self.setCursor(Qt.CursorShape.PointingHandCursor if leads else Qt.CursorShape.ArrowCursor)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            part = self.part_at(event.pos().x(), event.pos().y())
            if part is not None:
                total = sum(each.nbytes for each in self.parts)
                lines = [part.label, f"{size_text(part.nbytes)}, {percent(part.nbytes, total)}"]
                if part.tensors:
                    lines.append(counted(part.tensors, "tensor", "tensors"))
                QToolTip.showText(event.globalPos(), plain_tooltip("\n".join(filter(None, lines))), self)
            return True
        return super().event(event)


class _Patch(QWidget):
    """A square in the colour of what it stands for."""

    def __init__(self, role: Role | None, parent: QWidget) -> None:
        super().__init__(parent)
        self._role = role
        self.setFixedSize(QSize(8, 8))
        theme_signal().changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint."""
        painter, t = QPainter(self), theme()
        if self._role is None:
            painter.fillRect(self.rect(), QBrush(t.text2, Qt.BrushStyle.BDiagPattern))
            painter.setPen(QColor(t.text2))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        else:
            painter.fillRect(self.rect(), t.role(self._role))


class ByteBar(QWidget):
    """The bar and what its colours stand for."""

    link_activated = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        self.bar = _Bar(self)
        self.bar.link_activated.connect(self.link_activated)
        layout.addWidget(self.bar)
        self._legend = FlowLayout(None, gap=16, leading=2)
        layout.addLayout(self._legend)
        grow_with_lines(self)

    def set_parts(self, parts: list[Part]) -> None:
        """Show another file."""
        self.bar.parts = parts
        self.bar.update()
        self.bar.setVisible(bool(parts))
        total = sum(part.nbytes for part in parts)
        self._legend.clear()
        texts = []
        for part in parts[:8]:
            words = tr("seen by no tensor") if part.role is None else counted(part.tensors, "tensor", "tensors")
            if part.role is Role.OTHER and part.label:
                words = f"{part.label}, {words}"
            figure = size_text(part.nbytes) if part.role is None else percent(part.nbytes, total)
            entry = QWidget(self)
            row = QHBoxLayout(entry)
            row.setContentsMargins(0, 0, 0, 0)
            row.setSpacing(4)
            row.addWidget(_Patch(part.role, entry))
            row.addSpacing(2)
            row.addWidget(PlainLabel(f"{words},", entry, colour="text2", pixels=12))
            row.addWidget(PlainLabel(figure, entry, pixels=12))
            self._legend.addWidget(entry)
            entry.show()
            texts.append(f"{part.label or words}: {size_text(part.nbytes)}")
        self.bar.setAccessibleName("; ".join(texts))
        self.updateGeometry()
