"""Noise for draws: the same every time, evenly spread over its distribution, and none for the point estimate."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

from scaling.arrays import Array


def scattered(count: int, scale: float, freedom: float = math.inf, seed: int = 0) -> Array:
    """Student t noise (normal by default) of that scale for `count` draws (count,), at evenly spaced quantiles in a seeded
    order; 0 for the first, which is the point estimate, and for all where the scale or the degrees of freedom are 0."""
    if scale == 0 or freedom < 1 or count < 2:
        return np.zeros(count)
    quantiles = (np.arange(count - 1) + 0.5) / (count - 1)
    if math.isinf(freedom):
        values = np.array([NormalDist().inv_cdf(one) for one in quantiles])
    else:
        from scipy.special import stdtrit  # slow to import, and most plans do not need it

        values = stdtrit(freedom, quantiles)
    return np.append(0.0, scale * np.random.default_rng(seed).permutation(values))
