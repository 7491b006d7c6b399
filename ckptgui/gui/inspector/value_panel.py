"""What a plain value says that is selected in the tree: its name, its type, and all of it."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout, QWidget

from ckptgui.core.checkpoint import Json
from ckptgui.core.display import display
from ckptgui.core.tensors import Path
from ckptgui.gui.inspector.fact_line import FactLine
from ckptgui.gui.inspector.facts import Fact
from ckptgui.gui.inspector.head import PanelHead, add_head
from ckptgui.gui.inspector.overview.metadata import MetadataBrowser, detail_text, plain_value
from ckptgui.gui.inspector.overview.metadata_model import value_at
from ckptgui.gui.inspector.plain_text import PlainText
from ckptgui.gui.labels import SEMIBOLD, ElidedLabel
from ckptgui.gui.numbers import counted, tr
from ckptgui.gui.tree.plain_values import value_text, value_type


class ValuePanel(QWidget):
    """A number stands large, text is read whole, a container is browsed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        self.head = PanelHead(self)
        self.facts = FactLine(self)
        self.number = ElidedLabel("", self, pixels=20, weight=SEMIBOLD)
        add_head(layout, self, self.head, self.facts, self.number, below=12)
        self.text = PlainText(tr("The value in full"), self)
        layout.addWidget(self.text, 1)
        self.browser = MetadataBrowser(self)
        layout.addWidget(self.browser, 1)
        self._filler = QWidget(self)
        layout.addWidget(self._filler, 1)

    def show_value(self, metadata: Json, path: Path) -> None:
        """Show the value at a path; the nearest container above where the path itself is no value's."""
        value, path = nearest(metadata, path)
        self.head.show_name(list(path[:-1]), path[-1] if path else tr("Metadata"), "/".join(path))
        nested = isinstance(value, (dict, list)) and bool(value)
        facts = [Fact(value_type(value) or tr("value"), tr("type"))]
        if isinstance(value, (dict, list)):
            facts.append(Fact(counted(len(value), "value", "values")))
        if isinstance(value, str):
            facts.append(Fact(counted(len(value), "character", "characters")))
        self.facts.set_facts(facts)
        short = not nested and len(plain_value(value)) <= 40 and "\n" not in plain_value(value)
        self.number.setText(display(value) if isinstance(value, str) else value_text(value))
        self.number.setVisible(short)
        self.text.setVisible(not nested and not short)
        self.browser.setVisible(nested)
        self._filler.setVisible(short)
        if nested:
            self.browser.set_metadata(value, path)
        elif not short:
            self.text.setPlainText(detail_text(value))


def nearest(metadata: Json, path: Path) -> tuple[Json, Path]:
    """The value at ``path``, or at the longest part of it that has one."""
    for length in range(len(path), 0, -1):
        try:
            return value_at(metadata, path[:length]), path[:length]
        except KeyError:
            continue
    return metadata, ()
