"""Blocks of several sources in one order, so that every prefix holds each at its share.

Source: R. Tijdeman, The chairman assignment problem, Discrete Mathematics 32 (1980), 323-330: of k
sources none is ever further from its exact share than 1 - 1/(2k - 2) blocks, which for two is half a block.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import lcm

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Part:
    """One source of a corpus: its number of training blocks, and its share of the corpus's tokens, above 0."""

    blocks: int
    share: float


def interleave(shares: Sequence[float], blocks: int) -> NDArray[np.int64]:
    """Which source each of the first `blocks` blocks comes from, shape (blocks,).

    Args:
        shares: one a source, positive, summing to 1 to about six digits, which is as exactly as they are taken.

    >>> interleave([0.75, 0.25], 8)
    array([0, 0, 1, 0, 0, 0, 1, 0])
    """
    if len(shares) == 1:
        return np.zeros(blocks, np.int64)
    exact = [Fraction(share).limit_denominator(10**6) for share in shares]
    whole = sum(exact)
    exact = [share / whole for share in exact]
    period = lcm(*(share.denominator for share in exact))  # the pattern starts anew when all are even
    enough = min(period, 1 << max(blocks - 1, 0).bit_length())  # rounded up, so that few lengths are worked out
    return np.resize(_pattern(tuple(int(share * period) for share in exact), period, enough), blocks)


@lru_cache(maxsize=16)
def _pattern(weights: tuple[int, ...], period: int, blocks: int) -> NDArray[np.int64]:
    """At each block the source whose lag must be made up first, among those that may have one more.

    A lag is weight * n - period * taken, in blocks * period; a source may have its next block once
    the lag is at least 1 / (2k - 2) of a block, and must have it before the lag passes the bound.
    """
    twice = 2 * len(weights) - 2
    bound = (twice - 1) * period
    lags, chosen = [0] * len(weights), np.empty(blocks, np.int64)
    for block in range(blocks):
        lags = [lag + weight for lag, weight in zip(lags, weights, strict=True)]
        ready = [source for source, lag in enumerate(lags) if twice * lag >= period]
        chosen[block] = winner = min(ready, key=lambda source: (bound - twice * lags[source]) / weights[source])
        lags[winner] -= period
    return chosen
