"""A picture on the clipboard, or in a PNG file that appears whole or not at all."""

from __future__ import annotations

from PySide6.QtCore import QBuffer, QByteArray, QIODevice
from PySide6.QtGui import QImage, QImageWriter

from ckptgui.engine.job import Cancel, Report


def png_bytes(image: QImage) -> bytes:
    """The file's content; for a background thread."""
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(buffer, QByteArray(b"png")).write(image)
    buffer.close()
    return bytes(data.data())


def save_png(image: QImage, path: str, cancel: Cancel, report: Report) -> str:
    """Write a file, replacing what is there; whoever chose the path agreed. Raises ``CheckpointError``."""
    from ckptgui.export.atomic import write_file

    data = png_bytes(image)
    cancel.check()
    write_file(path, lambda output: output.write(data), nbytes=len(data), force=True)
    return path
