"""What is known of a tensor once its bytes were read: its figures and how its values are spread."""

from __future__ import annotations

from dataclasses import dataclass

from ckptgui.analysis.distribution import QUANTILES, Distribution
from ckptgui.analysis.statistics import Statistics


@dataclass(frozen=True)
class Summary:
    """``distribution`` is None where the values are not numbers that can be spread, or there are none.

    ``digest`` are 128 bits of the stored values (XXH3): equal ones of equal shape, dtype and strides mean equal
    values. It is no proof against somebody who wants two tensors to look equal; SHA-256 is.
    """

    statistics: Statistics
    distribution: Distribution | None = None
    digest: bytes | None = None

    @property
    def quantiles(self) -> dict[float, float]:
        """The usual quantiles; empty where there are no finite values."""
        if self.distribution is None or not self.distribution.total:
            return {}
        return dict(zip(QUANTILES, self.distribution.quantiles(QUANTILES)))

    @property
    def nbytes(self) -> int:
        """Memory that its arrays take, for whoever keeps many of them."""
        spread = self.distribution
        return 0 if spread is None else spread.lows.nbytes + spread.highs.nbytes + spread.counts.nbytes
