"""The cells of the map as a picture, all at once: colours by the scale, signs where there is no figure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtGui import QImage

from ckptgui.analysis.colour_scale import ColourScale, ScaleKind
from ckptgui.analysis.layer_map import Cell, LayerMap
from ckptgui.gui.compare.layers.geometry import Geometry
from ckptgui.gui.palettes import STEPS, Palette, packed, table
from ckptgui.gui.theme import Theme

_HATCH = 5


@dataclass(frozen=True)
class Window:
    """The part of the map that is painted: where it is scrolled to, how large it is, device pixels to a pixel."""

    x: int
    y: int
    width: int
    height: int
    ratio: float


def palette_of(scale: ColourScale, dark: bool) -> np.ndarray:
    """The packed colours that a scale is painted in."""
    return table(Palette.DIFFERENCE if scale.kind is ScaleKind.SIGNED else Palette.MAGNITUDE, dark)


def raster(layers: LayerMap, scale: ColourScale, geometry: Geometry, window: Window, ink: Theme) -> QImage:
    """The cells of a window, on the panel's ground."""
    across, down = (max(1, round(side * window.ratio)) for side in (window.width, window.height))
    x = ((np.arange(across) + 0.5) / window.ratio + window.x).astype(np.int64)
    y = ((np.arange(down) + 0.5) / window.ratio + window.y).astype(np.int64)
    rows, columns = geometry.rows_seen(window.y), geometry.columns_seen(window.x)
    ground = packed(ink.panel)
    picture = np.full((down, across), ground, np.uint32)
    if len(rows) and len(columns):
        row = np.clip(np.searchsorted(geometry.tops, y, side="right") - 1, rows.start, rows.stop - 1)
        column = np.clip(x // geometry.pitch, columns.start, columns.stop - 1)
        inner_y, inner_x = y - geometry.tops[row], x - column * geometry.pitch
        seen_y = (inner_y >= 0) & (inner_y < geometry.row - 1)
        seen_x = (inner_x >= 0) & (inner_x < geometry.pitch - geometry.gap)
        part = np.s_[rows.start : rows.stop, columns.start : columns.stop]
        cells = layers.cells[part]
        colours = cell_colours(layers.values[part], cells, scale, ink)
        at = np.ix_(row[seen_y] - rows.start, column[seen_x] - columns.start)
        inside = colours[at]
        if (cells != Cell.VALUE).any():
            _sign(inside, cells[at], inner_y[seen_y], inner_x[seen_x], geometry, ink)
        picture[np.ix_(seen_y, seen_x)] = inside
    image = QImage(picture.data, across, down, across * 4, QImage.Format.Format_RGB32).copy()
    image.setDevicePixelRatio(window.ratio)
    return image


def cell_colours(values: np.ndarray, cells: np.ndarray, scale: ColourScale, ink: Theme) -> np.ndarray:
    """uint32 a cell, 0xAARRGGBB; of one without a figure that of its ground."""
    colours = palette_of(scale, ink.dark)
    shares = np.nan_to_num(scale.shares(values), nan=0.0)
    found: np.ndarray = colours[np.round(shares * (STEPS - 1)).astype(np.int64)]
    found[cells != Cell.VALUE] = packed(ink.panel)
    found[cells == Cell.FAILED] = packed(ink.danger_ground)
    return found


def _sign(
    picture: np.ndarray, cells: np.ndarray, y: np.ndarray, x: np.ndarray, size: Geometry, ink: Theme
) -> None:
    """A frame for what is not read yet, a dash for no figure, hatching for what is absent, a bar for a failure."""
    tall, wide = size.row - 1, size.pitch - size.gap
    dash = (y == tall // 2)[:, None] & (np.abs(x - (wide - 1) / 2) < min(4, wide / 3))[None, :]
    edge = ((y == 0) | (y == tall - 1))[:, None] | ((x == 0) | (x == wide - 1))[None, :]
    hatch = (x[None, :] + y[:, None]) % _HATCH == 0
    picture[(cells == Cell.UNREAD) & edge] = packed(ink.hairline)
    picture[(cells == Cell.NONE) & dash] = packed(ink.text2)
    picture[(cells == Cell.ABSENT) & hatch] = packed(ink.hairline)
    picture[(cells == Cell.FAILED) & dash] = packed(ink.danger)
