"""A layout that puts widgets side by side and goes on in the next line, as words do."""

from __future__ import annotations

from PySide6.QtCore import QMargins, QPoint, QRect, QSize, Qt
from PySide6.QtWidgets import QLayout, QLayoutItem, QSizePolicy, QWidget


class FlowLayout(QLayout):
    """Left to right, then down. ``gap`` lies between neighbours, ``leading`` between lines."""

    def __init__(self, parent: QWidget | None = None, gap: int = 12, leading: int = 4) -> None:
        super().__init__(parent)
        self._items: list[QLayoutItem] = []
        self._gap, self._leading = gap, leading
        self._heights: dict[int, int] = {}
        self.setContentsMargins(QMargins())

    def addItem(self, item: QLayoutItem) -> None:
        """Append an item."""
        self._items.append(item)
        self._heights.clear()

    def count(self) -> int:
        """How many items there are."""
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:
        """One item, None beyond the last."""
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        """Give one item back."""
        self._heights.clear()
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def clear(self) -> None:
        """Delete all widgets."""
        while self._items:
            widget = self._items.pop().widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self.invalidate()

    def expandingDirections(self) -> Qt.Orientation:
        """Neither way."""
        return Qt.Orientation(0)

    def hasHeightForWidth(self) -> bool:
        """Lines depend on the width."""
        return True

    def heightForWidth(self, width: int) -> int:
        """How high the lines are; asked for again and again while what is around is laid out."""
        if width not in self._heights:
            self._heights[width] = self._place(QRect(0, 0, width, 0), move=False)
        return self._heights[width]

    def invalidate(self) -> None:
        """An item is another size now, or not shown."""
        self._heights.clear()
        super().invalidate()

    def setGeometry(self, rect: QRect) -> None:
        """Place all items. What is painted between them moves too."""
        super().setGeometry(rect)
        self._place(rect, move=True)
        parent = self.parentWidget()
        if parent is not None:
            parent.update()

    def sizeHint(self) -> QSize:
        """One line, if it were possible."""
        sizes = [item.sizeHint() for item in self._items]
        width = sum(size.width() for size in sizes) + self._gap * max(0, len(sizes) - 1)
        return QSize(width, max((size.height() for size in sizes), default=0))

    def minimumSize(self) -> QSize:
        """The widest item that cannot shrink."""
        width = max((item.minimumSize().width() for item in self._items), default=0)
        return QSize(width, max((item.sizeHint().height() for item in self._items), default=0))

    def _place(self, rect: QRect, *, move: bool) -> int:
        x, y, line = rect.x(), rect.y(), 0
        placed: list[tuple[QLayoutItem, QRect]] = []
        for item in self._items:
            widget = item.widget()
            if widget is not None and widget.isHidden():
                continue
            size = item.sizeHint()
            if x > rect.x() and x + size.width() > rect.right() + 1:
                _settle(placed, line)
                x, y, line = rect.x(), y + line + self._leading, 0
            width = min(size.width(), max(rect.width(), item.minimumSize().width()))
            if move:
                placed.append((item, QRect(QPoint(x, y), QSize(width, size.height()))))
            x += width + self._gap
            line = max(line, size.height())
        _settle(placed, line)
        return y + line - rect.y()


def _settle(placed: list[tuple[QLayoutItem, QRect]], line: int) -> None:
    """Put a line's items in the middle of its height."""
    for item, rect in placed:
        item.setGeometry(rect.translated(0, (line - rect.height()) // 2))
    placed.clear()


def grow_with_lines(widget: QWidget) -> None:
    """Let a widget be as high as the lines of its flow, no more."""
    policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
    policy.setHeightForWidth(True)
    widget.setSizePolicy(policy)
