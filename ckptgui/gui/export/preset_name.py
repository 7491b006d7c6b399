"""Asks what a preset shall be called."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from ckptgui.gui.dialogs import Dialog
from ckptgui.gui.inspector.flat import Field
from ckptgui.gui.numbers import tr


def ask_name(parent: QWidget, title: str, name: str, act: Callable[[str], object]) -> Dialog:
    """Ask for a name and ``act`` on it; without one nothing happens."""
    dialog = Dialog(parent, title)
    field = Field(tr("Name of the preset"), dialog)
    field.setPlaceholderText(tr("To the laptop"))
    field.setText(name)
    field.selectAll()
    dialog.body.addWidget(field)
    dialog.add_button(tr("Cancel"), dialog.reject)

    def agreed() -> None:
        text = field.text().strip()
        dialog.accept()
        if text:
            act(text)

    save = dialog.add_button(tr("Save"), agreed, primary=True)
    save.setEnabled(bool(name))
    field.textChanged.connect(lambda text: save.setEnabled(bool(text.strip())))
    field.setFocus()
    dialog.open()
    return dialog
