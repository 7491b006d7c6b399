"""A name in pieces: what the export takes off it, and what stays."""

from __future__ import annotations

Pieces = list[tuple[str, bool]]


def pieces(old: str, new: str) -> Pieces:
    """The old name, what the new one lacks marked: ``[("module._orig_mod.", True), ("fc.weight", False)]``.

    One piece, not marked, where the new name is not the old one with parts taken off.
    """
    if old == new or not new:
        return [(old, False)]
    parts, wanted = old.split("."), new.split(".")
    at, gone = len(wanted), []
    for part in reversed(parts):  # what is taken off stands in front
        is_gone = at == 0 or part != wanted[at - 1]
        at -= not is_gone
        gone.append(is_gone)
    if at:
        return [(old, False)]
    found: Pieces = []
    for number, (part, is_gone) in enumerate(zip(parts, reversed(gone))):
        text = part + ("." if number < len(parts) - 1 else "")
        if found and found[-1][1] == is_gone:
            found[-1] = (found[-1][0] + text, is_gone)
        else:
            found.append((text, is_gone))
    return found


def taken_off(old: str, new: str) -> str:
    """What stands before and within the old name and not in the new one."""
    return "".join(text for text, gone in pieces(old, new) if gone)
