"""The one door through which text from a file reaches an eye: nothing hidden, nothing executed, not endless."""

from __future__ import annotations

import re

MAX_CELL = 256
"""Characters of a name in a cell, a label or a message."""

MAX_DETAIL = 65_536
"""Characters in a pane that is made for long text."""

_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f"  # control characters
    "\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff"  # direction marks, zero width
    "\u2028\u2029\ud800-\udfff\ufff9-\ufffb]"  # line separators, lone surrogates, annotations
)


def display(text: object, limit: int = MAX_CELL) -> str:
    """Text as it may be shown: invisible characters escaped, the middle left out beyond ``limit``.

    The result is printable, encodes as UTF-8 and is unchanged by a second call with the same limit.
    It is plain text: widgets that guess at markup must be told so.
    """
    string = text if isinstance(text, str) else str(text)
    if len(string) > 4 * limit:  # an escape never shortens, so what lies between cannot be shown anyway
        string = string[: 2 * limit] + string[-2 * limit :]
    shown = _HIDDEN.sub(_escaped, string)
    if len(shown) <= limit:
        return shown
    head = (limit - 1) // 2
    return f"{shown[:head]}…{shown[len(shown) - (limit - 1 - head) :]}"


def amount(number: int) -> str:
    """A number with its digits grouped; one that nothing real can have is told by its length.

    A file can spell integers of thousands of digits, which no sentence has room for and which Python refuses
    to print.
    """
    return f"{number:,}" if abs(number) < _TOLD else f"about 10^{int(number.bit_length() * 0.30103)}"


_TOLD = 10**27


def counted(number: int, one: str, many: str | None = None) -> str:
    """``1 tensor``, ``1,024 tensors``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _escaped(match: re.Match[str]) -> str:
    code = ord(match.group())
    return {9: "\\t", 10: "\\n", 13: "\\r"}.get(code) or (f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}")
