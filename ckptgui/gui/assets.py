"""Icons: one family of line drawings, in a token's colour and sharp at every pixel ratio."""

from __future__ import annotations

from functools import cache

from PySide6.QtCore import QByteArray, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap

from ckptgui.gui.theme import theme
from ckptgui.workspace.resources import resource

ICON = 16
"""Side of the drawings' grid, in device-independent pixels."""


def pixmap(name: str, colour: QColor, ratio: float = 1.0, size: int = ICON) -> QPixmap:
    """The icon ``name`` in one colour, ``ratio`` device pixels to a pixel."""
    return _drawn(name, colour.name(QColor.NameFormat.HexRgb), round(ratio * 64), size)


def draw_icon(painter: QPainter, rect: QRect, name: str, token: str = "text2", size: int = ICON) -> None:
    """Paint an icon into the middle of ``rect`` in the colour of a token."""
    device = painter.device()
    ratio = device.devicePixelRatioF() if device is not None else 1.0
    colour: QColor = getattr(theme(), token)
    corner = QPointF(rect.x() + (rect.width() - size) / 2, rect.y() + (rect.height() - size) / 2)
    painter.drawPixmap(corner.toPoint(), pixmap(name, colour, ratio, size))


@cache
def application_icon() -> QIcon:
    """The icon of windows and of the launcher."""
    icon = QIcon()
    for side in (16, 24, 32, 48, 64, 128, 256):
        icon.addPixmap(_rendered(resource("desktop/ckptgui.svg").read_bytes(), side, 1.0))
    return icon


@cache
def _source(name: str) -> str:
    return resource(f"icons/{name}.svg").read_text("utf-8")


@cache
def _drawn(name: str, colour: str, ratio_64ths: int, size: int) -> QPixmap:
    # QtSvg does not know what currentColor would be here.
    return _rendered(_source(name).replace("currentColor", colour).encode(), size, ratio_64ths / 64)


def _rendered(svg: bytes, size: int, ratio: float) -> QPixmap:
    from PySide6.QtSvg import QSvgRenderer

    picture = QPixmap(round(size * ratio), round(size * ratio))
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    QSvgRenderer(QByteArray(svg)).render(painter, QRectF(0, 0, size, size))
    painter.end()
    return picture
