"""What this program is, and the keys it listens to."""

from __future__ import annotations

import platform

import PySide6
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from ckptgui import __version__
from ckptgui.gui.actions import ACTIONS, OTHER_KEYS
from ckptgui.gui.assets import application_icon
from ckptgui.gui.dialogs import Dialog
from ckptgui.gui.labels import PlainLabel
from ckptgui.gui.numbers import tr


def about(parent: QWidget) -> Dialog:
    """The about box; its versions can be copied for a report."""
    dialog = Dialog(parent, f"ckptgui {__version__}")
    dialog.setWindowTitle(tr("About ckptgui"))
    picture = QLabel(dialog)
    picture.setPixmap(application_icon().pixmap(48, 48))
    dialog.body.insertWidget(0, picture)
    dialog.add_text(
        tr("Shows what is in a PyTorch checkpoint and re-saves the part you need. Nothing in a file is ever run.")
    )
    dialog.add_text(versions()).set_colour("text2")
    dialog.add_text(tr("MIT licence.")).set_colour("text2")
    dialog.add_button(tr("Copy versions"), lambda: QGuiApplication.clipboard().setText(versions()))
    dialog.add_button(tr("Close"), dialog.accept, primary=True)
    dialog.open()
    return dialog


def versions() -> str:
    """The versions that a report of a bug needs."""
    return (
        f"ckptgui {__version__}, Python {platform.python_version()}, PySide6 {PySide6.__version__}, "
        f"{platform.system()} {platform.release()}"
    )


def shortcuts(parent: QWidget) -> Dialog:
    """The list of keys, from the table of actions."""
    dialog = Dialog(parent, tr("Keyboard shortcuts"))
    grid = QGridLayout()
    grid.setHorizontalSpacing(24)
    grid.setVerticalSpacing(6)
    lines = [(tr(" or ").join(spec.keys), tr(spec.text).partition("\t")[0]) for spec in ACTIONS if spec.keys]
    for line, (keys, words) in enumerate([*lines, *((keys, tr(words)) for keys, words in OTHER_KEYS)]):
        grid.addWidget(PlainLabel(keys, dialog, colour="text2"), line, 0, Qt.AlignmentFlag.AlignLeft)
        grid.addWidget(PlainLabel(words, dialog), line, 1)
    grid.setColumnStretch(1, 1)
    dialog.body.addLayout(grid)
    dialog.add_button(tr("Close"), dialog.accept, primary=True)
    dialog.open()
    return dialog
