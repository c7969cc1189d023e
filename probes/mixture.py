"""The mixture, exact by token: packed blocks of two corpora, interleaved as evenly as can be.

Which blocks a corpus contributes, and in which order, depends on the seed alone: the k-th domain
block is the same at every ratio. Differences between ratios are then far less noisy than losses. A
corpus of several sources is such a stream in itself, its sources interleaved by their shares.

Source of the order: R. Tijdeman, The chairman assignment problem, Discrete Mathematics 32 (1980), 323-330: of k
sources none is ever further from its exact share than 1 - 1/(2k - 2) blocks, which for two is half a block.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import lcm

import numpy as np
from numpy.typing import NDArray

GENERAL, DOMAIN = 0, 1


@dataclass(frozen=True)
class Part:
    """One source of a corpus: its number of training blocks, and its share of the corpus's tokens, above 0."""

    blocks: int
    share: float


@dataclass(frozen=True)
class Mixture:
    """An endless stream of blocks at a fixed domain share.

    Attributes:
        general_blocks, domain_blocks: number of training blocks in each corpus.
        ratio: share of domain tokens, 0..1.
        seed: fixes the order of blocks of either corpus.
        general_parts, domain_parts: the sources of a corpus that has several; their blocks lie one source after
            the other.
    """

    general_blocks: int
    domain_blocks: int
    ratio: float
    seed: int
    general_parts: tuple[Part, ...] = ()
    domain_parts: tuple[Part, ...] = ()

    @property
    def parts(self) -> tuple[tuple[Part, ...], tuple[Part, ...]]:
        """The sources of the general and of the domain corpus, at least one each."""
        return (
            self.general_parts or (Part(self.general_blocks, 1.0),),
            self.domain_parts or (Part(self.domain_blocks, 1.0),),
        )

    def domain_count(self, blocks: int) -> int:
        """How many of the first `blocks` blocks are domain: blocks * ratio, rounded to the nearest."""
        exact = Fraction(self.ratio).limit_denominator(10**6)
        return int((2 * blocks * exact.numerator + exact.denominator) // (2 * exact.denominator))

    def epochs(self, blocks: int) -> tuple[float, float]:
        """How often the general and the domain corpus have been seen after `blocks` blocks.

        Of a corpus of several sources, how often the most repeated of them has.

        >>> Mixture(general_blocks=100, domain_blocks=10, ratio=0.25, seed=0).epochs(80)
        (0.6, 2.0)
        """
        taken = self._taken(blocks)
        general, domain = (
            max(count / part.blocks for count, part in zip(counts, parts, strict=True))
            for counts, parts in zip(taken, self.parts, strict=True)
        )
        return general, domain

    def unique_domain(self, blocks: int) -> int:
        """How many different domain blocks are among the first `blocks` blocks."""
        counts, parts = self._taken(blocks)[DOMAIN], self.parts[DOMAIN]
        return sum(min(count, part.blocks) for count, part in zip(counts, parts, strict=True))

    def _taken(self, blocks: int) -> tuple[list[int], list[int]]:
        """Blocks taken from each source of either corpus, repetitions counted."""
        domain = self.domain_count(blocks)
        general, own = (
            np.bincount(interleave([part.share for part in parts], count), minlength=len(parts)).tolist()
            for parts, count in zip(self.parts, (blocks - domain, domain), strict=True)
        )
        return general, own

    def plan(self, blocks: int) -> tuple[NDArray[np.int8], NDArray[np.int64]]:
        """The first `blocks` blocks: which corpus (GENERAL or DOMAIN), and which of its blocks.

        Returns:
            Two arrays of shape (blocks,).

        >>> corpus, block = Mixture(general_blocks=100, domain_blocks=10, ratio=0.25, seed=0).plan(8)
        >>> corpus
        array([0, 1, 0, 0, 0, 1, 0, 0], dtype=int8)
        """
        before = np.array([self.domain_count(i) for i in range(blocks + 1)])
        corpus = np.diff(before).astype(np.int8)
        index = np.empty(blocks, np.int64)
        for which in (GENERAL, DOMAIN):
            mine = corpus == which
            index[mine] = self._order(which, int(mine.sum()))
        return corpus, index

    def _order(self, which: int, count: int) -> NDArray[np.int64]:
        """The first `count` block numbers of one corpus: its sources at their shares, each in its own order."""
        parts = self.parts[which]
        source = interleave([part.share for part in parts], count)
        order, start = np.empty(count, np.int64), 0
        for number, part in enumerate(parts):
            mine = source == number
            order[mine] = start + self._shuffled(which, number, part.blocks, int(mine.sum()))
            start += part.blocks
        return order

    def _shuffled(self, which: int, source: int, size: int, count: int) -> NDArray[np.int64]:
        """The first `count` block numbers of one source: a fresh permutation each epoch."""
        key = [source] if source else []  # the first source is ordered as the only one would be
        epochs = range(-(-count // size))
        orders = [np.random.default_rng([self.seed, which, epoch, *key]).permutation(size) for epoch in epochs]
        return np.concatenate([np.empty(0, np.int64), *orders])[:count]


def interleave(shares: Sequence[float], blocks: int) -> NDArray[np.int64]:
    """Which source each of the first `blocks` blocks comes from, shape (blocks,).

    Args:
        shares: one per source, positive, summing to 1 to about six digits, which is as exactly as they are taken.

    >>> interleave([0.75, 0.25], 8)
    array([0, 0, 1, 0, 0, 0, 1, 0])
    """
    if len(shares) == 1:
        return np.zeros(blocks, np.int64)
    exact = [Fraction(share).limit_denominator(10**6) for share in shares]
    whole = sum(exact)
    exact = [share / whole for share in exact]
    period = lcm(*(share.denominator for share in exact))  # the pattern starts again when all are even
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
