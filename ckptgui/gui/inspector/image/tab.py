"""The image page: a tensor as a picture, any two of its dimensions or a convolution's kernels side by side."""

from __future__ import annotations

import os

from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import QGuiApplication, QShowEvent
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QMenu, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from ckptgui.analysis.summary import Summary
from ckptgui.engine.job import Cancel, Report
from ckptgui.engine.plane import Plane
from ckptgui.errors import CheckpointError
from ckptgui.gui.dialogs import file_dialog
from ckptgui.gui.inspector.cells import exact_text
from ckptgui.gui.inspector.controls import Segmented
from ckptgui.gui.inspector.copying import copy_text
from ckptgui.gui.inspector.image.choices import PaletteButton
from ckptgui.gui.inspector.image.frame import Frame
from ckptgui.gui.inspector.image.layouts import has_kernels, plane_of, sheet
from ckptgui.gui.inspector.image.matrix import MatrixPage
from ckptgui.gui.inspector.image.reading import index_text
from ckptgui.gui.inspector.image.saving import save_png
from ckptgui.gui.inspector.lower_tab import LookedAt, LowerTab
from ckptgui.gui.inspector.slice_bar import SliceBar
from ckptgui.gui.inspector.slices import Slice
from ckptgui.gui.jobs import Background
from ckptgui.gui.labels import SEMIBOLD, PlainLabel
from ckptgui.gui.numbers import tr
from ckptgui.gui.palettes import Palette

_NOTED = 4000
"""Milliseconds that a confirmation stays."""


