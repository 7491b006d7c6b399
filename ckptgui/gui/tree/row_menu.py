"""What can be done with a row of the tree, as a menu."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMenu, QWidget

from ckptgui.gui.numbers import integer, tr
from ckptgui.gui.tree.shown import Shown


class RowActs(NamedTuple):
    """Who does what; each is told the row's node."""

    copy_path: Callable[[int], None]
    expand_below: Callable[[int], None]
    collapse_below: Callable[[int], None]
    toggle_run: Callable[[int], None]
    export: Callable[[int], None]
    more: Callable[[QMenu, int], None]  # adds what the page can do with a row


def row_menu(shown: Shown, node: int, acts: RowActs, parent: QWidget) -> QMenu:
    """A menu for one row."""
    menu = QMenu(parent)
    menu.addAction(tr("Copy path")).triggered.connect(lambda: acts.copy_path(node))
    menu.addAction(tr("Copy name")).triggered.connect(lambda: copy_text(shown.tree.labels[node]))
    menu.addAction(tr("Copy value")).triggered.connect(lambda: copy_text(shown.rows.value(node)))
    figures = menu.addAction(tr("Copy figures"))
    figures.setEnabled(bool(shown.rows.told(node)))
    figures.triggered.connect(lambda: copy_text("\n".join(shown.rows.told(node))))
    menu.addSeparator()
    branch = shown.tree.is_branch(node)
    for text, act in ((tr("Expand all"), acts.expand_below), (tr("Collapse all"), acts.collapse_below)):
        action = menu.addAction(text)
        action.setEnabled(branch)
        action.triggered.connect(lambda _checked=False, act=act: act(node))
    export = menu.addAction(tr("Export this…"))
    export.setEnabled(int(shown.tree.tensors[node]) > 0 or int(shown.tree.row[node]) >= 0)
    export.triggered.connect(lambda: acts.export(node))
    acts.more(menu, node)
    folds = shown.active_folds
    run = None if folds is None else next(iter(folds.repeats.around(node)), None)
    if folds is not None and run is not None:
        words = tr("Show each of {} equal layers") if folds.folded[run] else tr("Fold {} equal layers")
        menu.addSeparator()
        action = menu.addAction(words.format(integer(int(folds.repeats.count[run]))) + "\t=")
        action.triggered.connect(lambda: acts.toggle_run(node))
    return menu


def copy_text(text: str) -> None:
    """Put text on the clipboard."""
    QGuiApplication.clipboard().setText(text)
