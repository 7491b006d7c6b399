"""What a storage's bytes are asked through, whatever they are made of."""

from __future__ import annotations

from typing import Protocol


class StorageReader(Protocol):
    """Decoded bytes of one extent. ``sequential`` says that reading forward is much cheaper than jumping."""

    sequential: bool

    def read_into(self, start: int, buffer: memoryview) -> None:
        """Fill ``buffer`` whole from decoded byte ``start``; raises ``DamagedFileError`` when it cannot."""
        ...
