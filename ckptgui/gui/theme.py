"""Design tokens: every colour, distance and font of the window, light and dark, following the system live."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication, QStyleFactory

from ckptgui.core.checkpoint import Role
from ckptgui.workspace import tokens

SPACE = (2, 4, 6, 8, 12, 16, 24)
"""Distances in device-independent pixels; nothing else is used."""

RADIUS_BADGE, RADIUS_CONTROL, RADIUS_DIALOG = 3, 4, 6
ROW, TAB, TOOLBAR, STATUS, BUTTON, PRIMARY = 24, 30, 36, 24, 28, 32
"""Heights of rows, tabs, the toolbar, the status bar, buttons, and a dialogue's primary button."""


def _rgb(code: str) -> QColor:
    return QColor(f"#{code}")


@dataclass(frozen=True)
class Theme:
    """The colours of one mode. Chrome is neutral; the accent means selected, focused or primary."""

    dark: bool
    win: QColor
    panel: QColor
    sunken: QColor
    hover: QColor
    sel: QColor
    pressed: QColor
    hairline: QColor
    strong: QColor
    control: QColor
    text: QColor
    text2: QColor
    text3: QColor  # disabled only
    accent: QColor
    on_accent: QColor
    focus: QColor
    danger: QColor
    danger_ground: QColor
    warn: QColor
    warn_ground: QColor
    ok: QColor
    nan: QColor  # NaN, infinity and failure alone
    roles: dict[Role, QColor]
    pales: dict[Role, QColor]  # not yet read
    on_role: dict[Role, QColor]  # text on a block of the role's colour
    epochs: tuple[QColor, ...]  # stops from the first epoch to the last, which is nearest to the text

    def role(self, role: Role) -> QColor:
        """The colour of a section's data."""
        return self.roles[role]

    def role_pale(self, role: Role) -> QColor:
        """The same, for bytes that were not read yet."""
        return self.pales[role]

    def epoch(self, share: float) -> QColor:
        """The colour of an epoch, 0 the first and 1 the last."""
        place = min(max(share, 0.0), 1.0) * (len(self.epochs) - 1)
        low = min(int(place), len(self.epochs) - 2)
        part, a, b = place - low, self.epochs[low], self.epochs[low + 1]
        return QColor.fromRgbF(
            a.redF() + (b.redF() - a.redF()) * part,
            a.greenF() + (b.greenF() - a.greenF()) * part,
            a.blueF() + (b.blueF() - a.blueF()) * part,
        )


def _theme(
    dark: bool, codes: str, model: str, optimizer: str, ema: str, plain: str, other: str, epochs: str
) -> Theme:
    colours = dict(zip(tokens.NAMES, map(_rgb, codes.split()), strict=True))

    def by_role(column: int) -> dict[Role, QColor]:
        m, o, e, p, x = (entry.split()[column] for entry in (model, optimizer, ema, plain, other))
        return {
            Role.MODEL: _rgb(m),
            Role.OPTIMIZER: _rgb(o),
            Role.EMA: _rgb(e),
            Role.SCHEDULER: _rgb(p),
            Role.SCALER: _rgb(p),
            Role.RNG: _rgb(p),
            Role.OTHER: _rgb(x),
        }

    stops = tuple(map(_rgb, epochs.split()))
    return Theme(dark, **colours, roles=by_role(0), pales=by_role(1), on_role=by_role(2), epochs=stops)


LIGHT = _theme(
    False,
    tokens.LIGHT,
    model="1C7F8D B9DADD FFFFFF",
    optimizer="B07A0E EAD6AC 1B1D20",
    ema="663A9D CDBEE0 FFFFFF",
    plain="434F5E C3C8CE FFFFFF",
    other="909397 DADBDC 1B1D20",
    epochs=tokens.EPOCHS[False],
)
DARK = _theme(
    True,
    tokens.DARK,
    model="35AAB9 22474D 0C2327",
    optimizer="E5A23F 56431F 1B1D20",
    ema="AB76E4 3D2E50 141618",
    plain="ABBBD3 3C424B 141618",
    other="787D86 33373B ECEAE6",
    epochs=tokens.EPOCHS[True],
)


class ThemeSignal(QObject):
    """Says when the mode changed; every painted cache keyed by theme must then be thrown away."""

    changed = Signal()


class _Mode:
    """Which mode is asked for: None follows the system."""

    forced: bool | None = None
    following = False
    current: Theme = LIGHT


