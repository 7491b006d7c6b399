"""The menus in the tokens' colours; Fusion draws lines around them that do not belong here."""

from __future__ import annotations

from PySide6.QtGui import QColor

from ckptgui.gui.theme import theme


def menu_sheet() -> str:
    """A style sheet for the menu bar and the menus that hang on it."""
    t = theme()
    names = {name: getattr(t, name).name(QColor.NameFormat.HexRgb) for name in _TOKENS}
    return _SHEET.format(**names)


_TOKENS = ("win", "panel", "hover", "pressed", "sel", "text", "text2", "text3", "hairline", "strong")

_SHEET = """
QMenuBar {{ background: {win}; color: {text}; border: 0; padding: 3px 4px 1px 4px; }}
QMenuBar::item {{ background: transparent; padding: 4px 8px; border-radius: 4px; }}
QMenuBar::item:selected, QMenuBar::item:pressed {{ background: {pressed}; }}
QMenu {{ background: {panel}; color: {text}; border: 1px solid {strong}; padding: 4px; }}
QMenu::item {{ padding: 4px 24px 4px 24px; border-radius: 4px; }}
QMenu::item:selected {{ background: {sel}; }}
QMenu::item:disabled {{ color: {text3}; }}
QMenu::separator {{ height: 1px; background: {hairline}; margin: 4px 0; }}
"""
