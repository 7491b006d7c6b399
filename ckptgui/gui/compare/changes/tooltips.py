"""Everything that is known of a row of the table, with all digits, as its tooltip says it."""

from __future__ import annotations

import math

from ckptgui.core.display import display
from ckptgui.core.series.status import Status
from ckptgui.gui.compare.changes.rows import Rows
from ckptgui.gui.compare.signs import sign, status_word
from ckptgui.gui.numbers import counted, integer, shape_text, tr


def tooltip(rows: Rows, node: int) -> str:
    """Name, kind and status of a node, why something is not known, and its figures."""
    tensor = int(rows.outline.tensor[node])
    name = rows.outline.names[tensor] if tensor >= 0 else rows.outline.path(node) or tr("All tensors")
    lines = [display(name, 1024)]
    if tensor >= 0:
        lines += _of_tensor(rows, tensor, node)
    else:
        counts = rows.counts(node)
        lines.append("  ".join(f"{sign(each)} {integer(count)} {status_word(each)}" for each, count in counts))
    unread = rows.figure(node, "unread")
    if unread > 0 and tensor < 0:
        lines.append(tr("{0} not read yet").format(counted(int(unread), "tensor", "tensors")))
    elif unread > 0:
        lines.append(tr("not read yet"))
    if rows.broken(node):
        lines.append(tr("{0} are not finite; figures are over the others").format(rows.broken_count(node)))
    lines += [f"{title}: {value}" for title, value in _figures(rows, node)]
    return "\n".join(filter(None, lines))


def _of_tensor(rows: Rows, tensor: int, node: int) -> list[str]:
    ends, status = rows.ends, rows.status(node)
    types = dict.fromkeys(filter(None, (rows.type_at(tensor, ends.a), rows.type_at(tensor, ends.b))))
    lines = [f"{shape_text(rows.shape(tensor))}, {' → '.join(types)}"]
    if status is not Status.MATCHED:
        said = rows.structure(tensor)
        lines.append(f"{status_word(status)}: {said}" if said else status_word(status))
    if other := rows.other_name(tensor):
        lines.append(tr("also named {0}").format(other))
    if tensor in rows.errors:
        lines.append(display(rows.errors[tensor], 1024))
    return lines


def _figures(rows: Rows, node: int) -> list[tuple[str, str]]:
    figures = (
        (tr("relative change"), "relative"),
        (tr("L2 of change"), "delta_l2"),
        (tr("cosine"), "cosine"),
        (tr("largest change"), "max_abs"),
        (tr("part of the values changed"), "changed_fraction"),
    )
    values = ((title, rows.figure(node, name)) for title, name in figures)
    return [(title, repr(value)) for title, value in values if not math.isnan(value)]
