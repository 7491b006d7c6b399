"""Rows of text in aligned columns, as wide as what they hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence


def table(rows: Sequence[Sequence[str]], right: Iterable[int] = (), gap: int = 2) -> Iterator[str]:
    """Each row as a line; the columns in ``right`` are set flush right. Trailing blanks are cut.

    The last cell of a row that is shorter than others may run on under the columns that it lacks.
    """
    if not rows:
        return
    flush = frozenset(right)
    columns = max(map(len, rows))
    widths = [
        max((len(row[n]) for row in rows if n < len(row) - (len(row) < columns)), default=0)
        for n in range(columns)
    ]
    for row in rows:
        cells = [
            cell.rjust(width) if number in flush else cell.ljust(width)
            for number, (cell, width) in enumerate(zip(row, widths))
        ]
        yield (" " * gap).join(cells).rstrip()


def indented(lines: Iterable[str], by: int = 2) -> Iterator[str]:
    """Lines moved to the right."""
    return (f"{' ' * by}{line}" if line else "" for line in lines)
