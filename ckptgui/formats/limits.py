"""What a file may ask of us at most: one table, and one error that names the line of it that was reached."""

from __future__ import annotations

from dataclasses import dataclass

from ckptgui.errors import LimitExceededError


@dataclass(frozen=True, slots=True)
class Limits:
    """Budgets of one parse. A million tensors written by torch.save take 30 M opcodes and 8 M memo entries."""

    pickle_bytes: int = 1 << 30  # the whole data.pkl
    record_bytes: int = 1 << 24  # a small record: byteorder, version …
    opcodes: int = 200_000_000
    nesting: int = 10_000  # marks that are open at once
    memo_entries: int = 64_000_000
    string_bytes: int = 16 << 20  # beyond, text stays undecoded
    text_bytes: int = 1 << 30  # all decoded strings together
    integer_bytes: int = 1024  # beyond, an integer stays undecoded
    stack: int = 4_000_000
    tensors: int = 4_000_000
    depth: int = 200  # containers within containers that are followed
    components: int = 10_000  # tensors within tensors that are listed again with all that they are made of
    repeats: int = 200_000  # tensors and values listed again because a container is reached twice


DEFAULT = Limits()


_WORDS = {
    "pickle_bytes": "bytes of pickle",
    "record_bytes": "bytes in a small record",
    "opcodes": "pickle operations",
    "nesting": "values nested in one another",
    "memo_entries": "remembered values",
    "string_bytes": "bytes in one string",
    "text_bytes": "bytes of text",
    "integer_bytes": "bytes in one integer",
    "stack": "values on the stack",
    "tensors": "tensors",
    "depth": "containers nested in one another",
    "components": "repeated tensors within tensors",
    "repeats": "repeated values",
}


def exceeded(limit: str, limits: Limits = DEFAULT) -> LimitExceededError:
    """The error for a limit, by its name in the table."""
    return LimitExceededError(
        f"The file asks for more than {getattr(limits, limit):,} {_WORDS[limit]} (limit “{limit}”)."
    )
