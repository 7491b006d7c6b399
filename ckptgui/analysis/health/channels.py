"""What the norms of a weight's channels tell: rows or columns with next to none, and a few with far too much."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

DEAD_NORM = 1e-6
"""A channel's Euclidean norm below which it is dead: a thousandth of what float16 can just tell from one. The
weakest channel of some 40 healthy models had 3e-5 (a relative position of a single head); of an input that is
always zero L2 decay leaves 3e-8."""

SPIKE = 50.0
"""How many times the norm of the median channel is a spike. In some 40 healthy models the largest channel of a
weight had at most 6 times as much; rows and columns that carry the outlier features of large language models
have up to about 20."""

STANDS_OUT = 5.0
"""And how many times the norm of the next hundredth of the channels: a tail that runs on is no spike.
Healthy models stay below 1.4."""

LEAST_CHANNELS = 16
"""Channels from which a usual norm can be told."""


@dataclass(frozen=True, slots=True)
class Spike:
    """``count`` channels of one side stand out; the worst is at ``index``, ``norm`` is its own, ``times`` that of
    the median channel.
    """

    count: int
    index: int
    norm: float
    times: float


@dataclass(frozen=True, slots=True)
class ChannelFacts:
    """Of rows (places of the first dimension) and columns (of the second): how many are dead, which stand out.

    ``last_rows`` are dead rows in one run at the end.
    """

    dead_rows: int
    dead_columns: int
    last_rows: int
    row: Spike | None
    column: Spike | None


def channel_facts(rows: np.ndarray, columns: np.ndarray) -> ChannelFacts:
    """Of the norms of all rows and columns; a side of one channel has neither."""
    dead_rows, dead_columns = (
        side < DEAD_NORM if len(side) > 1 else np.zeros(0, np.bool_) for side in (rows, columns)
    )
    alive = np.flatnonzero(~dead_rows)
    last = len(dead_rows) - 1 - int(alive[-1]) if len(alive) else 0
    return ChannelFacts(int(dead_rows.sum()), int(dead_columns.sum()), last, _spike(rows), _spike(columns))


def _spike(norms: np.ndarray) -> Spike | None:
    if len(norms) < LEAST_CHANNELS:
        return None
    few = max(1, len(norms) // 100)
    middle = float(np.median(norms))
    usual = float(np.partition(norms, len(norms) - 1 - few)[len(norms) - 1 - few])  # the largest after those few
    above = norms > max(SPIKE * middle, STANDS_OUT * usual)
    if middle <= 0 or not above.any():
        return None
    worst = int(np.argmax(norms))
    return Spike(int(above.sum()), worst, float(norms[worst]), float(norms[worst]) / middle)
