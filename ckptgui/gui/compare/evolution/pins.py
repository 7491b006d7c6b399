"""Selections whose curves stay beside those of others, each with a colour that no other one has."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QObject, Signal

MOST = 8
"""Lines that can still be told from each other."""


class PinnedPaths(QObject):
    """By name, in the order in which they were pinned."""

    changed = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._slots: dict[str, int] = {}

    def __contains__(self, path: object) -> bool:
        return path in self._slots

    def __len__(self) -> int:
        return len(self._slots)

    @property
    def full(self) -> bool:
        """Whether there is no room for another."""
        return len(self._slots) >= MOST

    def besides(self, path: str) -> list[tuple[str, int]]:
        """The others, with their slots."""
        return [(each, slot) for each, slot in self._slots.items() if each != path]

    def toggle(self, path: str) -> None:
        """Pin it, or take its pin away; nothing happens where there is no room."""
        if path in self._slots:
            self.keep(each for each in self._slots if each != path)
        elif path and not self.full:
            taken = set(self._slots.values())
            self._slots[path] = next(slot for slot in range(MOST) if slot not in taken)
            self.changed.emit()

    def keep(self, paths: Iterable[str]) -> None:
        """Take all other pins away."""
        kept = {path: self._slots[path] for path in paths if path in self._slots}
        if kept != self._slots:
            self._slots = kept
            self.changed.emit()
