"""One's own presets in the menu "Export", below those that everyone has: a click writes."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from ckptgui.core.display import display
from ckptgui.gui.labels import plain_tooltip

_KEY = "preset"


def fill_presets(menu: QMenu, last: QAction, exports: object, why: str, act: Callable[[str], object]) -> None:
    """Put them below ``last``, as the settings have them now; ``why`` says why none can be used."""
    from ckptgui.gui.export.words import preset_words
    from ckptgui.workspace.export_presets import memory_from

    for action in menu.actions():
        if action.property(_KEY) is not None:
            menu.removeAction(action)
            action.deleteLater()
    at = menu.actions().index(last) + 1
    below = menu.actions()[at] if at < len(menu.actions()) else None
    for preset in memory_from(exports).presets:
        if not preset.own:
            continue
        action = QAction(display(preset.title, 60).replace("&", "&&"), menu)
        action.setProperty(_KEY, preset.key)
        action.setEnabled(not why)
        action.setToolTip(plain_tooltip(why or preset_words(preset.request)))
        action.triggered.connect(lambda _=False, key=preset.key: act(key))
        if below is not None:
            menu.insertAction(below, action)
        else:
            menu.addAction(action)
