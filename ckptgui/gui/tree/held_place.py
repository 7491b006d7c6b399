"""Keeps one row where it is on the screen while others come, go and change places around it."""

from __future__ import annotations

from typing import NamedTuple

from ckptgui.gui.theme import ROW
from ckptgui.gui.tree.model import TreeModel
from ckptgui.gui.tree.view import TreeView


class HeldPlace(NamedTuple):
    """A node and how far below the view's upper edge its row stands, in pixels."""

    node: int
    top: int


def held_place(view: TreeView, model: TreeModel) -> HeldPlace | None:
    """The row under the mouse; else the selected one, if it is in sight; else the first in sight."""
    rows = view.visible_rows()
    if not len(rows):
        return None
    current = view.currentIndex().row()
    hovered = view.delegate.hovered
    row = hovered if hovered in rows else current if current in rows else rows.start
    return HeldPlace(model.node(row), view.rowViewportPosition(row))


def put_back(view: TreeView, model: TreeModel, place: HeldPlace | None) -> None:
    """Scroll so that the row stands there again; where it is gone nothing moves."""
    row = -1 if place is None else model.row_of(place.node)
    if place is not None and row >= 0:
        view.verticalScrollBar().setValue(row * ROW - place.top)
