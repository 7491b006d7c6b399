"""Plots on paper: a drawing of vectors and a picture, each a file that needs no program beside it."""

from __future__ import annotations

import re
from collections.abc import Callable

from PySide6.QtCore import QBuffer, QByteArray, QRect, QSize
from PySide6.QtGui import QImage, QImageWriter, QPainter
from PySide6.QtSvg import QSvgGenerator

PNG_RATIO = 2.0
"""Device pixels of a picture to a pixel of its drawing."""

_FAMILIES = b"Inter, 'Segoe UI', 'Helvetica Neue', 'Noto Sans', sans-serif"

Paint = Callable[[QPainter], None]


def drawing(size: QSize, title: str, note: str, paint: Paint) -> bytes:
    """What ``paint`` paints as SVG."""
    device = QBuffer()
    device.open(QBuffer.OpenModeFlag.WriteOnly)
    generator = QSvgGenerator()
    generator.setOutputDevice(device)
    generator.setSize(size)
    generator.setViewBox(QRect(0, 0, size.width(), size.height()))
    generator.setResolution(96)
    generator.setTitle(title)
    generator.setDescription(note)
    painter = QPainter(generator)
    paint(painter)
    painter.end()
    text = bytes(device.data().data())
    return re.sub(rb'font-family="[^"]*"', b'font-family="' + _FAMILIES + b'"', text)


def painted(size: QSize, title: str, paint: Paint) -> QImage:
    """What ``paint`` paints as a picture of ``PNG_RATIO`` device pixels to a pixel."""
    picture = QImage(size * PNG_RATIO, QImage.Format.Format_RGB32)
    picture.setDevicePixelRatio(PNG_RATIO)
    picture.setText("Title", title)
    picture.setText("Software", "ckptgui")
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.TextAntialiasing)
    paint(painter)
    painter.end()
    return picture


def png(picture: QImage) -> bytes:
    """A picture's file; for any thread."""
    device = QBuffer()
    device.open(QBuffer.OpenModeFlag.WriteOnly)
    QImageWriter(device, QByteArray(b"png")).write(picture)
    return bytes(device.data().data())
