"""Whose values a histogram shows, and up to eight that were pinned to be compared with them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import PurePath

from PySide6.QtCore import QObject, Signal

from ckptgui.analysis.distribution import Distribution
from ckptgui.analysis.summary import Summary
from ckptgui.core.checkpoint import Checkpoint, Role
from ckptgui.core.display import MAX_CELL, display
from ckptgui.core.dtypes import Kind
from ckptgui.core.tensors import Path, TensorInfo
from ckptgui.gui.figures import Figures
from ckptgui.gui.numbers import tr
from ckptgui.sources.locate import SourcePool

MOST = 8
"""Outlines that can still be told from each other."""


@dataclass(frozen=True)
class Series:
    """The finite values of a tensor, or of all tensors of a module, which are not read again."""

    file: str
    path: Path
    name: str
    distribution: Distribution = field(repr=False)
    role: Role = Role.OTHER
    integral: bool = False
    modulus: bool = False  # complex values count by it
    info: TensorInfo | None = field(default=None, repr=False)
    pool: SourcePool | None = field(default=None, repr=False)
    figures: Figures | None = field(default=None, repr=False)  # who looks closer; None: this program

    @property
    def key(self) -> tuple[str, Path]:
        """What it is, whatever is known of it by now."""
        return self.file, self.path

    def title(self, own: Series, most: int = MAX_CELL) -> str:
        """Its name, ready to be shown; one of another file than ``own`` says which: names are the same there."""
        name = display(self.name, most)
        if self.file == own.file:
            return name
        return tr("{name} in {file}").format(name=name, file=display(PurePath(self.file).name, most))


def series_of(
    checkpoint: Checkpoint,
    info: TensorInfo,
    summary: Summary,
    pool: SourcePool | None,
    figures: Figures | None = None,
) -> Series | None:
    """A tensor's values; None where none is finite."""
    if summary.distribution is None or not summary.distribution.total:
        return None
    section = checkpoint.section_of(info.index)
    return Series(
        file=checkpoint.path,
        path=info.path,
        name=info.name or tr("The saved tensor"),
        distribution=summary.distribution,
        role=section.role if section else Role.OTHER,
        integral=info.dtype.kind in (Kind.SIGNED, Kind.UNSIGNED, Kind.BOOL),
        modulus=info.dtype.kind is Kind.COMPLEX,
        info=info,
        pool=pool,
        figures=figures,
    )


@dataclass(frozen=True)
class Pin:
    """A series that stays. ``slot`` (0 to 7) is its colour and dash, which no other pin has."""

    series: Series
    slot: int


class Pins(QObject):
    """The pinned series in the order in which they were pinned; one set for all panels of an inspector."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pins: list[Pin] = []

    def __iter__(self) -> Iterator[Pin]:
        return iter(self._pins)

    def __len__(self) -> int:
        return len(self._pins)

    def holds(self, series: Series) -> bool:
        """Whether it is pinned."""
        return any(pin.series.key == series.key for pin in self._pins)

    @property
    def full(self) -> bool:
        """Whether there is no room for another."""
        return len(self._pins) >= MOST

    def toggle(self, series: Series) -> None:
        """Pin it, or take its pin away; nothing happens where there is no room."""
        if self.holds(series):
            self.remove(series)
        elif not self.full:
            taken = {pin.slot for pin in self._pins}
            slot = next(slot for slot in range(MOST) if slot not in taken)
            self._pins.append(Pin(series, slot))
            self.changed.emit()

    def remove(self, series: Series) -> None:
        """Take a pin away."""
        self._pins = [pin for pin in self._pins if pin.series.key != series.key]
        self.changed.emit()

    def clear(self) -> None:
        """Take all pins away."""
        if self._pins:
            self._pins = []
            self.changed.emit()

    def close_files(self) -> None:
        """Their files are closed from now on: what is known of them stays, but nothing is read again."""
        self._pins = [
            replace(pin, series=replace(pin.series, info=None, pool=None, figures=None)) for pin in self._pins
        ]