@cache
def theme_signal() -> ThemeSignal:
    """The one announcer of theme changes."""
    return ThemeSignal()


def theme() -> Theme:
    """The colours in force. Ask each time you paint; never keep a colour."""
    return _Mode.current


def apply_theme(app: QApplication, dark: bool | None = None) -> None:
    """Put the tokens into ``app`` and follow the system from now on, or stay with ``dark`` when it is given."""
    _Mode.forced = dark
    app.setStyle(QStyleFactory.create("Fusion"))
    app.setFont(ui_font())
    if not _Mode.following:
        QGuiApplication.styleHints().colorSchemeChanged.connect(_follow)
        _Mode.following = True
    _follow()


def _follow() -> None:
    app = QApplication.instance()
    if not isinstance(app, QApplication):
        return
    scheme = QGuiApplication.styleHints().colorScheme()
    dark = scheme == Qt.ColorScheme.Dark if _Mode.forced is None else _Mode.forced
    _Mode.current = DARK if dark else LIGHT
    app.setPalette(_palette(_Mode.current))
    theme_signal().changed.emit()


def _palette(t: Theme) -> QPalette:
    roles = {
        QPalette.ColorRole.Window: t.win,
        QPalette.ColorRole.WindowText: t.text,
        QPalette.ColorRole.Base: t.panel,
        QPalette.ColorRole.AlternateBase: t.sunken,
        QPalette.ColorRole.Text: t.text,
        QPalette.ColorRole.PlaceholderText: t.text2,
        QPalette.ColorRole.Button: t.panel,
        QPalette.ColorRole.ButtonText: t.text,
        QPalette.ColorRole.BrightText: t.nan,
        QPalette.ColorRole.ToolTipBase: t.panel,
        QPalette.ColorRole.ToolTipText: t.text,
        QPalette.ColorRole.Highlight: t.sel,
        QPalette.ColorRole.HighlightedText: t.text,
        QPalette.ColorRole.Link: t.accent,
        QPalette.ColorRole.LinkVisited: t.accent,
        QPalette.ColorRole.Accent: t.accent,
        QPalette.ColorRole.Light: t.panel,
        QPalette.ColorRole.Midlight: t.hover,
        QPalette.ColorRole.Mid: t.hairline,
        QPalette.ColorRole.Dark: t.strong,
        QPalette.ColorRole.Shadow: t.control,
    }
    palette = QPalette()
    for role, colour in roles.items():
        palette.setColor(role, colour)
    for role in (QPalette.ColorRole.WindowText, QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, t.text3)
    return palette


_UI_FAMILIES = ("Inter", "Segoe UI Variable", ".AppleSystemUIFont", "Noto Sans")
_MONO_FAMILIES = ("JetBrains Mono", "Cascadia Mono", "Menlo", "DejaVu Sans Mono")


def ui_font(pixels: int = 13, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
    """The interface font with tabular figures; 13 px is the base, 11 captions, 16 titles, 20 key figures."""
    return _font(_UI_FAMILIES, pixels, weight)


def mono_font(pixels: int = 12) -> QFont:
    """For filters, code and raw values."""
    return _font(_MONO_FAMILIES, pixels, QFont.Weight.Normal)


@cache
def _scale() -> float:
    """How much larger than usual the system asks for text; 1.0 at a 9 or 10 point font and 96 dpi."""
    size = QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont).pointSizeF()
    return max(1.0, size / 10.0) if size > 0 else 1.0


@cache
def _families(wanted: tuple[str, ...], fixed: bool) -> list[str]:
    present = set(QFontDatabase.families())
    kind = QFontDatabase.SystemFont.FixedFont if fixed else QFontDatabase.SystemFont.GeneralFont
    return [name for name in wanted if name in present] + [QFontDatabase.systemFont(kind).family()]


def _font(wanted: tuple[str, ...], pixels: int, weight: QFont.Weight) -> QFont:
    font = QFont()
    font.setFamilies(_families(wanted, fixed=wanted is _MONO_FAMILIES))
    font.setPixelSize(round(pixels * _scale()))
    font.setWeight(weight)
    font.setFeature(QFont.Tag("tnum"), 1)
    if wanted is _MONO_FAMILIES:
        font.setFeature(QFont.Tag("calt"), 0)  # "->" in code is two characters, no arrow
    return font
