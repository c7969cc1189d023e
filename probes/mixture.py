"""The mixture, exact by token: packed blocks of two corpora, interleaved as evenly as can be.

Which blocks a corpus contributes, and in which order, depends on the seed alone: the k-th domain
block is the same at every ratio. Differences between ratios are then far less noisy than losses.
"""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

GENERAL, DOMAIN = 0, 1


@dataclass(frozen=True)
class Mixture:
    """An endless stream of blocks at a fixed domain share.

    Attributes:
        general_blocks, domain_blocks: number of training blocks in each corpus.
        ratio: share of domain tokens, 0..1.
        seed: fixes the order of blocks of either corpus.
    """

    general_blocks: int
    domain_blocks: int
    ratio: float
    seed: int

    def domain_count(self, blocks: int) -> int:
        """How many of the first `blocks` blocks are domain: blocks * ratio, rounded to the nearest."""
        exact = Fraction(self.ratio).limit_denominator(10**6)
        return int((2 * blocks * exact.numerator + exact.denominator) // (2 * exact.denominator))

    def epochs(self, blocks: int) -> tuple[float, float]:
        """How often the general and the domain corpus have been seen after `blocks` blocks."""
        domain = self.domain_count(blocks)
        return (blocks - domain) / self.general_blocks, domain / self.domain_blocks

    def plan(self, blocks: int) -> tuple[NDArray[np.int8], NDArray[np.int64]]:
        """The first `blocks` blocks: which corpus (GENERAL or DOMAIN), and which of its blocks.

        Returns:
            Two arrays of shape (blocks,).
        """
        before = np.array([self.domain_count(i) for i in range(blocks + 1)])
        corpus = np.diff(before).astype(np.int8)
        index = np.empty(blocks, np.int64)
        for which, size in ((GENERAL, self.general_blocks), (DOMAIN, self.domain_blocks)):
            mine = corpus == which
            index[mine] = self._order(which, size, int(mine.sum()))
        return corpus, index

    def _order(self, which: int, size: int, count: int) -> NDArray[np.int64]:
        """The first `count` block numbers of one corpus: a fresh permutation each epoch."""
        epochs = -(-count // size)
        orders = [np.random.default_rng([self.seed, which, epoch]).permutation(size) for epoch in range(epochs)]
        return np.concatenate([np.empty(0, np.int64), *orders])[:count]
