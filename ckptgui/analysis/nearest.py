"""Which of some vectors is which of others: those that are each other's nearest, clearly."""

from __future__ import annotations

import numpy as np

MARGIN = 0.7
"""The nearest is clear if it is nearer than this times the next."""

NEAR = 0.6
"""How far apart two may be, by the larger norm, to be one that moved; two that are strangers are at about 1.4."""


def mutual_nearest(x: np.ndarray, y: np.ndarray) -> list[tuple[int, int]]:
    """Pairs of rows of two matrices (float64, n × k and m × k, finite), each the clearly nearest of the other."""
    if not len(x) or not len(y):
        return []
    distance = relative_distances(x, y)
    to_y, to_x = distance.argmin(axis=1), distance.argmin(axis=0)
    clear = _is_clear(distance)[np.arange(len(x)), to_y] & _is_clear(distance.T)[to_y, np.arange(len(x))]
    near = distance[np.arange(len(x)), to_y] <= NEAR
    chosen = np.flatnonzero((to_x[to_y] == np.arange(len(x))) & clear & near)
    return list(zip(chosen.tolist(), to_y[chosen].tolist()))


def relative_distances(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """‖x − y‖ by the larger norm of both, n × m; 0 for two that are zero."""
    square_x, square_y = (np.einsum("ij,ij->i", v, v) for v in (x, y))
    square = square_x[:, None] + square_y[None, :] - 2 * (x @ y.T)
    norm = np.sqrt(np.maximum(square_x[:, None], square_y[None, :]))
    found: np.ndarray = np.sqrt(np.maximum(square, 0.0)) / np.where(norm > 0, norm, 1.0)
    return found


def closeness(x: np.ndarray, y: np.ndarray) -> tuple[float | None, float | None]:
    """Cosine of two vectors and ‖y − x‖ / ‖x‖; None where a norm is zero."""
    norm_x, norm_y = float(np.linalg.norm(x)), float(np.linalg.norm(y))
    cosine = float(np.clip((x / norm_x) @ (y / norm_y), -1.0, 1.0)) if norm_x and norm_y else None
    return cosine, float(np.linalg.norm(y - x)) / norm_x if norm_x else None


def _is_clear(distance: np.ndarray) -> np.ndarray:
    """bool, n × m: whether no other in the row is nearly as near."""
    if distance.shape[1] < 2:
        return np.ones(distance.shape, bool)
    two = np.partition(distance, 1, axis=1)[:, :2]
    found: np.ndarray = (distance <= two[:, :1]) & (two[:, :1] <= MARGIN * two[:, 1:])
    return found & (two[:, 1:] > 0)
