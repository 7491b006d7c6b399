"""What can be done with the plot: save it as a picture, a drawing or a table, copy it, pin it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import PurePath
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMenu

from ckptgui.core.display import display
from ckptgui.gui.inspector.histogram.files import Sheet, image, svg, table
from ckptgui.gui.jobs import Background
from ckptgui.gui.numbers import counted, shape_text, tr
from ckptgui.gui.paper import png
from ckptgui.gui.saving import FileSaving

if TYPE_CHECKING:
    from ckptgui.gui.inspector.histogram.widget import Histogram


class PlotSaving(FileSaving):
    """The menu of one histogram."""

    def __init__(self, background: Background, owner: Histogram) -> None:
        super().__init__(background, owner)
        self._owner = owner

    def open_menu(self, at: QPoint) -> None:
        """Show the menu at a place of the screen."""
        menu = self.menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(at)

    def menu(self) -> QMenu:
        """What can be done."""
        owner = self._owner
        menu = QMenu(owner)
        for text, act in (
            (tr("Save plot as PNG…"), self.save_png),
            (tr("Save plot as SVG…"), self.save_svg),
            (tr("Save data as CSV…"), self.save_csv),
            ("", None),
            (tr("Copy picture"), self.copy_picture),
            (tr("Copy data"), self.copy_data),
            ("", None),
        ):
            if act is None:
                menu.addSeparator()
            else:
                menu.addAction(text).triggered.connect(act)
        series = owner.series
        held = series is not None and owner.pins.holds(series)
        pin = menu.addAction((tr("Unpin") if held else tr("Pin")) + "\tP")
        pin.setEnabled(held or not owner.pins.full)
        pin.triggered.connect(owner.toggle_pin)
        clear = menu.addAction(tr("Remove all pins"))
        clear.setEnabled(len(owner.pins) > 0)
        clear.triggered.connect(owner.pins.clear)
        menu.addAction(tr("Show all") + "\t0").triggered.connect(owner.show_all)
        return menu

    def sheet(self) -> Sheet | None:
        """The plot as it stands now, on paper."""
        series, picture = self._owner.series, self._owner.picture()
        if series is None or picture is None:
            return None
        facts = [display(PurePath(series.file).name)]
        if series.info is not None:
            facts += [shape_text(series.info.shape), str(series.info.dtype)]
        facts.append(counted(series.distribution.total, "finite value", "finite values"))
        if not picture.exact:
            facts.append(tr("bars approximate"))
        pins = [pin for pin in self._owner.pins if pin.series.key != series.key]
        names = [each.title(series) for each in (series, *(pin.series for pin in pins))]
        return Sheet(
            display("/".join(series.path)),
            " · ".join(facts),
            picture,
            series.role,
            tuple(names),
            tuple(pin.slot for pin in pins),
            tr("Modulus") if series.modulus else tr("Value"),
        )

    def copy_picture(self) -> None:
        """Put the picture on the clipboard."""
        sheet = self.sheet()
        if sheet is not None:
            QGuiApplication.clipboard().setImage(image(sheet))

    def copy_data(self) -> None:
        """Put the table on the clipboard, its columns apart by tabs as spreadsheets take them."""
        sheet = self.sheet()
        if sheet is not None:
            QGuiApplication.clipboard().setText(table(sheet, "\t"))

    def save_png(self) -> None:
        """Ask where to, and save the picture."""
        sheet = self.sheet()
        if sheet is not None:
            painted = image(sheet)
            self._ask(tr("Save plot as PNG"), "png", tr("PNG picture"), lambda: png(painted))

    def save_svg(self) -> None:
        """Ask where to, and save the drawing."""
        sheet = self.sheet()
        if sheet is not None:
            drawn = svg(sheet)
            self._ask(tr("Save plot as SVG"), "svg", tr("SVG drawing"), lambda: drawn)

    def save_csv(self) -> None:
        """Ask where to, and save the table."""
        sheet = self.sheet()
        if sheet is not None:
            self._ask(tr("Save data as CSV"), "csv", tr("CSV table"), lambda: table(sheet).encode())

    def _ask(self, title: str, suffix: str, kind: str, content: Callable[[], bytes]) -> None:
        series = self._owner.series
        if series is not None:
            folder = os.path.dirname(series.file)  # noqa: PTH120 - bytes that are no text stay a string
            self.ask(title, folder, series.name, suffix, kind, content)
