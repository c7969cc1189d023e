"""Where a curve is least, found in all draws at once."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray

from scaling.arrays import Array

Losses = Callable[[Array], Array]
_GOLDEN = (math.sqrt(5.0) - 1.0) / 2.0
_CUTS = 40  # two grid cells shrink by 4e-9; below that a loss is flat in double precision
_NEAR = 1e-6  # places that near an end of the grid count as the end


def least(losses: Losses, grid: Array) -> Array:
    """Return where in [grid[0], grid[-1]] each of B curves is least: (B,); the first such place.

    `losses` takes places (1, G) or (B, 1) and gives (B, G) or (B, 1). `grid` (G,) ascends; the golden section narrows the
    two cells beside its best point, so a valley narrower than a cell is not seen. A curve that is least at an end gives
    that end.
    """
    values = losses(grid[None, :])
    best = np.argmin(values, axis=1)
    low = grid[np.maximum(best - 1, 0)][:, None]
    high = grid[np.minimum(best + 1, len(grid) - 1)][:, None]
    for _ in range(_CUTS):
        step = _GOLDEN * (high - low)
        left, right = high - step, low + step
        goes_left = losses(left) <= losses(right)
        low, high = np.where(goes_left, low, left), np.where(goes_left, right, high)
    middle = 0.5 * (low + high)
    gains = losses(middle)[:, 0] < np.take_along_axis(values, best[:, None], axis=1)[:, 0]
    return np.where(gains, middle[:, 0], grid[best])


def at_end(places: Array, grid: Array) -> NDArray[np.bool_]:
    """Whether each place (B,) is an end of the grid: (B,)."""
    return (np.abs(places - grid[0]) <= _NEAR) | (np.abs(places - grid[-1]) <= _NEAR)


def pareto(points: npt.ArrayLike) -> NDArray[np.bool_]:
    """Which of the points (n, k), all coordinates minimised, no other point dominates: (n,).

    A point dominates another if it is nowhere larger and somewhere smaller, so equal points are on the front together.
    Points with NaN are not on it.
    """
    values = np.asarray(points, dtype=np.float64)
    known = ~np.isnan(values).any(axis=1)
    one, other = values[:, None, :], values[None, :, :]  # NaN compares false, so it dominates nothing
    dominates = np.all(other <= one, axis=2) & np.any(other < one, axis=2)
    return np.asarray(known & ~np.any(dominates, axis=1))
