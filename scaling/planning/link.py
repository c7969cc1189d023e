"""The critical ratio across model sizes: -log(1 - R*) as a power law in N.

In the CMR paper's table the four sizes' ratios lie on such a law (exponent 0.33); it keeps the ratio below 1 at every
size, and its left-hand side is how many e-folds the general corpus may be thinned.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
_LEAST = 1e-4  # a ratio of 0 has no logarithm; ratios are carried between here and its mirror image


def carry(sizes: Array, ratios: Array, target: float) -> Array:
    """Carry critical ratios (B, k) at sizes (k,) to one target size: (B,), by least squares in log N, k >= 2.

    With two sizes the law goes through both. Ratios are clipped to 0.0001..0.9999 first.
    """
    assert len(np.unique(sizes)) == len(sizes) >= 2
    folds = np.log(-np.log1p(-np.clip(ratios, _LEAST, 1 - _LEAST)))
    x = np.log(sizes) - np.log(sizes).mean()
    slope = folds @ x / (x @ x)
    return -np.expm1(-np.exp(folds.mean(axis=1) + slope * (np.log(target) - np.log(sizes).mean())))
