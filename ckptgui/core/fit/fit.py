"""Will it load? What ``load_state_dict(strict=True)`` of a model would say to a state dict, from headers alone.

The rules are those of ``torch.nn.Module._load_from_state_dict``: dtypes may differ, a tensor of one element in one
dimension fits a 0-d one, extra state has no shape, and a normalisation layer makes up its counter of batches for
state dicts of the time before there was one.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass

from ckptgui.core.fit.entries import EXTRA_STATE, Entries, Sort

_COUNTER = "num_batches_tracked"
_COUNTED_SINCE = 2
"""Version of the normalisation layers whose state dicts have the counter."""

_REFUSED = {
    Sort.VALUE: "It is no tensor.",
    Sort.ARRAY: "It is a NumPy array, which load_state_dict does not take.",
    Sort.META: "It has no values: it was saved on the meta device.",
}


@dataclass(frozen=True, slots=True)
class Mismatch:
    """An entry that both have and that cannot be copied; ``error`` says why where the shapes agree."""

    name: str
    expected: tuple[int, ...]
    found: tuple[int, ...] | None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Fit:
    """What stands in the way: ``missing`` in the model's order, ``unexpected`` in the state dict's."""

    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    mismatched: tuple[Mismatch, ...]
    matched: int  # names that are loaded

    @property
    def loads(self) -> bool:
        """Whether strict loading takes it."""
        return not (self.missing or self.unexpected or self.mismatched)


def fit(found: Entries, expected: Entries) -> Fit:
    """Would a model with the entries ``expected`` load the state dict ``found``?"""
    # A plain value in the dictionary that stands for the model is no entry of that model.
    model = {name: shape for name, shape in expected.shapes.items() if shape is not None or is_extra_state(name)}
    missing: list[str] = []
    mismatched: list[Mismatch] = []
    for name, shape in model.items():
        if name in found.shapes:
            mismatch = None if is_extra_state(name) else _mismatch(name, shape or (), found, expected)
            mismatched += [mismatch] if mismatch is not None else []
        elif not _is_made_up(name, found.versions, model):
            missing.append(name)
    unexpected = tuple(name for name in found.shapes if name not in model)
    matched = len(found) - len(unexpected) - len(mismatched)
    return Fit(tuple(missing), unexpected, tuple(mismatched), matched)


def is_extra_state(name: str) -> bool:
    """Whether a module's own ``get_extra_state`` gave this entry."""
    return name.rpartition(".")[2] == EXTRA_STATE


def _mismatch(name: str, wanted: tuple[int, ...], found: Entries, expected: Entries) -> Mismatch | None:
    there, sort, model = found.shapes[name], found.sorts.get(name), expected.sorts.get(name)
    if sort in (Sort.VALUE, Sort.ARRAY):
        return Mismatch(name, wanted, there, _REFUSED[sort])
    if there != wanted and not (wanted == () and there == (1,)):
        return Mismatch(name, wanted, there)
    if sort is Sort.META:
        return Mismatch(name, wanted, there, _REFUSED[sort])
    if sort is Sort.QUANTIZED and model is not Sort.QUANTIZED:
        return Mismatch(name, wanted, there, "It is quantized, the model's is not.")
    if (sort is Sort.SPARSE) != (model is Sort.SPARSE):
        one, other = ("sparse", "dense") if sort is Sort.SPARSE else ("dense", "sparse")
        return Mismatch(name, wanted, there, f"It is {one}, the model's is {other}.")
    return None


def _is_made_up(name: str, versions: Mapping[str, int], model: Container[str]) -> bool:
    """Whether the model's normalisation layer puts in this counter by itself, as for files without versions."""
    module, dot, leaf = name.rpartition(".")
    if leaf != _COUNTER or versions.get(module, 0) >= _COUNTED_SINCE:
        return False
    return all(f"{module}{dot}{each}" in model for each in ("running_mean", "running_var"))
