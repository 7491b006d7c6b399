"""What is read of a place of the map, in words: where it is, the figure, and why there is none."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ckptgui.analysis.layer_map import Cell, Source
from ckptgui.core.display import display
from ckptgui.core.series.series import Series
from ckptgui.core.series.status import Status
from ckptgui.core.series.words import counter_of
from ckptgui.gui.compare.comparison import Comparison
from ckptgui.gui.compare.layers.figures import TITLES, value_text
from ckptgui.gui.compare.layers.source import MapSource
from ckptgui.gui.compare.words import member_words
from ckptgui.gui.inspector.image.reading import Reading
from ckptgui.gui.numbers import counted, integer, tr
from ckptgui.workspace.comparing import PairTask, ProfileTask, Task

MOST = 70
"""Characters of a name in the card."""

_NUMBER = re.compile(r"([0-9]{1,15})")


def row_name(source: MapSource, row: int, most: int = MOST) -> str:
    """``blocks.3.attn.qkv.bias``"""
    return display(source.outline.path(int(source.rows.nodes[row])), most)


def column_numbers(series: Series) -> list[str]:
    """What stands over the columns: epochs or steps, the number in the names, else how many it is."""
    counter = counter_of(series)
    if counter == "name":
        told = _told_apart([member.title for member in series.members])
    else:
        told = [getattr(member, counter) for member in series.members]
    return [integer(number if number is not None else place + 1) for place, number in enumerate(told)]


def _told_apart(titles: Sequence[str]) -> list[int | None]:
    """The one number in which names differ that are alike otherwise: 0 and 1 of ``save_0.pt``, ``save_1.pt``."""
    parts = [_NUMBER.split(title) for title in titles]
    differing = [place for place, some in enumerate(zip(*parts, strict=False)) if len(set(some)) > 1]
    alike = len({len(each) for each in parts}) == 1 and len(differing) == 1
    place = differing[0] if alike else 0
    return [int(each[place]) if place % 2 else None for each in parts]


def block_reading(source: MapSource, row: int) -> Reading:
    """What a click on the block of a row does."""
    node = int(source.rows.nodes[row])
    closed = bool(source.rows.folded[row])
    module = node if closed else int(source.blocks.of[node])
    name = display(source.outline.path(module), MOST)
    return Reading(name, tr("Click to unfold") if closed else tr("Click to fold"))


def reading_of(source: MapSource, row: int, column: int) -> Reading:
    """What stands in a cell."""
    layers, key = source.layers, source.figure.key
    node = int(source.rows.nodes[row])
    cell, value = Cell(int(layers.cells[row, column])), float(layers.values[row, column])
    broken = bool(layers.broken[row, column])
    title = TITLES[key]
    what = f"{title} {value_text(key, value)}" if cell is Cell.VALUE else _why(source, row, column, cell)
    if broken and key != "nan":
        what = _broken_words(source, row, column)
    more = [when(source.comparison, source.figure.source, column)]
    if broken and cell is Cell.VALUE and key != "nan":
        more.append(tr("{0} of the finite values {1}").format(title.lower(), value_text(key, value)))
    elif source.rows.folded[row]:
        count = int(source.outline.stop[node] - source.outline.start[node])
        more.append(counted(count, "tensor together", "tensors together"))
    return Reading(row_name(source, row), what, ", ".join(more), alarm=broken)


def when(comparison: Comparison, source: Source, column: int) -> str:
    """``epoch 6 → epoch 7``, for a figure of its own ``epoch 7``."""
    series = comparison.series
    here = member_words(series, column)
    if source is Source.OWN:
        return here
    base = comparison.known.base(column, to_first=source is Source.FIRST)
    return f"{member_words(series, base)} → {here}" if base >= 0 else here


def _broken_words(source: MapSource, row: int, column: int) -> str:
    """``3 NaN``, ``3 NaN and 1 infinite value``"""
    nan, inf = int(source.layers.nan[row, column]), int(source.layers.inf[row, column])
    told = [f"{integer(nan)} NaN"] if nan else []
    if inf:
        told.append(counted(inf, "infinite value", "infinite values"))
    return tr(" and ").join(told)


def _why(source: MapSource, row: int, column: int, cell: Cell) -> str:
    comparison, series = source.comparison, source.comparison.series
    own = source.figure.source is Source.OWN
    base = -1 if own else comparison.known.base(column, to_first=source.figure.source is Source.FIRST)
    task: Task = ProfileTask(column) if own else PairTask(base, column)
    if series.members[column].checkpoint is None:
        return tr("cannot be read: {0}").format(display(series.members[column].error or "", 160))
    if cell is Cell.UNREAD:
        return tr("not read yet")
    if cell is Cell.ABSENT:
        return tr("not in it")
    tensor = int(source.rows.heads[row])
    if cell is Cell.FAILED:
        number = int(comparison.matching.rows[tensor, column]) if own else tensor
        reason = comparison.errors.get(task, {}).get(number) or comparison.failures.get(task, "")
        return tr("could not be read. {0}").format(display(reason, 160)).strip()
    if not own and base < 0:
        return tr("nothing to compare it with")
    if not own and not source.rows.folded[row]:
        status = Status(int(comparison.pair(base, column).structure[tensor]))
        if status in _STATUS:
            return _STATUS[status]
    return tr("no such figure")


_STATUS = {Status.ADDED: tr("not there before"), Status.RESHAPED: tr("had another shape before")}
