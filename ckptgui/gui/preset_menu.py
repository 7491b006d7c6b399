"""One's own presets in the menu "Export", below those that everyone has: a click writes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from ckptgui.core.display import display
from ckptgui.gui.labels import plain_tooltip

PRESETS = {
    "state-dict": "export_plain",
    "safetensors": "export_safetensors",
    "half": "export_half",
    "cpu": "export_for_cpu",
}
"""The actions of those that everyone has."""

_KEY = "preset"


def fill_presets(
    menu: QMenu, common: Mapping[str, QAction], exports: object, why: str, act: Callable[[str], object]
) -> None:
    """Put them below the ``common`` ones, which stand there by their keys, as the settings have them now; ``why``
    says why none can be used. What each does is its tooltip.
    """
    from ckptgui.gui.export.words import preset_words
    from ckptgui.workspace.export_presets import memory_from

    for action in menu.actions():
        if action.property(_KEY) is not None:
            menu.removeAction(action)
            action.deleteLater()
    at = max(map(menu.actions().index, common.values())) + 1
    below = menu.actions()[at] if at < len(menu.actions()) else None
    for preset in memory_from(exports).presets:
        hint = plain_tooltip(why or preset_words(preset.request))
        if not preset.own:
            common[preset.key].setToolTip(hint)
            continue
        action = QAction(display(preset.title, 60).replace("&", "&&"), menu)
        action.setProperty(_KEY, preset.key)
        action.setEnabled(not why)
        action.setToolTip(hint)
        action.triggered.connect(lambda _=False, key=preset.key: act(key))
        if below is not None:
            menu.insertAction(below, action)
        else:
            menu.addAction(action)
