"""The values that go along with an export: ticked ones go, and each can be changed, or one more written."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtWidgets import QGridLayout, QScrollArea, QWidget

from ckptgui.core.checkpoint import Json
from ckptgui.core.display import display
from ckptgui.export.metadata import as_text
from ckptgui.gui.controls import Button, Ground
from ckptgui.gui.dialogs import Dialog
from ckptgui.gui.form import Tick
from ckptgui.gui.inspector.flat import Field, slim
from ckptgui.gui.numbers import integer, tr

Edits = tuple[tuple[str, str], ...]
"""As ``ExportRequest.metadata`` has them: key and value, an empty value leaves the key out."""

MOST = 200
"""Values that are listed; more are no longer read by anybody."""

_LONGEST = 10_000

_ROW = 30
"""Pixels of a row and the gap below it."""


class MetadataDialog(Dialog):
    """``act`` gets the edits of ``values``, which are all that could go along."""

    def __init__(
        self, values: Mapping[str, Json], edits: Edits, act: Callable[[Edits], object], parent: QWidget
    ) -> None:
        super().__init__(parent, tr("Values that go along"), 620)
        self._act = act
        self._values = {key: as_text(value) for key, value in list(values.items())[:MOST]}
        self._shown: dict[str, str] = {}
        self._edited = dict(edits)
        self.add_text(tr("What is not ticked stays behind. A value may be changed before it goes.")).set_colour(
            "text2"
        )
        self.rows: list[tuple[Tick | Field, Field]] = []
        area = QScrollArea(self)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setWidgetResizable(True)
        slim(area)
        self._page = Ground("panel", area)
        self._grid = QGridLayout(self._page)
        self._grid.setContentsMargins(0, 4, 12, 4)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnStretch(1, 1)
        area.setWidget(self._page)
        area.setMinimumHeight(min(max(_ROW * (len(self._values) + 1), 100), 220))
        self.body.addWidget(area, 1)
        changed = dict(edits)
        for key, text in self._values.items():
            self._list(key, changed.pop(key, text), text)
        for key, text in changed.items():
            if text:
                self._add(key, text)
        self._grid.setRowStretch(MOST * 2, 1)
        if len(values) > MOST:
            more = integer(len(values) - MOST)
            self.add_text(tr("{count} more go along as they are.").format(count=more)).set_colour("text2")
        self.more = Button(tr("Add a value"), self._foot)
        self.more.clicked.connect(lambda: self._add("", "").setFocus())
        self.buttons.insertWidget(0, self.more)
        self.add_button(tr("Cancel"), self.reject)
        self.add_button(tr("Use these values"), self._agree, primary=True)

    def _list(self, key: str, text: str, own: str) -> None:
        """A value of the file; an empty edit leaves it out."""
        tick = Tick(display(key, 60), self._page, ticked=bool(text))
        tick.setObjectName(key)
        field = Field(tr("Value of {key}").format(key=display(key, 60)), self._page)
        self._shown[key] = display(text or own, _LONGEST)  # what is shown may be cut: only what is typed counts
        field.setText(self._shown[key])
        field.setCursorPosition(0)
        field.setEnabled(bool(text))
        tick.toggled.connect(field.setEnabled)
        self._place(tick, field)

    def _add(self, key: str, text: str) -> Field:
        """A value that the file does not have."""
        name, field = Field(tr("Key"), self._page), Field(tr("Value"), self._page)
        name.setPlaceholderText(tr("key"))
        field.setPlaceholderText(tr("value"))
        name.setText(key)
        field.setText(text)
        self._place(name, field)
        return name

    def _place(self, name: Tick | Field, field: Field) -> None:
        at = len(self.rows)
        self._grid.addWidget(name, at, 0)
        self._grid.addWidget(field, at, 1)
        self.rows.append((name, field))

    def edits(self) -> Edits:
        """What was changed."""
        found: list[tuple[str, str]] = []
        for name, field in self.rows:
            if isinstance(name, Tick):
                key, text = name.objectName(), field.text()
                if not name.isChecked() or not text:
                    found.append((key, ""))
                elif text != self._shown[key]:
                    found.append((key, text))
                elif self._edited.get(key):
                    found.append((key, self._edited[key]))
            elif name.text().strip() and field.text():
                found.append((name.text().strip(), field.text()))
        return tuple(found)

    def _agree(self) -> None:
        edits = self.edits()
        self.accept()
        self._act(edits)
