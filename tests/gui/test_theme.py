"""The tokens hold what they promise: contrast for text, and epochs that get nearer to the text."""

import pytest
from PySide6.QtGui import QColor

from ckptgui.core.checkpoint import Role
from ckptgui.gui.theme import DARK, LIGHT

BOTH = pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])


def luminance(colour):
    parts = (colour.redF(), colour.greenF(), colour.blueF())
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@BOTH
@pytest.mark.parametrize("ground", ["win", "panel", "sunken", "hover", "sel", "pressed"])
def test_text_can_be_read_on_every_ground(theme, ground):
    for ink in ("text", "text2", "accent"):
        assert contrast(getattr(theme, ink), getattr(theme, ground)) >= 4.5


@BOTH
def test_warnings_can_be_read_on_their_own_grounds(theme):
    assert contrast(theme.warn, theme.warn_ground) >= 4.5
    assert contrast(theme.danger, theme.danger_ground) >= 4.5
    assert contrast(theme.on_accent, theme.accent) >= 4.5


@BOTH
def test_every_role_can_be_told_from_the_panel(theme):
    for role in Role:
        assert contrast(theme.role(role), theme.panel) >= 3
        assert contrast(theme.on_role[role], theme.role(role)) >= 3


@BOTH
def test_epochs_go_steadily_towards_the_text(theme):
    steps = [abs(luminance(theme.epoch(n / 40)) - luminance(theme.text)) for n in range(41)]
    assert steps == sorted(steps, reverse=True)
    assert theme.epoch(0) == theme.epochs[0]
    assert theme.epoch(1).name() == theme.epochs[-1].name()


def test_nan_is_the_same_magenta_everywhere():
    assert LIGHT.nan == QColor("#E0106F")
    assert DARK.nan == QColor("#FF2E86")
