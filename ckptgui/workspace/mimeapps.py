"""Edits the text of ``mimeapps.list``: our name into it and out again, every other line as it was."""

from __future__ import annotations

from collections.abc import Iterable

_DEFAULTS = "[Default Applications]"


def with_default(text: str, entry: str, types: Iterable[str]) -> str:
    """``text`` with ``entry`` first for each of ``types``; whoever was first before comes second."""
    lines = without(text, entry).splitlines()
    if _DEFAULTS not in lines:
        lines += ["", _DEFAULTS] if lines and lines[-1] else [_DEFAULTS]
    start = lines.index(_DEFAULTS) + 1
    for name in reversed(tuple(types)):
        place = next((i for i in _section(lines, start) if lines[i].partition("=")[0].strip() == name), None)
        if place is None:
            lines.insert(start, f"{name}={entry}")
        else:
            lines[place] = f"{name}={entry};{lines[place].partition('=')[2].strip()}"
    return "\n".join(lines) + "\n"


def without(text: str, entry: str) -> str:
    """``text`` without ``entry`` in any list, and without lines and sections that this leaves empty."""
    if entry not in text:
        return text
    kept: list[str] = []
    for line in text.splitlines():
        name, equals, value = line.partition("=")
        names = value.split(";")
        if not equals or entry not in (n.strip() for n in names):
            kept.append(line)
            continue
        rest = ";".join(n for n in names if n.strip() != entry)
        if rest.strip("; "):
            kept.append(f"{name}={rest}")
    while kept and kept[-1] in ("", _DEFAULTS):
        kept.pop()
    return "\n".join(kept) + "\n" if kept else ""


def default_for(text: str, entry: str) -> tuple[str, ...]:
    """The types that ``entry`` is the first choice for."""
    lines = text.splitlines()
    if _DEFAULTS not in lines:
        return ()
    pairs = (lines[i].partition("=") for i in _section(lines, lines.index(_DEFAULTS) + 1))
    return tuple(sorted(name.strip() for name, _, value in pairs if value.split(";")[0].strip() == entry))


def _section(lines: list[str], start: int) -> list[int]:
    """The line numbers from ``start`` to the next section."""
    stop = next((i for i in range(start, len(lines)) if lines[i].startswith("[")), len(lines))
    return list(range(start, stop))
