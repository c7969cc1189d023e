"""The Pareto front of a set of points."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray


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
