"""What can be done with the plot: save it as a picture, a drawing or a table, copy it, pin it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import PurePath
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QMenu

from ckptgui.core.display import display
from ckptgui.engine.job import Cancel, Report
from ckptgui.errors import CheckpointError
from ckptgui.gui.dialogs import file_dialog
from ckptgui.gui.inspector.histogram.files import Sheet, image, png, svg, table
from ckptgui.gui.jobs import Background
from ckptgui.gui.labels import PlainLabel
from ckptgui.gui.numbers import counted, shape_text, tr

if TYPE_CHECKING:
    from ckptgui.gui.inspector.histogram.widget import Histogram

_LONGEST = 80
"""Characters of a proposed file name."""


class PlotSaving(QObject):
    """The menu of one histogram. ``told`` says below the plot where something was saved, or why it was not."""

    def __init__(self, background: Background, owner: Histogram) -> None:
        super().__init__(owner)
        self._owner = owner
        self._lane = background.lane(self)
        self._folder = ""
        self.told = PlainLabel("", owner, colour="text2", pixels=11, wrap=True, selectable=True)
        self.told.hide()

    def quiet(self) -> None:
        """Another tensor is shown: what was told of the last one goes."""
        self.told.hide()

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
        if series is None:
            return
        folder = self._folder or os.path.dirname(series.file)  # noqa: PTH120 - bytes that are no text stay a string
        dialog = file_dialog(self._owner.window(), title, folder)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters([f"{kind} (*.{suffix})"])
        dialog.setDefaultSuffix(suffix)
        dialog.selectFile(f"{_file_name(series.name)}.{suffix}")
        dialog.fileSelected.connect(lambda target: self.write(target, content))
        dialog.open()

    def write(self, target: str, content: Callable[[], bytes]) -> None:
        """Write a file off this thread; whoever chose it has agreed to replace what is there."""
        self._folder = os.path.dirname(target)  # noqa: PTH120

        def work(_: Cancel, __: Report) -> None:
            from ckptgui.export.atomic import write_file

            data = content()
            write_file(target, lambda output: output.write(data), nbytes=len(data), force=True)

        name = display(PurePath(target).name)
        self._lane.start(
            work, lambda _: self.tell(tr("Saved as {0}.").format(name)), lambda e: self._failed(name, e)
        )

    def _failed(self, name: str, error: CheckpointError) -> None:
        self.tell(tr("{0} could not be written. {1}").format(name, display(error, 400)), failed=True)

    def tell(self, text: str, *, failed: bool = False) -> None:
        """Say something below the plot until another tensor is shown."""
        self.told.set_colour("danger" if failed else "text2")
        self.told.setText(text)
        self.told.show()


def _file_name(name: str) -> str:
    """A tensor's name as a file may be called on every system."""
    plain = "".join(letter if letter.isalnum() or letter in "._- " else "_" for letter in name)
    return plain.strip(". ")[:_LONGEST] or "histogram"
