"""The line for the template of names: a field, an example of what comes of it, and the fields one may use."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from ckptgui.errors import ExportError
from ckptgui.export.template import FIELDS, Template, parse_template
from ckptgui.gui.form import CountField
from ckptgui.gui.labels import LinkLabel, PlainLabel, plain_tooltip
from ckptgui.gui.numbers import tr


class NamingLine(QWidget):
    """``edited``: another template stands there, which may be none (``trouble``). Empty: as it reads best."""

    edited = Signal()

    def __init__(self, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.template: Template | None = None
        self.field = CountField(tr("Template of the names"), self)
        self.field.setPlaceholderText(tr("Named as it reads best; or your own, as {stem}-epoch{epoch}-{section}"))
        self.links = {name: LinkLabel(f"{{{name}}}", self, pixels=11) for name in FIELDS}
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        row.addWidget(PlainLabel(tr("Put in:"), self, colour="text2", pixels=11))
        for name, link in self.links.items():
            link.setToolTip(plain_tooltip(f"{FIELDS[name][:1].upper()}{FIELDS[name][1:]}."))
            link.clicked.connect(lambda _=False, name=name: self.insert(name))
            row.addWidget(link)
        row.addStretch(1)
        self.said = PlainLabel("", self, colour="text2", pixels=11)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.field)
        column.addLayout(row)
        column.addWidget(self.said)
        self.field.setText(text)
        self._read()
        self.field.textChanged.connect(self._changed)

    def text(self) -> str:
        """The template as it was typed."""
        return self.field.text().strip()

    @property
    def trouble(self) -> str:
        """What is wrong with it, in a sentence; empty when nothing is."""
        return self.field.trouble

    def insert(self, name: str) -> None:
        """Put a field in where the cursor is, with a dash before it where words would grow together."""
        before = self.field.text()[: self.field.cursorPosition()]
        self.field.insert(f"{'-' if before.endswith('}') else ''}{{{name}}}")
        self.field.setFocus()

    def show_example(self, source: str, name: str) -> None:
        """Say what comes of it, unless it is no template."""
        if not self.trouble:
            example = tr("{source} becomes {name}. What a file does not tell is left out of its name.")
            self.said.setText(example.format(source=source, name=name) if name else "")

    def _changed(self) -> None:
        self._read()
        self.edited.emit()

    def _read(self) -> None:
        trouble = ""
        try:
            self.template = parse_template(self.text()) if self.text() else None
        except ExportError as error:
            self.template, trouble = None, str(error)
        self.field.tell("", trouble)
        self.said.set_colour("danger" if trouble else "text2")
        if trouble:
            self.said.setText(trouble)
