"""What can be done with the values that are seen: copy those that are selected, save them or the whole tensor."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, QPoint
from PySide6.QtWidgets import QMenu, QWidget

from ckptgui.engine.views import sliced
from ckptgui.gui.inspector.lower_tab import LookedAt
from ckptgui.gui.inspector.slices import Slice
from ckptgui.gui.inspector.values.jumps import ValuesJumps
from ckptgui.gui.inspector.values.saving import ValuesSaving
from ckptgui.gui.inspector.values.table import ValuesTable
from ckptgui.gui.labels import LinkLabel, plain_tooltip
from ckptgui.gui.numbers import shape_text, tr


class ValuesActions(QObject):
    """Two links, ``copy`` and ``save``, and the table's menu."""

    def __init__(self, table: ValuesTable, jumps: ValuesJumps, saving: ValuesSaving, parent: QWidget) -> None:
        super().__init__(parent)
        self._parent = parent
        self._table, self._jumps, self._saving = table, jumps, saving
        self._looked_at: LookedAt | None = None
        self.slice = Slice(-1, -1, ())
        self.copy = LinkLabel(tr("Copy as"), parent, pixels=12)
        self.save = LinkLabel(tr("Save"), parent, pixels=12)
        self.copy.setToolTip(plain_tooltip(tr("Copy the selected values as text or as a Python literal")))
        self.save.setToolTip(plain_tooltip(tr("Save the values as .npy or CSV")))
        self.copy.clicked.connect(lambda: self._below(self.copy, self._add_copies))
        self.save.clicked.connect(self._on_save)
        table.menu_wanted.connect(self.open_menu)

    def set_tensor(self, looked_at: LookedAt | None) -> None:
        """Work with another tensor; None where there are no values."""
        self._looked_at = looked_at
        for link in (self.copy, self.save):
            link.setVisible(looked_at is not None)

    def open_menu(self, at: QPoint) -> None:
        """Offer everything."""
        menu = self._menu()
        self._add_copies(menu)
        menu.addSeparator()
        if not self._jumps.steps.isHidden():
            menu.addAction(tr("Go to first NaN"), self._jumps.first)
            menu.addAction(tr("Go to next NaN\tF3"), partial(self._jumps.step, backward=False))
            menu.addAction(tr("Go to previous NaN\tShift+F3"), partial(self._jumps.step, backward=True))
        if not self._jumps.largest.isHidden():
            menu.addAction(tr("Go to largest value"), partial(self._jumps.go, "largest"))
            menu.addAction(tr("Go to smallest value"), partial(self._jumps.go, "smallest"))
            menu.addAction(tr("Go to largest magnitude"), partial(self._jumps.go, "magnitude"))
        menu.addSeparator()
        self._add_saves(menu)
        menu.popup(at)

    def _menu(self) -> QMenu:
        menu = QMenu(self._parent)
        menu.aboutToHide.connect(menu.deleteLater)
        return menu

    def _below(self, link: QWidget, add: object) -> None:
        menu = self._menu()
        assert callable(add)
        add(menu)
        menu.popup(link.mapToGlobal(link.rect().bottomLeft()))

    def _add_copies(self, menu: QMenu) -> None:
        acts = [
            menu.addAction(tr("Copy as text\tCtrl+C"), self._table.copy_selection),
            menu.addAction(tr("Copy as Python literal"), partial(self._table.copy_selection, literal=True)),
        ]
        for act in acts:
            act.setEnabled(self._table.chosen() is not None)

    def _add_saves(self, menu: QMenu) -> None:
        looked_at = self._looked_at
        if looked_at is None:
            return
        if len(looked_at.info.shape) > 2:
            part = sliced(looked_at.info, *self.slice.part())
            menu.addAction(tr("Save this slice, {0}…").format(shape_text(part.shape)), self.save_slice)
        whole = tr("Save the tensor, {0}…").format(shape_text(looked_at.info.shape))
        menu.addAction(whole, self.save_tensor)

    def _on_save(self) -> None:
        if self._looked_at is not None and len(self._looked_at.info.shape) > 2:
            self._below(self.save, self._add_saves)
        else:
            self.save_tensor()

    def save_slice(self) -> None:
        """Ask where to write what the table shows, all pages together."""
        if self._looked_at is not None:
            index, order = self.slice.part()
            named = "-".join(str(where) for where in index if isinstance(where, int))
            part = sliced(self._looked_at.info, index, order)
            self._saving.ask(part, f"-at-{named}", self._looked_at.pool, self._looked_at.checkpoint)

    def save_tensor(self) -> None:
        """Ask where to write the whole tensor."""
        if self._looked_at is not None:
            self._saving.ask(self._looked_at.info, "", self._looked_at.pool, self._looked_at.checkpoint)
