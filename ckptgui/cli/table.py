"""Rows of text in aligned columns, as wide as what they hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence


def table(rows: Sequence[Sequence[str]], right: Iterable[int] = (), gap: int = 2) -> Iterator[str]:
    """Each row as a line; the columns in ``right`` are set flush right. Trailing blanks are cut."""
    if not rows:
        return
    flush = frozenset(right)
    widths = [max(map(len, column)) for column in zip(*rows)]
    for row in rows:
        cells = [
            cell.rjust(width) if number in flush else cell.ljust(width)
            for number, (cell, width) in enumerate(zip(row, widths))
        ]
        yield (" " * gap).join(cells).rstrip()


def indented(lines: Iterable[str], by: int = 2) -> Iterator[str]:
    """Lines moved to the right."""
    return (f"{' ' * by}{line}" if line else "" for line in lines)
