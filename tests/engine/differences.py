"""What a pair of arrays comes to, the slow way: in long doubles, which hold the square of every float64."""

import numpy as np
import pytest

RELATIVE = 1e-9


def oracle(x, y):
    """The fields of ``DIFFERENCE`` for two arrays of one shape, of any real or complex numbers."""
    x, y = np.asarray(x).reshape(-1), np.asarray(y).reshape(-1)
    if x.dtype.kind == "c" or y.dtype.kind == "c":
        return _complex(x.astype(np.complex128), y.astype(np.complex128))
    same = (x == y) | (_nan(x) & _nan(y))
    p, q = _long(x), _long(y)
    both = np.isfinite(p) & np.isfinite(q)
    return {
        **_counts(same, np.isnan(p), np.isnan(q), np.isinf(p), np.isinf(q), np.isinf(p) & same),
        **_figures(p, q, both, np.where(both, q, 0) - np.where(both, p, 0)),
        "l2_a": _norm(p[np.isfinite(p)]),
        "l2_b": _norm(q[np.isfinite(q)]),
    }


def _nan(values):
    return np.isnan(values) if values.dtype.kind == "f" else np.zeros(values.shape, bool)


def _long(values):
    with np.errstate(invalid="ignore"):
        return values.astype(np.longdouble)


def _complex(x, y):
    inf_a, inf_b = np.isinf(x), np.isinf(y)
    nan_a, nan_b = np.isnan(x) & ~inf_a, np.isnan(y) & ~inf_b
    parts = [(p == q) | (np.isnan(p) & np.isnan(q)) for p, q in ((x.real, y.real), (x.imag, y.imag))]
    same = (parts[0] & parts[1]) | (nan_a & nan_b)
    finite_a, finite_b = np.isfinite(x), np.isfinite(y)
    both = finite_a & finite_b
    p, q = (np.where(both, v, 0).astype(np.clongdouble) for v in (x, y))
    figures = _figures(p, q, both, q - p)
    return {
        **_counts(same, nan_a, nan_b, inf_a, inf_b, inf_a & inf_b & same),
        **figures,
        "l2_a": _norm(x[finite_a].astype(np.clongdouble)),
        "l2_b": _norm(y[finite_b].astype(np.clongdouble)),
    }


def _counts(same, nan_a, nan_b, inf_a, inf_b, inf_both):
    found = {
        "changed": ~same,
        "nan_a": nan_a,
        "nan_b": nan_b,
        "inf_a": inf_a,
        "inf_b": inf_b,
        "inf_both": inf_both,
    }
    return {name: int(where.sum()) for name, where in found.items()}


def _figures(p, q, both, moved):
    size = np.abs(moved)
    peak = float(size.max(initial=0))
    norm_a, norm_b = _norm(p[both]), _norm(q[both])
    delta = _norm(moved)
    dot = (p[both].conj() * q[both]).real.sum() if both.any() else 0
    return {
        "delta_l2": delta,
        "relative": delta / norm_a if norm_a else np.nan,
        "cosine": dot / norm_a / norm_b if norm_a and norm_b else np.nan,
        "max_abs": peak,
        "argmax": int(np.argmax(size.astype(np.float64))) if peak else -1,
    }


def _norm(values):
    return np.sqrt((np.abs(values) ** 2).sum())


def agrees(record, expected, place=True):
    """Assert that a record is what the oracle says; ``place`` False where rounding may prefer another."""
    for name, value in expected.items():
        if name == "argmax" and not place:
            continue
        about = {"cosine": 1e-13}.get(name, 0.0)
        assert float(record[name]) == pytest.approx(float(value), rel=RELATIVE, abs=about, nan_ok=True), name
