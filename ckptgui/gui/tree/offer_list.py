"""The list below the filter: what may be typed next, each with what it means. The keys stay with the field."""

from __future__ import annotations

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent, QPainter, QPalette
from PySide6.QtWidgets import (
    QFrame,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from ckptgui.core.display import display
from ckptgui.core.tree.offers import Offer, Offers
from ckptgui.gui.numbers import tr
from ckptgui.gui.theme import ROW, mono_font, theme, theme_signal, ui_font
from ckptgui.gui.tree.scroll_bar import WIDTH, SlimScrollBar

MOST_ROWS = 10
_PAD = 10
_GAP = 16
_NOWHERE = QModelIndex()
Index = QModelIndex | QPersistentModelIndex


class OfferList(QListView):
    """Lies over what is below ``field`` and never takes the focus. ``taken`` carries the offer and its place."""

    taken = Signal(object, object)

    def __init__(self, field: QWidget) -> None:
        super().__init__(field)
        self._field = field
        self._offers: Offers | None = None
        self._rows = _Rows(self)
        self.setModel(self._rows)
        self._rows_delegate = _Delegate(self)
        self.setItemDelegate(self._rows_delegate)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setFrameStyle(QFrame.Shape.Box | QFrame.Shadow.Plain)
        self.setMouseTracking(True)
        self.setUniformItemSizes(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBar(SlimScrollBar(self))
        self.setAccessibleName(tr("What can be typed here"))
        self.hide()
        self.clicked.connect(lambda index: self._take(index.row()))
        theme_signal().changed.connect(self._dress)
        self._dress()

    def _dress(self) -> None:
        palette = self.palette()
        palette.setColor(QPalette.ColorRole.WindowText, theme().strong)
        palette.setColor(QPalette.ColorRole.Base, theme().panel)
        self.setPalette(palette)

    def offered(self) -> list[str]:
        """The texts on offer."""
        return [offer.text for offer in self._rows.offers] if self.isVisible() else []

    def show_offers(self, offers: Offers | None) -> None:
        """Show these below the field; nothing, if there are none."""
        self._offers = offers
        if offers is None:
            self.hide()
            return
        self._rows.show(offers.some)
        window = self._field.window()
        self.setParent(window)  # over whatever is below the field, and not cut off by its edges
        corner = self._field.mapTo(window, QPoint(0, self._field.height() + 2))
        count = len(offers.some)
        width = self._rows_delegate.width() + 2 * self.frameWidth() + (WIDTH if count > MOST_ROWS else 0)
        height = min(count, MOST_ROWS) * ROW + 2 * self.frameWidth()
        self.setGeometry(corner.x(), corner.y(), min(width, window.width() - corner.x() - 8), height)
        self.setCurrentIndex(_NOWHERE)
        self.scrollToTop()
        self.show()
        self.raise_()

    def press(self, event: QKeyEvent) -> bool:
        """A key in the field: arrows choose, Enter takes, Escape closes; False where that is not for the list."""
        row = self.currentIndex().row()
        if event.key() == Qt.Key.Key_Escape:
            self.hide()
            return True
        if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Up):
            step = 1 if event.key() == Qt.Key.Key_Down else -1
            self.setCurrentIndex(self._rows.index((row + step) % self._rows.rowCount()))
            return True
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if row >= 0:
                self._take(row)
                return True
            self.hide()
        return False

    def take(self) -> bool:
        """Take what is chosen, else the first; False where nothing is offered."""
        if not self.isVisible():
            return False
        self._take(max(0, self.currentIndex().row()))
        return True

    def _take(self, row: int) -> None:
        offers = self._offers
        self.hide()
        if offers is not None:
            self.taken.emit(offers.some[row], offers)


class _Rows(QAbstractListModel):
    """The offers as rows."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.offers: tuple[Offer, ...] = ()

    def show(self, offers: tuple[Offer, ...]) -> None:
        self.beginResetModel()
        self.offers = offers
        self.endResetModel()

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self.offers)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        offer = self.offers[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return display(offer.text, 60)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{display(offer.text, 60)}, {tr(offer.about)}"
        return None


class _Delegate(QStyledItemDelegate):
    """What can be typed in the field's own font, and what it means beside it, in one column."""

    def __init__(self, parent: OfferList) -> None:
        super().__init__(parent)
        self._list = parent

    def _split(self) -> int:
        rows, metrics = self._list.model(), QFontMetrics(mono_font())
        texts = (str(rows.index(row, 0).data()) for row in range(rows.rowCount()))
        return _PAD + max(map(metrics.horizontalAdvance, texts), default=0) + _GAP

    def width(self) -> int:
        """What the widest row needs."""
        rows, metrics = self._list.model(), QFontMetrics(ui_font())
        abouts = (self._about(rows.index(row, 0)) for row in range(rows.rowCount()))
        return self._split() + max(map(metrics.horizontalAdvance, abouts), default=0) + _PAD + 2

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(_PAD, ROW)

    def _about(self, index: Index) -> str:
        rows = self._list.model()
        return tr(rows.offers[index.row()].about) if isinstance(rows, _Rows) else ""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        t, rect = theme(), option.rect
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        over = bool(option.state & QStyle.StateFlag.State_MouseOver)
        painter.fillRect(rect, t.sel if chosen else t.hover if over else t.panel)
        middle = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        painter.setFont(mono_font())
        painter.setPen(t.text)
        painter.drawText(rect.adjusted(_PAD, 0, 0, 0), middle, str(index.data()))
        painter.setFont(ui_font())
        painter.setPen(t.text2)
        room = rect.adjusted(self._split(), 0, -_PAD, 0)
        about = QFontMetrics(ui_font()).elidedText(self._about(index), Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, middle, about)
