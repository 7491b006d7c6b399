"""Tensors of a table as an export counts them, made when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import overload

import numpy as np

from ckptgui.core.dtypes import DType
from ckptgui.core.sharing import unreached_bytes
from ckptgui.core.tensors import Path, TensorInfo, TensorTable


class TableTensors(Sequence[TensorInfo]):
    """Some rows of a table, named below their section; ``others`` are those that a format counts differently."""

    __slots__ = ("others", "rows", "section", "table")

    def __init__(
        self, table: TensorTable, section: Path, rows: np.ndarray, others: Mapping[int, TensorInfo]
    ) -> None:
        self.table = table
        self.section = section
        self.rows = rows
        self.others = others

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, index: int) -> TensorInfo: ...
    @overload
    def __getitem__(self, index: slice) -> list[TensorInfo]: ...
    def __getitem__(self, index: int | slice) -> TensorInfo | list[TensorInfo]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        row = int(self.rows[index])
        return self.others.get(row) or self.table.info(row, self.section)

    def part(self, places: np.ndarray) -> TableTensors:
        """Those at some places."""
        return TableTensors(self.table, self.section, self.rows[places], self.others)

    @property
    def unreached(self) -> int:
        """Bytes of their storages that no tensor of the table reaches."""
        used = np.zeros(len(self.table.extents), np.bool_)
        storage = self.table.storage[self.rows]
        used[storage[storage >= 0]] = True
        return int(unreached_bytes(self.table)[used].sum())

    @property
    def dtypes(self) -> list[DType]:
        """Their element types, as the format counts them."""
        dtypes = self.table.dtypes
        found = [dtypes[code] for code in self.table.dtype[self.rows].tolist()]
        for place, row in enumerate(self.rows.tolist()) if self.others else ():
            if row in self.others:
                found[place] = self.others[row].dtype
        return found


def dtypes_of(tensors: Sequence[TensorInfo]) -> list[DType]:
    """The element types of some tensors."""
    return tensors.dtypes if isinstance(tensors, TableTensors) else [tensor.dtype for tensor in tensors]


def counted(
    table: TensorTable,
    section: Path,
    rows: np.ndarray,
    takes: Callable[[DType], bool],
    adapt: Callable[[TensorInfo], TensorInfo],
) -> TableTensors:
    """The rows as a format counts them: each whose dtype it does not take as it is goes through ``adapt``."""
    odd = [code for code, dtype in enumerate(table.dtypes) if not takes(dtype)]
    others = {row: adapt(table.info(row, section)) for row in rows[np.isin(table.dtype[rows], odd)].tolist()}
    return TableTensors(table, section, rows, others)
