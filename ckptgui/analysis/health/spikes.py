"""Spikes: a row or column of a weight, such as one entry of an embedding, that dwarfs all others."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ckptgui.analysis.health.channels import LEAST_CHANNELS, Spike
from ckptgui.analysis.health.evidence import Evidence
from ckptgui.analysis.health.finding import Finding
from ckptgui.analysis.health.names import is_embedding, is_mask
from ckptgui.analysis.profile import PROFILE_QUANTILES

SUSPICIOUS = 30.0
"""How many times the quartiles the largest value must be before the channels are measured: a channel of 50 times
the usual norm has one of 70 times or more, and the largest value of a healthy weight is 5 to 17 times them."""

_LOW, _HIGH = PROFILE_QUANTILES.index(0.25), PROFILE_QUANTILES.index(0.75)


def may_spike(evidence: Evidence) -> np.ndarray:
    """bool a tensor: its largest value is far from its quartiles, so that a second reading pays."""
    profile = evidence.profile
    quantiles = profile.records["quantiles"]
    with np.errstate(invalid="ignore", over="ignore"):
        usual = np.fmax(np.abs(quantiles[:, _LOW]), np.abs(quantiles[:, _HIGH]))
        largest = np.fmax(np.abs(profile.column("min")), np.abs(profile.column("max")))
        far = (usual > 0) & (largest > SUSPICIOUS * usual)
    least = LEAST_CHANNELS**2
    return np.asarray(
        evidence.weights & (evidence.dimensions >= 2) & far & (evidence.checkpoint.tensors.numel >= least)
    )


def spikes(evidence: Evidence) -> Iterator[Finding]:
    """One finding a weight, from what the second readings told."""
    table = evidence.checkpoint.tensors
    for row, found in sorted(evidence.channels.items()):
        name, shape = evidence.shown(row), table.shape(row)
        one = found.row is not None and found.column is not None and found.row.count == found.column.count == 1
        # Of a table of embeddings a few columns are far larger in healthy language models too.
        column = found.column if one or not is_embedding(name) else None
        if is_mask(name) or (found.row is None and column is None):
            continue
        if one and found.row is not None:
            text = _one_value(evidence, row, found.row)
        else:
            sides = [("row", found.row, shape[0]), ("column", column, shape[1])]
            text = " ".join(_side(word, spike, of) for word, spike, of in sides if spike is not None)
        count = sum(spike.count for spike in (found.row, column) if spike is not None)
        yield Finding("spike", table.path(row), count, text, (row,))


def _side(word: str, spike: Spike, of: int) -> str:
    if spike.count == 1:
        which = f"{word.capitalize()} {spike.index:,}"
        return f"{which} has a norm of {spike.norm:,.3g}, {_times(spike)} the median {word}'s."
    return (
        f"{spike.count:,} of {of:,} {word}s have norms far above the others', "
        f"{word} {spike.index:,} with {spike.norm:.3g} the most: {_times(spike)} the median {word}'s."
    )


def _times(spike: Spike) -> str:
    return f"{spike.times:,.0f} times" if spike.times < 1e6 else f"{spike.times:.2g} times"


def _one_value(evidence: Evidence, row: int, spike: Spike) -> str:
    """A row and a column that stand out together are one value where they meet."""
    figures = evidence.profile.statistics(row)
    if figures is None or figures.max is None or figures.min is None:
        return _side("row", spike, 0)
    low = abs(figures.min) > abs(figures.max)
    value, place = (figures.min, figures.argmin) if low else (figures.max, figures.argmax)
    where = ", ".join(f"{i:,}" for i in place or ())
    return f"One value, {value:.4g} at [{where}], gives its row {_times(spike)} the median row's norm."
