"""The rows of a model that an optimizer would be given: parameters, tied ones once, buffers left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ckptgui.core.checkpoint import Checkpoint, Section
from ckptgui.core.dtypes import Kind
from ckptgui.core.tensors import Flag, TensorKind

BUFFERS = frozenset({"running_mean", "running_var", "num_batches_tracked", "position_ids", "inv_freq"})
"""Last parts of names that torch's and the common libraries' modules give to buffers, never to parameters."""

_WRAPPERS = ("_fsdp_wrapped_module.", "_checkpoint_wrapped_module.", "_forward_module.", "_orig_mod.", "module.")


@dataclass(frozen=True)
class ParameterRows:
    """A model section: ``rows`` are those of its parameters, tied ones once; ``first`` the first name of each.

    ``ordered`` says that they stand in the model's order. Formats without a name for a storage (safetensors,
    ranks that described only themselves) sort tensors by name.
    """

    section: Section
    rows: np.ndarray
    all_rows: np.ndarray
    first: np.ndarray
    ordered: bool

    @classmethod
    def of(cls, checkpoint: Checkpoint, section: Section) -> ParameterRows:
        """The parameters of one section: what is known to be a buffer, or cannot have a gradient, is none."""
        table = checkpoint.tensors
        rows = np.arange(section.start, section.stop)
        kind = table.kind[rows]
        real = np.array([dtype.kind in (Kind.FLOAT, Kind.COMPLEX) for dtype in table.dtypes], bool)
        keep = real[table.dtype[rows]] & (kind != TensorKind.COMPONENT) & (kind != TensorKind.BUFFER)
        keep &= (table.flags[rows] & Flag.NOT_PERSISTENT) == 0
        if (kind == TensorKind.PARAMETER).any():
            keep &= kind == TensorKind.PARAMETER
        else:
            names = table.names[section.start : section.stop]
            keep &= np.fromiter((n.rpartition(".")[2] not in BUFFERS for n in names), bool, len(names))
        first = _first_names(checkpoint, rows)
        keep &= first == rows
        told = [table.storage_keys[at] for at in table.storage[rows[keep][:_SAMPLE]].tolist() if at >= 0]
        # What torch's planner described for the whole stands in the order in which it was given (dcp's "writer").
        planned = checkpoint.attributes.get("writer") == "torch"
        ordered = planned or not told or any(key is not None for key in told)
        return cls(section, rows[keep], rows, first, ordered)


_SAMPLE = 64
"""Rows of a section that tell how its format keeps storages."""


def _first_names(checkpoint: Checkpoint, rows: np.ndarray) -> np.ndarray:
    """For each row the first one of the section that is the same view of the same storage."""
    table = checkpoint.tensors
    columns = [table.numel[rows], table.storage_offset[rows], table.storage[rows]]
    order = np.lexsort(columns)
    same = np.logical_and.reduce([column[order][1:] == column[order][:-1] for column in columns])
    same &= (table.storage[rows][order][1:] >= 0) & (table.numel[rows][order][1:] > 0)
    leader = np.arange(len(rows))
    leader[1:][same] = 0
    leader = np.maximum.accumulate(leader)  # the place in the order at which each run of equals begins
    first = np.empty(len(rows), np.int64)
    first[order] = rows[order][leader]
    return first


def rows_named(checkpoint: Checkpoint, model: ParameterRows, names: Sequence[str]) -> np.ndarray:
    """The row of each name in a model, wrappers' prefixes left out of both; -1 where there is none."""
    table = checkpoint.tensors
    depth = len(model.section.path)
    prefixes = {
        c: ".".join(table.containers[c][depth:]) for c in np.unique(table.container[model.all_rows]).tolist()
    }
    known: dict[str, int] = {}
    for row, container, name in zip(
        model.first.tolist(),
        table.container[model.all_rows].tolist(),
        table.names[model.section.start : model.section.stop],
    ):
        prefix = prefixes[container]
        known.setdefault(bare(f"{prefix}.{name}" if prefix else name), row)
    return np.array([known.get(bare(name), -1) for name in names], np.int64)


def bare(name: str) -> str:
    """A parameter's name without what wrappers put into it."""
    if "module." in name or "_orig_mod." in name:
        for wrapper in _WRAPPERS[:4]:
            name = name.replace(wrapper, "")
        while name.startswith(_WRAPPERS[4]):
            name = name.removeprefix(_WRAPPERS[4])
    return name
