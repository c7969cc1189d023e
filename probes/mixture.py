"""The mixture, exact by token: packed blocks of two corpora, interleaved as evenly as can be.

Which blocks a corpus contributes, and in which order, depends on the seed alone: the k-th domain
block is the same at every ratio. Differences between ratios are then far less noisy than losses. A
corpus of several sources is such a stream in itself, its sources interleaved by their shares.
"""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from probes.shares import Part, interleave

GENERAL, DOMAIN = 0, 1


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
        """How many different domain blocks the first `blocks` blocks hold."""
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
