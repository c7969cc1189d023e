"""A value with its interval, and noise for draws."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Generic, TypeVar

import numpy as np

from scaling.arrays import Array
from scaling.fitting.intervals.student import quantiles as student_quantiles
from scaling.units import finite_or_none

T = TypeVar("T", float, Array)


@dataclass(frozen=True)
class Estimate(Generic[T]):
    """A value with its interval, whose ends are NaN where no draws were made. Floats, or arrays of one shape."""

    value: T
    low: T
    high: T

    def shifted(self, by: T) -> Estimate[T]:
        """The same with `by` added to all three."""
        return Estimate(self.value + by, self.low + by, self.high + by)

    def to_json_dict(self) -> dict[str, float | None]:
        """value, low, high; NaN as None."""
        return {k: finite_or_none(getattr(self, k)) for k in ("value", "low", "high")}


def interval(value: Array, draws: Array, level: float) -> Estimate[Any]:
    """Percentile interval of draws (B, *S) around value S; widened to hold the value, NaN where there are no draws. Where
    draws are infinite an end may be NaN or infinite."""
    if not len(draws):
        low = high = np.full(value.shape, np.nan)
    else:
        with np.errstate(invalid="ignore"):
            low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2], axis=0)
        low, high = np.minimum(low, value), np.maximum(high, value)
    if value.ndim == 0:
        return Estimate(float(value), float(low), float(high))
    return Estimate(value, low, high)


def scattered(count: int, scale: float, freedom: float = math.inf, seed: int = 0) -> Array:
    """Student t noise (normal by default) of that scale for `count` draws (count,), at evenly spaced quantiles in a seeded
    order: the same every time. 0 for the first, which is the point estimate, and for all where the scale or the degrees of
    freedom are 0."""
    if scale == 0 or freedom < 1 or count < 2:
        return np.zeros(count)
    quantiles = (np.arange(count - 1) + 0.5) / (count - 1)
    if math.isinf(freedom):
        values = np.array([NormalDist().inv_cdf(one) for one in quantiles])
    else:
        values = student_quantiles(int(freedom), quantiles)
    return np.append(0.0, scale * np.random.default_rng(seed).permutation(values))
