"""What can be done with the map: fold, choose epochs, copy it, save it as a picture, a drawing or a table."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from pathlib import PurePath

from PySide6.QtCore import QObject, QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QMenu

from ckptgui.core.display import display
from ckptgui.engine.job import Cancel, Report
from ckptgui.errors import CheckpointError
from ckptgui.gui.compare.layers.canvas import NAMES
from ckptgui.gui.compare.layers.figures import TITLES, exact_text
from ckptgui.gui.compare.layers.files import Sheet, image, svg, table
from ckptgui.gui.compare.layers.map import LayersMap
from ckptgui.gui.compare.layers.words import row_name
from ckptgui.gui.compare.words import member_words
from ckptgui.gui.dialogs import file_dialog
from ckptgui.gui.jobs import Background
from ckptgui.gui.labels import PlainLabel
from ckptgui.gui.numbers import tr
from ckptgui.gui.paper import png


class MapSaving(QObject):
    """The menu of the map. ``told`` says below it where something was saved, or why it was not."""

    def __init__(self, background: Background, view: LayersMap) -> None:
        super().__init__(view)
        self._view = view
        self._lane = background.lane(self)
        self._folder = ""
        self.told = PlainLabel("", view.parentWidget(), colour="text2", pixels=11, wrap=True, selectable=True)
        self.told.setContentsMargins(12, 0, 12, 6)
        self.told.hide()

    def quiet(self) -> None:
        """What was told goes."""
        self.told.hide()

    def open_menu(self, at: QPoint) -> None:
        """Show the menu at a place of the screen."""
        menu = self.menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(at)

    def menu(self) -> QMenu:
        """What can be done at the cursor, and with the whole."""
        menu = QMenu(self._view)
        self._add_place(menu)
        for text, act in (
            (tr("Fold all blocks"), lambda: self._view.fold_all(True)),
            (tr("Unfold all"), lambda: self._view.fold_all(False)),
            ("", None),
            (tr("Copy table") + "\tCtrl+C", self.copy_table),
            (tr("Copy picture"), self.copy_picture),
            (tr("Save map as PNG…"), self.save_png),
            (tr("Save map as SVG…"), self.save_svg),
            (tr("Save data as CSV…"), self.save_csv),
        ):
            if act is None:
                menu.addSeparator()
            else:
                menu.addAction(text).triggered.connect(act)
        return menu

    def _add_place(self, menu: QMenu) -> None:
        view = self._view
        if view.cursor_place is None:
            return
        row, column = view.cursor_place
        source, comparison = view.source, view.comparison
        node = int(source.rows.nodes[row])
        menu.addAction(tr("Select {0}").format(row_name(source, row, 40))).triggered.connect(
            lambda: comparison.select(node)
        )
        if column != NAMES:
            name = member_words(comparison.series, column)
            readable = column in comparison.series.whole
            for text, first in ((tr("Make {0} A"), True), (tr("Make {0} B"), False)):
                action = menu.addAction(text.format(name))
                action.setEnabled(readable)
                action.triggered.connect(lambda _=False, first=first: view.take_end(column, first=first))
            value = float(source.layers.values[row, column])
            copy = menu.addAction(tr("Copy {0}").format(tr("value") if math.isnan(value) else exact_text(value)))
            copy.setEnabled(not math.isnan(value))
            copy.triggered.connect(lambda: QGuiApplication.clipboard().setText(exact_text(value)))
        if source.rows.folded[row]:
            menu.addAction(tr("Unfold") + "\t+").triggered.connect(lambda: view.unfold(row))
        elif module := source.around(row):
            name = display(source.outline.path(module), 40)
            menu.addAction(tr("Fold {0}").format(name) + "\t−").triggered.connect(lambda: view.fold(row))
        menu.addSeparator()

    def sheet(self) -> Sheet | None:
        """The map as it is now, all of it, on paper."""
        view, source = self._view, self._view.source
        series = view.comparison.series
        if not len(source.rows) or not series.members:
            return None
        members = tuple(member_words(series, member) for member in range(len(series.members)))
        return Sheet(TITLES[source.figure.key], members, view.scene(), source.scale)

    def copy_table(self) -> None:
        """Put all rows on the clipboard, columns apart by tabs as spreadsheets take them."""
        sheet = self.sheet()
        if sheet is not None:
            self._lane.start(
                lambda _, __: table(sheet, "\t"), lambda text: QGuiApplication.clipboard().setText(text)
            )

    def copy_picture(self) -> None:
        """Put the picture on the clipboard."""
        sheet = self.sheet()
        if sheet is not None:
            self._lane.start(lambda _, __: image(sheet), lambda made: QGuiApplication.clipboard().setImage(made))

    def save_png(self) -> None:
        """Ask where to, and save the picture."""
        self._ask(tr("Save map as PNG"), "png", tr("PNG picture"), lambda sheet: png(image(sheet)))

    def save_svg(self) -> None:
        """Ask where to, and save the drawing."""
        self._ask(tr("Save map as SVG"), "svg", tr("SVG drawing"), svg)

    def save_csv(self) -> None:
        """Ask where to, and save the table."""
        self._ask(tr("Save data as CSV"), "csv", tr("CSV table"), lambda sheet: table(sheet).encode())

    def _ask(self, title: str, suffix: str, kind: str, content: Callable[[Sheet], bytes]) -> None:
        sheet, view = self.sheet(), self._view
        if sheet is None:
            return
        folder = self._folder or os.path.dirname(view.comparison.series.members[0].path)  # noqa: PTH120
        dialog = file_dialog(view.window(), title, folder)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters([f"{kind} (*.{suffix})"])
        dialog.setDefaultSuffix(suffix)
        dialog.selectFile(f"layers {sheet.title.lower()}.{suffix}".replace(",", ""))
        dialog.fileSelected.connect(lambda target: self.write(target, lambda: content(sheet)))
        dialog.open()

    def write(self, target: str, content: Callable[[], bytes]) -> None:
        """Make and write a file off this thread; whoever chose it has agreed to replace what is there."""
        self._folder = os.path.dirname(target)  # noqa: PTH120

        def work(_: Cancel, __: Report) -> None:
            from ckptgui.export.atomic import write_file

            data = content()
            write_file(target, lambda output: output.write(data), nbytes=len(data), force=True)

        name = display(PurePath(target).name)
        self._lane.start(
            work, lambda _: self._tell(tr("Saved as {0}.").format(name)), lambda error: self._failed(name, error)
        )

    def _failed(self, name: str, error: CheckpointError) -> None:
        self._tell(tr("{0} could not be written. {1}").format(name, display(error, 400)), failed=True)

    def _tell(self, text: str, *, failed: bool = False) -> None:
        self.told.set_colour("danger" if failed else "text2")
        self.told.setText(text)
        self.told.show()
