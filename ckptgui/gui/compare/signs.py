"""How a tensor's status is shown: always a sign, never by colour alone."""

from __future__ import annotations

from PySide6.QtGui import QColor

from ckptgui.core.series.status import Status
from ckptgui.gui.numbers import tr
from ckptgui.gui.theme import Theme, theme

_SIGNS = {
    Status.SAME: ("=", "8E9396", "797C7F"),
    Status.CHANGED: ("≠", "0E7781", "19AAB9"),
    Status.ADDED: ("+", "175B24", "8BCF90"),
    Status.REMOVED: ("−", "C0572B", "E8622F"),
    Status.RESHAPED: ("⤢", "62468A", "A966C6"),
    Status.RETYPED: ("T", "B88A22", "EAB132"),
}
"""Sign, colour on light and on dark ground."""


def sign(status: Status) -> str:
    """``≠`` for one that changed; nothing as long as it is not known."""
    return _SIGNS[status][0] if status in _SIGNS else ""


def status_colour(status: Status, ink: Theme | None = None) -> QColor:
    """The colour of a sign in the theme in force, or in another one."""
    ink = ink or theme()
    if status not in _SIGNS:
        return ink.text3
    _, light, dark = _SIGNS[status]
    return QColor(f"#{dark if ink.dark else light}")


def status_word(status: Status) -> str:
    """The status as a word."""
    return {
        Status.ABSENT: tr("in neither"),
        Status.MATCHED: tr("not read yet"),
        Status.SAME: tr("same"),
        Status.CHANGED: tr("changed"),
        Status.ADDED: tr("added"),
        Status.REMOVED: tr("removed"),
        Status.RESHAPED: tr("reshaped"),
        Status.RETYPED: tr("retyped"),
    }[status]
