"""Where a file comes from: what seems to have written it, the versions that it names, when it was changed last."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from PySide6.QtCore import QDateTime, QLocale, Qt
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from ckptgui.core.display import display
from ckptgui.core.training.provenance import ModuleVersion, Provenance
from ckptgui.gui.inspector.controls import SectionHead
from ckptgui.gui.inspector.flow import grow_with_lines
from ckptgui.gui.labels import PlainLabel, plain_tooltip
from ckptgui.gui.numbers import counted, integer, tr

MAX_VERSIONS = 6


class OriginPanel(QWidget):
    """Rows of a title and a text."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        grow_with_lines(self)
        layout.addWidget(SectionHead(tr("Where it comes from"), self))
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(16)
        self._grid.setVerticalSpacing(3)
        self._grid.setColumnStretch(1, 1)
        layout.addLayout(self._grid)
        self._made: list[QWidget] = []
        self.rows: list[tuple[str, str]] = []

    def set_provenance(self, provenance: Provenance) -> None:
        """Show another file's."""
        for widget in self._made:
            widget.hide()
            widget.deleteLater()
        self._made = []
        self.rows = origin_rows(provenance)
        top = Qt.AlignmentFlag.AlignTop
        for number, (title, text) in enumerate(self.rows):
            name = PlainLabel(title, self, colour="text2")
            value = PlainLabel(text, self, wrap=True, selectable=True)
            self._grid.addWidget(name, number, 0, top)
            self._grid.addWidget(value, number, 1)
            self._made += [name, value]
            for widget in (name, value):
                widget.show()
        if provenance.written is not None and self._made:
            self._made[-1].setToolTip(plain_tooltip(provenance.written.isoformat()))
        self.setVisible(bool(self.rows))


def origin_rows(provenance: Provenance) -> list[tuple[str, str]]:
    """Who, with what, which versions of modules, when."""
    rows = []
    if provenance.writer:
        why = f"{provenance.writer} ({provenance.because})"
        rows.append((tr("Probably written by"), display(why, 1024)))
    versions = [fact for fact in provenance.facts if fact.name != "format"]
    if versions:
        told = " · ".join(f"{display(fact.name)} {display(fact.value)}" for fact in versions)
        rows.append((tr("Versions"), told))
    rows += [(tr("Made for"), _library(fact.value)) for fact in provenance.facts if fact.name == "format"]
    if provenance.module_versions:
        rows.append((tr("Module versions"), versions_text(provenance.module_versions)))
    if provenance.written is not None:
        rows.append((tr("Changed last"), time_text(provenance.written)))
    return rows


def _library(mark: str) -> str:
    """What the ``format`` in the metadata of a safetensors file stands for."""
    name = _LIBRARIES.get(mark)
    return display(mark) if name is None else f"{name} ({mark})"


_LIBRARIES = {"pt": "PyTorch", "tf": "TensorFlow", "flax": "Flax", "np": "NumPy", "mlx": "MLX"}


def versions_text(versions: Sequence[ModuleVersion]) -> str:
    """``1 of 7 modules, 2 of net.1``"""
    told = []
    for each in versions[:MAX_VERSIONS]:
        only = each.count == 1 and each.first
        who = display(each.first, 48) if only else counted(each.count, "module", "modules")
        told.append(tr("{0} of {1}").format(integer(each.version), who))
    more = len(versions) - MAX_VERSIONS
    return ", ".join(told) + (tr(" and {0} more").format(integer(more)) if more > 0 else "")


def time_text(written: datetime) -> str:
    """A moment in the person's own time and language."""
    moment = QDateTime.fromMSecsSinceEpoch(int(written.timestamp() * 1000))
    return QLocale().toString(moment, QLocale().dateTimeFormat(QLocale.FormatType.ShortFormat))
