"""Figures of tensors as a test wants them known: from arrays of values, row by row."""

import numpy as np


class Known:
    """Columns as a profile has them; a row without values is not read yet."""

    def __init__(self, values):
        self.values = [None if each is None else np.asarray(each, np.float64) for each in values]
        self.known = np.array([each is not None for each in self.values], bool)

    def column(self, name):
        return np.array([np.nan if each is None else FIGURES[name](each) for each in self.values], np.float64)


def _finite(figure):
    def found(values):
        some = values[np.isfinite(values)]
        return figure(some) if some.size else np.nan

    return found


FIGURES = {
    "mean": _finite(np.mean),
    "std": _finite(np.std),
    "min": _finite(np.min),
    "max": _finite(np.max),
    "l1": _finite(lambda values: np.abs(values).sum()),
    "l2": _finite(np.linalg.norm),
    "zeros": lambda values: (values == 0).sum(),
    "nan": lambda values: np.isnan(values).sum(),
    "inf": lambda values: np.isinf(values).sum(),
}
