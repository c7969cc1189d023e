"""Quantiles of Student's t for whole degrees of freedom, without scipy.special, which is slow to import.

The distribution is a finite sum for whole degrees of freedom (Abramowitz and Stegun 1964, 26.7.3 and 26.7.4); a quantile is
found by bisection.
"""

from __future__ import annotations

import math

import numpy as np

from scaling.arrays import Array

_HALVINGS = 60


def quantiles(freedom: int, chances: Array) -> Array:
    """Where the distribution reaches the chances (n,), each above 0 and below 1; freedom at least 1."""
    upper = np.maximum(chances, 1 - chances)  # by symmetry; half the values are negative
    low, high = np.zeros_like(upper), np.full_like(upper, 0.5 * math.pi)
    for _ in range(_HALVINGS):  # in the angle atan(t / sqrt(freedom)), which is bounded
        middle = 0.5 * (low + high)
        below = _between(freedom, middle) < 2 * upper - 1
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    found = math.sqrt(freedom) * np.tan(0.5 * (low + high))
    return np.where(chances < 0.5, -found, found)


def _between(freedom: int, angle: Array) -> Array:
    """The chance of lying between -t and t, t = sqrt(freedom) tan(angle)."""
    sine, cosine = np.sin(angle), np.cos(angle)
    if freedom % 2:
        term, total = cosine, np.zeros_like(angle)
        for k in range(1, (freedom - 1) // 2 + 1):
            total = total + term
            term = term * cosine**2 * (2 * k) / (2 * k + 1)
        return 2 / math.pi * (angle + sine * total)
    term, total = np.ones_like(angle), np.zeros_like(angle)
    for k in range(1, freedom // 2 + 1):
        total = total + term
        term = term * cosine**2 * (2 * k - 1) / (2 * k)
    return sine * total
