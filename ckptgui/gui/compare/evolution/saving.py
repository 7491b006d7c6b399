"""What can be done with the plot over the epochs: save it as a picture, a drawing or a table, copy it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QMenu

from ckptgui.gui.compare.evolution.files import SIZE, paint_sheet, table
from ckptgui.gui.compare.evolution.plot import EvolutionPlot
from ckptgui.gui.jobs import Background
from ckptgui.gui.numbers import tr
from ckptgui.gui.paper import drawing, painted, png
from ckptgui.gui.saving import FileSaving


@dataclass(frozen=True)
class Heading:
    """What stands over a saved plot, and where it may be saved."""

    name: str
    note: str
    near: str


class EvolutionSaving(FileSaving):
    """The menu of the plot; ``heading`` says what it is of now."""

    def __init__(self, background: Background, plot: EvolutionPlot, heading: Callable[[], Heading]) -> None:
        super().__init__(background, plot)
        self._plot, self._heading = plot, heading

    def menu(self) -> QMenu:
        """What can be done."""
        menu = QMenu(self._plot)
        for text, act in (
            (tr("Save plot as PNG…"), self.save_png),
            (tr("Save plot as SVG…"), self.save_svg),
            (tr("Save data as CSV…"), self.save_csv),
            ("", None),
            (tr("Copy picture"), self.copy_picture),
            (tr("Copy data") + "\tCtrl+C", self.copy_data),
        ):
            if act is None:
                menu.addSeparator()
            else:
                action = menu.addAction(text)
                action.triggered.connect(act)
                action.setEnabled(self._plot.scene is not None)
        return menu

    def _image(self) -> QImage | None:
        scene, mode, heading = self._plot.scene, self._plot.mode, self._heading()
        if scene is None:
            return None
        return painted(SIZE, heading.name, lambda p: paint_sheet(p, mode, scene, heading.name, heading.note))

    def copy_picture(self) -> None:
        """Put the picture on the clipboard."""
        image = self._image()
        if image is not None:
            QGuiApplication.clipboard().setImage(image)

    def copy_data(self) -> None:
        """Put the table on the clipboard, its columns apart by tabs as spreadsheets take them."""
        if self._plot.scene is not None:
            QGuiApplication.clipboard().setText(table(self._plot.mode.key, self._plot.scene, "\t"))

    def save_png(self) -> None:
        """Ask where to, and save the picture."""
        image = self._image()
        if image is not None:
            self._ask(tr("Save plot as PNG"), "png", tr("PNG picture"), lambda: png(image))

    def svg(self) -> bytes | None:
        """The drawing; None as long as there is no plot."""
        scene, mode, heading = self._plot.scene, self._plot.mode, self._heading()
        if scene is None:
            return None
        name, note = heading.name, heading.note
        return drawing(SIZE, name, note, lambda painter: paint_sheet(painter, mode, scene, name, note))

    def save_svg(self) -> None:
        """Ask where to, and save the drawing."""
        drawn = self.svg()
        if drawn is not None:
            self._ask(tr("Save plot as SVG"), "svg", tr("SVG drawing"), lambda: drawn)

    def save_csv(self) -> None:
        """Ask where to, and save the table."""
        scene, mode = self._plot.scene, self._plot.mode.key
        if scene is not None:
            self._ask(tr("Save data as CSV"), "csv", tr("CSV table"), lambda: table(mode, scene).encode())

    def _ask(self, title: str, suffix: str, kind: str, content: Callable[[], bytes]) -> None:
        heading = self._heading()
        folder = os.path.dirname(heading.near)  # noqa: PTH120 - bytes that are no text stay a string
        self.ask(title, folder, f"{heading.name} over the epochs", suffix, kind, content)