class ImageTab(LowerTab):
    """``filled`` says that what is seen is painted, or why it never will be."""

    def __init__(self, background: Background, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._looked_at: LookedAt | None = None
        self._summary: Summary | None = None
        self._stale = False
        self._slice = Slice(-1, -1, ())
        self._kernels = False
        self._flipped = False
        self._follows = False
        self._part: Frame | None = None  # what was seen of the tensor in another epoch
        self._broken = False
        self._saver = background.lane(self)
        self._noted = QTimer(self)
        self._noted.setSingleShot(True)
        self._noted.setInterval(_NOTED)
        self._noted.timeout.connect(lambda: self._say(""))
        self._corner = QWidget(self)
        corner = QHBoxLayout(self._corner)
        corner.setContentsMargins(0, 0, 8, 0)
        self.palette_button = PaletteButton(self._corner)
        corner.addWidget(self.palette_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        self.top = QWidget(self)
        top = QHBoxLayout(self.top)
        top.setContentsMargins(16, 8, 16, 0)
        top.setSpacing(12)
        self.layouts = Segmented(tr("Show"), [("kernels", tr("Kernels")), ("slice", tr("One slice"))], self.top)
        self.layouts.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.bar = SliceBar(self.top)
        top.addWidget(self.layouts, 0, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        top.addWidget(self.bar, 1)
        self.note = PlainLabel("", self, colour="text2", wrap=True, selectable=True)
        self.note.setContentsMargins(16, 8, 16, 4)
        self.pages = QStackedWidget(self)
        self.matrix = MatrixPage(background, self.pages)
        self.number = PlainLabel("", self.pages, pixels=20, weight=SEMIBOLD, selectable=True)
        self.number.setContentsMargins(16, 12, 16, 12)
        self.number.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self._numbers = background.lane(self)
        self.pages.addWidget(self.matrix)
        self.pages.addWidget(self.number)
        layout.addWidget(self.top)
        layout.addWidget(self.note)
        layout.addWidget(self.pages, 1)
        self.layouts.chosen.connect(self._choose_layout)
        self.bar.changed.connect(self._choose_slice)
        self.bar.place_wanted.connect(self.show_place)
        self.bar.refused.connect(self._say)
        self.palette_button.chosen.connect(self._choose_palette)
        self.matrix.filled.connect(self.filled)
        self.matrix.failed.connect(self._fail)
        self.matrix.coloured.connect(self._painted)
        self.matrix.values_wanted.connect(self.place_wanted)
        self.matrix.menu_wanted.connect(self._offer)
        self._say("")

    @property
    def corner(self) -> QWidget:
        """The palette in use."""
        return self._corner

    @property
    def waiting(self) -> bool:
        """Whether something of what is seen is still to come."""
        return self._stale or self.matrix.waiting or self._numbers.busy

    def set_tensor(self, looked_at: LookedAt) -> None:
        """Show another tensor, as soon as the page is seen."""
        if not looked_at.follows(self._looked_at):
            self._follows, self._part, self._flipped = False, None, False
        elif not self._stale:
            self._follows, self._part = True, self.matrix.view.frame
        self._looked_at, self._summary, self._stale = looked_at, None, True
        self.matrix.clear()
        self._numbers.cancel()
        if self.isVisible():
            self._fill()

    def set_summary(self, summary: Summary) -> None:
        """Take the limits of colours from the figures."""
        self._summary = summary
        if not self._stale and self._looked_at is not None and self._looked_at.info.shape:
            self.matrix.set_summary(summary)

    def showEvent(self, event: QShowEvent) -> None:
        """Fill what was put off until it is seen."""
        super().showEvent(event)
        if self._stale:
            self._fill()

    def _fill(self) -> None:
        looked_at = self._looked_at
        self._stale = False
        if looked_at is None:
            return
        shape = looked_at.info.shape
        self._say("")
        if not self._follows:
            self._kernels = has_kernels(shape)
            self._slice = Slice.of(shape)
        self.layouts.setVisible(has_kernels(shape))
        self.layouts.choose("kernels" if self._kernels else "slice")
        self.top.setVisible(len(shape) > 2)
        if len(shape) > 2:
            self.bar.set_shape(shape, self._slice)
        self._show_plane()
        if self._part is not None and shape:
            view = self.matrix.view
            view.turn(view.resized(self._part, view.room()))
            self._part = None

    def _plane(self, shape: tuple[int, ...]) -> Plane:
        plane = sheet(shape) if self._kernels else plane_of(shape, self._slice)
        return plane.flipped if self._flipped else plane

    def _show_plane(self) -> None:
        looked_at = self._looked_at
        if looked_at is None:
            return
        info = looked_at.info
        self.bar.setVisible(not self._kernels)
        if len(info.shape) > 2:
            self.bar.show_slice(self._slice)
        self.palette_button.setVisible(len(info.shape) > 1)
        self.pages.setCurrentWidget(self.matrix if info.shape else self.number)
        if not info.shape:
            self._read_number(looked_at)
            return
        plane = self._plane(info.shape)
        self.matrix.set_plane(looked_at, plane, flipped=self._flipped, keep_limits=self._follows)
        if self._summary is not None:
            self.matrix.set_summary(self._summary)
        elif looked_at.is_difference:  # it has no figures to wait for
            self.matrix.feed.read_overview()

    def _read_number(self, looked_at: LookedAt) -> None:
        """The one value of a tensor without dimensions."""
        self.number.setText("")

        def work(cancel: Cancel, report: Report) -> str:
            plane = plane_of(())
            return exact_text(looked_at.reader(plane).values(range(1), range(1))[0, 0])

        def done(text: str) -> None:
            self.number.setText(text)
            self.filled.emit()

        self._numbers.start(work, done, lambda error: self._fail(str(error)))

    def _choose_layout(self, key: str) -> None:
        self._kernels = key == "kernels"
        self._show_plane()

    def _choose_slice(self, chosen: Slice) -> None:
        self._slice = chosen
        self._say("")
        self._show_plane()

    def turn_over(self) -> None:
        """Rows and columns in each other's place."""
        self._flipped = not self._flipped
        self._show_plane()

    def show_place(self, index: tuple[int, ...]) -> None:
        """Choose the value at an index, in the slice that holds it."""
        self._say("")
        if not self._kernels and self._slice.at(index) != self._slice:
            self._slice = self._slice.at(index)
            self._show_plane()
        self.matrix.go_to(index)

    def _choose_palette(self, palette: Palette) -> None:
        self.matrix.colours.choose_palette(palette)
        self._show_palette()

    def _painted(self) -> None:
        """A picture came: what failed before it is over."""
        if self._broken:
            self._say("")
        self._broken = False
        self._show_palette()

    def _show_palette(self) -> None:
        self.palette_button.show_palette(self.matrix.colours.palette_chosen, self.matrix.colours.signed)

    def _say(self, text: str, colour: str = "text2") -> None:
        self.note.set_colour(colour)
        self.note.setText(text)
        self.note.setVisible(bool(text))
        self._noted.stop()
        if text and colour != "danger":
            self._noted.start()

    def _fail(self, reason: str) -> None:
        self._broken = True
        self._say(reason, "danger")
        self.filled.emit()

    def menu(self) -> QMenu:
        """What can be done with the picture and the chosen value."""
        menu = QMenu(self)
        index = self.matrix.chosen_index()
        value = self.matrix.card.what.text() if index is not None else ""
        values = menu.addAction(tr("Show in values"))
        values.setVisible(self._looked_at is None or not self._looked_at.is_difference)
        values.triggered.connect(lambda: self.place_wanted.emit(index))
        copy_value = menu.addAction(tr("Copy value"))
        copy_value.triggered.connect(lambda: copy_text(value))
        copy_index = menu.addAction(tr("Copy index"))
        copy_index.triggered.connect(lambda: copy_text(index_text(index or ())))
        for action in (values, copy_value, copy_index):
            action.setEnabled(index is not None)
        menu.addSeparator()
        menu.addAction(tr("Show all") + "\t0").triggered.connect(self.matrix.view.fit)
        turned = menu.addAction(tr("Transpose"))
        turned.setCheckable(True)
        turned.setChecked(self._flipped)
        turned.triggered.connect(self.turn_over)
        palettes = self.palette_button.menu()
        palettes.setTitle(tr("Palette"))
        menu.addMenu(palettes)
        menu.addSeparator()
        menu.addAction(tr("Copy picture")).triggered.connect(self.copy_picture)
        menu.addAction(tr("Save picture as PNG…")).triggered.connect(self.ask_where)
        return menu

    def _offer(self, where: QPoint) -> None:
        menu = self.menu()
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(where)

    def copy_picture(self) -> None:
        """Put what is seen on the clipboard, without the marks of the mouse."""
        QGuiApplication.clipboard().setImage(self.matrix.view.grabbed())
        self._say(tr("Copied the picture."))

    def ask_where(self) -> None:
        """Ask for a file name, then write what is seen."""
        looked_at = self._looked_at
        if looked_at is None:
            return
        folder = os.path.dirname(os.path.abspath(looked_at.checkpoint.path))  # noqa: PTH120
        dialog = file_dialog(self, tr("Save the picture"), folder)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters([tr("PNG picture (*.png)")])
        dialog.setDefaultSuffix("png")
        dialog.selectFile(looked_at.info.name.replace("/", "_") + ".png")
        dialog.fileSelected.connect(self.save)
        dialog.open()

    def save(self, path: str) -> None:
        """Write what is seen as a PNG file."""
        image = self.matrix.view.grabbed()

        def work(cancel: Cancel, report: Report) -> str:
            return save_png(image, path, cancel, report)

        def failed(error: CheckpointError) -> None:
            self._say(tr("The picture is not saved. {0}").format(error), "danger")

        name = os.path.basename(path)  # noqa: PTH119
        self._saver.start(work, lambda _: self._say(tr("Saved {0}.").format(name)), failed)
