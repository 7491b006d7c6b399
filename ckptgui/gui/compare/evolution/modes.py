"""The ways in which a selection can be seen over the epochs, each with what paints it and what is at a point."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter

from ckptgui.gui.compare.evolution import curves, density, overlay, ridges
from ckptgui.gui.compare.evolution.scene import Scene
from ckptgui.gui.theme import Theme


@dataclass(frozen=True)
class Mode:
    """``value_at`` tells the value at a point, where a point has one."""

    key: str
    title: str
    paint: Callable[[QPainter, QRectF, Scene, Theme], None]
    paint_lit: Callable[[QPainter, QRectF, Scene, Theme, int], None]
    member_at: Callable[[Scene, QRectF, QPointF], int]
    value_at: Callable[[Scene, QRectF, QPointF], float | None]


def _across(area: QRectF, scene: Scene, point: QPointF) -> float | None:
    place = (point.x() - area.left()) / max(area.width(), 1.0)
    return scene.evolution.axis.value(place) if 0 <= place <= 1 else None


def _upwards(scene: Scene, rect: QRectF, point: QPointF) -> float | None:
    area = density.area_of(scene, rect)
    place = (area.bottom() - point.y()) / max(area.height(), 1.0)
    return scene.evolution.axis.value(place) if 0 <= place <= 1 else None


MODES = (
    Mode(
        "ridges",
        "Ridges",
        ridges.paint,
        ridges.paint_lit,
        ridges.member_at,
        lambda scene, rect, point: _across(ridges.plan(scene, rect).area, scene, point),
    ),
    Mode(
        "overlay",
        "Overlay",
        overlay.paint,
        overlay.paint_lit,
        overlay.member_at,
        lambda scene, rect, point: _across(overlay.area_of(rect), scene, point),
    ),
    Mode("density", "Density", density.paint, density.paint_lit, density.member_at, _upwards),
    Mode("curves", "Curves", curves.paint, curves.paint_lit, curves.member_at, lambda *_: None),
)
"""In the order of the buttons."""


def mode_of(key: str) -> Mode:
    """By its key."""
    return next(mode for mode in MODES if mode.key == key)
