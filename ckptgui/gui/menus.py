"""The menus, made of the table of actions."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QAction, QActionGroup, QHelpEvent, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu

from ckptgui.core.display import display
from ckptgui.gui.actions import ACTIONS, MENUS, Spec
from ckptgui.gui.numbers import tr


def make_menus(
    window: QMainWindow, act: Callable[[Spec], Callable[..., object]]
) -> tuple[dict[str, QAction], QMenu]:
    """The actions by their keys, each in its menu, and the menu of recent files; ``act`` gives what one does."""
    menus = {name: window.menuBar().addMenu(tr(name)) for name in MENUS}
    groups: dict[str, QActionGroup] = {}
    actions: dict[str, QAction] = {}
    recent, hints = QMenu(tr("Open recent"), window), _Hints(window)
    for spec in ACTIONS:
        action = QAction(tr(spec.text), window)
        action.setShortcuts([QKeySequence(keys) for keys in spec.keys])
        action.triggered.connect(act(spec))
        action.setCheckable(spec.ticked or bool(spec.group))
        if spec.group:
            groups.setdefault(spec.group, QActionGroup(window)).addAction(action)
        actions[spec.key] = action
        if not spec.menu:
            continue
        menu = menus[spec.menu]
        if spec.line_before:
            menu.addSeparator()
        menu.addAction(action)
        menu.setToolTipsVisible(True)
        menu.installEventFilter(hints)
        if spec.key == "open_folder":
            menu.addMenu(recent)
    return actions, recent


class _Hints(QObject):
    """Keeps tooltips away that only say again what the menu says, above its neighbour."""

    def eventFilter(self, menu: QObject, event: QEvent) -> bool:
        if event.type() != QEvent.Type.ToolTip or not isinstance(menu, QMenu) or not isinstance(event, QHelpEvent):
            return False
        action = menu.actionAt(event.pos())
        return action is not None and action.toolTip() == action.text().partition("\t")[0].replace("&", "")


def fill_recent(menu: QMenu, recent: Iterable[str], act: Callable[[str], object]) -> None:
    """One line a recent path, newest first."""
    menu.clear()
    for path in recent:
        action = menu.addAction(display(path, 100).replace("&", "&&"))
        action.triggered.connect(lambda _=False, path=path: act(path))
    if menu.isEmpty():
        menu.addAction(tr("Nothing was opened yet")).setEnabled(False)
